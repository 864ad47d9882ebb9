"""The names of an order and how each will be proven, as a request gives them (sectigo.md §5.1, §7.4)."""

from __future__ import annotations

import re

from certwright_sandbox.names import base_name, is_address, is_dns_name, is_internal, places
from certwright_sandbox.sectigo.call import Call
from certwright_sandbox.sectigo.csr import address_of
from certwright_sandbox.sectigo.errors import invalid, missing
from certwright_sandbox.sectigo.office import Office
from certwright_sandbox.sectigo.products import INTRANET, UCC, WILDCARD, Product
from certwright_sandbox.sectigo.records import Name

EMAIL, HTTP, HTTPS, CNAME, ADDRESS = (
    "EMAIL",
    "HTTP_CSR_HASH",
    "HTTPS_CSR_HASH",
    "CNAME_CSR_HASH",
    "IP_ADDRESS_PRE",
)
METHODS = (EMAIL, HTTP, HTTPS, CNAME, ADDRESS)
FILE_METHODS = (HTTP, HTTPS)
SEPARATORS = re.compile(r"[,\s]+")
# How the entries of dcvEmailAddresses spell the methods; a name in METHODS is taken as well.
TOKENS = {method.replace("_", ""): method for method in METHODS}


def split(text: str) -> list[str]:
    """The entries of a list with commas or blanks between them."""
    return [part for part in SEPARATORS.split(text) if part]


def read_name(text: str, product: Product, item: str) -> str:
    """A name in lower case. Raises Refusal -4 naming `item`."""
    name = text.strip().lower().rstrip(".")
    address = address_of(name)
    if address is not None:
        if product.validation == "ev":
            raise invalid(item)
        return str(address)
    is_intranet = product.code == INTRANET and is_dns_name(f"{name}.example")
    if not is_intranet and (not is_dns_name(base_name(name)) or is_internal(name)):
        raise invalid(item)
    return name


def order_names(call: Call, product: Product, csr_name: str) -> tuple[str, tuple[str, ...]]:
    """The common name and the names of an order. Raises Refusal."""
    if not product.is_multi:
        name = read_name(csr_name, product, "csr")
        return name, (name,)
    names = tuple(dict.fromkeys(read_name(text, product, "domainNames") for text in split(call.wanted("domainNames"))))
    primary = call.text("primaryDomainName")
    if primary:
        primary = read_name(primary, product, "primaryDomainName")
        if primary not in names:
            raise invalid("primaryDomainName")
    elif product.kind == UCC:
        primary = read_name(csr_name, product, "csr")
        if primary not in names:
            raise invalid("domainNames")
    return primary, names


def proofs_wanted(office: Office, call: Call, product: Product, names: tuple[str, ...]) -> tuple[Name, ...]:
    """How each name will be proven. Raises Refusal -3 or -4."""
    entries = split(call.text("dcvEmailAddresses"))
    if product.is_multi and entries:
        if len(entries) != len(names):
            raise invalid("dcvEmailAddresses")
        return tuple(_by_entry(office, call, name, entry) for name, entry in zip(names, entries, strict=True))
    email = call.text("dcvEmailAddress")
    method = call.text("dcvMethod").upper() or (EMAIL if email else "")
    if not method:
        raise missing("dcvEmailAddresses" if product.is_multi else "dcvMethod")
    if method not in METHODS:
        raise invalid("dcvMethod")
    if method == EMAIL and not email:
        raise missing("dcvEmailAddress")
    return tuple(
        wanted(office, call, name, method, email if method == EMAIL else "", ("dcvMethod", "dcvEmailAddress"))
        for name in names
    )


def wanted(office: Office, call: Call, name: str, method: str, email: str, items: tuple[str, str]) -> Name:
    """A name to be proven; `items` are the parameters that hold the method and the address. Raises Refusal -4.

    A file proves no wildcard, and DNS no address (sectigo.md §7.4).
    """
    if method not in METHODS or (name.startswith("*.") and method in FILE_METHODS):
        raise invalid(items[0])
    if is_address(name) and method in (CNAME, EMAIL):
        raise invalid(items[0])
    if method == EMAIL and not may_use(office, str(call.account.id), name, email):
        raise invalid(items[1])
    return Name(name, method, email.lower() if method == EMAIL else "")


def may_use(office: Office, account: str, name: str, email: str) -> bool:
    """Whether the address was told by GetDCVEmailAddressList within the last 24 hours, for this name or a parent."""
    above = places(base_name(name))
    for place in above:
        grant = office.grants.get(f"{account}/{place}/{email.lower()}")
        if grant is not None and grant.until > office.now():
            return True
    return False


def companions(product: Product, name: str) -> str:
    """The name that comes along with a single name: www.x and x go together, and *.x brings x."""
    if product.is_multi or is_address(name) or product.code == INTRANET:
        return ""
    if product.kind == WILDCARD:
        return base_name(name)
    if name.startswith("www."):
        rest = name.removeprefix("www.")
        return rest if rest in places(name) else ""
    return f"www.{name}"


def _by_entry(office: Office, call: Call, name: str, entry: str) -> Name:
    method = TOKENS.get(entry.upper().replace("_", ""), EMAIL if "@" in entry else "")
    email = entry if method == EMAIL else ""
    return wanted(office, call, name, method, email, ("dcvEmailAddresses", "dcvEmailAddresses"))
