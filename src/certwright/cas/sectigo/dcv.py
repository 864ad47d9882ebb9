"""Domain control validation: request tokens, what is to be published, and Sectigo's words for the methods (§7)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from certwright.model.ca import Authorization, Proof
from certwright.model.errors import Refused
from certwright.model.words import DCVMethod
from certwright.pki.names import is_public_suffix

UNIQUE_VALUE_LENGTH = 20  # alphanumeric characters, at most (§7.2)
HALF_DIGEST = 32  # a DNS label holds 63 characters, a SHA-256 in hex 64
FOLDER = "/.well-known/pki-validation"
ZONE = "sectigo.com"
VALIDATED = "validated"
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"

# Of one name: the values of dcvMethod and newMethod; of a list: the tokens in dcvEmailAddresses.
ONE: Mapping[str, str] = {
    DCVMethod.EMAIL: "EMAIL",
    DCVMethod.HTTP: "HTTP_CSR_HASH",
    DCVMethod.HTTPS: "HTTPS_CSR_HASH",
    DCVMethod.DNS_CNAME: "CNAME_CSR_HASH",
}
LISTED: Mapping[str, str] = {
    DCVMethod.HTTP: "HTTPCSRHASH",
    DCVMethod.HTTPS: "HTTPSCSRHASH",
    DCVMethod.DNS_CNAME: "CNAMECSRHASH",
}
_OURS = {"".join(filter(str.isalnum, word)).lower(): ours for ours, word in ONE.items()}


@dataclass(frozen=True, slots=True)
class Way:
    """How one name is proven: a method of ours and, for e-mail, the address."""

    method: DCVMethod
    address: str = ""

    @classmethod
    def parse(cls, text: str) -> Way:
        """Read ``dns-cname-token`` or ``email:ADDRESS``; raises Refused for a method that Sectigo has not."""
        word, _, address = text.partition(":")
        if word not in ONE:
            raise Refused(f"Sectigo proves no name by {word!r}.", advice=f"It has: {', '.join(ONE)}.")
        if word == DCVMethod.EMAIL and "@" not in address:
            raise Refused(
                "Proving a name by e-mail needs an address.",
                advice="Give one that the CA allows, as email:ADDRESS: certwright account addresses ACCOUNT NAME",
            )
        return cls(DCVMethod(word), address)

    @property
    def listed(self) -> str:
        """Its entry in a list for many names."""
        return self.address or LISTED[self.method]


@dataclass(frozen=True, slots=True)
class Token:
    """What proves that who holds a CSR (DER) controls a name; ``unique_value`` as the CA gave it back."""

    csr: bytes
    unique_value: str

    @property
    def md5(self) -> str:
        """Names the file and the record; lower-case hex. It protects nothing: Sectigo's documents want it."""
        return hashlib.md5(self.csr, usedforsecurity=False).hexdigest()

    @property
    def sha256(self) -> str:
        """Lower-case hex."""
        return hashlib.sha256(self.csr).hexdigest()

    @property
    def file_content(self) -> str:
        """The lines of the file."""
        return "\n".join(filter(None, (self.sha256, ZONE, self.unique_value))) + "\n"

    @property
    def cname_target(self) -> str:
        """What the CNAME points to, without a final dot."""
        halves = self.sha256[:HALF_DIGEST], self.sha256[HALF_DIGEST:]
        return ".".join(filter(None, (*halves, self.unique_value, ZONE)))

    def proof(self, name: str, way: Way, *, with_www: bool = False) -> Proof:
        """What is to be published for a name; a wildcard is proven at its base (§7.4).

        ``with_www``: of a product whose certificates hold a name and its www. A record at the first proves both.
        """
        base = name.removeprefix("*.")
        if with_www and way.method is DCVMethod.DNS_CNAME and not is_public_suffix(base.removeprefix("www.")):
            base = base.removeprefix("www.")
        match way.method:
            case DCVMethod.DNS_CNAME:
                return Proof(name, way.method, f"_{self.md5}.{base}", self.cname_target)
            case DCVMethod.EMAIL:
                return Proof(name, way.method, way.address, "")
        scheme = "https" if way.method is DCVMethod.HTTPS else "http"
        return Proof(name, way.method, f"{scheme}://{base}{FOLDER}/{self.md5.upper()}.txt", self.file_content)


def unique_value(reference: str) -> str:
    """The value we send for an order: always the same for one reference, so that a second attempt changes nothing."""
    number = int.from_bytes(hashlib.sha256(b"certwright dcv\0" + reference.encode()).digest(), "big")
    signs = []
    for _ in range(UNIQUE_VALUE_LENGTH):
        number, rest = divmod(number, len(_ALPHABET))
        signs.append(_ALPHABET[rest])
    return "".join(signs)


def method_of(text: str) -> str:
    """Our word for a method as Sectigo writes it (``HTTP_CSR_HASH``, ``HTTP CSR Hash``); its own where we have none."""
    return _OURS.get("".join(filter(str.isalnum, text)).lower(), text)


def is_validated(status: str) -> bool:
    """Whether a status is the word for proven; "Not Validated" holds the same letters and is not (§10)."""
    return " ".join(status.split()).lower() == VALIDATED


def authorizations(rows: tuple[Mapping[str, str], ...]) -> Iterator[Authorization]:
    """GetMDCDomainDetails in our words."""
    for row in rows:
        status = row.get("dcvstatus", "")
        name = row["domainname"].strip().rstrip(".").lower()
        yield Authorization(name, method_of(row.get("dcvmethod", "")), is_validated(status), status)
