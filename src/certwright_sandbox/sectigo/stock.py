"""Orders of the past for an account that needs many: made in bulk, their certificates signed when somebody looks.

All of them share one CSR, whose key nobody keeps.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from certwright_sandbox.leaf import csr_der
from certwright_sandbox.ledger import Entry
from certwright_sandbox.past import TURN, new_csr, placing_times, serial_of
from certwright_sandbox.sectigo.naming import CNAME
from certwright_sandbox.sectigo.office import CA_NAME, CERTIFICATE_ID_STEP, Office
from certwright_sandbox.sectigo.products import PRODUCTS, YEAR
from certwright_sandbox.sectigo.records import DONE, Account, Collected, Name, Order, Subject, Vetting
from certwright_sandbox.sectigo.signing import serial_text
from certwright_sandbox.sectigo.validity import life, term

PRODUCT_TURNS = (287, 287, 287, 289, 279, 7)
# What becomes of every so manieth order, counted from the oldest; a replacement is the order after a replaced one.
REPLACED, REPLACEMENT, REVOKED, REJECTED, PENDING = 7, 8, 17, 27, 37
ORGANIZATION = Subject(
    organization="Meadow Works Ltd", locality="Leeds", state="West Yorkshire", postal_code="AB1 2CD", country="GB"
)


@dataclass(frozen=True)
class Shared:
    """What all orders of one stock have in common."""

    account: str
    csr: str
    md5: str
    now: datetime


def fill(office: Office, account: Account, count: int) -> None:
    """Give the account so many orders, the oldest first: ever more of them the nearer to today."""
    if count == 0:
        return
    csr = new_csr()
    md5 = hashlib.md5(csr_der(csr)).hexdigest()  # noqa: S324 - the CA's protocol (sectigo.md §7.2)
    shared = Shared(str(account.id), csr, md5, office.now())
    before: Order | None = None
    for index, placed_at in enumerate(placing_times(count, shared.now)):
        replaced = before if before is not None and index % TURN == REPLACEMENT else None
        order = _order(office, shared, index, placed_at, replaced)
        office.add(order)
        _bill(office, order)
        before = order


def _order(office: Office, shared: Shared, index: int, placed_at: datetime, replaced: Order | None) -> Order:
    number, turn = office.new_number(), index % TURN
    product = PRODUCTS[replaced.product if replaced else PRODUCT_TURNS[index % len(PRODUCT_TURNS)]]
    host = f"host{index}.{shared.account}.example"
    first = f"*.{host}" if product.code == 289 else host
    texts = [name.name for name in replaced.names] if replaced else [first]
    if product.is_multi and replaced is None:
        texts += [f"www.{host}", f"api.{host}"]
    is_issued = turn not in (REJECTED, PENDING)
    proven_at = placed_at if is_issued else None
    is_vetted = product.validation != "dv" and is_issued
    order = Order(
        id=number,
        account=shared.account,
        base_number=replaced.base_number if replaced else number,
        certificate_id=number + CERTIFICATE_ID_STEP,
        product=product.code,
        state="issued" if is_issued else "rejected" if turn == REJECTED else "pending",
        placed_at=placed_at,
        changed_at=placed_at,
        csr=shared.csr,
        request_token=f"{shared.md5}/stock{number}",
        names=tuple(Name(text, CNAME, proven_at=proven_at) for text in texts),
        common_name=texts[0],
        days=YEAR,
        cost=0 if replaced else product.cost(YEAR),
        reference=f"{shared.account}-{index}",
        unique_value=f"stock{number}",
        subject=ORGANIZATION if product.validation != "dv" else Subject(),
        vetting=Vetting(DONE, DONE) if is_vetted else Vetting(),
        reason="Withdrawn" if turn == REJECTED else "",
    )
    if is_issued:
        _issue(office, order, replaced)
    if turn == REVOKED:
        order.revoked_at = min(placed_at + timedelta(days=1), shared.now)
        order.revocation_reason = "superseded"
    return order


def _issue(office: Office, order: Order, replaced: Order | None) -> None:
    order.term_start, order.term_end = term(order.placed_at, order.days)
    if replaced is not None and replaced.term_end is not None:
        order.term_start, order.term_end = replaced.term_start, replaced.term_end
        replaced.replaced_by = order.number
    assert order.term_end is not None
    order.not_before, order.not_after = life(order.placed_at, order.term_end)
    order.authority = f"server-{PRODUCTS[order.product].validation}-e1"
    order.serial = serial_text(serial_of(f"{order.account}/{order.number}"))
    office.collected.add(Collected(order.id))


def _bill(office: Office, order: Order) -> None:
    issued = int(order.state == "issued")
    if order.is_replacement:
        entry = office.entry(order)
        entry.reissues += 1
        entry.certificates += issued
        return
    office.world.ledger.bill(
        Entry(
            id=f"{CA_NAME}/{order.number}",
            ca=CA_NAME,
            account=order.account,
            order_id=order.number,
            reference=order.reference,
            product=str(order.product),
            names=tuple(name.name for name in order.names),
            status="revoked" if order.revoked_at else order.state,
            placed_at=order.placed_at,
            price=order.cost,
            certificates=issued,
            revocations=int(order.revoked_at is not None),
        )
    )
