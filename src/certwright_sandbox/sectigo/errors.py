"""What the APIs answer instead of success (sectigo.md §2): a code, a sentence, and the parameter it is about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(eq=False)  # not frozen: `raise` and `with` write to an exception
class Refusal(Exception):
    """A negative code; `item` names the offending parameter, where there is one."""

    code: int
    message: str
    item: str = ""


NOT_HTTPS = Refusal(-1, "Request was not made over https!")
BAD_CSR_BASE64 = Refusal(-9, "The CSR is not valid Base-64 data!", "csr")
BAD_CSR = Refusal(-10, "The CSR cannot be decoded!", "csr")
BAD_CSR_ALGORITHM = Refusal(-11, "The CSR uses an unsupported algorithm!", "csr")
BAD_CSR_SIGNATURE = Refusal(-12, "The CSR has an invalid signature!", "csr")
BAD_CSR_KEY_SIZE = Refusal(-13, "The CSR uses an unsupported key size!", "csr")
COMPROMISED_KEY = Refusal(-40, "The CSR uses a key that is believed to have been compromised!", "csr")
NO_WILDCARD = Refusal(-5, "The CSR's Common Name may NOT contain a wildcard!")
ONE_WILDCARD = Refusal(-6, "The CSR's Common Name MUST contain ONE wildcard!")
NO_FQDN = Refusal(-18, "The CSR's Common Name may NOT be a Fully-Qualified Domain Name!")
NO_PUBLIC_ADDRESS = Refusal(-19, "The Common Name may NOT be an Internet-accessible IP Address!")
NO_ADDRESS = Refusal(-35, "The Common Name may NOT be an IP Address!")
HTTP_IN_NAME = Refusal(-23, "The CSR's Common Name must NOT include http://!")
HTTPS_IN_NAME = Refusal(-24, "The CSR's Common Name must NOT include https://!")
BAD_CHARACTERS = Refusal(-25, "The CSR's Common Name contains characters that are not allowed!")
INTERNAL_NAME = Refusal(-37, "The Domain Name may NOT be an internal server name or IP Address!", "domainName")
NOT_ENOUGH_CREDIT = Refusal(-15, "Not enough credit!")
BAD_LOGIN = Refusal(
    -16, "Incorrect login details, account is locked, password has expired, or your source IP is blocked!"
)
POST_ONLY = Refusal(-17, "Request used GET rather than POST!")
REJECTED = Refusal(-20, "The certificate request has been rejected!")
REVOKED = Refusal(-21, "The certificate has been revoked!")
UNPAID = Refusal(-22, "The certificate request is still awaiting payment!")
BEING_ISSUED = Refusal(-26, "The certificate is currently being issued!")
EXPIRED = Refusal(-36, "The certificate has already expired!")
TOO_MANY_CALLS = Refusal(-42, "Call limit reached, please try again later!")


def unrecognised(name: str) -> Refusal:
    """-2: this API has no such parameter."""
    return Refusal(-2, f"'{name}' is an unrecognised argument!", name)


def missing(name: str) -> Refusal:
    """-3: a required parameter is absent or empty."""
    return Refusal(-3, f"The '{name}' argument is missing!", name)


def invalid(name: str) -> Refusal:
    """-4: a parameter holds something it may not; also what an unknown order number is answered."""
    return Refusal(-4, f"The value of the '{name}' argument is invalid!", name)


def no_country(code: str, name: str) -> Refusal:
    """-7: not a country."""
    return Refusal(-7, f"'{code}' is not a valid ISO-3166 country!", name)


def lacks_field(field: str) -> Refusal:
    """-8: the CSR lacks a required field."""
    return Refusal(-8, f"The CSR lacks the required field '{field}'!", "csr")
