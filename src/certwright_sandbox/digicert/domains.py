"""Domains of the account: list, add, activate (digicert.md §6.1 to §6.6). Their proof is `domain_dcv`'s."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from certwright_sandbox.digicert.account import container_named
from certwright_sandbox.digicert.call import NOTHING, Call, Reply
from certwright_sandbox.digicert.control import (
    FIRST_DOMAIN_ID,
    is_proven,
    renew_domain_value,
    token_view,
)
from certwright_sandbox.digicert.csr import read_name
from certwright_sandbox.digicert.errors import invalid_value, missing_value, not_found
from certwright_sandbox.digicert.fields import TRUE, Fields
from certwright_sandbox.digicert.issuing import FIRST_POLL, is_vetted
from certwright_sandbox.digicert.lists import filters, page_of
from certwright_sandbox.digicert.looking import EMAIL, FILE_METHODS, METHODS, TOKEN_METHODS
from certwright_sandbox.digicert.office import Office, stamp, without_empty
from certwright_sandbox.digicert.organizations import TYPES, status_of
from certwright_sandbox.digicert.products import VALIDATIONS
from certwright_sandbox.digicert.records import Domain
from certwright_sandbox.names import registrable

MAILBOXES = ("admin", "administrator", "webmaster", "hostmaster", "postmaster")  # BR §3.2.2.4.4
# filters[validation]=ov_expiring_within_7_days and its like: days from now at which the proof ends.
EXPIRY_WINDOWS = {
    "expired_in_last_7_days": (-7, 0),
    "expiring_within_7_days": (0, 7),
    "expiring_within_30_days": (0, 30),
    "expiring_from_31_to_60_days": (31, 60),
    "expiring_from_61_to_90_days": (61, 90),
}


def list_domains(office: Office, call: Call) -> Reply:
    """GET domain."""
    rows = office.domains_of.find(call.account_id)
    for wanted in filters(call).get("validation", []):
        rows = [domain for domain in rows if _ends_in(office, domain, wanted)]
    getters = {
        "id": lambda domain: domain.id,
        "name": lambda domain: domain.name,
        "is_active": lambda domain: domain.is_active,
        "dcv_method": lambda domain: domain.dcv_method,
        "date_created": lambda domain: domain.date_created,
        "organization_id": lambda domain: domain.organization_id,
        "container_id": lambda domain: domain.container_id,
        "status": lambda domain: status_text(office, domain),
    }
    view = _viewer(office, call)
    shown, page = page_of(call, rows, getters, view)
    return Reply({"domains": shown, "page": page}, "domain_list")


def show_domain(office: Office, call: Call) -> Reply:
    """GET domain/{id}."""
    return Reply(_viewer(office, call)(domain_of(office, call)), "domain")


def add_domain(office: Office, call: Call) -> Reply:
    """POST domain. `www.` is taken off unless it is asked for or a file shall prove it (digicert.md §6.3)."""
    body = call.body
    name = read_name(body.text("name"), "name") if "name" in body else ""
    if not name or name.startswith("*."):
        raise invalid_value("name") if name else missing_value("name")
    method = read_method(body)
    keeps_www = body.flag("keep_www") or method in FILE_METHODS
    organization_id = body.object("organization").number("id")
    if organization_id is None:
        raise missing_value("organization")
    organization = office.organizations.get(organization_id)
    if organization is None or organization.account_id != call.account_id:
        raise not_found("organization")
    domain = Domain(
        id=office.new_id(office.domains, FIRST_DOMAIN_ID),
        account_id=call.account_id,
        name=name if keeps_www else name.removeprefix("www."),
        organization_id=organization_id,
        container_id=int(container_named(office, call).id),
        date_created=office.now(),
        dcv_method=method,
        types=read_types(body),
    )
    office.domains.add(domain)
    return Reply({"id": domain.id, **start_proof(office, domain)}, "domain", 201)


def activate(office: Office, call: Call) -> Reply:
    """PUT domain/{id}/activate."""
    domain_of(office, call).is_active = True
    return NOTHING


def deactivate(office: Office, call: Call) -> Reply:
    """PUT domain/{id}/deactivate."""
    domain_of(office, call).is_active = False
    return NOTHING


def list_methods(office: Office, call: Call) -> Reply:  # noqa: ARG001 - every endpoint takes both
    """GET domain/dcv/method."""
    rows = [
        {"name": name, "display_name": title, "description": title, "default": name == EMAIL}
        for name, title in METHODS.items()
    ]
    return Reply({"methods": rows}, "method_list")


def list_types(office: Office, call: Call) -> Reply:  # noqa: ARG001 - every endpoint takes both
    """GET domain/validation-type."""
    rows = [
        {
            "type": kind,
            "name": VALIDATIONS[kind][0],
            "description": VALIDATIONS[kind][1],
            "requires_user": kind == "ev",
            "requires_dcv": True,
        }
        for kind in ("ov", "ev")
    ]
    return Reply({"validation_types": rows}, "validation_type_list")


def domain_of(office: Office, call: Call) -> Domain:
    """The domain that the path names. Raises Refusal 404."""
    domain = office.domains.get(call.number("domain_id", "domain"))
    if domain is None or domain.account_id != call.account_id:
        raise not_found("domain")
    return domain


def read_method(body: Fields, default: str = EMAIL) -> str:
    """The DCV method, in today's form or the old ones. Raises Refusal 400."""
    method = body.text("dcv_method") or body.object("dcv").text("method") or body.text("method") or default
    if method not in METHODS:
        raise invalid_value("dcv_method")
    return method


def read_types(body: Fields) -> tuple[str, ...]:
    """The validation types, at least one. Raises Refusal 400."""
    kinds = tuple(fields.text("type").lower() for fields in body.objects("validations"))
    if not kinds:
        raise missing_value("validations")
    if any(kind not in TYPES for kind in kinds):
        raise invalid_value("validations")
    return kinds


def start_proof(office: Office, domain: Domain) -> dict[str, Any]:
    """Begin a domain's validation: a random value and the polls for it, or the addresses that get mail."""
    if domain.dcv_method not in TOKEN_METHODS:
        domain.token = domain.token_expires = None
        return {"validation_emails": {"name_scope": domain.name, "base_emails": mailboxes(domain)}}
    renew_domain_value(office, domain)
    office.later(FIRST_POLL, "poll_domain", int(domain.id))
    return {"dcv_token": dcv_token_view(office, domain)}


def mailboxes(domain: Domain) -> list[str]:
    """The constructed addresses of a domain; WHOIS ones ended on 2025-05-08 (digicert.md §19)."""
    return [f"{mailbox}@{domain.name}" for mailbox in MAILBOXES]


def dcv_token_view(office: Office, domain: Domain) -> dict[str, Any]:
    """The domain's current random value."""
    assert domain.token is not None
    assert domain.token_expires is not None
    is_good = domain.token_expires > office.now()
    status = "active" if is_proven(office, domain) else "pending" if is_good else "expired"
    return token_view(domain.dcv_method, domain.name, domain.token, stamp(domain.token_expires), status)


def status_text(office: Office, domain: Domain) -> str:
    """The deprecated single status."""
    return "active" if is_proven(office, domain) else "pending"


def validation_views(office: Office, domain: Domain) -> list[dict[str, Any]]:
    """The domain's validations: active only when both control and organization are."""
    organization = office.organizations.get(domain.organization_id)
    views = []
    for kind in domain.types:
        name, description = VALIDATIONS.get(kind, (kind.upper(), kind))
        has_organization = organization is not None and is_vetted(office, organization, kind)
        is_active = has_organization and is_proven(office, domain)
        is_over = domain.proven_until is not None and not is_proven(office, domain)
        view: dict[str, Any] = {
            "type": kind,
            "name": name,
            "description": description,
            "status": "active" if is_active else ("expired" if is_over else "pending"),
            "dcv_status": "complete" if is_proven(office, domain) else "pending",
            "org_status": "complete" if has_organization else "pending",
        }
        if domain.proven_until is not None:
            view["date_created"] = stamp(domain.proven_at or domain.date_created)
            view["validated_until"] = stamp(domain.proven_until)
        views.append(view)
    return views


def _viewer(office: Office, call: Call) -> Callable[[Domain], dict[str, Any]]:
    """How this call wants its domains shown."""
    wish = filters(call).get("include_validation_reuse_status", [])  # a filter of the list, a parameter of one domain
    reuse = call.asks_for("include_validation_reuse_status") or any(value in TRUE for value in wish)
    validation = call.asks_for("include_validation") or reuse
    dcv = call.asks_for("include_dcv")

    def view(domain: Domain) -> dict[str, Any]:
        shown = domain_view(office, domain)
        if dcv and domain.token is not None:
            shown["dcv_token"] = dcv_token_view(office, domain)
        if validation:
            shown["validations"] = validation_views(office, domain)
        if (validation or dcv) and domain.proven_at and domain.proven_until:
            shown["dcv_approval_datetime"] = stamp(domain.proven_at)
            shown["dcv_expiration_datetime"] = stamp(domain.proven_until)
            shown["dcv_expiration"] = _expiration(office, domain, domain.proven_until, with_status=reuse)
        return shown

    return view


def domain_view(office: Office, domain: Domain) -> dict[str, Any]:
    """A domain without its validations; `organization.is_active` is "1" here (digicert.md §1.8)."""
    view: dict[str, Any] = {
        "id": domain.id,
        "is_active": domain.is_active,
        "status": status_text(office, domain),
        "is_pending_validation": not is_proven(office, domain),
        "name": domain.name,
        "date_created": stamp(domain.date_created),
        "dcv_method": domain.dcv_method,
        "container": {
            "id": domain.container_id,
            "name": office.containers[domain.container_id].name,
        },
        "base_domain": registrable(domain.name),
    }
    organization = office.organizations.get(domain.organization_id)
    if organization is not None:
        view["organization"] = without_empty(
            {
                "id": organization.id,
                "status": status_of(organization),
                "name": organization.name,
                "assumed_name": organization.assumed_name,
                "display_name": organization.display_name,
                "is_active": "1" if organization.is_active else "0",
            }
        )
    return view


def _expiration(office: Office, domain: Domain, until: datetime, *, with_status: bool) -> dict[str, str]:
    rows = {kind: stamp(until) for kind in domain.types}
    if with_status:
        state = "active" if is_proven(office, domain) else "expired"
        rows |= {f"{kind}_status": state for kind in domain.types}
        if "ov" in domain.types:
            rows["ov_shortened"] = stamp(until)  # every proof here was made under the shorter reuse periods
        rows["dcv_approval_date"] = stamp(domain.proven_at or until)
    return rows


def _ends_in(office: Office, domain: Domain, wanted: str) -> bool:
    """Whether the proof ends in the window that a `validation` filter names; others match every domain."""
    kind, _, window = wanted.partition("_")
    if window not in EXPIRY_WINDOWS:
        return True
    if kind not in domain.types or domain.proven_until is None:
        return False
    first, last = (timedelta(days=days) for days in EXPIRY_WINDOWS[window])
    return first <= domain.proven_until - office.now() <= last
