"""What is known of one certificate as JSON. Every key is always there; unknown is null."""

from __future__ import annotations

from typing import Any

from certwright.doors.cli.shapes import ca_order_json, certificate_json, revocation_json
from certwright.model.order import Order
from certwright.store.knowledge import Control, Fault, Knowledge, Sight, Told
from certwright.store.lineage import Relative


def knowledge_json(knowledge: Knowledge) -> dict[str, Any]:
    """A certificate, with what is known of it and who told it when."""
    return {
        **certificate_json(knowledge.summary),
        "chain": [{"fingerprint": one.fingerprint, "subject": one.subject} for one in knowledge.intermediates],
        "ca_orders": [told_json(one) for one in knowledge.told],
        "control": [control_json(one) for one in knowledge.control],
        "sightings": [sight_json(one) for one in knowledge.sightings],
        "sightings_in_all": knowledge.seen,
        "findings": [fault_json(one) for one in knowledge.faults],
        "lineage": [relative_json(one) for one in knowledge.lineage],
        "siblings": [relative_json(one) for one in knowledge.siblings],
        "orders": [_order_json(one) for one in knowledge.orders],
        "revocations": [revocation_json(one) for one in knowledge.revocations],
    }


def told_json(told: Told) -> dict[str, Any]:
    """A CA order of the certificate, as the CA told it."""
    return {
        **ca_order_json(told.account, told.order),
        "ca": told.ca,
        "reference": told.reference or None,
        "seen_at": told.seen_at,
        "detailed_at": told.detailed_at,
        "silent_since": told.silent_since,
        "vanished_at": told.vanished_at,
    }


def control_json(control: Control) -> dict[str, Any]:
    """What a CA account knows of the control over a name."""
    domain = control.domain
    return {
        "name": control.name,
        "account": control.account,
        "domain": domain.name if domain else None,
        "proven": domain.proven if domain else None,
        "proven_until": domain.proven_until if domain else None,
        "method": (domain.method or None) if domain else None,
        "status": (domain.status or None) if domain else None,
        "seen_at": control.seen_at,
        "vanished_at": control.vanished_at,
    }


def sight_json(sight: Sight) -> dict[str, Any]:
    """A sighting."""
    return {
        "place": sight.place,
        "source": sight.source,
        "kind": sight.kind,
        "address": sight.address or None,
        "protocol": sight.protocol or None,
        "has_key": sight.has_key,
        "first_seen_at": sight.first_seen_at,
        "last_seen_at": sight.last_seen_at,
        "vanished_at": sight.vanished_at,
        "trouble": sight.trouble or None,
        "silent_since": sight.silent_since,
    }


def fault_json(fault: Fault) -> dict[str, Any]:
    """An open finding."""
    return {
        "rule": fault.finding.rule,
        "severity": fault.finding.severity,
        "detail": fault.finding.detail,
        "advice": fault.finding.advice or None,
        "source": fault.finding.source or None,
        "found_at": fault.found_at,
    }


def relative_json(relative: Relative) -> dict[str, Any]:
    """A certificate of a lineage."""
    return {
        "id": relative.id,
        "fingerprint": relative.fingerprint,
        "serial": relative.serial,
        "common_name": relative.common_name or None,
        "not_before": relative.not_before,
        "not_after": relative.not_after,
        "state": relative.state,
        "replaces": relative.replaces or None,
    }


def _order_json(order: Order) -> dict[str, Any]:
    """An order of ours, in short."""
    return {
        "id": order.id,
        "reference": order.reference,
        "account": order.account,
        "operation": order.request.operation,
        "state": order.state,
        "created_at": order.created_at,
        "certificate": order.fingerprint or None,
    }
