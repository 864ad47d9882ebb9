"""Finds into the inventory, thousands in one transaction: certificates that are new, and where they were seen."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max

from certwright.model.inventory import Find, Remarks, Tally
from certwright.model.ports import Clock
from certwright.model.words import CertificateState
from certwright.pki import chain as chains
from certwright.pki.certificate import Certificate, from_der
from certwright.pki.errors import Invalid
from certwright.store import bulk, indexes, models
from certwright.store.columns import certificate_columns, issuer_columns
from certwright.store.sightings import Seen, Sightings

_COLUMNS = (
    "id", "fingerprint", "serial", "issuer", "common_name", "names", "organization", "validation", "key_spec",
    "not_before", "not_after", "public_key_sha256", "is_leaf", "chain", "state", "revocation_reason", "ca_order_id",
    "ca_certificate_id", "product", "owner", "fields", "severity", "recorded_at",
)  # fmt: skip
_FIRST_IMPORT = 20_000  # certificates that one import adds, and most of all that there are
_OTHERS = 3  # processes that may come between us and the same certificates
_UNKNOWN = -1
_LONGEST_OWNER, _LONGEST_TAG = 200, 100
_UNREADABLE = "What stands there is no certificate that can be read."


@dataclass(slots=True)
class _Batch:
    """The certificates of a batch of finds, by fingerprint: their bytes, and ids as far as they are known."""

    der: dict[str, bytes] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    parsed: dict[str, Certificate] = field(default_factory=dict)
    newest: int = 0  # the highest id when the others were looked up

    def add(self, der: bytes) -> str:
        fingerprint = hashlib.sha256(der).hexdigest()
        self.der.setdefault(fingerprint, der)
        return fingerprint


class Loading:
    """Takes finds of any kind of source into the inventory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._issuers: dict[bytes, int] = {}  # by the DER of the name
        self._added = 0
        self._without_indexes = False

    def take(self, source: int, run: int | None, finds: Sequence[Find]) -> Tally:
        """Keep what was found at some places of a source, in one transaction (inside a given one where there is one).

        Repeatable. What people said of a certificate is added where nobody here has said anything.
        """
        with uncollected():
            tally = self._take(source, run, finds)
        self._added += tally.new
        if self._is_first_import():
            indexes.put_off()
            self._without_indexes = True
        return tally

    def _is_first_import(self) -> bool:
        if self._without_indexes or self._added < _FIRST_IMPORT:
            return False
        return 2 * self._added > models.Certificate.objects.count()

    def settle(self) -> None:
        """Make the indexes that a first import did without; call it when an import is done, or given up.

        Also those that another import left behind that was killed: looking costs one query.
        """
        indexes.restore()
        self._without_indexes = False

    def _take(self, source: int, run: int | None, finds: Sequence[Find]) -> Tally:
        batch = _Batch()
        fingerprints = [[batch.add(der) for der in find.certificates] for find in finds]
        unreadable = self._parse(batch)
        for _ in range(_OTHERS):
            try:
                return self._keep(source, run, finds, fingerprints, batch, unreadable)
            except IntegrityError:  # another process has just kept one of them: now it is known
                batch.ids.clear()
                batch.newest = _UNKNOWN
        return self._keep(source, run, finds, fingerprints, batch, unreadable)

    def _parse(self, batch: _Batch) -> set[str]:
        """Parse what is not known; returns the fingerprints of what cannot be."""
        batch.newest = _newest()
        self._look_up(batch)
        unreadable = set()
        for fingerprint, der in batch.der.items():
            if fingerprint in batch.ids:
                continue
            try:
                batch.parsed[fingerprint] = from_der(der)
            except Invalid:
                unreadable.add(fingerprint)
        return unreadable

    def _look_up(self, batch: _Batch) -> None:
        found = bulk.look_up(
            lambda keys: models.Certificate.objects.filter(fingerprint__in=keys).values_list("fingerprint", "pk"),
            list(batch.der),
        )
        batch.ids.update(found)

    def _keep(
        self,
        source: int,
        run: int | None,
        finds: Sequence[Find],
        fingerprints: Sequence[Sequence[str]],
        batch: _Batch,
        unreadable: set[str],
    ) -> Tally:
        now = self._clock.now()
        with transaction.atomic():
            if _newest() != batch.newest:  # somebody else has kept some meanwhile
                self._look_up(batch)
            since = {
                of[0]: find.remarks.known_since or now
                for find, of in zip(finds, fingerprints, strict=True)
                if of and find.remarks
            }
            new = self._enter(batch, self._chains(fingerprints, batch), since, now)
            seen = [
                Seen(find, batch.ids.get(of[0]) if of else None, tuple(of[1:]), _trouble(find, of, unreadable))
                for find, of in zip(finds, fingerprints, strict=True)
            ]
            used = self._promote(finds, fingerprints, batch)
            tally = Sightings(source, run, now).take(seen)
            self._remark(finds, fingerprints, batch)
            self._link(finds, fingerprints, batch)
        authorities = sum(1 for one in new if batch.parsed[one].is_ca and batch.ids[one] not in used)
        known = _known(seen, {batch.ids[one] for one in new})
        return tally + Tally(new=len(new) - authorities, ca_certificates=authorities, known=known)

    def _chains(self, fingerprints: Sequence[Sequence[str]], batch: _Batch) -> dict[str, list[str]]:
        """By leaf, the intermediates that came with it and lead up from it."""
        found: dict[str, list[str]] = {}
        for of in fingerprints:
            if len(of) < 2 or of[0] not in batch.parsed:
                continue
            known = [self._certificate(batch, fingerprint) for fingerprint in of]
            try:
                chain = chains.build(
                    [one for one in known if one is not None],
                    public_key_sha256=batch.parsed[of[0]].public_key_sha256,
                )
            except Invalid:
                continue
            found[of[0]] = [one.fingerprint for one in chain.intermediates]
        return found

    def _certificate(self, batch: _Batch, fingerprint: str) -> Certificate | None:
        if fingerprint not in batch.parsed and fingerprint in batch.ids:
            batch.parsed[fingerprint] = from_der(batch.der[fingerprint])
        return batch.parsed.get(fingerprint)

    def _enter(
        self, batch: _Batch, chain_of: Mapping[str, list[str]], since: Mapping[str, datetime], now: datetime
    ) -> list[str]:
        """Insert the certificates that nobody has kept; returns their fingerprints."""
        new = sorted(set(batch.parsed) - set(batch.ids))  # sorted: neighbours in the index, and no deadlock
        issuer_of = {fingerprint: batch.parsed[fingerprint].issuer_der for fingerprint in new}
        issuers = self._issuers_of({name: batch.parsed[fingerprint] for fingerprint, name in issuer_of.items()})
        for fingerprint, number in zip(new, bulk.numbers(models.Certificate, len(new)) if new else (), strict=True):
            batch.ids[fingerprint] = number
        rows = []
        for fingerprint in new:
            certificate = batch.parsed[fingerprint]
            columns = certificate_columns(certificate) | {
                "id": batch.ids[fingerprint],
                "issuer": issuers[issuer_of[fingerprint]],
                "chain": chain_of.get(fingerprint, []),
                "state": CertificateState.VALID,
                "fields": {},
                "severity": 0,
                "recorded_at": since.get(fingerprint, now),
            }
            rows.append([columns.get(name, "") for name in _COLUMNS])
        rows.sort(key=lambda row: row[0])
        bulk.insert(models.Certificate, _COLUMNS, rows)
        bulk.insert(
            models.CertificateBytes,
            ("certificate", "der"),
            sorted((batch.ids[fingerprint], batch.der[fingerprint]) for fingerprint in new),
        )
        return new

    def _issuers_of(self, certificates: Mapping[bytes, Certificate]) -> dict[bytes, int]:
        """The numbers of the issuers' names of certificates, which are given by those; remembered when committed."""
        unknown = {name: one for name, one in certificates.items() if name not in self._issuers}
        made = {name: issuer_row(unknown[name]).pk for name in sorted(unknown)}
        transaction.on_commit(lambda: self._issuers.update(made))
        return {**self._issuers, **made}

    def _promote(self, finds: Iterable[Find], fingerprints: Iterable[Sequence[str]], batch: _Batch) -> set[int]:
        """A CA certificate that a server shows as its own, or whose key lies beside it, is used like a leaf.

        Returns the ids of all that are so used.
        """
        used = {
            batch.ids[of[0]]
            for find, of in zip(finds, fingerprints, strict=True)
            if (find.protocol or find.has_key) and of and of[0] in batch.ids
        }
        for keys in bulk.pieces(sorted(used)):
            models.Certificate.objects.filter(pk__in=keys, is_leaf=False).update(is_leaf=True, judged_at=None)
        return used

    def _remark(self, finds: Iterable[Find], fingerprints: Iterable[Sequence[str]], batch: _Batch) -> None:
        said = [
            (batch.ids[of[0]], find.remarks)
            for find, of in zip(finds, fingerprints, strict=True)
            if find.remarks and of and of[0] in batch.ids
        ]
        if said:
            add_remarks(said)

    def _link(self, finds: Iterable[Find], fingerprints: Iterable[Sequence[str]], batch: _Batch) -> None:
        """Tie a certificate to the one it replaces, where the tool it comes from knew that and we do not."""
        for find, of in zip(finds, fingerprints, strict=True):
            if not (find.replaces and of and of[0] in batch.ids):
                continue
            before = models.Certificate.objects.filter(fingerprint=find.replaces).first()
            mine = models.Certificate.objects.filter(pk=batch.ids[of[0]], replaces=None)
            if before is not None and before.pk != batch.ids[of[0]] and mine.update(replaces=before):
                models.Certificate.objects.filter(pk=before.pk, state=CertificateState.VALID).update(
                    state=CertificateState.REPLACED, judged_at=None
                )


def _newest() -> int:
    return models.Certificate.objects.aggregate(newest=Max("pk"))["newest"] or 0


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector from walking through thousands of parsed certificates, none of them in a circle.

    Without it a load takes half as long again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def issuer_row(certificate: Certificate) -> models.Issuer:
    """The row of a certificate's issuer, made where it is new."""
    columns = issuer_columns(certificate)
    row, _ = models.Issuer.objects.get_or_create(name=columns["name"], defaults=columns)
    return row


def add_remarks(said: Sequence[tuple[int, Remarks]]) -> None:
    """Add what another tool kept of certificates (by their ids), where nobody here has said anything else.

    Of several remarks on one certificate, the first that names an owner or a field counts.
    """
    ids = sorted({certificate for certificate, _ in said})
    rows = bulk.look_up(
        lambda keys: models.Certificate.objects.filter(pk__in=keys).values_list("pk", "owner", "fields"), ids
    )
    before: dict[int, tuple[str, dict[str, str]]] = {pk: (owner, fields) for pk, owner, fields in rows}
    after = dict(before)
    tags: dict[tuple[int, str], None] = {}
    for certificate, remarks in said:
        owner, fields = after[certificate]
        after[certificate] = (owner or remarks.owner[:_LONGEST_OWNER], {**remarks.fields, **fields})
        tags |= {(certificate, tag[:_LONGEST_TAG]): None for tag in remarks.tags if tag}
    changed = [(*after[one], one) for one in ids if after[one] != before[one]]
    bulk.update(models.Certificate, ("owner", "fields"), changed)
    models.Tag.objects.bulk_create(
        [models.Tag(certificate_id=certificate, tag=tag) for certificate, tag in tags], ignore_conflicts=True
    )


def _known(seen: Iterable[Seen], new: set[int]) -> int:
    """At how many places stands what is not among these new ones, or stands at another of the places already."""
    standing = [one for one in {each.place: each.certificate for each in seen}.values() if one is not None]
    return len(standing) - len(new.intersection(standing))


def _trouble(find: Find, fingerprints: Sequence[str], unreadable: set[str]) -> str:
    if fingerprints and fingerprints[0] in unreadable:
        return _UNREADABLE
    return find.trouble
