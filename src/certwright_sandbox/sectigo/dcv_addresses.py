"""GetDCVEmailAddressList (sectigo.md §8): the addresses that may prove control over a name for the next 24 hours."""

from __future__ import annotations

import json
from collections.abc import Iterable

from certwright_sandbox.http import JSON
from certwright_sandbox.names import base_name, is_dns_name, is_internal, places
from certwright_sandbox.sectigo import errors
from certwright_sandbox.sectigo.call import Call, Raw
from certwright_sandbox.sectigo.csr import address_of
from certwright_sandbox.sectigo.framing import TEXT, lines
from certwright_sandbox.sectigo.office import Office
from certwright_sandbox.sectigo.records import Grant
from certwright_sandbox.sectigo.validity import GRANT_LIFETIME

LOCAL_PARTS = ("admin", "administrator", "hostmaster", "postmaster", "webmaster")
CONTACT_LABEL = "_validation-contactemail"  # BR §3.2.2.4.14
AS_TEXT, AS_JSON = 1, 2
Label = tuple[str, str]


async def list_addresses(office: Office, call: Call) -> Raw:
    """Answer the list; JSON adds the contacts from DNS TXT records. Raises Refusal -19 and -37."""
    form = call.choice("responseFormat", (AS_TEXT, AS_JSON), AS_TEXT)
    name = base_name(call.text("domainName").lower().rstrip("."))
    address = address_of(name)
    if address is not None:
        raise errors.NO_PUBLIC_ADDRESS if address.is_global else errors.INTERNAL_NAME
    if not is_dns_name(name) or is_internal(name):
        raise errors.INTERNAL_NAME
    rows = [("whois_email", "none")]
    for place in reversed(places(name)):
        rows += [(f"level{place.count('.') + 1}_email", f"{local}@{place}") for local in LOCAL_PARTS]
    if form == AS_JSON:
        rows += [("dns_txt_email", text) for text in await _contacts(office, name)]
    grant(office, str(call.account.id), name, (row[1] for row in rows if "@" in row[1]))
    return _json(name, rows) if form == AS_JSON else _text(name, rows)


def grant(office: Office, account: str, name: str, addresses: Iterable[str]) -> None:
    """Let the account use these addresses for the name; those at a parent serve that parent, too."""
    until = office.now() + GRANT_LIFETIME
    for address in addresses:
        for domain in {name, address.rpartition("@")[2]}:
            number = f"{account}/{domain}/{address.lower()}"
            known = office.grants.get(number)
            if known is None:
                office.grants.add(Grant(number, until, domain))
            else:
                known.until = until


async def _contacts(office: Office, name: str) -> list[str]:
    found = [await office.world.validators.txt(f"{CONTACT_LABEL}.{place}") for place in places(name)]
    return [text.strip() for texts in found for text in texts if "@" in text]


def _text(name: str, rows: list[Label]) -> Raw:
    return Raw(lines(["0", f"domain_name\t{name}", *(f"{label}\t{address}" for label, address in rows)]), TEXT)


def _json(name: str, rows: list[Label]) -> Raw:
    """The shape of the JSON is not documented; this one is the sandbox's own."""
    shown: dict[str, object] = {"errorCode": 0, "domain_name": name}
    for label, _ in rows:
        shown[label] = [address for other, address in rows if other == label and address != "none"]
    return Raw(json.dumps(shown).encode(), JSON)
