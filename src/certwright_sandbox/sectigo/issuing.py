"""The way of an order from its placing to its certificate, and to its end (sectigo.md §3).

`advance` is the one door to issuance: it is called whenever something that an order waited for has happened.
"""

from __future__ import annotations

from datetime import timedelta

from certwright_sandbox.names import base_name
from certwright_sandbox.sectigo import control, pushing
from certwright_sandbox.sectigo.csr import decode
from certwright_sandbox.sectigo.office import Office
from certwright_sandbox.sectigo.records import CompromisedKey, Order
from certwright_sandbox.sectigo.signing import sign
from certwright_sandbox.sectigo.standing import CAA_REASON
from certwright_sandbox.sectigo.validity import life, term

CAA_ISSUERS = ("sectigo.com", "trust-provider.com", "usertrust.com", "comodoca.com", "comodo.com")
FIRST_POLL = timedelta(seconds=5)
NO_MAIL = "none"
KEY_COMPROMISE = "keyCompromise"


async def look(office: Office, order: Order, *, asked: bool) -> None:
    """Look for the proofs that are missing and go on if that was all; an order that CAA stopped is taken up again."""
    if order.state == "failed" and order.caa_forbids:
        order.caa_forbids = False
        office.set_state(order, "pending")
    if order.state == "pending":
        await control.check(office, order, asked=asked)
        await advance(office, order)


async def advance(office: Office, order: Order) -> None:
    """Issue the order's certificate if nothing is missing any more; harmless at any time."""
    if order.state != "pending" or order.unproven or not order.vetting.is_done:
        return
    is_forbidden = await _is_forbidden(office, order)
    has_companion = bool(order.companion) and await control.is_companion_proven(office, order, order.companion)
    if order.state != "pending":  # it was ended or issued during the looks
        return
    if is_forbidden:
        order.caa_forbids = True
        office.set_state(order, "failed", CAA_REASON)
        pushing.certificate_changed(office, order)
        return
    if not has_companion:
        order.companion = ""
    seconds = office.account_of(order).signing_seconds
    if seconds > 0:
        office.set_state(order, "signing")
        office.later(timedelta(seconds=seconds), "sign", order.number)
    else:
        issue(office, order)


def issue(office: Office, order: Order) -> None:
    """Sign the order's certificate; with it, those that it replaces become replaced, and stay valid."""
    now = office.now()
    if order.term_start is None or order.term_end is None:
        order.term_start, order.term_end = term(now, order.days)
    order.not_before, order.not_after = life(now, order.term_end)
    sign(office, order)
    office.set_state(order, "issued")
    office.entry(order).certificates += 1
    if order.is_replacement:
        _succeed(office, order)
    if order.mail_to and order.mail_to.lower() != NO_MAIL:
        office.world.mails.send(order.mail_to, "issued", order.number, "", now)
    pushing.certificate_changed(office, order)


def reject(office: Office, order: Order, reason: str) -> None:
    """End an order that has no certificate yet."""
    office.set_state(order, "rejected", reason)
    pushing.certificate_changed(office, order)


def revoke(office: Office, order: Order, reason: str, *, in_crl: bool) -> None:
    """Revoke the order's certificate, `reason` as the CRL names it; without CRL entry it only counts as replaced."""
    if not in_crl:
        order.replaced_by = order.replaced_by or order.number
    else:
        order.revoked_at = office.now()
        order.revocation_reason = reason
        key_hash = decode(order.csr).key_hash
        if reason == KEY_COMPROMISE and office.compromised_keys.get(key_hash) is None:
            office.compromised_keys.add(CompromisedKey(key_hash))
        if office.family(order)[-1] is order:
            office.entry(order).status = "revoked"
    pushing.certificate_changed(office, order)


def _succeed(office: Office, order: Order) -> None:
    for other in office.family(order):
        if other is not order and other.state == "issued" and other.replaced_by is None:
            other.replaced_by = order.number
            if other.revoked_at is None:
                pushing.certificate_changed(office, other)


async def _is_forbidden(office: Office, order: Order) -> bool:
    validators = office.world.validators
    for name in order.names:
        if await validators.caa_forbids(name.name, CAA_ISSUERS):
            return True
    return bool(order.companion) and await validators.caa_forbids(base_name(order.companion), CAA_ISSUERS)
