"""AutoApplySSL and AutoApplyOrder (sectigo.md §5): what is ordered, what it costs, and the order that becomes of it."""

from __future__ import annotations

from datetime import timedelta

from certwright_sandbox.ledger import Entry
from certwright_sandbox.names import base_name, registrable
from certwright_sandbox.sectigo import issuing, naming, vetting
from certwright_sandbox.sectigo.call import Call, Pairs, Reply
from certwright_sandbox.sectigo.control import with_earlier_proofs
from certwright_sandbox.sectigo.csr import Csr, read
from certwright_sandbox.sectigo.errors import NOT_ENOUGH_CREDIT, invalid, missing
from certwright_sandbox.sectigo.office import CA_NAME, CERTIFICATE_ID_STEP, Office
from certwright_sandbox.sectigo.products import PRODUCTS, Product
from certwright_sandbox.sectigo.records import Account, Order
from certwright_sandbox.sectigo.standing import standing
from certwright_sandbox.sectigo.validity import MOST_DAYS, YEAR
from certwright_sandbox.sectigo.wishes import Wish, chosen_value, read_subject, read_wish

TOKEN_USED = "its request token has been used for another order"  # noqa: S105 - a sentence


async def apply(office: Office, call: Call) -> Reply:
    """Place an order. Raises Refusal; what is refused costs nothing and leaves no trace."""
    wish, product, days = read_wish(call), _product(call), _days(call)
    if wish.is_test and not call.account.test_allowed:
        raise invalid("test")
    if call.flag("checkFONIsUnique") and office.orders_referred.find((call.account.id, wish.reference)):
        raise invalid("foreignOrderNumber")
    csr = read(call.text("csr"), product, compromised_keys(office, call))
    order = _order(office, call, wish, product, csr, days)
    _charge(call.account, order)
    _outdo_twin(office, order)
    office.add(order)
    _bill(office, order)
    await start(office, order)
    return _reply(office, call, order)


async def start(office: Office, order: Order) -> None:
    """Begin the validation of an order that is paid: a look of its own goes on beside the call's answer."""
    if order.state != "pending":
        return
    vetting.begin(office, order)
    for name in order.names:
        if name.email and name.proven_at is None:
            office.world.mails.send(name.email, "dcv", order.number, name.name, office.now())
    if office.account_of(order).dcv == "look" and order.unproven:
        office.in_background(lambda: issuing.look(office, order, asked=False))
    else:
        await issuing.look(office, order, asked=False)
    if order.state == "pending":
        office.later(issuing.FIRST_POLL, "poll", order.number)


def compromised_keys(office: Office, call: Call) -> set[str]:
    """The keys that are refused: reported as compromised by a revocation, and those of the account's switch."""
    return {str(key.id) for key in office.compromised_keys} | set(call.account.compromised_keys)


def request_token(csr: Csr, unique_value: str) -> str:
    """What makes a request token unique (sectigo.md §7.2)."""
    return f"{csr.md5}/{unique_value}"


def _product(call: Call) -> Product:
    code = call.number("product")
    product = PRODUCTS.get(code or 0)
    if product is None:
        raise invalid("product")
    return product


def _days(call: Call) -> int:
    """The term: `days`, which supersede `years`."""
    days, years = call.number("days"), call.number("years")
    if days is None and years is None:
        raise missing("days")
    if days is None:
        days = YEAR * (years or 0)
    if not 1 <= days <= MOST_DAYS:
        raise invalid("days" if call.text("days") else "years")
    return days


def _order(office: Office, call: Call, wish: Wish, product: Product, csr: Csr, days: int) -> Order:
    common_name, names = naming.order_names(call, product, csr.common_name)
    wanted = with_earlier_proofs(office, str(call.account.id), naming.proofs_wanted(office, call, product, names))
    subject = read_subject(call, product, csr)
    number, now = office.new_number(), office.now()
    unique_value = chosen_value(call, wish.unique_value)
    hidden = call.twist.hidden_seconds
    return Order(
        id=number,
        account=str(call.account.id),
        base_number=number,
        certificate_id=number + CERTIFICATE_ID_STEP,
        product=product.code,
        state="unpaid" if call.account.pays_later else "pending",
        placed_at=now,
        changed_at=now,
        csr=csr.pem,
        request_token=request_token(csr, unique_value),
        names=wanted,
        common_name=common_name,
        days=days,
        cost=0 if wish.is_test else product.cost(days),
        reference=wish.reference,
        unique_value=unique_value,
        companion=naming.companions(product, names[0]),
        subject=subject,
        vetting=vetting.required(call.account, product, wanted),
        server_software=wish.server_software,
        phone=call.text("appRepTelephone"),
        admin_email=call.text("appRepEmailAddress") or f"admin@{registrable(base_name(names[0]))}",
        mail_to=wish.mail_to,
        is_test=wish.is_test,
        authority_kind=wish.authority_kind,
        defect=call.twist.defect,
        visible_from=now + timedelta(seconds=hidden) if hidden else None,
    )


def _charge(account: Account, order: Order) -> None:
    if account.credit is None:
        return
    if order.cost > account.credit:
        raise NOT_ENOUGH_CREDIT
    account.credit -= order.cost


def _outdo_twin(office: Office, order: Order) -> None:
    """A pending order whose request token comes a second time fails (sectigo.md §5.7, §7.2)."""
    for twin in office.pending_tokens.find((order.account, order.request_token)):
        issuing.reject(office, twin, TOKEN_USED)


def _bill(office: Office, order: Order) -> None:
    office.world.ledger.bill(
        Entry(
            id=f"{CA_NAME}/{order.number}",
            ca=CA_NAME,
            account=order.account,
            order_id=order.number,
            reference=order.reference or None,
            product=str(order.product),
            names=tuple(name.name for name in order.names),
            status=order.state,
            placed_at=order.placed_at,
            price=order.cost,
        )
    )


def _reply(office: Office, call: Call, order: Order) -> Reply:
    product, code = PRODUCTS[order.product], 1 if order.state == "unpaid" else 0
    rows: list[tuple[str, object]] = [
        ("errorCode", code),
        ("orderNumber", order.number),
        ("totalCost", f"{order.cost:.2f}"),
        ("expectedDeliveryTime", product.hours),
        *_shown(office, call, order),
        ("uniqueValue", order.unique_value),
    ]
    return Reply(rows, tuple(str(value) for _, value in rows))


def _shown(office: Office, call: Call, order: Order) -> Pairs:
    shown: Pairs = []
    if call.flag("showCertificateID"):
        shown.append(("certificateID", order.certificate_id))
    if call.flag("showCertificateStatus") or call.flag("showCertificateState"):
        shown.append(("certificateStatus", standing(office, order).text))
    return shown
