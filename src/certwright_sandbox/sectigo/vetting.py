"""What people at the CA look at: the organization, the call-back, the click-through, brands (sectigo.md §3, §15, §16).

Every deed answers at once where the account's switch says 0 seconds, later where it says more, and never where
it says null.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from certwright_sandbox.sectigo import pushing
from certwright_sandbox.sectigo.office import Office
from certwright_sandbox.sectigo.products import Product
from certwright_sandbox.sectigo.records import IN_PROGRESS, NOT_DONE, NOT_REQUIRED, Account, Name, Order, Vetting

MAIL_SENT = "EV click-through e-mail sent"
PHONE_VERIFIED = "Phone number verified"


def required(account: Account, product: Product, names: Iterable[Name]) -> Vetting:
    """What must be looked at for an order of this product and these names."""
    is_branded = any(word.lower() in name.name for word in account.brand_words for name in names)
    has_organization = product.validation != "dv"
    return Vetting(
        organization=NOT_DONE if has_organization else NOT_REQUIRED,
        call_back=NOT_DONE if has_organization else NOT_REQUIRED,
        click_through=NOT_DONE if product.validation == "ev" else NOT_REQUIRED,
        brand=NOT_DONE if is_branded else NOT_REQUIRED,
    )


def begin(office: Office, order: Order) -> None:
    """The order has been placed and paid: put before people what they must look at."""
    account, vetting = office.account_of(order), order.vetting
    if vetting.brand == NOT_DONE:
        pushing.certificate_changed(office, order)
    if vetting.organization == NOT_DONE:
        _soon(office, order, "organization", account.organization_seconds)
    if vetting.call_back == NOT_DONE and account.call_back_seconds is not None:
        _call_at(office, order, office.now() + timedelta(seconds=account.call_back_seconds))
    if vetting.click_through == NOT_DONE:
        send_click_through(office, order)


def schedule_call(office: Office, order: Order, at: datetime) -> None:
    """The subscriber has asked for a call at this time; it is made so long after it as the account's switch says."""
    wait = office.account_of(order).call_back_seconds
    due = at + timedelta(seconds=wait or 0)
    order.vetting = replace(order.vetting, call_back=IN_PROGRESS, call_back_at=due)
    if wait is not None:
        _call_at(office, order, due)


def send_click_through(office: Office, order: Order) -> None:
    """Mail the click-through link."""
    office.world.mails.send(order.admin_email, "click_through", order.number, "", office.now())
    order.vetting = replace(order.vetting, click_through=IN_PROGRESS)
    pushing.step_done(office, order, "click-through", MAIL_SENT)
    _soon(office, order, "click_through", office.account_of(order).click_through_seconds)


def finish(office: Office, order: Order, what: str) -> None:
    """A step is done: organization, call_back, click_through or brand. What was not required stays so."""
    vetting = order.vetting.finished(what)
    if vetting == order.vetting:
        return
    order.vetting = vetting
    if what == "call_back":
        pushing.step_done(office, order, "verified", PHONE_VERIFIED)


def call_is_due(office: Office, order: Order) -> bool:
    """Whether the call that is scheduled now is due; an earlier appointment may have been for another time."""
    at = order.vetting.call_back_at
    return at is None or at <= office.now()


def _call_at(office: Office, order: Order, due: datetime) -> None:
    if due <= office.now():
        finish(office, order, "call_back")
        return
    office.at(due, "call_back", order.number)
    if order.vetting.call_back_at is None:
        order.vetting = replace(order.vetting, call_back=IN_PROGRESS)


def _soon(office: Office, order: Order, what: str, wait: float | None) -> None:
    if wait is None:
        return
    if wait <= 0:
        finish(office, order, what)
    else:
        office.later(timedelta(seconds=wait), what, order.number)
