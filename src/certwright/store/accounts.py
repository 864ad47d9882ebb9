"""CA accounts: what we know of them, whether they may be asked now, and what they may order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Min, Q, QuerySet

from certwright.model.ca import Login
from certwright.model.errors import NotFound, Refused
from certwright.model.ports import Clock
from certwright.policy import cadence
from certwright.store import models

# So many failures in a row, and the account as a whole is left alone until the next try.
_BREAKER = 3
_CLEAN = timedelta(seconds=10)  # how long an account without failures is taken for one


@dataclass(frozen=True, slots=True)
class Account:
    """A CA account. ``sealed_secrets`` stay sealed here; who may open them does so in ``wiring``.

    ``synced_at`` is the time of the list that was read longest ago; ``login`` what the CA last said of the credential.
    """

    id: int
    name: str
    ca: str
    url: str
    settings: Mapping[str, str]
    reference: str
    read_only: bool
    enabled: bool
    paused_because: str
    quiet_until: datetime | None
    quiet_because: str
    created_at: datetime
    synced_at: datetime | None
    login: Login | None = None
    sealed_secrets: bytes = field(repr=False, default=b"")

    @property
    def essence(self) -> tuple[object, ...]:
        """What an adapter is made of: another essence needs another adapter."""
        settings = tuple(sorted(self.settings.items()))
        return (self.id, self.ca, self.url, settings, self.read_only, self.sealed_secrets)


class Accounts:
    """The CA accounts of this installation."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def add(self, account: Account) -> Account:
        """Keep a new account (its id is ignored); raises Refused when the name is taken."""
        try:
            with transaction.atomic():
                models.CAAccount.objects.create(
                    name=account.name,
                    ca=account.ca,
                    url=account.url,
                    settings=dict(account.settings),
                    secrets=account.sealed_secrets,
                    reference=account.reference,
                    read_only=account.read_only,
                    created_at=self._clock.now(),
                )
        except IntegrityError:
            raise Refused(
                f"There is a CA account {account.name!r} already.",
                advice="Choose another name, or remove that one first: certwright account remove",
            ) from None
        return self.get(account.name)

    def get(self, name: str) -> Account:
        """The account of that name; raises NotFound."""
        row = _rows().filter(name=name).first()
        if row is None:
            raise NotFound(f"There is no CA account {name!r}.", advice="certwright account list shows them.")
        return _value(row)

    def all(self) -> Iterator[Account]:
        """All accounts by name."""
        return (_value(row) for row in _rows().order_by("name"))

    def change(self, account: Account) -> None:
        """Replace URL, settings and sealed secrets of the account of that name."""
        models.CAAccount.objects.filter(name=account.name).update(
            url=account.url, settings=dict(account.settings), secrets=account.sealed_secrets
        )

    def reseal(self, name: str, sealed_secrets: bytes) -> None:
        """Replace the sealed secrets, after a rotation."""
        models.CAAccount.objects.filter(name=name).update(secrets=sealed_secrets)

    def enable(self, name: str, *, enabled: bool) -> None:
        """Let the account be asked again, from a clean slate, or stop it."""
        models.CAAccount.objects.filter(name=self.get(name).name).update(
            enabled=enabled, paused_because="", quiet_until=None, quiet_because="", failures=0
        )

    def may_be_asked(self, account: Account) -> bool:
        """Whether the CA account is enabled, not paused and not left alone for a while."""
        quiet = account.quiet_until is not None and account.quiet_until > self._clock.now()
        return account.enabled and not account.paused_because and not quiet

    def remove(self, name: str) -> None:
        """Delete the account; raises Refused while orders of it are kept."""
        account = self.get(name)
        count = models.Order.objects.filter(account_id=account.id).count()
        if count:
            raise Refused(
                f"{count} orders belong to {name!r}.",
                advice="Disable it instead (certwright account disable), or forget its orders first.",
            )
        models.CAAccount.objects.filter(pk=account.id).delete()


class AccountStanding:
    """See :class:`certwright.model.ports.Standing`."""

    def __init__(self, account: Account, clock: Clock) -> None:
        self._rows = models.CAAccount.objects.filter(pk=account.id)
        self._clock = clock
        self._clean_until: datetime | None = None  # no longer known after that: other processes count here too

    def quiet(self, until: datetime, why: str) -> None:
        """Ask nothing of this account before ``until``; an earlier end does not shorten a later one."""
        later = Q(quiet_until__isnull=True) | Q(quiet_until__lt=until)
        self._rows.filter(later).update(quiet_until=until, quiet_because=why)

    def failed(self, why: str) -> datetime:
        """Count a failure in a row; from the third on the whole account rests until the next try."""
        with transaction.atomic():
            failures = self._rows.values_list("failures", flat=True).get()
            until = self._clock.now() + cadence.after_trouble(failures)
            self._rows.update(failures=failures + 1)
            if failures + 1 >= _BREAKER:
                self.quiet(until, why)
        self._clean_until = None
        return until

    def answered(self) -> None:
        """Forget the failures; costs a write only if there were some."""
        now = self._clock.now()
        if self._clean_until is None or now >= self._clean_until:
            self._rows.filter(failures__gt=0).update(failures=0, quiet_until=None, quiet_because="")
            self._clean_until = now + _CLEAN

    def pause(self, why: str) -> None:
        """Stop asking until a person has mended our side."""
        self._rows.update(paused_because=why)


def _rows() -> QuerySet[models.CAAccount]:
    return models.CAAccount.objects.annotate(synced_at=Min("syncs__synced_at"))


def _value(row: Any) -> Account:
    return Account(
        id=row.pk,
        name=row.name,
        ca=row.ca,
        url=row.url,
        settings=dict(row.settings),
        reference=row.reference,
        read_only=row.read_only,
        enabled=row.enabled,
        paused_because=row.paused_because,
        quiet_until=row.quiet_until,
        quiet_because=row.quiet_because,
        created_at=row.created_at,
        synced_at=row.synced_at,
        login=Login(**row.login) if row.login else None,
        sealed_secrets=bytes(row.secrets),
    )
