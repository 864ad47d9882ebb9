"""Reading orders: list, one, by reference, what changed lately, what one waits for (digicert.md §10)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from certwright_sandbox.digicert.call import Call, Reply
from certwright_sandbox.digicert.control import domains_above, is_dv, unproven
from certwright_sandbox.digicert.errors import bad_request, invalid_value, missing_value, not_found
from certwright_sandbox.digicert.fields import whole_number
from certwright_sandbox.digicert.issuing import vetting_of
from certwright_sandbox.digicert.lists import filters, page_of
from certwright_sandbox.digicert.office import Office
from certwright_sandbox.digicert.organizations import vetting_view
from certwright_sandbox.digicert.products import PRODUCTS
from certwright_sandbox.digicert.records import Certificate, Order, Vetting
from certwright_sandbox.digicert.views import list_item, order_view
from certwright_sandbox.names import base_name

MOUNTAIN = ZoneInfo("America/Denver")
LONGEST_SPAN = timedelta(days=7)
DATED = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[+ T](\d{2}:\d{2}:\d{2}))?\Z")
MORE_THAN_ALLOWED = 10_000_000  # minutes or seconds; keeps their sum a time that can be reckoned with
TOO_LONG = bad_request("time_frame_too_long", "The time frame may not be longer than 7 days.")


def sight(office: Office, call: Call) -> Callable[[Order], bool]:
    """What tells whether the call may see an order: its account's and its user's division's, a limited user's own, and
    recorded already.
    """
    now, user = office.now(), call.user
    divisions = divisions_of(office, call) if is_confined(call) else None

    def sees(order: Order) -> bool:
        return (
            order.account_id == call.account_id
            and (order.visible_from is None or order.visible_from <= now)
            and (user.role != "limited" or order.user_id == user.id)
            and (divisions is None or order.container_id in divisions)
        )

    return sees


def is_visible(office: Office, call: Call, order: Order) -> bool:
    """Whether the call may see the order."""
    return sight(office, call)(order)


def is_confined(call: Call) -> bool:
    """Whether the call's user belongs to one division, and not to the whole account."""
    return call.user.container_id != call.account.root_container_id


def divisions_of(office: Office, call: Call) -> set[int]:
    """The division of the call's user and all below it: those whose orders he sees."""
    rows, found = office.containers_of.find(call.account_id), {call.user.container_id}
    while below := {int(row.id) for row in rows if row.parent_id in found} - found:
        found |= below
    return found


def visible_orders(office: Office, call: Call) -> list[Order]:
    """All orders the call may see, oldest first; not to be changed."""
    rows = office.orders_by_age(call.account_id)
    is_partial = call.user.role == "limited" or is_confined(call)
    if not (call.twist.stale or is_partial or office.hidden_of.find(call.account_id)):
        return rows
    sees = sight(office, call)
    # seen stale, an order may not be there yet
    return [order for order in rows if office.orders.get(order.id) is order and sees(order)]


def order_of(office: Office, call: Call) -> Order:
    """The order that the path names by its id. Raises Refusal 404 for none and for somebody else's."""
    order = office.orders.get(call.number("order_id", "order"))
    if order is None or not is_visible(office, call, order):
        raise not_found("order")
    return order


def list_orders(office: Office, call: Call) -> Reply:
    """GET order/certificate."""
    rows = visible_orders(office, call)
    for wanted in filters(call).get("search", []):
        rows = [order for order in rows if _is_found(office, order, wanted.strip("%").lower())]
    shown, page = page_of(call, rows, _getters(office), lambda order: list_item(office, order))
    return Reply({"orders": shown, "page": page}, "order_list")


def show_order(office: Office, call: Call) -> Reply:
    """GET order/certificate/{id}; the id may be the primary certificate's serial number or thumbprint."""
    text = call.param("order_id")
    order = office.orders.get(whole_number(text) or 0)
    if order is None:
        order = _by_primary(office, call, text.upper())
    if order is None or not is_visible(office, call, order):
        raise not_found("order")
    return Reply(order_view(office, order, call), "order")


def find_orders(office: Office, call: Call) -> Reply:
    """GET order/alternate/{alternative_order_id}: every order of this reference; there may be several."""
    found = office.orders_referred.find((call.account_id, call.param("reference")))
    rows = [order for order in found if is_visible(office, call, order)]
    if not rows:
        raise not_found("order")
    shown, page = page_of(call, rows, {}, _short)
    for row in shown:
        row["order_id"] = row.pop("id")
    return Reply({"orders": shown, "page": page}, "order_list")


def list_changes(office: Office, call: Call) -> Reply:
    """GET order/certificate/status-changes: an empty object where nothing changed."""
    start, end = _span(office, call)
    rows = [order for order in visible_orders(office, call) if start <= order.status_changed_at <= end]
    if not rows:
        return Reply({}, "order_list")
    changed = [{"order_id": order.id, "certificate_id": order.certificate_id, "status": order.status} for order in rows]
    return Reply({"orders": changed}, "order_list")


def show_validation(office: Office, call: Call) -> Reply:
    """GET order/certificate/{id}/validation: what the order waits for; ids are texts here."""
    order = order_of(office, call)
    certificate = office.certificates[order.pending_certificate_id or order.certificate_id]
    view: dict[str, Any] = {"order_id": str(order.id), "order_status": order.status}
    if order.organization_id is not None and not is_dv(order):
        organization = office.organizations[order.organization_id]
        view["organization_id"] = str(organization.id)
        view["organization_name"] = organization.name
        kind = PRODUCTS[order.product].validation
        vetting = vetting_of(organization, kind) or Vetting(kind, "pending", order.date_created)
        view["organization_validations"] = [vetting_view(office, organization, vetting)]
    view["dns_name_validations"] = _name_rows(office, order, certificate)
    return Reply(view, "order")


def _short(order: Order) -> dict[str, Any]:
    return {"id": order.id, "certificate_id": order.certificate_id, "status": order.status}


def _name_rows(office: Office, order: Order, certificate: Certificate) -> list[dict[str, Any]]:
    missing = unproven(office, order, certificate)
    ids = dict(certificate.domain_ids)
    rows = []
    for name in certificate.names:
        above = [] if is_dv(order) else domains_above(office, order.account_id, name)
        number = ids.get(name) or (above[0].id if above else None)
        row = {
            "name_scope": above[0].name if above else base_name(name),
            "approval_scope": above[0].name if above else base_name(name),
            "status": "pending" if name in missing else "approved",
            "method": certificate.dcv_method,
            "dns_names": [name],
        }
        rows.append(row if number is None else {"domain_id": str(number), **row})
    return rows


def _by_primary(office: Office, call: Call, text: str) -> Order | None:
    """The order whose primary certificate has this serial number or thumbprint."""
    found = office.with_serial(call.account_id, text)
    for certificate in found + office.with_thumbprint(call.account_id, text):
        order = office.orders[certificate.order_id]
        if order.certificate_id == certificate.id:
            return order
    return None


def _is_found(office: Office, order: Order, text: str) -> bool:
    names = office.certificates[order.certificate_id].names
    return text == str(order.id) or any(text in name for name in names)


def _getters(office: Office) -> Mapping[str, Callable[[Order], Any]]:
    def primary(order: Order) -> Certificate:
        return office.certificates[order.certificate_id]

    return {
        "id": lambda order: order.id,
        "order_id": lambda order: order.id,
        "status": lambda order: order.status,
        "common_name": lambda order: primary(order).common_name,
        "product_name_id": lambda order: order.product,
        "product_name": lambda order: PRODUCTS[order.product].name,
        "organization_id": lambda order: order.organization_id,
        "container_id": lambda order: order.container_id,
        "user_id": lambda order: order.user_id,
        "date_created": lambda order: order.date_created,
        "valid_till": lambda order: primary(order).valid_till,
        "validity_years": lambda order: order.term.years,
        "alternative_order_id": lambda order: order.reference,
        "serial_number": lambda order: primary(order).serial or None,
    }


def _span(office: Office, call: Call) -> tuple[datetime, datetime]:
    """The time that a status-changes call asks about. Raises Refusal 400."""
    now = office.now()
    if call.query("minutes") is not None or call.query("seconds") is not None:
        back = timedelta(minutes=_count(call, "minutes"), seconds=_count(call, "seconds"))
        if back > LONGEST_SPAN:
            raise TOO_LONG
        return now - back, now
    for wanted in filters(call).get("status_last_updated", []):
        first, _, last = wanted.partition("...")
        start, _ = _mountain(first)
        end_start, end = _mountain(last)
        if end_start - start > LONGEST_SPAN:
            raise TOO_LONG
        return start, end
    raise missing_value("minutes")


def _count(call: Call, name: str) -> int:
    number = whole_number(call.query(name) or "0")
    if number is None or number < 0:
        raise invalid_value(name)
    return min(number, MORE_THAN_ALLOWED)


def _mountain(text: str) -> tuple[datetime, datetime]:
    """A day or a second in US Mountain time: its start and its end. Raises Refusal 400."""
    match = DATED.match(text)
    if match is None:
        raise invalid_value("status_last_updated")
    try:
        day = datetime.strptime(match[1], "%Y-%m-%d").replace(tzinfo=MOUNTAIN)
        if match[2] is None:
            return day, datetime.combine(day.date(), time.max, MOUNTAIN)
        moment = datetime.combine(day.date(), time.fromisoformat(match[2]), MOUNTAIN)
    except ValueError:
        raise invalid_value("status_last_updated") from None
    return moment, moment + timedelta(seconds=1) - timedelta(microseconds=1)
