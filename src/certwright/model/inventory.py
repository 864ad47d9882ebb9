"""What passes between discovery, the importers, the rules and the inventory: values in our words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum

from certwright.model.ca import CAOrder
from certwright.model.order import KeyReference
from certwright.model.words import CertificateState
from certwright.pki.certificate import Certificate

_PART = re.compile(r"([A-Za-z][A-Za-z0-9.-]*)\s*=\s*(\"[^\"]*\"|(?:\\.|[^,+;/\\\"])*)")


class SourceKind(StrEnum):
    """What kind of source tells us of certificates."""

    CA = "ca"  # an integration: a CA account whose lists are read
    SCAN = "scan"  # TLS servers on the network
    FOLDER = "folder"  # files on this machine
    TOKEN = "token"  # noqa: S105 - a PKCS#11 token
    UPLOAD = "upload"  # handed in by a person, also what another tool kept


class Outcome(StrEnum):
    """How a run of a source ended."""

    RUNNING = "running"
    DONE = "done"
    PARTLY = "partly"  # done, but some of it could not be read
    FAILED = "failed"


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  # clients refuse it, or somebody may misuse it: act now
    WARNING = "warning"  # it will be refused, or revoked, or fail at some clients: plan
    NOTICE = "notice"  # worth knowing


@dataclass(frozen=True, slots=True)
class Remarks:
    """What people said of a certificate: its owner, tags, custom fields by name.

    ``known_since`` (UTC) is when the tool that it was taken over from first had it.
    """

    owner: str = ""
    tags: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    known_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Find:
    """What one look at one place showed.

    ``place`` names the place within its source, as a URI: ``tls://shop.example:443``, ``smtp://mx.example:25`` (with
    STARTTLS), ``file:/etc/ssl/shop.pem``, ``pkcs11:token=main;id=%0a``. ``certificates`` are DER, leaf first where
    that is known, then whatever came with it; empty when there was none. ``trouble`` is then why, in one sentence,
    and ``absent`` tells that the place was looked at and has none (rather than that it could not be looked at).
    ``address`` is the address that answered, ``protocol`` the version of TLS; ``has_key``: a private key lies beside.
    ``replaces`` is the fingerprint of the certificate before it, where the tool knew.
    """

    place: str
    certificates: tuple[bytes, ...] = field(default=(), repr=False)
    address: str = ""
    protocol: str = ""
    trouble: str = ""
    absent: bool = False
    has_key: bool = False
    remarks: Remarks | None = None
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What a tool said of a certificate whose bytes it does not hand out.

    ``sha256`` is its fingerprint (64 lower-case hex digits); without one it is known by ``serial`` (lower-case hex, no
    leading zeros) and ``issuer``, the issuer's name as the tool wrote it: a whole name or its common name alone.
    ``place`` is the place within the import, as in a :class:`Find`.
    """

    place: str
    sha256: str = ""
    serial: str = ""
    issuer: str = ""
    remarks: Remarks = field(default_factory=Remarks)
    replaces: str = ""

    def means(self, certificate: Certificate) -> bool:
        """Whether this is that certificate: by fingerprint, else by serial and issuer together, never by name."""
        if self.sha256:
            return self.sha256 == certificate.fingerprint
        return bool(self.serial) and self.serial == certificate.serial and _same_name(self.issuer, certificate.issuer)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with a certificate, or will be.

    ``rule`` is the name of the rule that says so, ``detail`` what it saw, ``advice`` what to do; ``source`` where the
    rule is written (RFC, Baseline Requirements clause, root program).
    """

    rule: str
    severity: Severity
    detail: str
    advice: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a look at some places came to.

    Places ``looked`` at; of them those where something was ``found``, that show another certificate than before
    (``changed``), none any more (``vanished``), or could not be looked at (``failed``). ``new`` are leaf certificates
    that nobody had seen anywhere, ``ca_certificates`` those of CAs, which come along in chains too. ``known`` are the
    places whose certificate was here before, or stood at another place of the same look.
    """

    looked: int = 0
    found: int = 0
    new: int = 0
    ca_certificates: int = 0
    known: int = 0
    changed: int = 0
    vanished: int = 0
    failed: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Tally)))


@dataclass(frozen=True, slots=True)
class Source:
    """Where we learn of certificates, and when it is looked at.

    ``account`` is the name of the CA account of an integration, else empty; ``every`` None where it runs only when
    somebody says so; ``failures`` how many runs in a row failed; times UTC.
    """

    id: int
    name: str
    kind: SourceKind
    settings: Mapping[str, object]
    enabled: bool
    every: timedelta | None
    next_run_at: datetime | None
    created_at: datetime
    account: str = ""
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """One look at a whole source; ``ended_at`` None while it goes on or was interrupted; times UTC.

    ``cursor`` is how far it has come, in a form that the kind of source knows; ``total`` how many places there are
    where that is known. ``trouble`` and ``advice`` say why it failed, or what of it did.
    """

    id: int
    source: str
    started_at: datetime
    outcome: Outcome
    tally: Tally
    ended_at: datetime | None = None
    cursor: str = ""
    total: int | None = None
    trouble: str = ""
    advice: str = ""


class Sort(StrEnum):
    """By what a list of certificates is sorted; equal ones by when they were recorded."""

    RECORDED = "recorded"
    ENDS = "ends"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Query:
    """What certificates are wanted: those that meet everything that is given.

    ``name`` is a part of a SAN or of the common name, three characters or more; ``issuer`` the issuer's common name;
    ``ca`` is digicert and the like, ``account`` the name of a CA account, "" as ``owner`` is every owner and "-"
    none; ``severity`` is that of an open finding or worse, ``finding`` the rule of one. ``source`` is where it is
    seen now. ``ends_from`` and ``ends_before`` (UTC) bound the end of its life, ``recorded_from`` and
    ``recorded_before`` when we first knew it. ``descending`` turns the order round.
    """

    name: str = ""
    state: CertificateState | None = None
    ca: str = ""
    account: str = ""
    issuer: str = ""
    organization: str = ""
    product: str = ""
    validation: str = ""
    key_spec: str = ""
    owner: str = ""
    tag: str = ""
    source: str = ""
    finding: str = ""
    severity: Severity | None = None
    ends_from: datetime | None = None
    ends_before: datetime | None = None
    recorded_from: datetime | None = None
    recorded_before: datetime | None = None
    sort: Sort = Sort.RECORDED
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """Where a list of certificates goes on: behind the certificate of that sort value and number."""

    value: str
    id: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A leaf certificate as a list shows it. See ``store.models.Certificate``; ``key`` is of ours."""

    id: int
    fingerprint: str
    serial: str
    common_name: str
    names: tuple[str, ...]
    issuer: str
    organization: str
    validation: str
    key_spec: str
    public_key_sha256: str
    not_before: datetime
    not_after: datetime
    state: CertificateState
    account: str
    ca: str
    ca_order: CAOrder
    product: str
    order_id: int | None
    key: KeyReference | None
    replaces: str
    replaced_by: str
    revoked_at: datetime | None
    revocation_reason: str
    owner: str
    tags: tuple[str, ...]
    fields: Mapping[str, str]
    severity: Severity | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Some certificates, and where the list goes on; ``after`` None at its end."""

    certificates: tuple[Summary, ...]
    after: Position | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many; ``capped`` where it stopped counting there."""

    number: int
    capped: bool = False

    def __str__(self) -> str:
        return f"{self.number:,}+" if self.capped else f"{self.number:,}"


def _same_name(written: str, rfc4514: str) -> bool:
    """Whether a tool's spelling of a name (any order, any separator) is that name, or its common name alone."""
    theirs, ours = _parts(written), _parts(rfc4514)
    if theirs:
        return theirs == ours
    common_name = dict(ours).get("cn")
    return common_name is not None and common_name == _folded(written)


def _parts(name: str) -> frozenset[tuple[str, str]]:
    return frozenset((kind.lower(), _folded(value)) for kind, value in _PART.findall(name))


def _folded(text: str) -> str:
    unescaped = re.sub(r"\\(.)", r"\1", text.strip().removeprefix('"').removesuffix('"'))
    return " ".join(unescaped.casefold().split())
