"""AutoReplaceSSL (sectigo.md §12): one more certificate in the term of an order; the old one stays valid."""

from __future__ import annotations

from datetime import timedelta

from certwright_sandbox.sectigo import errors, naming, vetting
from certwright_sandbox.sectigo.applying import compromised_keys, request_token, start
from certwright_sandbox.sectigo.call import Call, Reply
from certwright_sandbox.sectigo.control import with_earlier_proofs
from certwright_sandbox.sectigo.csr import Csr, decode, read
from certwright_sandbox.sectigo.errors import Refusal
from certwright_sandbox.sectigo.looking_up import by_order_number
from certwright_sandbox.sectigo.office import CERTIFICATE_ID_STEP, Office
from certwright_sandbox.sectigo.products import PRODUCTS, Product
from certwright_sandbox.sectigo.records import Name, Order, Vetting
from certwright_sandbox.sectigo.standing import is_expired
from certwright_sandbox.sectigo.wishes import Wish, chosen_value, read_wish


async def replace_certificate(office: Office, call: Call) -> Reply:
    """Place a replacement: an order of its own under the same base order number. Raises Refusal."""
    wish = read_wish(call)
    before = by_order_number(office, call)
    if not call.flag("exactOrder"):
        before = _latest_with_certificate(office, before)
    product = PRODUCTS[before.product]
    is_new_key = bool(call.text("csr"))
    csr = read(call.text("csr"), product, compromised_keys(office, call)) if is_new_key else decode(before.csr)
    order = _order(office, call, wish, product, csr, before)
    _check(office, before)
    office.add(order)
    office.entry(order).reissues += 1
    await start(office, order)
    return _reply(call, order, product)


def _latest_with_certificate(office: Office, order: Order) -> Order:
    """The newest of the family whose certificate is not revoked; the order itself where there is none."""
    good = [other for other in office.family(order) if other.state == "issued" and other.revoked_at is None]
    return good[-1] if good else order


def _check(office: Office, before: Order) -> None:
    """Raise the Refusal that says why this order cannot be replaced."""
    refusals: dict[str, Refusal] = {
        "rejected": errors.REJECTED,
        "unpaid": errors.UNPAID,
        "pending": errors.BEING_ISSUED,
        "signing": errors.BEING_ISSUED,
        "failed": errors.REJECTED,
    }
    if before.state in refusals:
        raise refusals[before.state]
    if before.revoked_at is not None:
        raise errors.REVOKED
    is_over = before.term_end is not None and before.term_end < office.now()
    if is_expired(office, before) or is_over:
        raise errors.EXPIRED


def _names(office: Office, call: Call, product: Product, csr: Csr, before: Order) -> tuple[str, tuple[Name, ...]]:
    """The names as the request has them, or as they were; how each is proven, likewise."""
    if product.is_multi and not call.text("domainNames"):
        common_name, texts = before.common_name, tuple(name.name for name in before.names)
    elif product.is_multi or csr.pem != before.csr:
        common_name, texts = naming.order_names(call, product, csr.common_name)
    else:
        common_name, texts = before.common_name, tuple(name.name for name in before.names)
    if any(call.text(item) for item in ("dcvMethod", "dcvEmailAddress", "dcvEmailAddresses")):
        return common_name, naming.proofs_wanted(office, call, product, texts)
    known = {name.name: name for name in before.names}
    method, email = before.names[0].method, before.names[0].email
    return common_name, tuple(
        Name(text, known[text].method, known[text].email) if text in known else Name(text, method, email)
        for text in texts
    )


def _order(office: Office, call: Call, wish: Wish, product: Product, csr: Csr, before: Order) -> Order:
    common_name, names = _names(office, call, product, csr, before)
    is_same_token = csr.pem == before.csr and wish.unique_value in ("", before.unique_value)
    names = with_earlier_proofs(office, before.account, names)
    unique_value = before.unique_value if is_same_token else chosen_value(call, wish.unique_value)
    number, now, hidden = office.new_number(), office.now(), call.twist.hidden_seconds
    brand = vetting.required(call.account, product, names).brand
    return Order(
        id=number,
        account=before.account,
        base_number=before.base_number,
        certificate_id=number + CERTIFICATE_ID_STEP,
        product=product.code,
        state="pending",
        placed_at=now,
        changed_at=now,
        csr=csr.pem,
        request_token=request_token(csr, unique_value),
        names=names,
        common_name=common_name,
        days=before.days,
        cost=0,
        reference=wish.reference,
        unique_value=unique_value,
        companion=naming.companions(product, names[0].name),
        subject=before.subject,
        vetting=Vetting(before.vetting.organization, before.vetting.call_back, before.vetting.click_through, brand),
        server_software=wish.server_software,
        phone=before.phone,
        admin_email=before.admin_email,
        mail_to=wish.mail_to or before.mail_to,
        is_test=before.is_test,
        authority_kind=wish.authority_kind,
        term_start=before.term_start,
        term_end=before.term_end,
        defect=call.twist.defect,
        visible_from=now + timedelta(seconds=hidden) if hidden else None,
    )


def _reply(call: Call, order: Order, product: Product) -> Reply:
    """The order number is told with pairs alone (sectigo.md §12)."""
    shown = [("certificateID", order.certificate_id)] if call.flag("showCertificateID") else []
    pairs: list[tuple[str, object]] = [
        ("errorCode", 0),
        ("orderNumber", order.number),
        *shown,
        ("expectedDeliveryTime", product.hours),
        ("uniqueValue", order.unique_value),
    ]
    texts = [0, product.hours, *(value for _, value in shown), order.unique_value]
    return Reply(pairs, tuple(map(str, texts)))
