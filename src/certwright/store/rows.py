"""Rows to values and back. The one place where a column name meets a field of ``model``."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from certwright.model import order as values
from certwright.model.ca import CAOrder, Proof, Requirement, RevocationTarget, Term
from certwright.model.words import (
    AutoRenew,
    KeyKind,
    Operation,
    OrderState,
    RevocationReason,
    RevocationState,
    WaitingFor,
)
from certwright.pki.keys import KeySpec
from certwright.store import models


def key_value(row: models.Key) -> values.KeyReference:
    """The key reference in a row."""
    return values.KeyReference(
        id=row.pk,
        kind=KeyKind(row.kind),
        spec=KeySpec(row.spec) if row.spec else None,
        token=row.token,
        cka_id=row.cka_id,
        label=row.label,
        public_key_sha256=row.public_key_sha256,
        sealed=bytes(row.sealed),
    )


def order_value(row: models.Order) -> values.Order:
    """The order in a row; ``next_action_at`` is left to the database while a lease is held."""
    return values.Order(
        id=row.pk,
        reference=row.reference,
        account=row.account.name,
        state=OrderState(row.state),
        step=row.step,
        request=_request(row),
        key=key_value(row.key),
        created_at=row.created_at,
        csr=bytes(row.csr),
        ca_order=_ca_order(row),
        waiting_for=WaitingFor(row.waiting_for) if row.waiting_for else None,
        why=row.why,
        advice=row.advice,
        trouble=row.trouble,
        proofs=tuple(_proof(item) for item in row.proofs),
        requirements=tuple(
            Requirement(WaitingFor(item["what"]), item["done"], item["note"]) for item in row.requirements
        ),
        collected=tuple(b64decode(item) for item in row.collected),
        fingerprint=row.certificate.fingerprint if row.certificate else "",
        replaces=row.replaces.fingerprint if row.replaces else "",
        looks=row.looks,
        cancel_comment=row.cancel_comment,
        watched_until=row.watched_until,
        placed_at=row.placed_at,
        next_action_at=row.next_action_at,
        auto_renew=AutoRenew(row.auto_renew),
        renew_days=row.renew_days,
        paid_until=row.paid_until,
        renewal_due_at=row.renewal_due_at,
        renewal_note=row.renewal_note,
        fence=row.fence,
    )


def _ca_order(row: models.Order) -> CAOrder | None:
    if not (row.ca_order_id or row.ca_request_id):
        return None
    return CAOrder(row.ca_order_id, row.ca_certificate_id, row.ca_request_id, row.dcv_value)


def _request(row: models.Order) -> values.Request:
    return values.Request(
        operation=Operation(row.operation),
        names=tuple(row.names),
        common_name=row.common_name,
        product=row.product,
        organization=row.organization,
        term=Term.parse(row.term) if row.term else None,
        lifetime_days=row.lifetime_days,
        renewal_of=row.renewal_of,
        inside=row.inside,
        dcv_method=row.dcv_method,
        dcv_methods=dict(row.dcv_methods),
        comment=row.comment,
        options=dict(row.options),
    )


def request_columns(request: values.Request) -> dict[str, Any]:
    """The columns of a request that is being recorded."""
    return {
        "operation": request.operation,
        "names": list(request.names),
        "common_name": request.common_name,
        "product": request.product,
        "organization": request.organization,
        "term": str(request.term) if request.term else "",
        "lifetime_days": request.lifetime_days,
        "renewal_of": request.renewal_of,
        "inside": request.inside,
        "dcv_method": request.dcv_method,
        "dcv_methods": dict(request.dcv_methods),
        "comment": request.comment,
        "options": dict(request.options),
    }


def order_columns(order: values.Order) -> dict[str, Any]:
    """The columns that a step may have changed."""
    placed = order.ca_order or CAOrder("")
    return {
        "state": order.state,
        "step": order.step,
        "waiting_for": order.waiting_for or "",
        "why": order.why,
        "advice": order.advice,
        "trouble": order.trouble,
        "organization": order.request.organization,
        "names": list(order.request.names),
        "common_name": order.request.common_name,
        "dcv_method": order.request.dcv_method,
        "dcv_methods": dict(order.request.dcv_methods),
        "csr": order.csr,
        "ca_order_id": placed.order_id,
        "ca_certificate_id": placed.certificate_id,
        "ca_request_id": placed.request_id,
        "dcv_value": placed.dcv_value,
        "proofs": _proofs_json(order.proofs),
        "requirements": [{"what": one.what, "done": one.done, "note": one.note} for one in order.requirements],
        "collected": _collected(order),
        "looks": order.looks,
        "placed_at": order.placed_at,
        # A person may have set it since the order was read, so it is only ever taken back, and expressly.
        **({"cancel_comment": None} if order.cancel_comment == "" else {}),
    }


def _collected(order: values.Order) -> list[str]:
    """Needed until the order is through; after that the inventory has it, and a mismatch is evidence."""
    done = order.state is OrderState.ISSUED
    return [] if done else [b64encode(der).decode("ascii") for der in order.collected]


def revocation_value(row: models.Revocation) -> values.Revocation:
    """The revocation in a row."""
    certificate = row.certificate
    return values.Revocation(
        id=row.pk,
        order_id=row.order_id or 0,
        account=row.account.name,
        target=RevocationTarget(
            order_id=row.ca_order_id,
            certificate_id=row.ca_certificate_id,
            serial=certificate.serial if certificate else "",
            whole_order=row.whole_order,
        ),
        reason=RevocationReason(row.reason),
        comment=row.comment,
        state=RevocationState(row.state),
        step=row.step,
        created_at=row.created_at,
        fingerprint=certificate.fingerprint if certificate else "",
        request_id=row.ca_request_id,
        why=row.why,
        advice=row.advice,
        trouble=row.trouble,
        looks=row.looks,
        watched_until=row.watched_until,
        next_action_at=row.next_action_at,
        fence=row.fence,
    )


def revocation_columns(revocation: values.Revocation) -> dict[str, Any]:
    """The columns that a step may have changed."""
    return {
        "state": revocation.state,
        "step": revocation.step,
        "ca_request_id": revocation.request_id,
        "why": revocation.why,
        "advice": revocation.advice,
        "trouble": revocation.trouble,
        "looks": revocation.looks,
    }


def intent_value(row: models.PurchaseIntent) -> values.Intent:
    """The intent in a row."""
    return values.Intent(
        id=row.pk,
        attempt=row.attempt,
        deadline=row.deadline,
        marks=frozenset(row.marks),
        outcome=values.Outcome(row.outcome),
    )


def _proof(item: dict[str, str]) -> Proof:
    expires = item.get("expires_at")
    return Proof(
        name=item["name"],
        method=item["method"],
        where=item["where"],
        value=item["value"],
        expires_at=datetime.fromisoformat(expires) if expires else None,
    )


def _proofs_json(proofs: Sequence[Proof]) -> list[dict[str, str]]:
    return [
        {
            "name": proof.name,
            "method": proof.method,
            "where": proof.where,
            "value": proof.value,
            "expires_at": proof.expires_at.isoformat() if proof.expires_at else "",
        }
        for proof in proofs
    ]
