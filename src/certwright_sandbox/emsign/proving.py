"""GetDcv and VerifyDcv (emsign.md §6.10, §6.11)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from certwright_sandbox.emsign import control, errors, issuing
from certwright_sandbox.emsign.call import Block, Call, filled, order_of, text
from certwright_sandbox.emsign.control import FILE, MAIL, METHODS, TXT
from certwright_sandbox.emsign.errors import refuse
from certwright_sandbox.emsign.office import Office
from certwright_sandbox.emsign.records import Name, Order


def get(office: Office, call: Call) -> dict[str, Any]:
    """What to publish for a name by a method. Raises Refusal."""
    order, name, method, _ = _wanted(office, call)
    is_file = method == FILE
    return {
        "dcvDetails": filled(
            call.account,
            {
                "token": control.token(order, name.name) if method == TXT else None,
                "fileName": control.file_name(order, name.name) if is_file else None,
                "fileContent": control.token(order, name.name) if is_file else None,
                "dcvEmails": control.addresses(name.name) if method == MAIL else None,
            },
        )
    }


async def verify(office: Office, call: Call) -> dict[str, Any]:
    """Look for the proof of a name now; for a mail, send it. Raises Refusal."""
    order, name, method, details = _wanted(office, call)
    mailed_to = text(details, "dcvEmail").lower()
    if method == MAIL and mailed_to not in control.addresses(name.name):
        raise refuse(errors.DCV_FAILED)
    found = await control.is_proven(office, order, name, method, mailed_to)
    control.checked(order, name.name, method)
    if not found:
        if method == MAIL:  # the mail has gone out
            return {}
        raise refuse(errors.DCV_FAILED)
    control.prove(office, order, [name.name], method)
    await issuing.advance(office, order)
    return {}


def _wanted(office: Office, call: Call) -> tuple[Order, Name, str, Block]:
    """The order, its name, the method and all that was asked."""
    details = call.block("dcvDetails", "orderDetails")
    order = order_of(office, call, details)
    wait = call.account.dcv_slot_seconds + call.account.dcv_gate_seconds
    if office.now() < order.placed_at + timedelta(seconds=wait):
        raise refuse(errors.NOT_OPEN)
    wanted = text(details, "domainName").lower()
    fits = [one for one in order.names if wanted in (one.name, one.name.removeprefix("*."))]
    method = text(details, "dcvMethod")
    if not fits or method not in METHODS:
        raise refuse(errors.DOMAIN)
    name = next((one for one in fits if one.proven_at is None), fits[0])
    if name.proven_at is not None:
        raise refuse(errors.PROVEN_ALREADY)
    if order.state != "pending":
        raise refuse(errors.NOT_OPEN)
    return order, name, method, details
