"""The telephone call-back (OV, EV) and the click-through (EV) of an order (§15, §16). Each returns Sectigo's words."""

from __future__ import annotations

from datetime import datetime

from certwright.cas.sectigo import wire
from certwright.cas.sectigo.api import SectigoAPI
from certwright.model.errors import Refused

_NOTHING_DONE = 0


def schedule(api: SectigoAPI, order_id: str, at: datetime, *, by_person: bool, extension: str) -> str:
    """A call at that time: 1 call."""
    action = "ManualCallback" if by_person else "ScheduledCallback"
    return _done(api.call_back(order_id, action, at=at, extension=extension), "call-back")


def replace_phone(api: SectigoAPI, order_id: str, phone: str) -> str:
    """Another number: 1 call."""
    return _done(api.call_back(order_id, "ReplacePhone", phone=phone), "call-back")


def replace_address(api: SectigoAPI, order_id: str, address: str) -> str:
    """Another address for the link: 1 call."""
    return _done(api.call_back(order_id, "replaceEmailAddress", address=address), "call-back")


def send_mail(api: SectigoAPI, order_id: str) -> str:
    """The mail with the link: 1 call."""
    return _done(api.call_back(order_id, "sendCallbackEmail"), "call-back")


def resend_click_through(api: SectigoAPI, order_id: str) -> str:
    """The mail once more: 1 call."""
    return _done(api.click_through(order_id, "ResendEmail"), "click-through")


def replace_click_through_address(api: SectigoAPI, order_id: str, address: str) -> str:
    """Another address: 1 call."""
    return _done(api.click_through(order_id, "ReplaceMailAddress", address=address), "click-through")


def _done(form: wire.Form, what: str) -> str:
    """What the CA says; status 0 means that the order has no use for it now, and that nothing was done."""
    said = form.get("description")
    if wire.number_of(form.get("status"), 1) == _NOTHING_DONE:
        raise Refused(
            f"Sectigo has no use for that now: {said or f'the order awaits no {what}'}.",
            advice="See what the order waits for: certwright order show",
        )
    return said
