"""The one place where adapters are put into ports: settings in, a working Certwright out."""

from __future__ import annotations

import importlib
import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import certifi
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from certwright.cas.about import About, known_cas
from certwright.engine.identity import Identity
from certwright.engine.run import Runner
from certwright.keys.keyring import Keyring, sealed_place
from certwright.keys.secret_files import locked
from certwright.keys.software.envelope import Envelope
from certwright.keys.software.kek import KekRing
from certwright.model.errors import Misconfigured, NotFound
from certwright.model.inventory import SourceKind
from certwright.model.ports import CertificateAuthority, Clock, HasCatalogue, Ports, Receiver, Trust
from certwright.pki.certificate import Certificate, parse_pem_many
from certwright.policy.egress import networks
from certwright.store import setup

if TYPE_CHECKING:
    from certwright.engine.challenges import Challenges
    from certwright.engine.checking import Checking
    from certwright.engine.discovering import Discovering, Look
    from certwright.engine.durable import Chore, Engine
    from certwright.engine.judging import Judging
    from certwright.engine.renewing import Renewing
    from certwright.keys.pkcs11 import Pkcs11Keys
    from certwright.store.accounts import Account, Accounts
    from certwright.store.browsing import Browsing
    from certwright.store.ca_orders import CAOrders
    from certwright.store.csrs import CSRs
    from certwright.store.findings import Findings
    from certwright.store.inventory import Inventory
    from certwright.store.keys import KeyStore
    from certwright.store.knowledge import Knowing
    from certwright.store.listings import Listings
    from certwright.store.loading import Loading
    from certwright.store.orders import Orders
    from certwright.store.overview import Overview
    from certwright.store.remarks import RemarkStore
    from certwright.store.renewals import Renewals
    from certwright.store.saved_queries import SavedQueries
    from certwright.store.sources import Sources
    from certwright.store.targets import Target, Targets
    from certwright.store.workers import Workers
    from certwright.targets.dcv.publisher import Publisher


# Settings that every CA account has, beside those of its CA's about.toml: they are ours, not the CA's.
_CALL_SETTINGS = frozenset({"call_seconds", "settle_seconds"})
_LONGEST = 1e6
COMMON_SETTINGS = _CALL_SETTINGS | {"sync_hours"}


class Settings(BaseSettings):
    """What the environment says, as ``CERTWRIGHT_…``. Read once, in this file alone.

    ``home`` is the state folder; ``database_url`` names PostgreSQL instead of the SQLite file in it. ``kek`` is the
    key-encryption key (base64) and ``kek_file`` a file with one; without either it is a file in ``home``.
    ``scan_allow`` lists the networks (``10.0.0.0/8, 192.168.0.0/16``) that scans and other look-ups may connect to
    beside public addresses; ``check_revocation`` is whether a worker fetches CRLs and asks responders.
    ``pkcs11_module`` and ``pin``, ``pin_file`` serve a token that has no profile of its own.
    """

    model_config = SettingsConfigDict(env_prefix="CERTWRIGHT_", frozen=True, hide_input_in_errors=True)

    home: Path = Path.home() / ".certwright"
    database_url: SecretStr = SecretStr("")
    kek: SecretStr | None = None
    kek_file: Path | None = None
    pkcs11_module: Path | None = None
    pin: SecretStr | None = None
    pin_file: Path | None = None
    concurrency: int = 8
    scan_allow: str = ""
    check_revocation: bool = True


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)


class Asker(Protocol):
    """Somebody at a terminal who can be asked for a PIN."""

    def __call__(self, question: str) -> str:
        """The answer, which is not shown."""
        ...


@dataclass
class _Connection:
    """The adapter of a CA account, and the ports round it once they are needed."""

    account: object
    adapter: CertificateAuthority
    ports: Ports | None = None


class Certwright:
    """One installation, opened: everything a door needs, built when it is first used."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        role: str = "cli",
        ask: Asker | None = None,
        clock: Clock | None = None,
    ) -> None:
        """``role`` names this process in leases; ``ask`` prompts for a PIN, None where nobody can be asked.

        ``clock`` is the machine's unless given.
        """
        self.settings = settings or Settings()
        self.home = self.settings.home
        self.clock: Clock = clock or SystemClock()
        self._role = role
        self._ask = ask
        self._connections: dict[str, _Connection] = {}
        self._adapters: list[CertificateAuthority] = []  # every one ever made: an older may still be at work
        self._tokens: dict[str, Pkcs11Keys] = {}
        self._open()

    def _open(self) -> None:
        """Make the state folder and the database ready; private to the user who runs this."""
        os.umask(0o077)
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Misconfigured(
                f"The state folder cannot be made: {error.strerror}: {self.home}",
                advice="Set CERTWRIGHT_HOME to a folder this user may write to.",
            ) from error
        url = self.settings.database_url.get_secret_value()
        setup.use(url or self.home / "certwright.sqlite")
        with locked(self.home / "certwright.sqlite"):  # of commands that start at once, one makes the tables
            setup.migrate()

    @cached_property
    def identity(self) -> Identity:
        """Who this process is in leases."""
        return Identity(self.home / "processes", self._role)

    @cached_property
    def kek_ring(self) -> KekRing:
        """The key-encryption keys."""
        path = self.settings.kek_file or self.home / "kek.json"
        return KekRing.load(path, self.settings.kek)

    @cached_property
    def envelope(self) -> Envelope:
        """Seals secrets and software keys."""
        return Envelope(self.kek_ring)

    @cached_property
    def keyring(self) -> Keyring:
        """Every key."""
        return Keyring(lambda: self.envelope, self.token)

    @cached_property
    def accounts(self) -> Accounts:
        """The CA accounts."""
        from certwright.store.accounts import Accounts

        return Accounts(self.clock)

    @cached_property
    def listings(self) -> Listings:
        """What the CAs list of the accounts."""
        from certwright.store.listings import Listings

        return Listings(self.clock)

    @cached_property
    def orders(self) -> Orders:
        """The orders and revocations."""
        from certwright.store.orders import Orders

        return Orders(self.clock)

    @cached_property
    def inventory(self) -> Inventory:
        """The certificates."""
        from certwright.store.inventory import Inventory

        return Inventory(self.clock)

    @cached_property
    def browsing(self) -> Browsing:
        """Answers queries of the inventory."""
        from certwright.store.browsing import Browsing

        return Browsing(self.clock)

    @cached_property
    def overview(self) -> Overview:
        """The inventory in figures."""
        from certwright.store.overview import Overview

        return Overview(self.clock)

    @cached_property
    def knowing(self) -> Knowing:
        """What is known of one certificate."""
        from certwright.store.knowledge import Knowing

        return Knowing(self.clock, self.inventory, self.browsing, self.sources)

    @cached_property
    def remarks(self) -> RemarkStore:
        """What people say of certificates."""
        from certwright.store.remarks import RemarkStore

        return RemarkStore()

    @cached_property
    def saved_queries(self) -> SavedQueries:
        """Queries of the inventory that have a name."""
        from certwright.store.saved_queries import SavedQueries

        return SavedQueries(self.clock)

    @cached_property
    def cursor_key(self) -> bytes:
        """Signs the cursors of lists (see ``model.cursor``); derived from the newest key-encryption key (RFC 5869)."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(SHA256(), 32, salt=None, info=b"certwright cursor").derive(self.kek_ring.newest.key)

    @cached_property
    def loading(self) -> Loading:
        """Takes finds into the inventory."""
        from certwright.store.loading import Loading

        return Loading(self.clock)

    @cached_property
    def sources(self) -> Sources:
        """Where we learn of certificates."""
        from certwright.store.sources import Sources

        return Sources(self.clock, self.identity.name, self.identity.alive)

    @cached_property
    def discovering(self) -> Discovering:
        """Looks at sources."""
        from certwright.engine.discovering import Discovering

        return Discovering(self.sources, self._looks)

    @cached_property
    def findings(self) -> Findings:
        """What is wrong with certificates."""
        from certwright.store.findings import Findings

        return Findings(self.clock)

    @cached_property
    def judging(self) -> Judging:
        """Judges certificates."""
        from certwright.engine.judging import Judging

        return Judging(self.findings, self.clock, public_roots)

    @cached_property
    def checking(self) -> Checking:
        """Asks issuers what they have revoked."""
        from certwright.engine.checking import Checking
        from certwright.store.revocation_checks import RevocationChecks
        from certwright.targets.revocation.lookup import Revocations

        revocations = Revocations(allowed=networks(self.settings.scan_allow))
        return Checking(RevocationChecks(self.clock), self.findings, revocations, self.clock, public_roots)

    @cached_property
    def _looks(self) -> Mapping[SourceKind, Look]:
        """How each kind of source is looked at."""
        from certwright.engine import looks
        from certwright.engine.discovering import Places
        from certwright.engine.enriching import Enriching

        scans = looks.Scans(networks(self.settings.scan_allow))
        tokens = looks.Tokens(self.token)
        return {
            SourceKind.CA: Enriching(self.sources, self.listings, self.ca_orders, self.inventory, self.ports),
            SourceKind.SCAN: Places(self.sources, scans.finds, scans.total),
            SourceKind.FOLDER: Places(self.sources, looks.folders),
            SourceKind.TOKEN: Places(self.sources, tokens.finds),
        }

    @cached_property
    def ca_orders(self) -> CAOrders:
        """What the CAs' own lists show."""
        from certwright.store.ca_orders import CAOrders

        return CAOrders(self.clock)

    @cached_property
    def keys(self) -> KeyStore:
        """The key rows."""
        from certwright.store.keys import KeyStore

        return KeyStore(self.clock)

    @cached_property
    def csrs(self) -> CSRs:
        """The CSRs made here."""
        from certwright.store.csrs import CSRs

        return CSRs(self.clock)

    @cached_property
    def targets(self) -> Targets:
        """The targets."""
        from certwright.store.targets import Targets

        return Targets(self.clock)

    @cached_property
    def challenges(self) -> Challenges:
        """Publishes proofs at the targets."""
        from certwright.engine.challenges import Challenges
        from certwright.store.targets import ChallengeStore

        return Challenges(self.targets, ChallengeStore(self.clock), self.publisher)

    @cached_property
    def renewals(self) -> Renewals:
        """What is renewed by itself, and when."""
        from certwright.store.renewals import Renewals

        return Renewals(self.clock)

    @cached_property
    def renewing(self) -> Renewing:
        """Orders what is due."""
        from certwright.engine.renewing import Renewing

        return Renewing(
            self.clock,
            self.accounts,
            self.orders,
            self.inventory,
            self.renewals,
            self.ports,
            lambda token: self.token(token).profile.id_length,
        )

    @cached_property
    def workers(self) -> Workers:
        """Who else is at work."""
        from certwright.store.workers import Workers

        return Workers(self.clock)

    def others_at_work(self) -> bool:
        """Whether a worker or server does the work: its heartbeat is fresh, and it still holds its lock.

        Of one that has just been killed only the second tells. A worker on another machine counts as none; then
        this process works too, which leases make harmless.
        """
        return any(self.identity.alive(name) for name in self.workers.names())

    @cached_property
    def runner(self) -> Runner:
        """Advances orders and revocations in this process."""
        from certwright.store.journal import OrderJournal, RevocationJournal

        me = self.identity
        return Runner(
            OrderJournal(self.clock, me.name, me.alive),
            RevocationJournal(self.clock, me.name, me.alive),
            self.ports,
        )

    def engine(self, concurrency: int | None = None) -> Engine:
        """The durable engine of this process, not yet running. Its database is beside ours and disposable."""
        from certwright.engine import challenges, discovering, judging, renewing, syncing, watch
        from certwright.engine.durable import Chore, Engine, Work
        from certwright.store import indexes

        indexes.restore()  # where a first import was killed
        runner = self.runner
        integrations = discovering.Discovering(self.sources, {SourceKind.CA: self._looks[SourceKind.CA]})
        discovery = discovering.Discovering(
            self.sources, {kind: look for kind, look in self._looks.items() if kind is not SourceKind.CA}
        )
        works = {
            "order": Work(runner.orders.due, runner.orders.free_dead_leases, runner.order),
            "revocation": Work(runner.revocations.due, runner.revocations.free_dead_leases, runner.revocation),
        }
        url = self.settings.database_url.get_secret_value()
        return Engine(
            url or self.home / "engine.sqlite",
            self.identity.name,
            works,
            concurrency=concurrency or self.settings.concurrency,
            alive=self.identity.alive,
            chores=[
                Chore("watch", watch.Watch(self.orders, self.ports).turn, watch.PERIOD.total_seconds()),
                Chore(
                    "sync",
                    syncing.Syncing(self.accounts, self.listings, self.ports).turn,
                    syncing.PERIOD.total_seconds(),
                    at_start=True,
                ),
                Chore("renew", self.renewing.turn, renewing.PERIOD.total_seconds(), at_start=True),
                Chore("integrations", integrations.turn, discovering.PERIOD_SECONDS, stop=integrations.stop),
                Chore("discovery", discovery.turn, discovering.PERIOD_SECONDS, stop=discovery.stop),
                *self._checking_chores(),
                Chore("judging", self.judging.turn, judging.PERIOD_SECONDS, at_start=True, stop=self.judging.stop),
                Chore("tidy", challenges.Tidy(self.challenges).turn, challenges.PERIOD.total_seconds(), at_start=True),
            ],
        )

    def _checking_chores(self) -> list[Chore]:
        """Asking issuers what they have revoked, unless the installation is to ask nobody."""
        from certwright.engine import checking
        from certwright.engine.durable import Chore

        if not self.settings.check_revocation:
            return []
        return [Chore("revocation", self.checking.turn, checking.PERIOD_SECONDS, stop=self.checking.stop)]

    def seal_secrets(self, account: str, values: Mapping[str, str]) -> bytes:
        """The secrets of a CA account in their envelope."""
        return self.envelope.seal(json.dumps(dict(values)).encode(), _secrets_place(account))

    def secrets_of(self, account: Account) -> dict[str, str]:
        """The secrets of a CA account, opened; never to be shown."""
        opened: dict[str, str] = json.loads(self.envelope.open(account.sealed_secrets, _secrets_place(account.name)))
        return opened

    def seal_target_secrets(self, target: str, values: Mapping[str, str]) -> bytes:
        """The secrets of a target in their envelope."""
        return self.envelope.seal(json.dumps(dict(values)).encode(), _target_place(target))

    def target_secrets(self, target: Target) -> dict[str, str]:
        """The secrets of a target, opened; never to be shown."""
        opened: dict[str, str] = json.loads(self.envelope.open(target.sealed_secrets, _target_place(target.name)))
        return opened

    def publisher(self, target: Target) -> Publisher:
        """A target, opened; raises Misconfigured when its settings do not fit."""
        from certwright.targets.dcv.publisher import open_publisher

        allowed = networks(self.settings.scan_allow)
        return open_publisher(target.kind, target.settings, self.target_secrets(target), allowed)

    def adapter(self, account: Account) -> CertificateAuthority:
        """The adapter of a CA account as it is now; raises Misconfigured when its settings do not fit."""
        return self._connection(account).adapter

    def _connection(self, account: Account) -> _Connection:
        """Kept for this process, until somebody changes the account."""
        known = self._connections.get(account.name)
        if known is None or known.account != account.essence:
            adapter = connect(account, self.secrets_of(account), limits=self.home / "limits.sqlite")
            known = self._connections[account.name] = _Connection(account.essence, adapter)
            self._adapters.append(adapter)
        return known

    def receiver(self, ca: str, name: str) -> Receiver:
        """What reads the pushes of a CA account; raises NotFound or Misconfigured when there is no such."""
        account = self.accounts.get(name)
        if account.ca != ca:
            raise NotFound(f"There is no {ca} account {name!r}.")
        opened = self.secrets_of(account)
        folder = importlib.import_module(f"certwright.cas.{account.ca}.push")
        receiver: Receiver = folder.Receiver(opened.get("webhook_secret", ""))
        return receiver

    def ports(self, name: str) -> Ports:
        """The outside as the orders of one CA account see it."""
        account = self.accounts.get(name)
        connection = self._connection(account)
        if connection.ports is None:
            connection.ports = self._ports_of(account)
        return connection.ports

    def _ports_of(self, account: Account) -> Ports:
        from certwright.engine.syncing import sync_one
        from certwright.store.accounts import AccountStanding
        from certwright.store.catalogue import AccountCatalogue

        adapter = self.adapter(account)
        refresh = partial(sync_one, self.listings, account.name, adapter)
        return Ports(
            clock=self.clock,
            ca=adapter,
            keys=self.keyring,
            orders=self.runner.orders,
            revocations=self.runner.revocations,
            inventory=self.inventory,
            challenges=self.challenges,
            catalogue=AccountCatalogue(self.listings, account, refresh if isinstance(adapter, HasCatalogue) else None),
            standing=AccountStanding(account, self.clock),
            trust=trust_of(account),
            **_seconds(account),
        )

    def rewrap(self) -> int:
        """Put everything sealed under the newest key-encryption key; returns how many envelopes that were."""
        count = 0
        for account in list(self.accounts.all()):
            place = _secrets_place(account.name)
            self.accounts.reseal(account.name, self.envelope.rewrap(account.sealed_secrets, place))
            count += 1
        for target in list(self.targets.all()):
            place = _target_place(target.name)
            self.targets.reseal(target.name, self.envelope.rewrap(target.sealed_secrets, place))
            count += 1
        for key in self.keys.all():
            if key.sealed:
                self.keys.reseal(key, self.envelope.rewrap(key.sealed, sealed_place(key)))
                count += 1
        return count

    def token(self, name: str) -> Pkcs11Keys:
        """The token of that name: its profile in ``tokens/NAME.toml``, or its label at the default module."""
        known = self._tokens.get(name)
        if known is None:
            from certwright.keys.pkcs11.settings import open_token

            known = self._tokens[name] = open_token(
                name,
                profile=self.home / "tokens" / f"{name}.toml",
                module=self.settings.pkcs11_module,
                pin=self.settings.pin,
                pin_file=self.settings.pin_file,
                ask=self._ask,
                refused_pins=self.home / "refused-pins.json",
            )
        return known

    def new_reference(self) -> str:
        """A reference for an order that nobody has used: a random UUID."""
        return str(uuid.uuid4())

    def close(self) -> None:
        """Let go of tokens, connections and the identity."""
        for token in self._tokens.values():
            token.close()
        for adapter in self._adapters:
            adapter.close()
        if "identity" in self.__dict__:
            self.identity.close()


def connect(account: Account, secrets: Mapping[str, str], *, limits: Path | None = None) -> CertificateAuthority:
    """The adapter of a CA account; ``limits`` is the file that all processes share its call limits in."""
    _seconds(account)
    about = About.load(account.ca)
    secrets = {name: value for name, value in secrets.items() if name != "webhook_secret"}
    folder = importlib.import_module(f"certwright.cas.{about.name}")
    adapter: CertificateAuthority = folder.ADAPTER(
        url=account.url or about.url,
        **secrets,
        settings={key: value for key, value in account.settings.items() if key not in COMMON_SETTINGS},
        read_only=account.read_only,
        account=account.name,
        limits=limits,
    )
    return adapter


def trust_of(account: Account) -> Trust:
    """The trust anchors that certificates of this CA account are judged by.

    The setting ``roots`` replaces the built-in ones; ``intermediates`` are more of those that mend a chain. Names
    reserved by RFC 2606 are allowed only at a CA on
    loopback: that is a sandbox, and such names are all it has.
    """
    given = account.settings.get("roots", "")
    pem = given.encode() if given else About.load(account.ca).roots()
    roots = tuple(parse_pem_many(pem))
    if not roots:
        raise Misconfigured(f"The setting roots of {account.name} holds no certificate.")
    host = urlsplit(account.url).hostname or ""
    known = [About.load(account.ca).intermediates(), account.settings.get("intermediates", "").encode()]
    pinned = tuple(certificate for pem in known if pem for certificate in parse_pem_many(pem))
    loopback = host in ("127.0.0.1", "::1", "localhost")
    return Trust(roots=_anchors(roots), known=_anchors(pinned), reserved_names=loopback)


def public_roots() -> tuple[Certificate, ...]:
    """The roots that browsers trust: Mozilla's, as certifi has them, and those pinned for the CAs we know."""
    bundled = certifi.contents().encode()
    pinned = [About.load(ca).roots() for ca in known_cas()]
    return tuple(dict.fromkeys(one for pem in (bundled, *pinned) for one in parse_pem_many(pem)))


def _seconds(account: Account) -> dict[str, float]:
    """The common settings that concern single calls, as what they are."""
    try:
        seconds = {name: float(account.settings[name]) for name in COMMON_SETTINGS if name in account.settings}
    except ValueError as error:
        raise Misconfigured(f"A setting of {account.name} is not a number: {error}.") from None
    if wrong := [name for name, value in seconds.items() if not 0 <= value < _LONGEST]:
        raise Misconfigured(f"The setting {wrong[0]} of {account.name} must be a number from 0 on.")
    return {name: value for name, value in seconds.items() if name in _CALL_SETTINGS}


def _anchors(roots: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
    return tuple({root.fingerprint: root for root in roots}.values())


def _target_place(target: str) -> str:
    return f"target:{target}:secrets"


def _secrets_place(account: str) -> str:
    return f"ca_account:{account}:secrets"
