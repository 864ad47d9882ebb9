"""Orders of the past for an account that needs many: made in bulk, their certificates signed when somebody looks."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from certwright_sandbox.emsign.control import TXT
from certwright_sandbox.emsign.office import Office
from certwright_sandbox.emsign.ordering import bill
from certwright_sandbox.emsign.products import PRODUCTS, Product
from certwright_sandbox.emsign.records import Account, Name, Order
from certwright_sandbox.emsign.signing import authority_of
from certwright_sandbox.emsign.validity import YEAR, life
from certwright_sandbox.past import TURN, Lots, new_csr, placing_times, serial_of

PRODUCT_TURNS = (0, 0, 0, 2, 1, 4)  # places in the row of products
# What becomes of every so manieth order, counted from the oldest; the others have certificates in force or expired.
REVOKED, CANCELLED, REJECTED, DRAFT, PENDING = 7, 17, 23, 29, 37
REQUESTORS = ("Mara Lind", "Ravi Iyer", "Amélie Roux")
TAGS = ("web", "mail", "to be moved")
COST_CENTRES = ("", "R-7", "R-12")
STATES = {CANCELLED: "cancelled", REJECTED: "rejected", DRAFT: "draft", PENDING: "pending"}


def fill(office: Office, account: Account, count: int) -> None:
    """Give the account so many orders, the oldest first; one CSR for all of them."""
    if count == 0:
        return
    csr, now = new_csr(), office.now()
    for index, placed_at in enumerate(placing_times(count, now)):
        order = _order(office, account, csr, index, placed_at.replace(microsecond=0))
        if order.is_in_force:
            _issue(account, order)
        if index % TURN == REVOKED:
            order.state, order.revoked_at, order.reason_id = "revoked", min(placed_at + timedelta(days=1), now), "4"
        office.add(order)
        if order.number:
            bill(office, order)


def _order(office: Office, account: Account, csr: str, index: int, placed_at: datetime) -> Order:
    lots = Lots(f"{office.world.seed}/{account.id}/{index}")
    number, product = office.new_request_number(), PRODUCTS[PRODUCT_TURNS[index % len(PRODUCT_TURNS)]]
    state = STATES.get(index % TURN, "downloaded")
    is_issued, has_organization = state == "downloaded", product.validation != "dv"
    texts = _names(account, product, index)
    return Order(
        id=number,
        account=str(account.id),
        number="" if state == "draft" else office.new_order_number(),
        base_id=number,
        product=product.code(account),
        product_type=product.type,
        state=state,
        placed_at=placed_at,
        names=tuple(Name(name, placed_at if is_issued else None, TXT if is_issued else "") for name in texts),
        common_name=texts[0],
        requestor_name=lots.one_of(REQUESTORS),
        requestor_email=account.requestor_email,
        years=1,
        auto_renew=False,  # or the CA would renew what is expected to expire
        renew_days=30,
        group=account.groups[int(lots.is_one_in(3)) % len(account.groups)].number,
        seed=str(number),
        tags=(f"{account.id}-{index}", *((lots.one_of(TAGS),) if lots.is_one_in(4) else ())),
        custom_fields=_custom_fields(lots.one_of(COST_CENTRES), is_urgent=lots.is_one_in(2)),
        remarks="stock",
        csr=csr,
        agreed=True,
        organization=account.orgs[0].number if has_organization else "",
        pre_vetted=has_organization,
        price=product.cost(1),
        subscription_ends=None if state == "draft" else placed_at + YEAR,
    )


@cache
def _custom_fields(cost_centre: str, *, is_urgent: bool) -> tuple[tuple[str, str], ...]:
    """What an order says in the fields 1 (the cost centre) and 2 (whether it was urgent); nothing without a centre."""
    if not cost_centre:
        return ()
    return (("1", cost_centre), ("2", "Yes")) if is_urgent else (("1", cost_centre),)


def _names(account: Account, product: Product, index: int) -> list[str]:
    host = f"host{index}.{account.id}.example"
    first = f"*.{host}" if product.has_wildcard else host
    return [first, f"api.{host}"] if product.has_more_names else [first]


def _issue(account: Account, order: Order) -> None:
    order.not_before, order.not_after = life(order.placed_at, order.placed_at + YEAR)
    order.authority = authority_of(account, order)
    order.serial = str(serial_of(f"{order.account}/{order.id}"))
