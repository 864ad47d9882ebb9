"""The people at the CA and the account's administrators, as the management door plays them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from certwright_sandbox.clock import on
from certwright_sandbox.digicert import webhooks
from certwright_sandbox.digicert.call import APPROVERS
from certwright_sandbox.digicert.control import prove_domain, unproven
from certwright_sandbox.digicert.errors import Refusal
from certwright_sandbox.digicert.issuing import advance, advance_all, lacks_organization
from certwright_sandbox.digicert.office import Office
from certwright_sandbox.digicert.records import Account, Approval, Container, Domain, Order, Organization, User, Vetting
from certwright_sandbox.digicert.requests import decide as decide_request
from certwright_sandbox.digicert.requests import drop_pending
from certwright_sandbox.digicert.validity import ORGANIZATION_REUSE
from certwright_sandbox.playing import NotPossible, Switches

OUTCOMES = ("valid", "rejected")


async def decide(office: Office, wish: Switches, *, approve: bool) -> dict[str, Any]:
    """An administrator says yes or no to a request, named by its id or its order's. Raises NotPossible."""
    request = _request(office, wish)
    status = "approved" if approve else "rejected"
    try:
        await decide_request(
            office, request, status, str(wish.get("comment", "")), approver_of(office, request.account_id)
        )
    except Refusal as refusal:
        raise NotPossible(refusal.message) from refusal
    order = office.orders[request.order_id]
    return {
        "request_id": request.id,
        "request_status": request.status,
        "order_id": order.id,
        "order_status": order.status,
    }


async def validate(office: Office, wish: Switches) -> dict[str, Any]:
    """The staff decides on a domain, an organization, or all an order lacks. Raises NotPossible."""
    outcome = wish.get("outcome", "valid")
    if outcome not in OUTCOMES:
        raise NotPossible(f"outcome must be one of {', '.join(OUTCOMES)}")
    if "order_id" in wish:
        order = order_named(office, wish)
        await _validate_order(office, order, outcome)
        return {"order_id": order.id, "order_status": order.status}
    if "organization" in wish:
        organization = _organization(office, wish)
        await vet(office, organization, outcome)
        return {"organization": organization.id, "outcome": outcome}
    domain = _domain(office, wish)
    if outcome == "rejected":
        domain.token = domain.token_expires = None
        _reject_waiting(office, int(domain.account_id), domain.name)
    else:
        prove_domain(office, domain, is_exact=False)
        await advance_all(office, domain.account_id)
    return {"domain": domain.name, "outcome": outcome}


def expire(office: Office, wish: Switches) -> dict[str, Any]:
    """A prevalidation ends now, or `at` another time. Raises NotPossible."""
    now = office.now()
    at = datetime.fromisoformat(wish["at"]) if "at" in wish else now
    if at.tzinfo is None:
        raise NotPossible("at needs a time zone, as in 2026-11-21T10:00:00+00:00")
    if "organization" in wish:
        organization = _organization(office, wish)
        organization.vettings = tuple(
            replace(vetting, validated_until=at) if vetting.validated_until else vetting
            for vetting in organization.vettings
        )
        if at <= now:
            facts = {"organization_id": organization.id}
            webhooks.announce(office, organization.account_id, "organization_expired", facts)
        return {"organization": organization.id, "expired": at.isoformat()}
    domain = _domain(office, wish)
    if domain.proven_until is not None:
        domain.proven_until = at
    if at <= now:
        webhooks.announce(office, domain.account_id, "domain_expired", {"domain_id": domain.id})
    return {"domain": domain.name, "expired": at.isoformat()}


async def vet(office: Office, organization: Organization, outcome: str) -> None:
    """The organization is validated for everything submitted (OV and EV at least), or turned down."""
    if outcome == "rejected":
        organization.vettings = tuple(
            replace(vetting, status="rejected") if vetting.status == "pending" else vetting
            for vetting in organization.vettings
        )
        for order in office.waiting_orders_of.find(organization.account_id):
            if order.organization_id == organization.id and lacks_organization(office, order):
                _reject_order(office, order)
        return
    organization.vettings = validated(office, organization)
    webhooks.announce(office, organization.account_id, "organization_validated", {"organization_id": organization.id})
    await advance_all(office, organization.account_id)


def validated(office: Office, organization: Organization) -> tuple[Vetting, ...]:
    """Every validation type of the organization, validated as of now for as long as the rules allow."""
    now = office.now()
    until = now + timedelta(days=on(ORGANIZATION_REUSE, now.date()))
    kinds = dict.fromkeys(("ov", "ev", *(vetting.type for vetting in organization.vettings)))
    return tuple(Vetting(kind, "active", now, until) for kind in kinds)


async def _validate_order(office: Office, order: Order, outcome: str) -> None:
    if order.pending_certificate_id is None:
        raise NotPossible(f"order {order.id} waits for nothing: it is {order.status}")
    if outcome == "rejected":
        _reject_order(office, order)
        return
    certificate = office.certificates[order.pending_certificate_id]
    if certificate.state == "waiting":
        raise NotPossible(f"order {order.id} waits for approval")
    for name in unproven(office, order, certificate):
        certificate.approved_names = (*certificate.approved_names, name)
        domain = office.domains.get(dict(certificate.domain_ids).get(name, 0))
        if domain is not None:
            prove_domain(office, domain, is_exact=False)
    if lacks_organization(office, order) and order.organization_id is not None:
        organization = office.organizations[order.organization_id]
        organization.vettings = validated(office, organization)
    await advance(office, certificate)


def _reject_waiting(office: Office, account_id: int, domain_name: str) -> None:
    """End the orders that wait for a name at or below a domain that was turned down."""
    for order in office.waiting_orders_of.find(account_id):
        certificate = office.certificates[order.pending_certificate_id or order.certificate_id]
        names = [name.removeprefix("*.") for name in unproven(office, order, certificate)]
        if any(name == domain_name or name.endswith(f".{domain_name}") for name in names):
            _reject_order(office, order)


def _reject_order(office: Office, order: Order) -> None:
    drop_pending(office, order, "rejected")
    if order.status == "rejected":
        webhooks.announce(office, order.account_id, "order_rejected", {"order_id": order.id})


def division_of(office: Office, account: Account, wanted: str | int) -> Container:
    """The account's division of this id or name. Raises NotPossible."""
    for container in office.containers_of.find(account.id):
        if wanted in (container.id, str(container.id), container.name):
            return container
    raise NotPossible(f"the account has no division {wanted!r}", missing=True)


def approver_of(office: Office, account_id: int) -> User:
    """An administrator of the account; where it has none, its first user."""
    users = office.users_of.find(account_id)
    return next((user for user in users if user.role in APPROVERS), users[0])


def _request(office: Office, wish: Switches) -> Approval:
    if "request_id" in wish:
        request = office.approvals.get(int(wish["request_id"]))
        if request is None:
            raise NotPossible(f"there is no request {wish['request_id']}", missing=True)
        return request
    order = order_named(office, wish)
    waiting = [request for request in office.approvals_of_order.find(order.id) if request.is_open]
    if not waiting:
        raise NotPossible(f"order {order.id} has no open request: it is {order.status}")
    return waiting[0]


def order_named(office: Office, wish: Switches) -> Order:
    """The order that `order_id` names. Raises NotPossible."""
    if "order_id" not in wish:
        raise NotPossible("say order_id or request_id")
    order = office.orders.get(int(wish["order_id"]))
    if order is None:
        raise NotPossible(f"there is no order {wish['order_id']}", missing=True)
    return order


def _account(office: Office, wish: Switches) -> Account:
    key = office.keys.get(str(wish.get("account", "")))
    if key is None:
        raise NotPossible(f"there is no account {wish.get('account')!r}", missing=True)
    return office.accounts[key.account_id]


def _domain(office: Office, wish: Switches) -> Domain:
    if "domain" not in wish:
        raise NotPossible("say domain, organization or order_id")
    account = _account(office, wish)
    found = office.domain_named.find((int(account.id), str(wish["domain"]).lower()))
    if not found:
        raise NotPossible(f"the account has no domain {wish['domain']!r}", missing=True)
    return found[-1]


def _organization(office: Office, wish: Switches) -> Organization:
    """By its id, or with `account` by its name."""
    wanted = wish["organization"]
    if str(wanted).isdigit():
        organization = office.organizations.get(int(wanted))
        found = [organization] if organization is not None else []
    else:
        account = _account(office, wish)
        found = [row for row in office.organizations_of.find(int(account.id)) if row.name == wanted]
    if not found:
        raise NotPossible(f"there is no organization {wanted!r}", missing=True)
    return found[0]
