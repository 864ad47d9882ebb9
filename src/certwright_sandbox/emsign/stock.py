"""Orders of the past for an account that needs many: made in bulk, their certificates signed when somebody looks.

All of them share one CSR, whose key nobody keeps.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from certwright_sandbox.emsign.office import CA_NAME, Office
from certwright_sandbox.emsign.products import PRODUCTS
from certwright_sandbox.emsign.records import Account, Name, Order
from certwright_sandbox.emsign.validity import YEAR, life
from certwright_sandbox.ledger import Entry

SPAN = timedelta(days=730)
PRODUCT_TURNS = (0, 0, 0, 2, 1, 4)  # places in the row of products
TURN = 40
REVOKED, CANCELLED, REJECTED, DRAFT, PENDING = 7, 17, 23, 29, 37


def fill(office: Office, account: Account, count: int) -> None:
    """Give the account so many orders, the oldest first: ever more of them the nearer to today."""
    if count == 0:
        return
    csr, now = _new_csr(), office.now()
    for index in range(count):
        age = ((count - index) / count) ** 3  # a share of the span; most are young, so that most are valid
        order = _order(office, account, csr, index, now - SPAN * age)
        if order.not_after is not None and order.not_after <= now and order.state == "downloaded":
            order.state = "expired"
        office.add(order)
        if order.number:
            _bill(office, account, order)


def _order(office: Office, account: Account, csr: str, index: int, placed_at: datetime) -> Order:
    request_number, turn = office.new_request_number(), index % TURN
    product = PRODUCTS[PRODUCT_TURNS[index % len(PRODUCT_TURNS)]]
    host = f"host{index}.{account.id}.example"
    first = f"*.{host}" if product.has_wildcard else host
    texts = [first, f"api.{host}"] if product.has_more_names else [first]
    state = {CANCELLED: "cancelled", REJECTED: "rejected", DRAFT: "draft", PENDING: "pending"}.get(turn, "downloaded")
    is_issued = state == "downloaded"
    placed_at = placed_at.replace(microsecond=0)
    order = Order(
        id=request_number,
        account=str(account.id),
        number="" if state == "draft" else office.new_order_number(),
        base_id=request_number,
        product=product.code(account),
        product_type=product.type,
        state=state,
        placed_at=placed_at,
        names=tuple(Name(text, placed_at if is_issued else None, "1" if is_issued else "") for text in texts),
        common_name=first,
        requestor_name="Mara Lind",
        requestor_email=account.requestor_email,
        years=1,
        auto_renew=False,
        renew_days=30,
        group=account.groups[0].number,
        tags=(f"{account.id}-{index}",),
        remarks="stock",
        csr=csr,
        agreed=True,
        organization=account.orgs[0].number if product.validation != "dv" else "",
        pre_vetted=True,
        price=product.cost(1),
    )
    if is_issued:
        _issue(account, order)
    if turn == REVOKED:
        order.state, order.revoked_at, order.reason_id = "revoked", placed_at + timedelta(hours=1), "4"
    return order


def _issue(account: Account, order: Order) -> None:
    order.subscribed_at = order.placed_at
    order.subscription_ends = order.placed_at + YEAR
    order.not_before, order.not_after = life(order.placed_at, order.subscription_ends)
    validation = next(product.validation for product in PRODUCTS if product.type == order.product_type)
    order.authority = f"hub-{validation}-{account.chain_depth}"
    digest = hashlib.sha256(f"{order.account}/{order.id}".encode()).digest()[:16]
    order.serial = str(int.from_bytes(digest, "big") >> 1 | 1 << 126)


def _bill(office: Office, account: Account, order: Order) -> None:
    office.world.ledger.bill(
        Entry(
            id=f"{CA_NAME}/{order.number}",
            ca=CA_NAME,
            account=str(account.id),
            order_id=int(order.number),
            reference=order.tags[0],
            product=order.product,
            names=tuple(name.name for name in order.names),
            status="issued" if order.state == "downloaded" else order.state,
            placed_at=order.placed_at,
            price=order.price,
            certificates=int(bool(order.serial)),
            revocations=int(order.revoked_at is not None),
        )
    )


def _new_csr() -> str:
    """A CSR as PEM."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stock.example")])
    key = ec.generate_private_key(ec.SECP256R1())
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return csr.public_bytes(serialization.Encoding.PEM).decode()
