"""Form posts and their answers, and DCV proofs, as Sectigo's document writes them.

Nothing here imports the product or its sandbox: a mistake that both share must still fail a test.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import re
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl, quote_plus, urlsplit

from cryptography import x509

from tests.sandbox import wire
from tests.sandbox.certificates import certificates_in

FORM = "application/x-www-form-urlencoded"
TEXT = "text/plain"
# §2: the server's literal text.
LOGIN_REFUSED = "Incorrect login details, account is locked, password has expired, or your source IP is blocked!"

# §7.3: a CSR made for the document, and what its request token is.
VECTOR_CSR = """-----BEGIN CERTIFICATE REQUEST-----
MIIBbzCCARQCAQAwbjELMAkGA1UEBhMCSU4xEjAQBgNVBAgMCUthcm5hdGFrYTES
MBAGA1UEBwwJQmVuZ2FsdXJ1MRwwGgYDVQQKDBNFeGFtcGxlIFNhbmRib3ggTHRk
MRkwFwYDVQQDDBBzaG9wLmV4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEjI29CmRAeU0asZE1xjjVA+0BIx1NtoIRa7Rb+t2ZACEfTkjZYxKhS1Ci
zRpXTsDauLMqrw+4GR7GDKegSRIxMqBEMEIGCSqGSIb3DQEJDjE1MDMwMQYDVR0R
BCowKIIQc2hvcC5leGFtcGxlLmNvbYIUd3d3LnNob3AuZXhhbXBsZS5jb20wCgYI
KoZIzj0EAwIDSQAwRgIhALspXRtriZlvFyIqsD+XVtK/UMV3Af58/vphEdy7ntCO
AiEA/Ji1rkztqWj0NvuTM9Akdw8bpobyQ3jMfLtK+wtYz9o=
-----END CERTIFICATE REQUEST-----
"""
VECTOR_MD5 = "1638C451BEDFF204F6E8CC8330802812"
VECTOR_SHA1 = "94BFD393529B30534FCBB225762BA2047BC69D42"
VECTOR_SHA256 = "283DA9763AF5D1246203DC2C50D4BE7A63E8DF59B24545D53C44A6EC25ED5A45"


@dataclass(frozen=True)
class Told:
    """An answer of the API in either framing of §1.4."""

    answer: wire.Answer

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.answer.status

    @property
    def media(self) -> str:
        """The media type without its parameters."""
        return self.answer.type.split(";")[0].strip()

    @property
    def text(self) -> str:
        """The body as text."""
        return self.answer.body.decode()

    @property
    def lines(self) -> list[str]:
        """The lines of a newline answer, without the end of the last."""
        return self.text.removesuffix("\n").split("\n")

    @cached_property
    def fields(self) -> list[tuple[str, str]]:
        """The pairs of a URL-encoded answer in their order, decoded once."""
        return parse_qsl(self.text, keep_blank_values=True, strict_parsing=True)

    @property
    def keys(self) -> list[str]:
        """The names of a URL-encoded answer in their order."""
        return [name for name, _ in self.fields]

    def every(self, name: str) -> list[str]:
        """All values of a repeated name."""
        return [value for found, value in self.fields if found == name]

    def __getitem__(self, name: str) -> str:
        """The value of a name that must be there exactly once."""
        (value,) = self.every(name)
        return value

    def __contains__(self, name: str) -> bool:
        """Whether a URL-encoded answer has the name."""
        return name in self.keys

    @property
    def is_form(self) -> bool:
        """Whether the answer is URL-encoded."""
        return self.media == FORM

    @property
    def code(self) -> int:
        """`errorCode`, or the number in line 1."""
        assert self.status == 200, self
        return int(self["errorCode"] if self.is_form else self.lines[0])

    @property
    def message(self) -> str:
        """`errorMessage`, or line 2."""
        return self["errorMessage"] if self.is_form else self.lines[1]

    @property
    def certificates(self) -> list[x509.Certificate]:
        """Every PEM certificate of the body, in its order."""
        return certificates_in(self.answer.body)

    def refuses(self, code: int, argument: str = "") -> bool:
        """Check a refusal: HTTP 200, the code, a message (that names the argument), and nothing after it."""
        assert self.code == code, self
        assert self.message, self
        if argument:
            assert f"'{argument}'" in self.message, self
        if self.is_form:
            assert set(self.keys) <= {"errorCode", "errorMessage", "errorItem", "errorDetail"}, self
        else:
            assert len(self.lines) == 2, self
        return True


def form(fields: Mapping[str, object]) -> bytes:
    """An encoded form; a list repeats its name, None leaves it out."""
    pairs = [
        (name, item)
        for name, value in fields.items()
        if value is not None
        for item in (value if isinstance(value, list) else [value])
    ]
    return "&".join(f"{name}={quote_plus(str(value))}" for name, value in pairs).encode()


def place(api: str) -> str:
    """The path of an API (§1.1)."""
    return "products/download/CollectSSL" if api == "CollectSSL" else f"products/!{api}"


def post(url: str, api: str, body: bytes, timeout: float = wire.TIMEOUT_SECONDS) -> Told:
    """POST an encoded form to an API on the plain door."""
    return Told(wire.send(url, "POST", place(api), body, {"Content-Type": FORM}, timeout))


def post_tls(url: str, api: str, body: bytes, context: ssl.SSLContext) -> Told:
    """POST an encoded form to an API on the TLS door."""
    at = urlsplit(url)
    connection = http.client.HTTPSConnection(str(at.hostname), at.port, timeout=wire.TIMEOUT_SECONDS, context=context)
    try:
        connection.request("POST", f"{at.path.rstrip('/')}/{place(api)}", body, {"Content-Type": FORM})
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Told(wire.Answer(response.status, headers, response.read()))
    finally:
        connection.close()


def tls_context(roots_pem: str, certificate_pem: str = "", key_pem: str = "") -> ssl.SSLContext:
    """A TLS client that trusts `roots_pem` and, when given one, presents a client certificate."""
    context = ssl.create_default_context(cadata=roots_pem)
    if certificate_pem:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as both:
            both.write(certificate_pem.rstrip() + "\n" + key_pem)
            both.flush()
            context.load_cert_chain(both.name)
    return context


def der_of(pem: str) -> bytes:
    """The DER of one PEM block."""
    return base64.b64decode(re.sub(r"-----[^-]+-----|\s", "", pem))


@dataclass(frozen=True)
class Proof:
    """The request token of a CSR (§7.2)."""

    md5: str
    sha256: str
    unique: str

    @classmethod
    def of(cls, csr: str, unique: str = "") -> Proof:
        """The token of a PEM CSR and the uniqueValue that came back."""
        der = der_of(csr)
        return cls(hashlib.md5(der, usedforsecurity=False).hexdigest().upper(), hashlib.sha256(der).hexdigest(), unique)

    @property
    def path(self) -> str:
        """Where the file must be."""
        return f"/.well-known/pki-validation/{self.md5}.txt"

    @property
    def content(self) -> str:
        """What the file must hold."""
        return "\n".join([self.sha256, "sectigo.com", *([self.unique] if self.unique else [])]) + "\n"

    def owner(self, name: str) -> str:
        """The owner of the CNAME for an authorization domain."""
        return f"_{self.md5.lower()}.{name}"

    @property
    def target(self) -> str:
        """Where the CNAME must point."""
        return ".".join([self.sha256[:32], self.sha256[32:], *([self.unique] if self.unique else []), "sectigo.com"])
