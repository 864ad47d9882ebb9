"""GenerateOrderSSL, SubmitCSR and AgreementAcceptance (emsign.md §6.7-6.9)."""

from __future__ import annotations

import secrets
from collections import deque
from datetime import timedelta
from typing import Any

from certwright_sandbox.emsign import control, csr, errors, issuing
from certwright_sandbox.emsign.call import Call, filled, order_of, text
from certwright_sandbox.emsign.errors import refuse
from certwright_sandbox.emsign.office import CA_NAME, Office
from certwright_sandbox.emsign.records import Account, Name, Order, UsedCsr
from certwright_sandbox.emsign.validity import YEAR
from certwright_sandbox.emsign.wishes import Wish, is_agreed, read_csr, read_wish
from certwright_sandbox.ledger import Entry

BURST = timedelta(seconds=10)


async def place(office: Office, call: Call) -> dict[str, Any]:
    """Place an order, or keep a draft. Raises Refusal; what is refused costs nothing and leaves no trace."""
    _check_burst(office, call.account)
    wish = read_wish(office, call)
    order = office.add(_draft(office, call, wish))
    _use(office, order)
    if not wish.is_draft:
        await submit(office, order)
    tracking = f"{office.world.url}/track/{order.request_number}"
    return {
        "orderDetails": filled(
            call.account,
            {
                "requestNumber": str(order.request_number),
                "orderNumber": order.number or None,
                "trackingURL": tracking if order.number else None,
            },
        )
    }


async def submit(office: Office, order: Order) -> None:
    """The order counts from now on, and is charged."""
    office.place(order)
    order.subscription_ends = order.placed_at.replace(microsecond=0) + order.years * YEAR
    order.names = control.with_domains(office, order.account, order.names)
    bill(office, order)
    await issuing.start(office, order)


def bill(office: Office, order: Order) -> None:
    """Put an order that was placed into the ledger, with what has become of it so far."""
    office.world.ledger.bill(
        Entry(
            id=f"{CA_NAME}/{order.number}",
            ca=CA_NAME,
            account=order.account,
            order_id=int(order.number),
            reference=order.tags[0] if order.tags else None,
            product=order.product,
            names=tuple(name.name for name in order.names),
            status="issued" if order.state == "downloaded" else order.state,
            placed_at=order.placed_at,
            price=order.price,
            certificates=int(bool(order.serial)),
            revocations=int(order.revoked_at is not None),
        )
    )


async def submit_csr(office: Office, call: Call) -> dict[str, Any]:
    """Give an order that has no certificate its CSR, or another one. Raises Refusal."""
    details = call.block("orderDetails")
    order = order_of(office, call, details, drafts=True)
    if order.state not in ("draft", "pending"):
        raise refuse(errors.NOT_OPEN)
    pem = read_csr(office, text(details, "csr"))
    if not pem:
        raise refuse(errors.CSR)
    order.csr = pem
    _use(office, order)
    await issuing.advance(office, order)
    return {}


async def accept_agreement(office: Office, call: Call) -> dict[str, Any]:
    """Accept the subscriber agreement of an order. Raises Refusal."""
    details = call.block("agreementDetails")
    order = order_of(office, call, details, drafts=True)
    if order.agreed:
        raise refuse(errors.AGREED_ALREADY)
    if not is_agreed(details):
        raise refuse(errors.AGREEMENT)
    order.agreed = True
    await issuing.advance(office, order)
    return {}


def _draft(office: Office, call: Call, wish: Wish) -> Order:
    """The order as long as nobody has submitted it."""
    number, now, hidden = office.new_request_number(), office.now(), call.twist.hidden_seconds
    return Order(
        id=number,
        account=str(call.account.id),
        number="",
        base_id=number,
        product=wish.product.code(call.account),
        product_type=wish.product.type,
        state="draft",
        placed_at=now,
        names=tuple(map(Name, wish.names)),
        common_name=wish.names[0],
        requestor_name=wish.requestor_name,
        requestor_email=wish.requestor_email,
        years=wish.years,
        auto_renew=wish.auto_renew,
        renew_days=wish.renew_days,
        group=wish.group,
        seed=secrets.token_hex(16),
        tags=wish.tags,
        custom_fields=wish.custom_fields,
        remarks=wish.remarks,
        csr=wish.csr,
        agreed=wish.is_agreed,
        organization=wish.organization,
        pre_vetted=wish.is_pre_vetted,
        price=wish.product.cost(wish.years),
        defect=call.twist.defect,
        visible_from=now + timedelta(seconds=hidden) if hidden else None,
    )


def _use(office: Office, order: Order) -> None:
    if order.csr:
        office.used_csrs.add(UsedCsr(csr.digest(order.csr), order.request_number))


def _check_burst(office: Office, account: Account) -> None:
    """Too many placements at once are told as if the account were inactive (emsign.md §9)."""
    if account.burst_limit is None:
        return
    now, name = office.now(), str(account.id)
    if office.blocked_until.get(name, now) > now:
        raise refuse(errors.INACTIVE)
    latest = office.placements.setdefault(name, deque())
    while latest and not now - BURST < latest[0] <= now:
        latest.popleft()  # out of the window, or from before the clock was set back
    if len(latest) >= account.burst_limit:
        office.blocked_until[name] = now + timedelta(seconds=account.burst_seconds)
        raise refuse(errors.INACTIVE)
    latest.append(now)
