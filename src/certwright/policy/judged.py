"""What the rules of ``findings`` look at: a certificate, and what is known of it; each thing read from it once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from certwright.pki import chain as chains
from certwright.pki import names, verify
from certwright.pki.certificate import Certificate
from certwright.pki.errors import Invalid
from certwright.pki.keys import PublicKey

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


@dataclass(frozen=True)
class Served:
    """A place where the certificate is shown to whoever connects.

    ``place`` is the URI of a :class:`~certwright.model.inventory.Find`: ``tls://shop.example:443``,
    ``smtp://mx.example:25``. ``above`` is what came with the certificate there, in that order, itself left out; None
    where that is not known. ``revoked`` are those of them that were revoked.
    """

    place: str
    above: tuple[Certificate, ...] | None = None
    revoked: frozenset[Certificate] = frozenset()

    @cached_property
    def host(self) -> str:
        """The name or address that was asked for, normalised; empty for what is no place on a network."""
        try:
            return names.normalise(urlsplit(self.place).hostname or "")
        except (Invalid, ValueError):
            return ""

    @property
    def scheme(self) -> str:
        """What is spoken there before TLS; ``tls`` for nothing."""
        return self.place.partition(":")[0]

    @property
    def port(self) -> str:
        """The port in digits; empty where the place names none."""
        return self.place.rpartition(":")[2] if self.host else ""


class Shown(NamedTuple):
    """What a place shows: the certificates ``above`` the one that is judged, those of them that are ``roots``, and
    the ``path`` up through them.

    The path begins with the judged one; each certificate in it is signed by the next. It ends at a root, or where what
    signed the last one is not shown.
    """

    served: Served
    above: tuple[Certificate, ...]
    roots: frozenset[Certificate]
    path: tuple[Certificate, ...]


@dataclass(frozen=True)
class Judged:
    """A certificate and what is known of it. A rule that lacks what it needs says nothing.

    ``public`` tells whether it was issued under a root that browsers trust; None where that is not known.
    ``issuer`` is the certificate whose key signed it, where we have it; who gives it has verified that. ``served`` are
    the places that show it. ``replaced`` tells that it has a successor; ``revoked_at`` (aware UTC) when it was
    revoked, and ``revocation_reason`` why, in the CA's words or RFC 5280's. ``compromised``: somebody else is known to
    have its private key. ``sharing_key`` counts other certificates with the same public key that are neither its
    predecessors nor its successors. ``has_issued`` tells that others are known that bear its name as their issuer's.
    ``reserved_names_allowed`` lets ``.example``, ``.test`` and documentation
    addresses pass, for sandboxes.
    """

    certificate: Certificate
    public: bool | None = None
    issuer: Certificate | None = None
    served: tuple[Served, ...] = ()
    replaced: bool = False
    revoked_at: datetime | None = None
    revocation_reason: str = ""
    compromised: bool = False
    sharing_key: int = 0
    has_issued: bool = False
    reserved_names_allowed: bool = False

    def is_over(self, at: datetime) -> bool:
        """Whether it has expired or was revoked by ``at`` (aware)."""
        return is_over(self.not_after, self.revoked_at, at)

    def is_past(self, at: datetime) -> bool:
        """Whether it is over and served nowhere: then it harms nobody, whatever is wrong with it."""
        return self.is_over(at) and not self.places

    @cached_property
    def places(self) -> tuple[Served, ...]:
        """The places on a network among those where it was seen."""
        return tuple(served for served in self.served if served.host)

    @cached_property
    def shown(self) -> tuple[Shown, ...]:
        """What each place shows where that is known, of very many certificates the first ones."""
        seen = [
            (served, served.above[: chains.MAXIMUM_CERTIFICATES]) for served in self.places if served.above is not None
        ]
        return tuple(
            Shown(served, above, frozenset(filter(is_root, above)), self._path(above)) for served, above in seen
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Its DNS and IP SANs, as ``Certificate.names`` has them."""
        return self.certificate.names

    @cached_property
    def well_formed(self) -> tuple[str, ...]:
        """Those of its names that can be asked for: what somebody could have typed."""
        return tuple(filter(_is_well_formed, self.names))

    @cached_property
    def serial(self) -> int:
        """Its serial, which may be negative."""
        return int(self.certificate.serial, 16)

    @cached_property
    def not_before(self) -> datetime:
        """The first second of its validity, aware UTC."""
        return self.certificate.not_before

    @cached_property
    def not_after(self) -> datetime:
        """The last second of its validity, aware UTC."""
        return self.certificate.not_after

    @cached_property
    def issued_on(self) -> date:
        """The day by whose rules it is judged: that of not_before, which lies at most 48 hours before (BR 7.1.2.7)."""
        return self.not_before.date()

    @cached_property
    def public_key(self) -> PublicKey | None:
        """Its public key; None for a kind that cannot be read."""
        try:
            return self.certificate.public_key
        except Invalid:
            return None

    @cached_property
    def usages(self) -> frozenset[str]:
        """The OIDs of its extended key usages, dotted; empty where it has none."""
        found = self.extension(x509.ExtendedKeyUsage)
        return frozenset() if found is None else frozenset(usage.dotted_string for usage in found)

    @cached_property
    def is_ca(self) -> bool:
        """Whether it may issue others."""
        found = self.extension(x509.BasicConstraints)
        return found is not None and found.ca

    @cached_property
    def is_authority(self) -> bool:
        """Whether it is to be taken for a CA's: it may issue, and has issued or stands under another CA.

        One that vouches for nothing but itself is called a CA's by the tool that made it (``openssl req -x509``).
        """
        return self.is_ca and (self.has_issued or not self.is_self_signed)

    @cached_property
    def issuing_organizations(self) -> frozenset[str]:
        """What CA issued it, and which one is above that as far as the issuer is known: their organizations."""
        issuers = [one.parsed.issuer for one in (self.certificate, self.issuer) if one is not None]
        found = (each for name in issuers for each in name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))
        return frozenset(str(each.value) for each in found)

    @cached_property
    def is_self_signed(self) -> bool:
        """Whether nobody but itself vouches for it."""
        return chains.is_root(self.certificate)

    @property
    def is_for_servers(self) -> bool:
        """Whether servers use it or may: it is shown somewhere, or serverAuth is among its usages."""
        return bool(self.places) or verify.SERVER_AUTH in self.usages

    def extension(self, kind: type[_Extension]) -> _Extension | None:
        """The value of the one extension of that kind; None where it is absent."""
        found = self._extensions.get(kind)
        return found if isinstance(found, kind) else None

    @cached_property
    def _extensions(self) -> Mapping[type[x509.ExtensionType], x509.ExtensionType]:
        return {type(extension.value): extension.value for extension in self.certificate.parsed.extensions}

    def _path(self, above: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
        """From the certificate upwards; what is known as its issuer is not verified again."""
        path, is_signed = [self.certificate], chains.signed_by
        upper = self.issuer if self.issuer in above else None
        while not (path[-1].is_self_issued and is_root(path[-1])):
            upper = upper or next((c for c in above if c not in path and is_signed(path[-1], c)), None)
            if upper is None:
                break
            path.append(upper)
            upper, is_signed = None, _upper_signed_by
        return tuple(path)


def is_over(not_after: datetime, revoked_at: datetime | None, at: datetime) -> bool:
    """Whether what ends then, and was revoked then or never (None), is no longer in force. All times are aware."""
    return not_after < at or (revoked_at is not None and revoked_at <= at)


def _is_well_formed(name: str) -> bool:
    if name.startswith("dns:"):
        return False
    try:
        return names.normalise(name) == name
    except Invalid:
        return False


@lru_cache(maxsize=1024)
def is_root(certificate: Certificate) -> bool:
    """:func:`certwright.pki.chain.is_root`; few roots are shown in very many places."""
    return chains.is_root(certificate)


@lru_cache(maxsize=1024)
def _upper_signed_by(certificate: Certificate, issuer: Certificate) -> bool:
    """The same of links above the leaf."""
    return chains.signed_by(certificate, issuer)
