"""What emSign's documents leave open, each as the smallest assumption that works, in one place.

A1 failure status; A2, A3 shapes of the account's lists; A4 where three fields stand; A5 TXT hosts; A6 RejectRequest;
A7 renewed orders; A13 telephone numbers are below. The others need no code: A8 (no reissue over the API) is that the
adapter has none; A9 (the former host's path) is an address in ``about.toml``; A10 (serials) is that dates and serials
come from the certificate, and a report's serial only tells that something changed; A11 is that codes which no document
names are never looked at; A12 (how far clocks may differ, how long a transaction number counts) is that every attempt
has its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from certwright.model.errors import Unavailable

_SUCCESS = "1"
# A3: a field's name as we expect it, and other names it might have.
_DOMAIN_FIELDS: Mapping[str, Sequence[str]] = {
    "name": ("domainName", "domain", "fqdn"),
    "id": ("domainId", "domainID", "domainNumber"),
    "organization": ("organizationNumber", "organizationId"),
    "method": ("dcvMethod", "validationMethod"),
    "dcv": ("dcvStatus", "dcvStatusId"),
    "status": ("status", "domainStatus", "domainStatusId"),
    "until": ("validTill", "validityDate", "expiryDate", "validTo"),
}
_CHILD = re.compile(r"(\d+)R\d+")
REJECT_REQUEST_BLOCK = "orderDetails"  # A6
# An empty search may come as a failure, which no code tells from any other (§6.14): only these words do.
_NO_RECORDS = re.compile(
    r"\bno (\w+ )?(records?|orders?|results?|data)\b|\b(records?|orders?|results?|data) not found", re.IGNORECASE
)


def succeeded(status: str) -> bool:
    """A1: "1" is success and anything else a failure; one source has seen "0", another "2"."""
    return status == _SUCCESS


def is_empty(message: str) -> bool:
    """Whether the text of a failed search means that nothing fits."""
    return bool(_NO_RECORDS.search(message))


def items(answer: Mapping[str, Any], expected: str) -> list[Mapping[str, Any]]:
    """A2: the list under the expected key, else the first list of objects beside ``meta``.

    Nothing beside ``meta`` but null or an empty text is an empty list. Raises Unavailable for anything else: what was
    listed before has not vanished because an answer cannot be read.
    """
    others = [value for key, value in answer.items() if key != "meta" and value not in (None, "")]
    lists = [value for value in (answer.get(expected), *others) if isinstance(value, list)]
    found = next((one for one in lists if one and all(isinstance(item, Mapping) for item in one)), None)
    if found is not None:
        return found
    if others and answer.get(expected) != [] and others != [[]]:
        raise Unavailable("emSign's list cannot be read.", advice="It is tried again; what was known before stays.")
    return []


def domain_field(item: Mapping[str, Any], field: str) -> Any:
    """A3: a field of a domain by whichever of its names is there; None when none is."""
    return next((item[name] for name in _DOMAIN_FIELDS[field] if item.get(name) not in (None, "")), None)


def also_nested(details: dict[str, Any]) -> None:
    """A4: the three fields also where older versions of the API read them."""
    if "groupNumber" in details:
        details.setdefault("delegationInformation", {})["groupNumber"] = details["groupNumber"]
    details["certificateInformation"]["autoSecureWWW"] = details["autoSecureWWW"]
    if contact := details.get("technicalPointOfContact"):
        details["additionalInformation"]["technicalPointOfContact"] = {
            "pocName": f"{contact['pocFirstName']} {contact['pocLastName']}".strip(),
            "pocEmail": contact["pocEmail"],
        }


def txt_hosts(templates: Sequence[str], name: str) -> tuple[str, ...]:
    """A5: the names at which a TXT token is published for a name; a wildcard's is at its base."""
    base = name.removeprefix("*.")
    return tuple(dict.fromkeys(template.replace("{}", base) for template in templates))


def dcv_name(name: str, listed: Collection[str]) -> str:
    """The name that GetDcv and VerifyDcv are told: of a wildcard its base (§6.7), unless that too is ``listed``."""
    base = name.removeprefix("*.")
    return name if base in listed else base


def parent_of(order_number: str) -> str:
    """A7: the order that this one renews inside the same subscription, by its number; "" when it is none such."""
    match = _CHILD.fullmatch(order_number)
    return match[1] if match else ""


def isd_code(text: str, *, keep_plus: bool) -> str:
    """A13: the country code of a telephone number, digits alone unless a plus is wanted."""
    digits = "".join(character for character in text if character.isdecimal())
    return f"+{digits}" if keep_plus and digits else digits
