"""UpdateUserOvCallback and UpdateUserEvClickThrough (sectigo.md §15, §16): what a subscriber can do about vetting."""

from __future__ import annotations

from datetime import UTC, datetime

from certwright_sandbox.sectigo import issuing, vetting
from certwright_sandbox.sectigo.call import Call, Reply
from certwright_sandbox.sectigo.errors import invalid
from certwright_sandbox.sectigo.looking_up import by_order_number
from certwright_sandbox.sectigo.office import Office
from certwright_sandbox.sectigo.records import DONE, NOT_REQUIRED, Order
from certwright_sandbox.sectigo.wishes import MAIL_ADDRESS

NOT_RELEVANT, DONE_NOW, SENT_AGAIN = 0, 1, 2
TIME_FORM = "%Y-%m-%d %H:%M"
DESCRIPTIONS = {
    NOT_RELEVANT: "Not relevant in the current state of the order; nothing was done",
    DONE_NOW: "Done",
    SENT_AGAIN: "The address has not changed; the e-mail was sent again",
}


async def update_call_back(office: Office, call: Call) -> Reply:
    """UpdateUserOvCallback. Raises Refusal."""
    action = call.text("action").lower()
    needs = {
        "scheduledcallback": "preferredTimeUTC",
        "manualcallback": "preferredTimeUTC",
        "replacephone": "phoneNumber",
        "replaceemailaddress": "emailAddress",
        "sendcallbackemail": "",
    }
    if action not in needs:
        raise invalid("action")
    value = call.wanted(needs[action]) if needs[action] else ""
    at = _time(value) if needs[action] == "preferredTimeUTC" else office.now()
    if needs[action] == "emailAddress" and MAIL_ADDRESS.match(value) is None:
        raise invalid("emailAddress")
    if call.text("extensionNumber") and not call.text("extensionNumber").isdecimal():
        raise invalid("extensionNumber")
    order = by_order_number(office, call)
    if order.state != "pending" or order.vetting.call_back in (NOT_REQUIRED, DONE):
        return _answer(NOT_RELEVANT)
    match action:
        case "replacephone":
            order.phone = value
        case "replaceemailaddress":
            order.admin_email = value
        case "sendcallbackemail":
            office.world.mails.send(order.admin_email, "call_back", order.number, "", office.now())
        case _:
            vetting.schedule_call(office, order, at)
            await issuing.advance(office, order)
    return _answer(DONE_NOW)


async def update_click_through(office: Office, call: Call) -> Reply:
    """UpdateUserEvClickThrough. Raises Refusal."""
    action = call.text("action").lower()
    if action not in ("replacemailaddress", "resendemail"):
        raise invalid("action")
    address = call.wanted("adminEmailAddress") if action == "replacemailaddress" else ""
    if address and MAIL_ADDRESS.match(address) is None:
        raise invalid("adminEmailAddress")
    order = by_order_number(office, call)
    if order.state != "pending" or order.vetting.click_through in (NOT_REQUIRED, DONE):
        # the same address is told apart even where it is of no use any more (sectigo.md §24, 71)
        return _answer(SENT_AGAIN if _is_same(order, address) else NOT_RELEVANT)
    code = SENT_AGAIN if _is_same(order, address) else DONE_NOW
    order.admin_email = address or order.admin_email
    vetting.send_click_through(office, order)
    await issuing.advance(office, order)
    return _answer(code)


def _is_same(order: Order, address: str) -> bool:
    is_ev = order.vetting.click_through != NOT_REQUIRED
    return is_ev and bool(address) and address.lower() == order.admin_email.lower()


def _time(text: str) -> datetime:
    """A time as `2026-11-24 13:05`, UTC. Raises Refusal -4."""
    try:
        return datetime.strptime(text, TIME_FORM).replace(tzinfo=UTC)
    except ValueError:
        raise invalid("preferredTimeUTC") from None


def _answer(status: int) -> Reply:
    return Reply([("errorCode", 0), ("status", status), ("description", DESCRIPTIONS[status])])
