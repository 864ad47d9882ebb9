"""Reissues and duplicates of issued orders (digicert.md §14)."""

from __future__ import annotations

from certwright_sandbox.digicert.call import Call, Reply
from certwright_sandbox.digicert.control import is_covered, is_dv
from certwright_sandbox.digicert.errors import Refusal, bad_request, invalid_value
from certwright_sandbox.digicert.issuing import accept
from certwright_sandbox.digicert.office import Office
from certwright_sandbox.digicert.ordering import answer
from certwright_sandbox.digicert.orders import order_of
from certwright_sandbox.digicert.products import PRODUCTS
from certwright_sandbox.digicert.records import Certificate, Order
from certwright_sandbox.digicert.requests import open_request
from certwright_sandbox.digicert.validity import leaf_term
from certwright_sandbox.digicert.views import sibling_view
from certwright_sandbox.digicert.wishes import CertificateWish, new_certificate, read_method, read_wish
from certwright_sandbox.names import is_address


async def reissue(office: Office, call: Call) -> Reply:
    """POST order/certificate/{id}/reissue: another certificate in the order's place of the one before."""
    order = _issued(office, call)
    wish = read_wish(call.body.object("certificate"), PRODUCTS[order.product])
    certificate = _record(office, call, order, "reissue", wish)
    certificate.keep_replaced = call.body.flag("store_reissue_as_duplicate")
    office.entry(order).reissues += 1
    return await _go_on(office, call, order, certificate)


async def duplicate(office: Office, call: Call) -> Reply:
    """POST order/certificate/{id}/duplicate: one more certificate for the same names."""
    order = _issued(office, call)
    wish = read_wish(call.body.object("certificate"), PRODUCTS[order.product])
    primary = office.certificates[order.certificate_id]
    if not _are_same_names(wish.names, primary.names):
        raise invalid_value("dns_names")
    if not is_dv(order) and not all(is_covered(office, order.account_id, name) for name in wish.names):
        raise bad_request("domain_validation_expired", "The domain validation has expired; reissue first.")
    certificate = _record(office, call, order, "duplicate", wish)
    certificate.approved_names = wish.names
    office.entry(order).duplicates += 1
    return await _go_on(office, call, order, certificate)


def list_reissues(office: Office, call: Call) -> Reply:
    """GET order/certificate/{id}/reissue: all that were or are the primary certificate, newest first."""
    order = order_of(office, call)
    found = [row for row in office.certificates_of_order.find(order.id) if row.was_issued and not row.sub_id]
    rows = [sibling_view(office, order, certificate) for certificate in reversed(found)]
    return Reply({"certificates": rows}, "certificate_list")


def list_duplicates(office: Office, call: Call) -> Reply:
    """GET order/certificate/{id}/duplicate."""
    order = order_of(office, call)
    found = [row for row in office.certificates_of_order.find(order.id) if row.was_issued and row.sub_id]
    return Reply({"certificates": [sibling_view(office, order, row) for row in found]}, "certificate_list")


def _issued(office: Office, call: Call) -> Order:
    """The order, which must be issued and wait for nothing. Raises Refusal."""
    order = order_of(office, call)
    if order.pending_certificate_id is not None and order.status != "needs_approval":
        raise bad_request("pending_reissue_exists", "The order has a pending reissue or duplicate.")
    if order.status != "issued":
        raise _not_issued(order)
    return order


def _not_issued(order: Order) -> Refusal:
    return bad_request("invalid_order_status", f"An order that is {order.status} cannot be reissued.")


def _record(office: Office, call: Call, order: Order, kind: str, wish: CertificateWish) -> Certificate:
    """Write down the certificate that is asked for. Raises Refusal for a term or a method that cannot be."""
    body = call.body
    term = leaf_term(body.object("certificate"), order.term, order.valid_from or office.today())
    method = order.dcv_method
    if "dcv_method" in body or any(is_address(name) for name in wish.names):
        method = read_method(body, wish.names, office.today())
    certificate = new_certificate(office, call, int(order.id), kind, wish, term, method)
    order.pending_certificate_id = int(certificate.id)
    office.set_status(order, f"{kind}_pending")
    return certificate


async def _go_on(office: Office, call: Call, order: Order, certificate: Certificate) -> Reply:
    """Open the request, and issue when it is approved and nothing is missing."""
    request = open_request(office, call, order, certificate.kind, (certificate,))
    if request.status == "approved":
        await accept(office, certificate, call.body.text("certificate_dcv_scope"))
    return Reply(answer(office, order, certificate, request), "order", 201)


def _are_same_names(wanted: tuple[str, ...], names: tuple[str, ...]) -> bool:
    """The same names in any order; under a wildcard of the order more may be added."""
    wildcards = [name.removeprefix("*") for name in names if name.startswith("*.")]
    extra = set(wanted) - set(names)
    are_below = all(
        any(name.endswith(end) and "." not in name.removesuffix(end) for end in wildcards) for name in extra
    )
    return set(names) <= set(wanted) and are_below
