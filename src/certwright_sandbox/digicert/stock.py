"""Orders of the past for an account that needs many: made in bulk, their certificates signed when somebody looks.

All of them share one CSR, whose key nobody keeps.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from certwright_sandbox.digicert.issuing import REMOVED_NAMES_GRACE
from certwright_sandbox.digicert.looking import TXT
from certwright_sandbox.digicert.office import Office, new_token
from certwright_sandbox.digicert.ordering import FIRST_ORDER_ID, bill
from certwright_sandbox.digicert.paperwork import Staff, fill_in, hire
from certwright_sandbox.digicert.products import PRODUCTS, Product, ca_certs
from certwright_sandbox.digicert.records import ApiKey, Approval, Certificate, Note, Order, Term
from certwright_sandbox.digicert.requests import FIRST_REQUEST_ID
from certwright_sandbox.digicert.signing import serial_text
from certwright_sandbox.digicert.validity import TOKEN_LIFETIME, end_of, last_second, leaf_end
from certwright_sandbox.digicert.wishes import FIRST_CERTIFICATE_ID
from certwright_sandbox.past import TURN, Lots, new_csr, placing_times, serial_of

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
REISSUED, DUPLICATED, REVOKED, THINNED, REJECTED, RENEWED, PENDING = 8, 13, 17, 21, 27, 30, 37
KEY_SIZE = 256
YEAR = Term(years=1)
PLANS = (YEAR, Term(years=2), Term(years=3))  # what reissued orders were bought for
# A year-old order of the turn RENEWED is renewed by the next one of that turn.
RENEWED_AFTER, RENEWED_BEFORE = timedelta(days=330), timedelta(days=380)
# Why something was revoked, and what its requester wrote.
REVOCATIONS = (
    ("superseded", "Replaced by the new load balancer's certificate"),
    ("keyCompromise", "The key was on a laptop that was stolen"),
    ("cessationOfOperation", "The service was switched off"),
    ("affiliationChanged", ""),
)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@dataclass(frozen=True)
class Stock:
    """What all orders of one stock have in common; `domain` is proven, nobody has proven `other_domain`.

    `renewable` are the orders of the turn RENEWED that nothing has renewed yet, the oldest first.
    """

    key: ApiKey
    staff: Staff
    organization_ids: tuple[int, ...]
    domain: str
    other_domain: str
    csr: str
    now: datetime
    renewable: deque[Order] = field(default_factory=deque)


def domains_of(account_id: int) -> tuple[str, str]:
    """The domains above the names of an account's stock: of what was issued, and of what was not."""
    return f"stock{account_id}.example", f"awaited{account_id}.example"


def fill(office: Office, key: ApiKey, count: int) -> None:
    """Give the key's account so many orders, the oldest first. Its domains and its organizations exist."""
    domain, other_domain = domains_of(key.account_id)
    now = office.now()
    organizations = tuple(int(row.id) for row in office.organizations_of.find(key.account_id))
    stock = Stock(key, hire(office, key), organizations, domain, other_domain, new_csr(), now)
    for index, placed_at in enumerate(placing_times(count, now)):
        _add(office, stock, index, placed_at)


def _add(office: Office, stock: Stock, index: int, placed_at: datetime) -> None:
    """One order with all that belongs to it: its certificates, their requests, its entry in the ledger."""
    turn, lots = index % TURN, Lots(f"{office.world.seed}/{stock.key.id}/{index}")
    before = _predecessor(stock, placed_at) if turn == RENEWED else None
    product = PRODUCTS[before.product if before else PRODUCT_TURNS[index % len(PRODUCT_TURNS)]]
    order = _order(office, stock, index, product, placed_at)
    fill_in(order, stock.staff, lots)
    names = office.certificates[before.certificate_id].names if before else _names(stock, index, product)
    if turn == REISSUED and product.is_public:
        order.term = lots.one_of(PLANS)
        order.price = product.price * (order.term.years or 1)
    if product.wants_organization:
        order.organization_id = stock.organization_ids[int(lots.is_one_in(4))]
    certificate = _certificate(office, stock, order, "order", names)
    _request(office, stock, order, certificate, "new_request", "rejected" if turn == REJECTED else "approved")
    if turn == REJECTED:
        _give_up(order, certificate, "rejected", placed_at)
    elif turn == PENDING:
        _wait(stock, order, certificate)
    else:
        _issue(order, certificate, placed_at)
    _go_on(office, stock, order, turn, lots)
    if turn == RENEWED:
        _renew(stock, order, before)
    if order.status == "issued":
        _end(office, stock, order)
    office.add_order(order)
    bill(office, order, certificate)
    _count(office, order)


def _go_on(office: Office, stock: Stock, order: Order, turn: int, lots: Lots) -> None:
    """What happened to an issued order afterwards."""
    first = office.certificates[order.certificate_id]
    if turn == REISSUED:
        for part in range(count := 1 + lots.below(3)):
            _reissue(
                office, stock, order, order.date_created + (stock.now - order.date_created) * (part + 1) / (count + 2)
            )
    elif turn in (DUPLICATED, THINNED):
        for part in range(1 + lots.below(2)):
            _duplicate(office, stock, order, first.names, part + 1)
    if turn in (REVOKED, THINNED):
        at = order.status_changed_at + min(DAY, (stock.now - order.status_changed_at) / 2)
        _revoke(office, stock, order, first, at, *lots.one_of(REVOCATIONS))
    if turn == REVOKED:
        order.status, order.status_changed_at = "revoked", at


def _predecessor(stock: Stock, placed_at: datetime) -> Order | None:
    """The order that one placed now would renew; those that nobody renewed in time are forgotten."""
    waiting = stock.renewable
    while waiting and placed_at - waiting[0].date_created > RENEWED_BEFORE:
        waiting.popleft()
    return waiting.popleft() if waiting and placed_at - waiting[0].date_created >= RENEWED_AFTER else None


def _renew(stock: Stock, order: Order, before: Order | None) -> None:
    if before is not None:
        order.renewal_of, before.renewed_by = int(before.id), int(order.id)
    stock.renewable.append(order)


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
        container_id=0,
        organization_id=None,
        term=YEAR,
        price=product.price,
        certificate_id=0,
        pending_certificate_id=None,
        dcv_method=TXT,
        reference=f"{stock.key.id}-{index}",
        approver_id=stock.key.user_id,
    )


def _certificate(office: Office, stock: Stock, order: Order, kind: str, names: tuple[str, ...]) -> Certificate:
    """A certificate asked for when the order last changed, the primary one from now on unless it is a duplicate."""
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
    if kind != "duplicate":
        order.certificate_id = int(certificate.id)
    return office.certificates.add(certificate)


def _request(
    office: Office, stock: Stock, order: Order, certificate: Certificate, kind: str, status: str, comments: str = ""
) -> Approval:
    """A request about a certificate, decided at once by the administrator whose key the stock's is."""
    request = Approval(
        id=office.new_id(office.approvals, FIRST_REQUEST_ID),
        account_id=order.account_id,
        order_id=int(order.id),
        type=kind,
        status=status,
        date=order.status_changed_at,
        requester_id=order.user_id,
        certificate_ids=(int(certificate.id),),
        comments=comments or order.comments,
        date_processed=order.status_changed_at,
        processor_id=stock.key.user_id,
    )
    return office.approvals.add(request)


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


def _reissue(office: Office, stock: Stock, order: Order, at: datetime) -> None:
    """Another certificate takes the place of the one before, unless the order is over. The first time an order of
    several names drops its last one, and so the certificate that had it is revoked (`issuing`).
    """
    assert order.valid_till is not None
    if at >= last_second(order.valid_till):
        return
    before = office.certificates[order.certificate_id]
    order.status_changed_at = at
    names = before.names[:-1] if len(before.names) > 2 else before.names
    certificate = _certificate(office, stock, order, "reissue", names)
    _request(office, stock, order, certificate, "reissue", "approved")
    _issue(order, certificate, at)
    if names != before.names and PRODUCTS[order.product].is_public:
        gone = at + REMOVED_NAMES_GRACE
        if gone <= stock.now:
            before.state, before.revoked_at, before.revocation_reason = "revoked", gone, "superseded"
        else:
            office.at(gone, "retire", int(before.id))


def _duplicate(office: Office, stock: Stock, order: Order, names: tuple[str, ...], number: int) -> None:
    """One more certificate beside the first one, some time later."""
    at = order.status_changed_at + (stock.now - order.status_changed_at) / 3
    assert order.valid_till is not None
    if at >= last_second(order.valid_till):
        return
    order.status_changed_at = at
    certificate = _certificate(office, stock, order, "duplicate", names)
    certificate.sub_id = f"{number:03d}"
    _request(office, stock, order, certificate, "duplicate", "approved")
    _issue(order, certificate, at)


def _revoke(
    office: Office, stock: Stock, order: Order, certificate: Certificate, at: datetime, reason: str, comments: str
) -> None:
    """Somebody had a certificate revoked; the request tells when. Any other of the order is as good as before."""
    certificate.state, certificate.revoked_at, certificate.revocation_reason = "revoked", at, reason
    order.status_changed_at = at
    request = _request(office, stock, order, certificate, "revoke", "approved", comments)
    request.revocation_reason = reason


def _count(office: Office, order: Order) -> None:
    """Write into the ledger what became of the order."""
    entry = office.entry(order)
    for certificate in office.certificates_of_order.find(order.id):
        entry.certificates += int(certificate.was_issued)
        entry.reissues += int(certificate.kind == "reissue")
        entry.duplicates += int(certificate.kind == "duplicate")
    entry.revocations = sum(request.type == "revoke" for request in office.approvals_of_order.find(order.id))


def _end(office: Office, stock: Stock, order: Order) -> None:
    """An order whose last day has passed has expired; any other will."""
    assert order.valid_till is not None
    end = last_second(order.valid_till) + SECOND
    if end <= stock.now:
        order.status, order.status_changed_at = "expired", end
    else:
        office.at(end, "end", int(order.id))
