"""How an order stands, and its certificate: CollectSSL (§6)."""

from __future__ import annotations

from certwright.cas.sectigo import errors, reporting, wire
from certwright.cas.sectigo.api import SectigoAPI
from certwright.model.ca import CAOrder, Ended, Issued, Pending, Progress, Requirement
from certwright.model.errors import NotFound, Unavailable
from certwright.model.words import OrderState, WaitingFor
from certwright.pki.certificate import Certificate, from_der
from certwright.pki.errors import Invalid

# Sectigo's flags in the order in which they are worth acting on, and what each waits for.
_FLAGS = (
    ("csrStatus", WaitingFor.CSR),
    ("dcvStatus", WaitingFor.DOMAIN_CONTROL),
    ("organizationValidationStatus", WaitingFor.ORGANIZATION),
    ("ovCallBackStatus", WaitingFor.CALL_BACK),
    ("evClickThroughStatus", WaitingFor.CLICK_THROUGH),
    ("brandValStatus", WaitingFor.BRAND),
    ("caaStatus", WaitingFor.PROCESSING),
)
_NOT_REQUIRED, _COMPLETED = -1, 1
_FAILED = ("pre-sign failed", "post-sign failed")
_NOTES = {0: "not completed", 1: "completed", 2: "in progress"}


def target(ca_order: CAOrder) -> dict[str, str]:
    """The parameter that names an order's certificate most exactly."""
    if ca_order.certificate_id:
        return {"certificateID": ca_order.certificate_id}
    return {"orderNumber": ca_order.order_id}


def collect(api: SectigoAPI, ca_order: CAOrder, public_key_sha256: str) -> Progress:
    """How the order stands, with its certificate and chain when they are there: 1 call."""
    form = api.collect(
        {
            **target(ca_order),
            "queryType": "1",
            "responseType": "3",
            "showExtStatus": wire.YES,
            "showStatusDetails": wire.YES,
        }
    )
    said = errors.words(form.code, form.message)
    match form.code:
        case errors.AVAILABLE | errors.ATTACHED:
            return _issued(form, ca_order, public_key_sha256)
        case errors.REJECTED:
            return Ended(ca_order, OrderState.REJECTED, f"Sectigo: {said}")
        case errors.REVOKED:
            return Ended(ca_order, OrderState.FAILED, f"Sectigo: {said}")
        case errors.AWAITING_PAYMENT:
            return Pending(ca_order, WaitingFor.PAYMENT, f"Sectigo: {said}")
        case errors.BEING_ISSUED:
            return Pending(ca_order, WaitingFor.PROCESSING, f"Sectigo: {said}")
        case errors.SUCCESS:
            status = form.get("certificateStatus")
            if reporting.is_refused_by_caa(status):  # it is paid for, and taken up again by AutoUpdateDCV
                return Pending(ca_order, WaitingFor.CAA, f"Sectigo: {status}", requirements=requirements_of(form))
            if status.lower().startswith(_FAILED):
                return Ended(ca_order, OrderState.FAILED, f"Sectigo: {status}")
            return _pending(form, ca_order)
    error = errors.refusal(form, change=False)
    if isinstance(error, NotFound):
        # Sectigo gave us this number: it is behind, or the login no longer sees the order. Neither means "lost".
        raise Unavailable(error.detail, advice=error.advice, code=error.code)
    raise error


def may_have_failed(progress: Pending) -> bool:
    """Whether all that Sectigo tells of is there and it still does not issue: only a report tells of failures (§3)."""
    return progress.waiting_for is WaitingFor.PROCESSING and bool(progress.requirements)


def _issued(form: wire.Form, ca_order: CAOrder, public_key_sha256: str) -> Progress:
    """The certificates, if ours can be among them.

    An order number alone may still mean the certificate before a reissue. A certificate id is exact: what it brings
    is handed on even when its key is another's, for the verdict and as evidence.
    """
    certificates = _certificates(form)
    if not certificates:
        why = "issued, but what Sectigo serves is no certificate that can be read"
        return Pending(ca_order, WaitingFor.PROCESSING, why)
    if not ca_order.certificate_id and not any(_has_key(one, public_key_sha256) for one in certificates):
        return Pending(ca_order, WaitingFor.PROCESSING, "issued, but no certificate of our key is shown yet")
    return Issued(ca_order, tuple(one.der for one in certificates))


def _has_key(one: Certificate, public_key_sha256: str) -> bool:
    try:
        return one.public_key_sha256 == public_key_sha256
    except Invalid:  # a key of an unknown kind is not ours
        return False


def _pending(form: wire.Form, ca_order: CAOrder) -> Pending:
    requirements = requirements_of(form)
    missing = [one for one in requirements if not one.done]
    waiting_for = missing[0].what if missing else WaitingFor.PROCESSING
    status = form.get("validationStatus") or form.get("certificateStatus")
    if "brand" in status.lower() and all(one.what is not WaitingFor.BRAND for one in missing):
        missing.append(Requirement(WaitingFor.BRAND, done=False, note=status))
        waiting_for = missing[0].what
    return Pending(ca_order, waiting_for, f"Sectigo: {status}" if status else "", requirements=requirements)


def requirements_of(form: wire.Form) -> tuple[Requirement, ...]:
    """What Sectigo wants for the order and whether it has it; a flag that is absent or -1 is not wanted (§3)."""
    found = []
    for name, what in _FLAGS:
        value = wire.number_of(form.get(name), _NOT_REQUIRED)
        if value is not None and value != _NOT_REQUIRED:
            note = f"{name.removesuffix('Status')}: {_NOTES.get(value, value)}"
            found.append(Requirement(what, done=value == _COMPLETED, note=note))
    return tuple(found)


def download(api: SectigoAPI, ca_order: CAOrder) -> tuple[bytes, ...]:
    """The certificate and its chain, DER in any order: 1 call. Raises NotFound when there is none to be had."""
    form = api.collect({**target(ca_order), "queryType": "1", "responseType": "3"})
    if form.code in (errors.AVAILABLE, errors.ATTACHED):
        if certificates := _certificates(form):
            return tuple(one.der for one in certificates)
        raise Unavailable("What Sectigo serves is no certificate that can be read.", advice="It is asked again later.")
    if form.code < errors.SUCCESS and form.code not in (errors.REJECTED, errors.REVOKED, errors.BEING_ISSUED):
        raise errors.refusal(form, change=False)
    raise NotFound(f"Sectigo has no certificate to download: {errors.words(form.code, form.message)}")


def status(api: SectigoAPI, wanted: dict[str, str]) -> wire.Form:
    """The status alone, without certificates: 1 call. Codes that are states are returned, others raised."""
    form = api.collect({**wanted, "queryType": "0"})
    states = (errors.REJECTED, errors.REVOKED, errors.AWAITING_PAYMENT, errors.BEING_ISSUED)
    if form.code < errors.SUCCESS and form.code not in states:
        raise errors.refusal(form, change=False)
    return form


def _certificates(form: wire.Form) -> list[Certificate]:
    """Those that can be read, in Sectigo's order; none when anything else is served in their place."""
    try:
        return [from_der(der) for der in wire.certificates_of(form)]
    except (ValueError, Invalid):
        return []
