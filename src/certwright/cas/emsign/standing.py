"""TrackOrder: how an order stands, read once and put into our words (§6.12, §7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import structlog

from certwright.cas.emsign import wire
from certwright.model.ca import CAOrder, Ended, Pending, Requirement
from certwright.model.words import CertificateState, OrderState, WaitingFor

LOG = structlog.get_logger("certwright.cas")
GENERATED, DOWNLOADED, REVOKED = 20, 9, 22
ISSUED = frozenset({GENERATED, DOWNLOADED})
# Approved, and the certificate may be there or not: only a download tells.
MAYBE_ISSUED = frozenset({7, 15, 23})
_APPROVAL = frozenset({2, 6, 16, 25})
_DISCREPANCY = 3
_CAA_FORBIDS = "2"
_ENDS: Mapping[int, OrderState] = {
    5: OrderState.REJECTED,
    8: OrderState.REJECTED,
    12: OrderState.EXPIRED,
    13: OrderState.CANCELLED,
    14: OrderState.REJECTED,
    18: OrderState.REJECTED,
    19: OrderState.FAILED,
    21: OrderState.FAILED,
    27: OrderState.REJECTED,
}
_ORDER_ENDS: Mapping[int, OrderState] = {4: OrderState.REJECTED, 5: OrderState.CANCELLED}
# What emSign documents; another number is kept in the words, and waited with (§7).
_KNOWN = frozenset({*range(1, 10), *range(12, 26), 27})


@dataclass(frozen=True, slots=True)
class Name:
    """A name of an order on its way through DCV."""

    name: str
    proven: bool
    method: str
    caa: str


@dataclass(frozen=True, slots=True)
class Standing:
    """An order as TrackOrder shows it. ``names`` is None while emSign has not listed them yet."""

    order_status: int | None
    certificate_status: int | None
    order_label: str
    certificate_label: str
    requestor_name: str
    requestor_email: str
    names: tuple[Name, ...] | None
    all_proven: bool
    agreed: bool
    csr: bytes
    revocation: Mapping[str, Any]

    @classmethod
    def read(cls, details: Mapping[str, Any]) -> Standing:
        """From the ``orderDetails`` of TrackOrder."""
        verification = wire.block(details, "domainVerification")
        agreement = wire.block(details, "subscriberAgreement")
        requestor = wire.block(details, "requestorInformation")
        names = _names(verification)
        return cls(
            order_status=wire.number(details.get("orderStatusId")),
            certificate_status=wire.number(details.get("certificateStatusId")),
            order_label=wire.text(details.get("orderStatus")),
            certificate_label=wire.text(details.get("certificateStatus")),
            requestor_name=wire.text(requestor.get("requestorName")),
            requestor_email=wire.text(requestor.get("requestorEmail")),
            names=names or None,
            # The whole lags behind its parts (§6.12).
            all_proven=wire.text(verification.get("status")) == wire.YES
            or (bool(names) and all(name.proven for name in names)),
            agreed=not agreement or wire.text(agreement.get("status")) in ("", wire.YES),
            csr=wire.csr_der(details.get("csr")),
            revocation=wire.block(details, "revocationDetails"),
        )

    @property
    def unproven(self) -> tuple[Name, ...]:
        """The names whose control is not proven yet."""
        return () if self.all_proven else tuple(name for name in self.names or () if not name.proven)

    @property
    def end(self) -> OrderState | None:
        """Our state of an order that ended without a certificate; None for any other."""
        if (state := _ENDS.get(self.certificate_status or 0)) is not None:
            return state
        if self.certificate_status in ISSUED | {REVOKED}:
            return None
        return _ORDER_ENDS.get(self.order_status or 0)

    @property
    def words(self) -> str:
        """How it stands in emSign's words, with the number of a status that nobody has documented."""
        label = self.certificate_label or self.order_label or "no status"
        if self.certificate_status in _KNOWN:
            return f"emSign: {label}"
        _warn_of(self.certificate_status)
        return f"emSign: {label} (status {self.certificate_status})"


@cache
def _warn_of(status: int | None) -> None:
    """Once per status and process: the look that comes by every few minutes need not say it again."""
    LOG.warning("ca_status_unknown", ca="emSign", status=status)


def _names(verification: Mapping[str, Any]) -> tuple[Name, ...]:
    """The names of an order: keys that hold an object; others are scalars about the whole."""
    return tuple(
        Name(
            name=key.strip().lower(),
            proven=wire.text(value.get("dcvStatus")) == wire.YES,
            method=wire.method(value.get("dcvMethod")),
            caa=wire.text(value.get("caaStatus")),
        )
        for key, value in verification.items()
        if isinstance(value, Mapping)
    )


def ended(ca_order: CAOrder, standing: Standing) -> Ended | None:
    """The end of an order without a certificate to collect; None while there may be one."""
    if standing.certificate_status == REVOKED:
        return Ended(ca_order, OrderState.FAILED, standing.words)
    state = standing.end
    return Ended(ca_order, state, standing.words) if state else None


def pending(ca_order: CAOrder, standing: Standing) -> Pending:
    """What an unfinished order waits for: the first thing that lacks of all that emSign wants."""
    lacking = [name.name for name in standing.unproven]
    listed = standing.names is not None or standing.all_proven
    names_note = f"waits: {', '.join(lacking)}" if lacking else "" if listed else "not listed yet"
    requirements = [
        Requirement(WaitingFor.CSR, done=bool(standing.csr)),
        Requirement(WaitingFor.AGREEMENT, done=standing.agreed),
        Requirement(WaitingFor.DOMAIN_CONTROL, done=listed and not lacking, note=names_note),
    ]
    if forbidden := _forbidden(standing):
        requirements.append(Requirement(WaitingFor.CAA, done=False, note=", ".join(forbidden)))
    if standing.certificate_status == _DISCREPANCY:
        requirements.append(Requirement(WaitingFor.ORGANIZATION, done=False, note=standing.certificate_label))
    if standing.certificate_status in _APPROVAL:
        requirements.append(Requirement(WaitingFor.CA_APPROVAL, done=False, note=standing.certificate_label))
    # Names that are not listed yet are emSign's to list: nothing can be proven before.
    ours = [one.what for one in requirements if not one.done and (listed or one.what is not WaitingFor.DOMAIN_CONTROL)]
    waiting_for = ours[0] if ours else WaitingFor.PROCESSING
    return Pending(ca_order, waiting_for, _why(standing), requirements=tuple(requirements))


def _forbidden(standing: Standing) -> list[str]:
    return [name.name for name in standing.names or () if name.caa == _CAA_FORBIDS]


def _why(standing: Standing) -> str:
    said = standing.words
    if forbidden := _forbidden(standing):
        said += f" · your CAA record forbids emSign: {', '.join(forbidden)}"
    if standing.certificate_status == _DISCREPANCY:
        said += " · somebody must answer emSign's question in its portal"
    return said


def certificate_state(status: int | None) -> CertificateState | None:
    """What has become of the certificate of an order with that certificateStatusId; None without one."""
    if status in ISSUED:
        return CertificateState.VALID
    return {REVOKED: CertificateState.REVOKED, 12: CertificateState.EXPIRED}.get(status or 0)


def order_state(order_status: int | None, status: int | None) -> OrderState:
    """Our state of an order in a report."""
    if status in ISSUED | {REVOKED}:
        return OrderState.ISSUED
    if (state := _ENDS.get(status or 0)) is not None:
        return state
    return _ORDER_ENDS.get(order_status or 0, OrderState.PENDING)
