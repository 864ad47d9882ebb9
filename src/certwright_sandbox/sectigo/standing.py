"""Where an order and its certificate stand, in the numbers and words of the APIs (sectigo.md §3)."""

from __future__ import annotations

from dataclasses import dataclass

from certwright_sandbox.sectigo.office import Office
from certwright_sandbox.sectigo.records import DONE, IN_PROGRESS, NOT_DONE, NOT_REQUIRED, Order

CAA_REASON = "CAA record prevents issuance"


@dataclass(frozen=True)
class Standing:
    """The certificate status number (None: there is none for it), the status word, and a text for people."""

    code: int | None
    word: str
    text: str


def standing(office: Office, order: Order) -> Standing:
    """Where the order's certificate stands now."""
    if order.state != "issued":
        return _before_issue(order)
    if order.revoked_at is not None:
        return Standing(8, "revoked", "Revoked")
    if order.replaced_by is not None:
        return Standing(14, "replaced", "Replaced")
    code = 6 if office.collected.get(order.id) is not None else 9
    if is_expired(office, order):
        return Standing(code, "expired", "Expired")
    return Standing(code, "issued", "Issued")


def _before_issue(order: Order) -> Standing:
    if order.state == "rejected":
        return Standing(7, "rejected", f"Rejected: {order.reason}")
    if order.state == "failed":
        return Standing(3, "caacheckfailed" if order.caa_forbids else "failed", f"PRE-SIGN FAILED: {order.reason}")
    if order.state == "pending" and order.vetting.brand == NOT_DONE:
        return Standing(12, "awaitingbrandvalidation", "Awaiting Validation (Brand)")
    words = {"unpaid": "Awaiting Payment", "pending": "Awaiting Validation", "signing": "Being Issued"}
    word = {"unpaid": "awaitingpayment", "pending": "awaitingvalidation", "signing": "beingissued"}
    return Standing(None, word[order.state], words[order.state])


def order_status(order: Order) -> str:
    """The order's own status in a report; the texts are the sandbox's own."""
    words = {"unpaid": "Awaiting Payment", "rejected": "Rejected", "issued": "Completed", "failed": "Failed"}
    return words.get(order.state, "Pending")


def is_expired(office: Office, order: Order) -> bool:
    """Whether the certificate's time is over."""
    return order.not_after is not None and order.not_after < office.now()


def validation_status(order: Order) -> str:
    """What the validation still waits for, in words."""
    if order.state in ("issued", "signing"):
        return "Validated"
    if order.vetting.brand == NOT_DONE:
        return "Awaiting Brand Validation"
    waits = [
        ("Domain Control", bool(order.unproven)),
        ("Organization", order.vetting.organization in (NOT_DONE, IN_PROGRESS)),
        ("Callback", order.vetting.call_back in (NOT_DONE, IN_PROGRESS)),
        ("EV Click-Through", order.vetting.click_through in (NOT_DONE, IN_PROGRESS)),
    ]
    waiting = [what for what, is_waiting in waits if is_waiting]
    return f"Awaiting Validation ({', '.join(waiting)})" if waiting else "Validated"


def control_status(order: Order) -> int:
    """The dcvStatus flag."""
    missing = len(order.unproven)
    return DONE if missing == 0 else NOT_DONE if missing == len(order.names) else IN_PROGRESS


def name_status(order: Order, *, is_proven: bool) -> str:
    """The dcvStatus of one name, in words."""
    if order.vetting.brand == NOT_DONE:
        return "Awaiting Brand Validation"
    return "Validated" if is_proven else "Not Validated"


def details(order: Order) -> list[tuple[str, object]]:
    """The status flags; those of EV and of brands are absent where they mean nothing (sectigo.md §6.3)."""
    vetting = order.vetting
    caa = DONE if order.state in ("issued", "signing") else NOT_DONE
    pairs: list[tuple[str, object]] = [
        ("csrStatus", DONE),
        ("dcvStatus", control_status(order)),
        ("ovCallBackStatus", vetting.call_back),
        ("organizationValidationStatus", vetting.organization),
        ("freeDVUPStatus", NOT_REQUIRED),
    ]
    if vetting.click_through != NOT_REQUIRED:
        pairs.append(("evClickThroughStatus", vetting.click_through))
    if vetting.brand != NOT_REQUIRED:
        pairs.append(("brandValStatus", vetting.brand))
    return [*pairs, ("caaStatus", caa)]
