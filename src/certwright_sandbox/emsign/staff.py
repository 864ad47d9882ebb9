"""What the CA's people, and a customer in its portal, do when a test asks for it (docs/reference/sandbox.md)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from certwright_sandbox.emsign import control, csr, issuing, ordering
from certwright_sandbox.emsign.ending import REASONS
from certwright_sandbox.emsign.errors import Refusal
from certwright_sandbox.emsign.office import Office
from certwright_sandbox.emsign.records import Order, UsedCsr
from certwright_sandbox.emsign.standing import labels
from certwright_sandbox.emsign.wishes import read_csr
from certwright_sandbox.playing import NotPossible, Switches

Act = Callable[[Office, Order, Switches], Awaitable[None]]


async def act(office: Office, wish: Switches) -> dict[str, Any]:
    """Do one of ACTS to an order. Raises NotPossible."""
    deed = ACTS.get(str(wish.get("act")))
    if deed is None:
        raise NotPossible(f"act must be one of {', '.join(ACTS)}")
    order = _order(office, wish)
    await deed(office, order, wish)
    return _outcome(office, order)


async def decide(office: Office, wish: Switches, *, approve: bool) -> dict[str, Any]:
    """Say yes or no to an order. Raises NotPossible."""
    order = _order(office, wish)
    await (_approve if approve else _reject)(office, order, wish)
    return _outcome(office, order)


async def validate(office: Office, wish: Switches) -> dict[str, Any]:
    """Prove one name of an order, or all and vet it; or vet an organization; or say no. Raises NotPossible."""
    outcome = wish.get("outcome", "valid")
    if outcome not in ("valid", "rejected"):
        raise NotPossible("outcome must be valid or rejected")
    if "organization" in wish:
        return _vet(office, wish, is_valid=outcome == "valid")
    order, domain = _order(office, wish), str(wish.get("domain", "")).lower()
    _in(order, "pending")
    if domain:
        _decide_on_name(office, order, domain, is_valid=outcome == "valid")
    elif outcome == "valid":
        control.prove(office, order, [name.name for name in order.unproven])
        issuing.approve(office, order)
    else:
        office.set_state(order, "rejected")
    await issuing.advance(office, order)
    return _outcome(office, order)


def _decide_on_name(office: Office, order: Order, name: str, *, is_valid: bool) -> None:
    if all(one.name != name for one in order.names):
        raise NotPossible(f"order {order.number} has no name {name!r}", missing=True)
    if is_valid:
        control.prove(office, order, [name])
    else:
        control.reject(order, name)


def expire(office: Office, wish: Switches) -> dict[str, Any]:
    """End a domain's prevalidation now. Raises NotPossible."""
    wanted = str(wish.get("domain", "")).lower()
    domain = office.domain(str(wish.get("account")), wanted)
    if domain is None:
        raise NotPossible(f"there is no domain {wanted!r}", missing=True)
    domain.valid_till = office.now()
    return {"domain": wanted}


def _vet(office: Office, wish: Switches, *, is_valid: bool) -> dict[str, Any]:
    account = office.accounts.get(str(wish.get("account")))
    wanted = str(wish["organization"])
    found = [one for one in account.orgs if wanted in (one.number, one.name)] if account is not None else []
    if account is None or not found:
        raise NotPossible(f"there is no organization {wanted!r}", missing=True)
    account.orgs = tuple(replace(one, is_vetted=is_valid) if one in found else one for one in account.orgs)
    return {"organization": found[0].number, "vetted": is_valid}


def _order(office: Office, wish: Switches) -> Order:
    wanted = str(wish.get("order_id") or wish.get("request_id") or "")
    found: Order | None = next(iter(office.orders_by_number.find(wanted)), None)
    if found is None and wanted.isdecimal():
        found = office.orders.get(int(wanted))
    if found is None:
        raise NotPossible(f"there is no order {wanted!r}", missing=True)
    return found


def _outcome(office: Office, order: Order) -> dict[str, Any]:
    shown = labels(order, office.now())
    return {"order_id": order.number or None, "request_id": str(order.request_number), **shown}


def _in(order: Order, *states: str) -> None:
    if order.state not in states:
        raise NotPossible(f"order {order.number or order.request_number} is {order.state}")


async def _approve(office: Office, order: Order, _: Switches) -> None:
    _in(order, "pending")
    issuing.approve(office, order)
    await issuing.advance(office, order)


async def _reject(office: Office, order: Order, _: Switches) -> None:
    _in(order, "pending", "approved", "draft")
    office.set_state(order, "rejected")


async def _discrepancy(_: Office, order: Order, __: Switches) -> None:
    _in(order, "pending")
    order.in_discrepancy = True


async def _resolve(office: Office, order: Order, _: Switches) -> None:
    _in(order, "pending")
    order.in_discrepancy = False
    await issuing.advance(office, order)


async def _submit(office: Office, order: Order, _: Switches) -> None:
    _in(order, "draft")
    await ordering.submit(office, order)


async def _expire(office: Office, order: Order, _: Switches) -> None:
    _in(order, "issued", "downloaded")
    office.set_state(order, "expired")


async def _renew(office: Office, order: Order, _: Switches) -> None:
    _check_renewable(office, order)
    issuing.renew(office, order, office.now())


async def _reissue(office: Office, order: Order, wish: Switches) -> None:
    _check_renewable(office, order)
    pem = order.csr
    if wish.get("csr"):
        try:
            pem = read_csr(office, str(wish["csr"]))
        except Refusal as refusal:
            raise NotPossible(refusal.message) from None
        office.used_csrs.add(UsedCsr(csr.digest(pem), order.request_number))
    issuing.add_child(office, order, office.now(), pem)


def _check_renewable(office: Office, order: Order) -> None:
    _in(order, "issued", "downloaded")
    if issuing.is_over(order, office.now()):
        raise NotPossible(f"the subscription of order {order.number} is over")


async def _download_rejected(office: Office, order: Order, _: Switches) -> None:
    _in(order, "issued", "downloaded")
    office.set_state(order, "download_rejected")


async def _revoke(office: Office, order: Order, wish: Switches) -> None:
    reasons = {name: number for number, name in REASONS.items()}
    wanted = wish.get("reason", "privilegeWithdrawn")
    if wanted not in reasons:
        raise NotPossible(f"reason must be one of {', '.join(reasons)}")
    _in(order, "issued", "downloaded")
    issuing.revoke(office, order, reasons[wanted])


async def _custom_field(_: Office, order: Order, wish: Switches) -> None:
    field, value = str(wish.get("field", "")), wish.get("value")
    kept = {name: told for name, told in order.custom_fields if name != field}
    order.custom_fields = tuple((kept if value is None else {**kept, field: str(value)}).items())


async def _status(_: Office, order: Order, wish: Switches) -> None:
    shown = wish.get("status")
    order.shown_status = int(shown) if shown is not None else None


ACTS: dict[str, Act] = {
    "approve": _approve,
    "reject": _reject,
    "discrepancy": _discrepancy,
    "resolve": _resolve,
    "submit": _submit,
    "expire": _expire,
    "renew": _renew,
    "reissue": _reissue,
    "download_rejected": _download_rejected,
    "revoke": _revoke,
    "custom_field": _custom_field,
    "status": _status,
}
