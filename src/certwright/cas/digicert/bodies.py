"""What we send to DigiCert: a placement in its spelling (§9.1, §14.1, §15)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from certwright.cas.digicert.caller import Body
from certwright.model.ca import Placement, Term
from certwright.model.errors import Refused
from certwright.model.fields import Value
from certwright.model.words import RevocationReason
from certwright.pki import csr, names
from certwright.pki.errors import Invalid

MAX_ORDER_YEARS = 3  # since 2023-10-31 (§19)
_LEGACY_VALIDITY = ("validity_years", "validity_days", "custom_expiration_date")
_CERTIFICATE_OPTIONS = ("signature_hash", "ca_cert_id", "profile_option")
_ORDER_OPTIONS = (
    *_LEGACY_VALIDITY,
    "auto_reissue",
    "certificate_dcv_scope",
    "custom_renewal_message",
    "dcv_emails",
    "disable_ct",
    "disable_issuance_email",
    "disable_renewal_notifications",
    "locale",
)
_REISSUE_OPTIONS = ("certificate_dcv_scope", "store_reissue_as_duplicate")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the account's settings say where an order says nothing."""

    skip_approval: bool = True
    dcv_method: str = "dns-txt-token"
    payment_method: str = ""
    container: int | None = None


def decoded(placement: Placement) -> csr.CSR:
    """The placement's CSR; raises Refused when it is none."""
    try:
        return csr.decode(placement.csr)
    except Invalid as error:
        raise Refused(error.detail, advice=error.advice) from None


def check(placement: Placement, options: Mapping[str, Value], defaults: Defaults, today: date) -> None:
    """Raise Refused for what DigiCert is known to refuse."""
    if placement.csr:
        decoded(placement)
    if not placement.reference or not placement.reference.isprintable():
        raise Refused("An order needs a reference of printable characters.", advice="Use a UUID.")
    method = placement.dcv_method or defaults.dcv_method
    if method.startswith("http") and any(names.is_wildcard(name) for name in placement.names):
        raise Refused("DigiCert proves no wildcard name by a file (since 2021-11-16).", advice="Use dns-txt-token.")
    if method != "http-token" and any(names.is_ip(name) for name in placement.names):
        raise Refused("DigiCert proves IP addresses by a file alone.", advice="Use http-token.")
    years = options.get("validity_years") or (placement.term.years if placement.term else None)
    if isinstance(years, int) and years > MAX_ORDER_YEARS:
        raise Refused("DigiCert takes no order of more than 3 years.", advice="Order for 1, 2 or 3 years.")
    until = options.get("custom_expiration_date") or (placement.term.until if placement.term else None)
    if isinstance(until, date) and until <= today:
        raise Refused("The order would end today or in the past.", advice="Choose a later date.")


def order_body(placement: Placement, options: Mapping[str, Value], defaults: Defaults, organization: str) -> Body:
    """The body of a new order. ``options`` are parsed; ``organization`` is an id, empty for none."""
    payment_method = options.get("payment_method") or defaults.payment_method
    renewal_of = placement.renewal_of or options.get("renewal_of_order_id")
    body: Body = {
        "certificate": _certificate(placement, options, decoded(placement).pem),
        **_organization(organization, options),
        **_validity(placement.term, options),
        "alternative_order_id": placement.reference,
        **_shared(placement, options, defaults),
        "container": _id(options.get("container", defaults.container)),
        "auto_renew": options.get("auto_renew", 0),
        "payment_method": payment_method,
        "payment_profile": _id(options.get("payment_profile")),
        "renewal_of_order_id": _number(renewal_of, "order to renew") if renewal_of else None,
        "additional_emails": _listed(options.get("additional_emails")),
        "custom_fields": _custom_fields(options.get("custom_fields")),
        "product": {"type_hint": options["type_hint"]} if "type_hint" in options else None,
        **{name: options[name] for name in _ORDER_OPTIONS if name in options},
    }
    return _written(body)


def reissue_body(placement: Placement, options: Mapping[str, Value], defaults: Defaults) -> Body:
    """The body of a reissue or a duplicate, whose CSR stands on one line (§14.1)."""
    one_line = "".join(decoded(placement).pem.splitlines())
    body: Body = {
        "certificate": _certificate(placement, options, one_line),
        **_shared(placement, options, defaults),
        **{name: options[name] for name in _REISSUE_OPTIONS if name in options},
    }
    return _written(body)


def revocation_body(reason: RevocationReason, comment: str, *, skip_approval: bool) -> Body:
    """The body of a revocation. Our reasons are spelled as DigiCert's."""
    body: Body = {"revocation_reason": str(reason), "skip_approval": skip_approval}
    return {**body, "comments": comment} if comment else body


def _certificate(placement: Placement, options: Mapping[str, Value], pem: str) -> Body:
    body: Body = {
        "common_name": placement.common_name or placement.names[0],
        "dns_names": list(placement.names),
        "csr": pem,
        "signature_hash": "sha256",
        "organization_units": _listed(options.get("organization_units")),
        "server_platform": _id(options.get("server_platform")),
        "cert_validity": {"days": placement.lifetime_days} if placement.lifetime_days else None,
        **{name: options[name] for name in _CERTIFICATE_OPTIONS if name in options},
    }
    return _written(body)


def _shared(placement: Placement, options: Mapping[str, Value], defaults: Defaults) -> Body:
    return {
        "skip_approval": options.get("skip_approval", defaults.skip_approval),
        "dcv_method": placement.dcv_method or defaults.dcv_method,
        "comments": options.get("comments") or placement.comment,
    }


def _organization(organization: str, options: Mapping[str, Value]) -> Body:
    contacts = options.get("contacts")
    if not organization and not contacts:
        return {}
    identity: Body = {"id": _number(organization, "organization")} if organization else {}
    return {"organization": {**identity, **({"contacts": contacts} if contacts else {})}}


def _validity(term: Term | None, options: Mapping[str, Value]) -> Body:
    """How long the order runs: a year by default; nothing where the older fields are asked for."""
    if any(name in options for name in _LEGACY_VALIDITY):
        return {}
    if term is None:
        return {"order_validity": {"years": 1}}
    if term.until is not None:
        return {"order_validity": {"custom_expiration_date": term.until.isoformat()}}
    return {"order_validity": {"years": term.years} if term.years is not None else {"days": term.days}}


def _custom_fields(text: Value | None) -> list[Body] | None:
    """``12=R-7; 13=x`` as DigiCert's list."""
    if text is None:
        return None
    fields: list[Body] = []
    for piece in str(text).split(";"):
        number, equals, value = piece.partition("=")
        if not equals or not number.strip().isdecimal():
            raise Refused(f"{piece.strip()!r} is no custom field.", advice="Write ID=VALUE; ID=VALUE.")
        fields.append({"metadata_id": int(number), "value": value.strip()})
    return fields


def _listed(text: Value | None) -> list[str] | None:
    return [item.strip() for item in str(text).split(",") if item.strip()] if text else None


def _number(value: Value, what: str) -> int:
    """DigiCert's ids are numbers."""
    if not str(value).isdecimal():
        raise Refused(f"{str(value)!r} is no DigiCert id of an {what}.", advice="Its ids are numbers.")
    return int(str(value))


def _id(value: Value | None) -> Body | None:
    return {"id": value} if value is not None else None


def _written(body: Mapping[str, Any]) -> Body:
    """Without what is empty, and dates as texts."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in body.items()
        if value is not None and value != ""
    }
