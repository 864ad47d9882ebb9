"""TrackOrder and GetCertificate (emsign.md §6.12, §6.13)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from certwright_sandbox.emsign import errors
from certwright_sandbox.emsign.call import Call, filled, moment, order_of
from certwright_sandbox.emsign.control import METHODS
from certwright_sandbox.emsign.errors import refuse
from certwright_sandbox.emsign.office import Office
from certwright_sandbox.emsign.records import Account, Name, Order
from certwright_sandbox.emsign.signing import chain_of
from certwright_sandbox.emsign.standing import labels

HEADER, FOOTER = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def track(office: Office, call: Call) -> dict[str, Any]:
    """How an order stands. Raises Refusal: a request number is no order number."""
    order = order_of(office, call, call.block("orderDetails"))
    account = call.account
    details = {
        "trackingUrl": f"{office.world.url}/track/{order.request_number}",
        **labels(order, office.now()),
        "certificateExpiryDate": moment(order.not_after),
        "requestorInformation": {
            "requestorName": order.requestor_name,
            "requestorEmail": order.requestor_email,
        },
        "subscriberAgreement": {
            "status": "1" if order.agreed else "0",
            "consentSentTo": order.requestor_email,
        },
        "revocationDetails": _revocation(account, order),
        "csr": order.csr or None,
    }
    return {"orderDetails": {**filled(account, details), "domainVerification": _names(office, account, order)}}


def _names(office: Office, account: Account, order: Order) -> dict[str, Any] | None:
    """A scalar beside one object for each name; null until the slot opens.

    The scalar lags behind the names: it says so only once the order was approved (emsign.md §6.12).
    """
    if office.now() < order.placed_at + timedelta(seconds=account.dcv_slot_seconds):
        return None
    done = "0" if order.unproven or order.state == "pending" else "1"
    return {"status": done, **{name.name: _name(name) for name in order.names}}


def _name(name: Name) -> dict[str, str]:
    return {
        "dcvMethod": METHODS.get(name.method, ""),
        "dcvStatus": "2" if name.is_rejected else "0" if name.proven_at is None else "1",
        "status": "1",
        "verifiedDate": moment(name.proven_at) or "",
        "caaStatus": name.caa,
    }


def _revocation(account: Account, order: Order) -> dict[str, Any] | None:
    if order.revoked_at is None:
        return None
    return filled(
        account,
        {
            "revokeRequestStatusId": "2",
            "revokeRequestStatus": "Revoked",
            "revokeReasonId": order.reason_id,
            "revokeProcessedDate": moment(order.revoked_at),
        },
    )


def certificate(office: Office, call: Call) -> dict[str, Any]:
    """The certificate in force; having been downloaded it says so. Raises Refusal."""
    order = order_of(office, call, call.block("orderDetails"))
    if not order.serial or order.state == "download_rejected":
        raise refuse(errors.NOT_ISSUED)
    chain = chain_of(office, order, call.twist.defect)
    if order.state == "issued" and not call.twist.stale:
        office.set_state(order, "downloaded")
    account = call.account
    issuer, root = (chain[1:2], chain[-1:] if len(chain) > 2 else []) if account.ca_certificate else ([], [])
    return {
        "certificateDetails": filled(
            account,
            {
                "endEntityCertificate": _styled(account, chain[0]),
                "caCertificate": _styled(account, issuer[0]) if issuer else "",
                "rootCertificate": _styled(account, root[0]) if root else "",
                "expiryDate": moment(order.not_after),
                "ceritficateSerialNumber": order.serial,
            },
        )
    }


def _styled(account: Account, pem: str) -> str:
    """A certificate with its header lines, or without and in one line."""
    if account.pem_style == "pem" or HEADER not in pem:
        return pem
    return "".join(pem.replace(HEADER, "").replace(FOOTER, "").split())
