"""Orders of the past for an account that needs many: made in bulk, their certificates signed when somebody looks.

All of them share one CSR, whose key nobody keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from certwright_sandbox.digicert.looking import TXT
from certwright_sandbox.digicert.office import Office, new_token
from certwright_sandbox.digicert.ordering import FIRST_ORDER_ID, bill
from certwright_sandbox.digicert.products import PRODUCTS, Product, ca_certs
from certwright_sandbox.digicert.records import ApiKey, Approval, Certificate, Note, Order, Term
from certwright_sandbox.digicert.requests import FIRST_REQUEST_ID
from certwright_sandbox.digicert.signing import serial_text
from certwright_sandbox.digicert.validity import TOKEN_LIFETIME, end_of, last_second, leaf_end
from certwright_sandbox.digicert.wishes import FIRST_CERTIFICATE_ID
from certwright_sandbox.past import TURN, new_csr, placing_times, serial_of

PRODUCT_TURNS = (
    "ssl_basic",
    "ssl_basic",
    "ssl_multi_domain",
    "ssl_dv_geotrust_flex",
    "ssl_ev_basic",
    "ssl_wildcard",
    "private_ssl_plus",
)
# What becomes of every so manieth order, counted from the oldest. One that is not proven in time is given up.
REISSUED, REVOKED, REJECTED, PENDING = 8, 17, 27, 37
KEY_SIZE = 256
YEAR = Term(years=1)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@dataclass(frozen=True)
class Stock:
    """What all orders of one stock have in common; `domain` is proven, nobody has proven `other_domain`."""

    key: ApiKey
    container_id: int
    organization_id: int
    domain: str
    other_domain: str
    csr: str
    now: datetime


def domains_of(account_id: int) -> tuple[str, str]:
    """The domains above the names of an account's stock: of what was issued, and of what was not."""
    return f"stock{account_id}.example", f"awaited{account_id}.example"


def fill(office: Office, key: ApiKey, count: int) -> None:
    """Give the key's account so many orders, the oldest first. Its domains and its organization exist."""
    account = office.accounts[key.account_id]
    assert account.primary_organization_id is not None
    domain, other_domain = domains_of(key.account_id)
    now = office.now()
    stock = Stock(key, account.root_container_id, account.primary_organization_id, domain, other_domain, new_csr(), now)
    for index, placed_at in enumerate(placing_times(count, now)):
        _add(office, stock, index, placed_at)


def _add(office: Office, stock: Stock, index: int, placed_at: datetime) -> None:
    """One order with all that belongs to it: its certificates, their requests, its entry in the ledger."""
    turn = index % TURN
    product = PRODUCTS[PRODUCT_TURNS[index % len(PRODUCT_TURNS)]]
    order = _order(office, stock, index, product, placed_at)
    certificate = _certificate(office, stock, order, "order", _names(stock, index, product))
    _request(office, order, certificate, "new_request", "rejected" if turn == REJECTED else "approved")
    if turn == REJECTED:
        _give_up(order, certificate, "rejected", placed_at)
    elif turn == PENDING:
        _wait(stock, order, certificate)
    else:
        _issue(order, certificate, placed_at)
    if turn == REISSUED:
        _reissue(office, stock, order, certificate)
    elif turn == REVOKED:
        _revoke(order, certificate, placed_at + min(DAY, (stock.now - placed_at) / 2))
    if order.status == "issued":
        _end(office, stock, order)
    office.add_order(order)
    bill(office, order, certificate)
    entry = office.entry(order)
    entry.certificates = int(certificate.was_issued) + int(turn == REISSUED)
    entry.reissues, entry.revocations = int(turn == REISSUED), int(turn == REVOKED)


def _names(stock: Stock, index: int, product: Product) -> tuple[str, ...]:
    host = f"host{index}.{stock.other_domain if index % TURN in (REJECTED, PENDING) else stock.domain}"
    if product.name_id == "ssl_wildcard":
        return (f"*.{host}",)
    return (host, f"www.{host}", f"api.{host}") if product.name_id == "ssl_multi_domain" else (host,)


def _order(office: Office, stock: Stock, index: int, product: Product, placed_at: datetime) -> Order:
    """An order that was approved when it was placed, and whose certificate is not there yet."""
    return Order(
        id=office.new_id(office.orders, FIRST_ORDER_ID),
        account_id=stock.key.account_id,
        product=product.name_id,
        user_id=stock.key.user_id,
        key_name=str(stock.key.id),
        status="pending",
        date_created=placed_at,
        status_changed_at=placed_at,
        container_id=stock.container_id,
        organization_id=stock.organization_id if product.wants_organization else None,
        term=YEAR,
        price=product.price,
        certificate_id=0,
        pending_certificate_id=None,
        dcv_method=TXT,
        reference=f"{stock.key.id}-{index}",
        approver_id=stock.key.user_id,
    )


def _certificate(office: Office, stock: Stock, order: Order, kind: str, names: tuple[str, ...]) -> Certificate:
    """The order's primary certificate from now on, asked for when the order last changed."""
    certificate = Certificate(
        id=office.new_id(office.certificates, FIRST_CERTIFICATE_ID),
        account_id=order.account_id,
        order_id=int(order.id),
        kind=kind,
        state="pending",
        common_name=names[0],
        names=names,
        csr=stock.csr,
        key_size=KEY_SIZE,
        authority=next(iter(ca_certs(PRODUCTS[order.product]).values()))[0],
        hash_name="sha256",
        server_platform=-1,
        units=(),
        date_created=order.status_changed_at,
        term=None,
        dcv_method=order.dcv_method,
        requested_by=order.user_id,
    )
    order.certificate_id = int(certificate.id)
    return office.certificates.add(certificate)


def _request(office: Office, order: Order, certificate: Certificate, kind: str, status: str) -> None:
    """The request for a certificate, decided at once."""
    request = Approval(
        id=office.new_id(office.approvals, FIRST_REQUEST_ID),
        account_id=order.account_id,
        order_id=int(order.id),
        type=kind,
        status=status,
        date=certificate.date_created,
        requester_id=order.user_id,
        certificate_ids=(int(certificate.id),),
        date_processed=certificate.date_created,
        processor_id=order.user_id,
    )
    office.approvals.add(request)


def _give_up(order: Order, certificate: Certificate, end: str, at: datetime) -> None:
    certificate.state = "rejected"
    order.status, order.status_changed_at = end, at


def _wait(stock: Stock, order: Order, certificate: Certificate) -> None:
    """The order waits for the proof of its names, as long as its random value is good; then it was canceled."""
    expires = order.date_created + TOKEN_LIFETIME
    if expires <= stock.now:
        order.notes = (Note(1, "Nobody proved control over the name."),)
        _give_up(order, certificate, "canceled", expires)
        return
    order.pending_certificate_id = int(certificate.id)
    certificate.random_value, certificate.random_value_expires = new_token(), expires
    certificate.has_waited = True


def _issue(order: Order, certificate: Certificate, at: datetime) -> None:
    """Everything of an issuance but the signature."""
    day: date = at.date()
    if order.valid_till is None:
        order.valid_from, order.valid_till = day, end_of(order.term, day)
    is_public = PRODUCTS[order.product].is_public
    certificate.valid_from = day
    certificate.valid_till = leaf_end(certificate.term, order.valid_till, day, is_public=is_public)
    certificate.serial = serial_text(serial_of(f"digicert/{certificate.account_id}/{certificate.id}"))
    certificate.date_issued = at
    certificate.approved_names = certificate.names
    certificate.state = "issued"
    order.status, order.status_changed_at = "issued", at


def _reissue(office: Office, stock: Stock, order: Order, before: Certificate) -> None:
    """Another certificate has taken the place of the first one, after a third of the time since."""
    at = order.date_created + (stock.now - order.date_created) / 3
    order.status_changed_at = at
    certificate = _certificate(office, stock, order, "reissue", before.names)
    _request(office, order, certificate, "reissue", "approved")
    _issue(order, certificate, at)


def _revoke(order: Order, certificate: Certificate, at: datetime) -> None:
    """The whole order was revoked, so that it ended."""
    certificate.state, certificate.revoked_at, certificate.revocation_reason = "revoked", at, "superseded"
    order.status, order.status_changed_at = "revoked", at


def _end(office: Office, stock: Stock, order: Order) -> None:
    """An order whose last day has passed has expired; any other will."""
    assert order.valid_till is not None
    end = last_second(order.valid_till) + SECOND
    if end <= stock.now:
        order.status, order.status_changed_at = "expired", end
    else:
        office.at(end, "end", int(order.id))
