"""Whether a random value stands where a DCV method says it must (digicert.md §6.11)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from certwright_sandbox.digicert.errors import Refusal, bad_request
from certwright_sandbox.names import base_name, places
from certwright_sandbox.validators import Validators

EMAIL, TXT, CNAME, FILE, DYNAMIC_FILE = (
    "email",
    "dns-txt-token",
    "dns-cname-token",
    "http-token",
    "http-token-dynamic",
)
METHODS = {
    EMAIL: "Verification email",
    TXT: "DNS TXT record",
    CNAME: "DNS CNAME record",
    FILE: "HTTP practical demonstration",
    DYNAMIC_FILE: "HTTP practical demonstration with a unique file name",
}
DNS_METHODS = (TXT, CNAME)
FILE_METHODS = (FILE, DYNAMIC_FILE)
TOKEN_METHODS = (*DNS_METHODS, *FILE_METHODS)
CNAME_TARGET = "dcv.digicert.com"
FILE_FOLDER = "/.well-known/pki-validation/"
CAA_ISSUERS = (
    "digicert.com",
    "www.digicert.com",
    "geotrust.com",
    "rapidssl.com",
    "thawte.com",
    "symantec.com",
)
NOT_FOUND = {
    TXT: bad_request("invalid_dns_txt", "Could not find a valid TXT record for one or more domains."),
    CNAME: bad_request("invalid_dns_cname", "Could not find a valid CNAME record for one or more domains."),
}
FILE_NOT_FOUND = bad_request(
    "file_random_value_not_found",
    "Could not find the random value at the expected file location for one or more domains.",
)


@dataclass(frozen=True)
class Proof:
    """Control was found proven: for `name` and all below it, or for exactly that name."""

    name: str
    is_exact: bool


def not_found(method: str) -> Refusal:
    """What a check answers that found nothing."""
    return NOT_FOUND.get(method, FILE_NOT_FOUND)


async def look(validators: Validators, method: str, name: str, values: Collection[str]) -> Proof | None:
    """Look for any of `values` where `method` puts it for `name`; None where it is not."""
    if not values or method == EMAIL:
        return None
    plain = base_name(name)
    if method in FILE_METHODS:
        return await _look_at_file(validators, method, plain, values)
    for place in places(plain):
        if method == TXT and await _has_txt(validators, place, values):
            return Proof(place, is_exact=False)
        if method == CNAME and await _has_cname(validators, place, values):
            return Proof(place, is_exact=False)
    return None


def file_path(method: str, value: str) -> str:
    """The path of the file that must hold the value."""
    if method == FILE:
        return FILE_FOLDER + "fileauth.txt"
    return f"{FILE_FOLDER}{hashlib.sha256(value.encode()).hexdigest()[:16]}.txt"


async def _has_txt(validators: Validators, place: str, values: Collection[str]) -> bool:
    for name in (place, f"_dnsauth.{place}"):
        if any(text.strip() in values for text in await validators.txt(name)):
            return True
    return False


async def _has_cname(validators: Validators, place: str, values: Collection[str]) -> bool:
    """The value must be in the record: as its label, or in front of the target."""
    target = await validators.cname(f"_dnsauth.{place}")
    if target is not None and target in {f"{value}.{CNAME_TARGET}" for value in values}:
        return True
    for value in values:
        if await validators.cname(f"{value}.{place}") in (CNAME_TARGET, f"{value}.{CNAME_TARGET}"):
            return True
    return False


async def _look_at_file(validators: Validators, method: str, name: str, values: Collection[str]) -> Proof | None:
    for value in values:
        text = await validators.file(name, file_path(method, value))
        if text is not None and value in text:
            return Proof(name, is_exact=True)
    return None
