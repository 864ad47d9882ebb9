"""TrackOrder, and GetCertificate once there may be a certificate (§6.12, §6.13)."""

from __future__ import annotations

from certwright.cas.emsign import standing, wire
from certwright.cas.emsign.api import EmSignAPI
from certwright.cas.emsign.standing import Standing
from certwright.model.ca import CAOrder, Issued, Pending, Progress
from certwright.model.errors import NotFound, Refused
from certwright.model.words import WaitingFor

_LEAF = "endEntityCertificate"
_ABOVE = ("caCertificate", "rootCertificate")


def track(api: EmSignAPI, order_number: str) -> Standing:
    """How an order stands: 1 call."""
    return Standing.read(api.track(order_number))


def collect(api: EmSignAPI, ca_order: CAOrder, email: str) -> Progress:
    """How an order stands, with its certificate when it is there: 1 or 2 calls. ``email`` where emSign tells none."""
    now = track(api, ca_order.order_id)
    status = now.certificate_status
    if status in standing.ISSUED:
        return _downloaded(api, ca_order, now, email)
    if end := standing.ended(ca_order, now):
        return end
    waiting = standing.pending(ca_order, now)
    if status in standing.MAYBE_ISSUED and waiting.waiting_for is WaitingFor.PROCESSING:
        return _downloaded(api, ca_order, now, email)
    return waiting


def _downloaded(api: EmSignAPI, ca_order: CAOrder, now: Standing, email: str) -> Progress:
    """The certificate; an order that is as good as issued waits for it as long as emSign does not give it."""
    try:
        found = certificates(api, ca_order.order_id, now.requestor_email or email)
    except Refused as error:
        return Pending(ca_order, WaitingFor.PROCESSING, f"{now.words} · no certificate yet: {error.detail}")
    if not found:
        return Pending(ca_order, WaitingFor.PROCESSING, f"{now.words} · no certificate yet")
    return Issued(ca_order, found)


def download(api: EmSignAPI, ca_order: CAOrder, email: str) -> tuple[bytes, ...]:
    """The certificate of an order with what emSign gives of its chain: 2 calls. Raises NotFound when there is none."""
    if not ca_order.order_id:
        raise NotFound("A draft has no certificate.")
    now = track(api, ca_order.order_id)
    found = certificates(api, ca_order.order_id, now.requestor_email or email)
    if not found:
        raise NotFound(f"emSign gives no certificate of order {ca_order.order_id}.")
    return found


def certificates(api: EmSignAPI, order_number: str, email: str) -> tuple[bytes, ...]:
    """GetCertificate: nothing where there is no leaf."""
    details = api.certificate(order_number, email)
    leaf = wire.certificates(details.get(_LEAF))
    above = (der for field in _ABOVE for der in _readable(details.get(field)))
    return tuple(dict.fromkeys((*leaf, *above))) if leaf else ()


def _readable(value: object) -> tuple[bytes, ...]:
    """The certificates above a leaf; what cannot be read is a gap, which known intermediates may mend."""
    try:
        return wire.certificates(value)
    except Refused:
        return ()
