"""Our records as the JSON objects that scripts rely on. Every key is always there; unknown is null."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from certwright.model.ca import CAOrder, Proof, ReportedOrder
from certwright.model.inventory import Summary
from certwright.model.order import KeyReference, Order, Revocation
from certwright.store.accounts import Account
from certwright.store.targets import Challenge, Target
from certwright.targets.dcv.kinds import Kind


def order_json(order: Order) -> dict[str, Any]:
    """An order."""
    placed = order.ca_order or CAOrder("")
    wish = order.request
    return {
        "id": order.id,
        "reference": order.reference,
        "account": order.account,
        "operation": wish.operation,
        "product": wish.product,
        "names": list(wish.names),
        "common_name": wish.common_name,
        "organization": wish.organization or None,
        "term": str(wish.term) if wish.term else None,
        "state": order.state,
        "step": order.step or None,
        "waiting_for": order.waiting_for,
        "why": order.why or None,
        "advice": order.advice or None,
        "trouble": order.trouble or None,
        "ca_order_id": placed.order_id or None,
        "ca_certificate_id": placed.certificate_id or None,
        "ca_request_id": placed.request_id or None,
        "certificate": order.fingerprint or None,
        "key": key_json(order.key),
        "proofs": [proof_json(proof) for proof in order.proofs],
        "requirements": [{"what": one.what, "done": one.done, "note": one.note or None} for one in order.requirements],
        "created_at": order.created_at,
        "placed_at": order.placed_at,
        "next_action_at": order.next_action_at,
        "replaces": order.replaces or None,
        "auto_renew": order.auto_renew,
        "renew_days": order.renew_days,
        "renewal_due_at": order.renewal_due_at,
    }


def key_json(key: KeyReference) -> dict[str, Any]:
    """A key reference; nothing secret is in it."""
    return {
        "id": key.id,
        "kind": key.kind,
        "spec": key.spec,
        "token": key.token or None,
        "cka_id": key.cka_id or None,
        "label": key.label or None,
        "public_key_sha256": key.public_key_sha256 or None,
    }


def proof_json(proof: Proof) -> dict[str, Any]:
    """A proof to publish."""
    return {
        "name": proof.name,
        "method": proof.method,
        "where": proof.where,
        "value": proof.value,
        "expires_at": proof.expires_at,
    }


def ca_order_json(account: str, order: ReportedOrder) -> dict[str, Any]:
    """A CA order as the CA's own list shows it; its cost in two fields, so that a script can add amounts."""
    amount, _, currency = order.cost.partition(" ")
    return {
        "account": account,
        "ca_order_id": order.ca_order.order_id or None,
        "ca_certificate_id": order.ca_order.certificate_id or None,
        "ca_request_id": order.ca_order.request_id or None,
        "base_order_id": order.base_order_id or None,
        "state": order.state,
        "certificate_state": order.certificate_state,
        "product": order.product or None,
        "names": list(order.names),
        "common_name": order.common_name or None,
        "organization": order.organization or None,
        "serial": order.serial or None,
        "placed_at": order.placed_at,
        "not_before": order.not_before,
        "not_after": order.not_after,
        "term_ends_at": order.term_ends_at,
        "cost": amount or None,
        "currency": currency or None,
        "why": order.why or None,
        "validation": order.validation or None,
        "group": order.group or None,
        "requester": order.requester or None,
        "contacts": list(order.contacts),
        "auto_renew": order.auto_renew or None,
        "fields": dict(order.fields),
        "notes": list(order.notes),
        "issuer": order.issuer or None,
        "duplicates": order.duplicates,
        "reissues": order.reissues,
        "replaces": order.replaces or None,
        "revoked_at": order.revoked_at,
        "revocation_reason": order.revocation_reason or None,
    }


def certificate_json(certificate: Summary) -> dict[str, Any]:
    """A leaf certificate of the inventory."""
    return {
        "id": certificate.id,
        "fingerprint": certificate.fingerprint,
        "serial": certificate.serial,
        "common_name": certificate.common_name or None,
        "names": list(certificate.names),
        "issuer": certificate.issuer,
        "organization": certificate.organization or None,
        "validation": certificate.validation or None,
        "key_spec": certificate.key_spec or None,
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
        "state": certificate.state,
        "ca": certificate.ca or None,
        "account": certificate.account or None,
        "ca_order_id": certificate.ca_order.order_id or None,
        "ca_certificate_id": certificate.ca_order.certificate_id or None,
        "product": certificate.product or None,
        "order": certificate.order_id,
        "key": key_json(certificate.key) if certificate.key else None,
        "public_key_sha256": certificate.public_key_sha256 or None,
        "replaces": certificate.replaces or None,
        "replaced_by": certificate.replaced_by or None,
        "revoked_at": certificate.revoked_at,
        "revocation_reason": certificate.revocation_reason or None,
        "owner": certificate.owner or None,
        "tags": list(certificate.tags),
        "fields": dict(certificate.fields),
        "severity": certificate.severity,
        "recorded_at": certificate.recorded_at,
    }


def revocation_json(revocation: Revocation) -> dict[str, Any]:
    """A revocation."""
    return {
        "id": revocation.id,
        "order": revocation.order_id or None,
        "account": revocation.account,
        "certificate": revocation.fingerprint or None,
        "whole_order": revocation.target.whole_order,
        "ca_order_id": revocation.target.order_id,
        "reason": revocation.reason,
        "comment": revocation.comment or None,
        "state": revocation.state,
        "why": revocation.why or None,
        "advice": revocation.advice or None,
        "trouble": revocation.trouble or None,
        "created_at": revocation.created_at,
        "next_action_at": revocation.next_action_at,
    }


def account_json(account: Account) -> dict[str, Any]:
    """A CA account; its secrets are never shown."""
    return {
        "name": account.name,
        "ca": account.ca,
        "url": account.url,
        "settings": {key: value for key, value in account.settings.items() if "-----BEGIN" not in value},
        "reference": account.reference or None,
        "read_only": account.read_only,
        "enabled": account.enabled,
        "paused_because": account.paused_because or None,
        "quiet_until": account.quiet_until,
        "quiet_because": account.quiet_because or None,
        "synced_at": account.synced_at,
        "login": asdict(account.login) if account.login else None,
        "created_at": account.created_at,
    }


def target_json(target: Target) -> dict[str, Any]:
    """A target; its secrets are never shown."""
    return {
        "name": target.name,
        "kind": target.kind,
        "domains": list(target.domains),
        "serves": sorted(Kind.load(target.kind).serves),
        "settings": dict(target.settings),
        "enabled": target.enabled,
        "created_at": target.created_at,
    }


def challenge_json(challenge: Challenge) -> dict[str, Any]:
    """A proof that stands, or may stand, at a target."""
    return {
        "order": challenge.order_id,
        "name": challenge.proof.name,
        "method": challenge.proof.method,
        "where": challenge.proof.where,
        "value": challenge.proof.value,
        "opened_at": challenge.opened_at,
        "published_at": challenge.published_at,
        "trouble": challenge.trouble or None,
    }
