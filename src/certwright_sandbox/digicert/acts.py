"""What people do to an order in CertCentral's console, or DigiCert itself does, when a test asks for it.

docs/reference/sandbox.md names every act. All of them are done at once: whoever acts there may approve.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from certwright_sandbox.ca import REVOCATION_REASONS
from certwright_sandbox.digicert import issuing, revoking
from certwright_sandbox.digicert.account import FIRST_CONTAINER_ID
from certwright_sandbox.digicert.csr import read_csr
from certwright_sandbox.digicert.errors import Refusal
from certwright_sandbox.digicert.office import Office, new_token
from certwright_sandbox.digicert.ordering import FIRST_ORDER_ID, bill
from certwright_sandbox.digicert.records import Approval, Certificate, Container, CustomValue, Note, Order
from certwright_sandbox.digicert.requests import FIRST_REQUEST_ID, drop_pending
from certwright_sandbox.digicert.staff import approver_of, division_of, order_named
from certwright_sandbox.digicert.wishes import FIRST_CERTIFICATE_ID
from certwright_sandbox.playing import NotPossible, Switches

Act = Callable[[Office, Order, Switches], Order]


def act(office: Office, wish: Switches) -> dict[str, Any]:
    """Do one of ACTS to an order; the order that the act made or changed. Raises NotPossible."""
    deed = ACTS.get(str(wish.get("act")))
    if deed is None:
        raise NotPossible(f"act must be one of {', '.join(ACTS)}")
    order = deed(office, order_named(office, wish), wish)
    return {"order_id": order.id, "order_status": order.status, "certificate_id": order.certificate_id}


def _revoke(office: Office, order: Order, wish: Switches) -> Order:
    """DigiCert revokes the whole order, or one certificate of it; what was awaited is given up."""
    reason = wish.get("reason", "unspecified")
    if reason not in REVOCATION_REASONS:
        raise NotPossible(f"reason must be one of {', '.join(REVOCATION_REASONS)}")
    wanted = wish.get("certificate_id")
    certificates = [one for one in revoking.of_order(office, order) if wanted in (None, one.id)]
    if not any(one.state == "issued" for one in certificates):
        raise NotPossible(f"order {order.id} has no such certificate to revoke")
    if wanted is None:
        drop_pending(office, order, "rejected")
    office.entry(order).revocations += 1
    revoking.revoke(office, certificates, reason)
    revoking.settle(office, order, whole_order=wanted is None)
    return order


def _note(_: Office, order: Order, wish: Switches) -> Order:
    """Write a note, or with `note_id` another text into one; an empty text takes it away."""
    text, number = str(wish.get("text", "")), wish.get("note_id")
    if number is None:
        number = max((note.id for note in order.notes), default=0) + 1
        order.notes = (*order.notes, Note(number, ""))
    if all(note.id != number for note in order.notes):
        raise NotPossible(f"order {order.id} has no note {number!r}", missing=True)
    edited = (replace(note, text=text) if note.id == number else note for note in order.notes)
    order.notes = tuple(note for note in edited if note.text)
    return order


def _custom_field(office: Office, order: Order, wish: Switches) -> Order:
    """Set what a custom field says, named by its label; null takes it away."""
    label, value = wish.get("label"), wish.get("value")
    field = next((row for row in office.custom_fields_of.find(order.account_id) if row.label == label), None)
    if field is None:
        raise NotPossible(f"the account has no custom field {label!r}", missing=True)
    kept = {one.metadata_id: one for one in order.custom_values if one.metadata_id != field.id}
    if value is not None:
        kept[int(field.id)] = CustomValue(int(field.id), str(value))
    order.custom_values = tuple(kept[number] for number in sorted(kept))
    return order


def _move(office: Office, order: Order, wish: Switches) -> Order:
    """Put the order into another division, by id or name; one of a new name is made."""
    wanted, account = wish.get("division"), office.account_of(order)
    if not isinstance(wanted, str | int) or isinstance(wanted, bool):
        raise NotPossible("say division")
    try:
        division = division_of(office, account, wanted)
    except NotPossible:
        if isinstance(wanted, int):
            raise
        number = office.new_id(office.containers, FIRST_CONTAINER_ID)
        root = account.root_container_id
        division = office.containers.add(Container(number, order.account_id, wanted, root, new_token()[:10]))
    order.container_id = int(division.id)
    return order


def _reissue(office: Office, order: Order, wish: Switches) -> Order:
    """A new certificate takes the primary one's place."""
    return _again(office, order, "reissue", wish)


def _duplicate(office: Office, order: Order, wish: Switches) -> Order:
    """One more certificate stands beside the primary one."""
    return _again(office, order, "duplicate", wish)


def _again(office: Office, order: Order, kind: str, wish: Switches) -> Order:
    if order.status != "issued":
        raise NotPossible(f"order {order.id} is {order.status}")
    certificate = _certificate(office, order, kind, wish)
    entry = office.entry(order)
    if kind == "reissue":
        entry.reissues += 1
    else:
        entry.duplicates += 1
    _issue(office, order, certificate, kind)
    return order


def _renew(office: Office, order: Order, wish: Switches) -> Order:
    """A new order renews this one, and costs as much; the answer is about the new one."""
    if order.renewed_by is not None or order.status not in ("issued", "expired"):
        raise NotPossible(f"order {order.id} cannot be renewed: it is {order.status}")
    now = office.now()
    number = office.new_id(office.orders, FIRST_ORDER_ID)
    successor = replace(
        order,
        id=number,
        status="pending",
        date_created=now,
        status_changed_at=now,
        user_id=int(approver_of(office, order.account_id).id),
        reference=None,
        valid_from=None,
        valid_till=None,
        renewal_of=int(order.id),
        pending_certificate_id=None,
        notes=(),
    )
    certificate = _certificate(office, successor, "order", wish)
    successor.certificate_id = int(certificate.id)
    office.add_order(successor)
    bill(office, successor, certificate)
    order.renewed_by = number
    _issue(office, successor, certificate, "new_request")
    return successor


def _certificate(office: Office, order: Order, kind: str, wish: Switches) -> Certificate:
    """A certificate like the order's primary one, with `names` and for a `csr` of its own where those are given."""
    primary = office.certificates[order.certificate_id]
    names = wish.get("names", primary.names)
    try:
        csr = read_csr(str(wish["csr"])) if "csr" in wish else None
    except Refusal as refusal:
        raise NotPossible(refusal.message) from refusal
    if not isinstance(names, list | tuple) or not names:
        raise NotPossible("names must be a list of names")
    certificate = replace(
        primary,
        id=office.new_id(office.certificates, FIRST_CERTIFICATE_ID),
        order_id=int(order.id),
        kind=kind,
        state="pending",
        common_name=str(names[0]),
        names=tuple(map(str, names)),
        csr=csr.pem if csr is not None else primary.csr,
        key_size=csr.key_size if csr is not None else primary.key_size,
        date_created=office.now(),
        requested_by=int(approver_of(office, order.account_id).id),
        **NOT_YET,
    )
    return office.certificates.add(certificate)


# What a certificate has only once it is issued, or once something happened to it.
NOT_YET: dict[str, Any] = {
    "random_value": None,
    "random_value_expires": None,
    "domain_ids": (),
    "defect": None,
    "sub_id": None,
    "pem": "",
    "shown": (),
    "serial": "",
    "thumbprint": "",
    "date_issued": None,
    "valid_from": None,
    "valid_till": None,
    "revoked_at": None,
    "revocation_reason": "",
}


def _issue(office: Office, order: Order, certificate: Certificate, kind: str) -> None:
    """Issue at once: the staff has seen to all that it lacked."""
    administrator, now = int(approver_of(office, order.account_id).id), office.now()
    office.approvals.add(
        Approval(
            id=office.new_id(office.approvals, FIRST_REQUEST_ID),
            account_id=order.account_id,
            order_id=int(order.id),
            type=kind,
            status="approved",
            date=now,
            requester_id=administrator,
            certificate_ids=(int(certificate.id),),
            date_processed=now,
            processor_id=administrator,
        )
    )
    certificate.approved_names = certificate.names
    order.approver_id = administrator
    issuing.issue(office, order, certificate)
    order.status_changed_at = now


ACTS: dict[str, Act] = {
    "revoke": _revoke,
    "note": _note,
    "custom_field": _custom_field,
    "move": _move,
    "reissue": _reissue,
    "duplicate": _duplicate,
    "renew": _renew,
}
