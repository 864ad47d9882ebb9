"""Revoking what was issued and cancelling what was not (§6.15, §6.16; contract tests 45-47)."""

from __future__ import annotations

import re

import pytest
from cryptography import x509

from tests.sandbox.emsign_tenant import OV, PATIENT, UNVETTED, NewSubscriber
from tests.sandbox.emsign_wire import ABSENT, BODIES, edited, parsed
from tests.sandbox.tenant import NewName

# §6.15 against RFC 5280 §5.3.1.
REASONS = {
    "1": x509.ReasonFlags.key_compromise,
    "3": x509.ReasonFlags.affiliation_changed,
    "4": x509.ReasonFlags.superseded,
    "5": x509.ReasonFlags.cessation_of_operation,
    "9": x509.ReasonFlags.privilege_withdrawn,
}
CANCELLED = ("5", "13")


@pytest.mark.parametrize("reason", REASONS)
def test_46_a_revoked_certificate_is_on_the_crl_with_its_reason(reason: str, subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")
    leaf = tenant.leaf(order)
    assert tenant.management.revocation_of(leaf) is None

    told = tenant.revoke(order, reason)

    assert told.is_success
    assert set(told.body) == {"meta"}
    entry = tenant.management.revocation_of(leaf)
    assert entry is not None
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is REASONS[reason]


def test_46_tracking_tells_of_the_revocation(subscriber: NewSubscriber) -> None:
    """§6.12."""
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")
    tenant.leaf(order)

    assert tenant.revoke(order, "5").is_success

    details = tenant.track(order)
    assert details["certificateStatusId"] == "22"
    block = details["revocationDetails"]
    assert {"revokeRequestStatusId", "revokeRequestStatus", "revokeReasonId", "revokeProcessedDate"} <= set(block)
    assert (block["revokeRequestStatusId"], block["revokeReasonId"]) == ("2", "5")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", block["revokeProcessedDate"])
    assert tenant.row(order)["certificateStatusId"] == "22"


def test_a_certificate_may_be_revoked_before_it_was_downloaded(subscriber: NewSubscriber) -> None:
    """§10.6: from 20 as from 9."""
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")

    assert tenant.revoke(order).is_success
    assert tenant.standing(order)[1] == "22"


def test_a_revoked_certificate_can_still_be_downloaded(subscriber: NewSubscriber) -> None:
    """§6.14: for each issued or revoked row TrackOrder and GetCertificate."""
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")
    leaf = tenant.leaf(order)
    assert tenant.revoke(order).is_success

    assert tenant.leaf(order) == leaf
    assert tenant.standing(order)[1] == "22"


@pytest.mark.parametrize("reason", ["0", "2", "6", "7", "8", "10", "", "superseded", "04"])
def test_45_other_reasons_are_refused(reason: str, subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")

    assert tenant.revoke(order, reason).refuses("EMS-1088", "Invalid Revoke Reason ID")
    assert tenant.standing(order) == ("2", "20")


def test_45_a_semicolon_in_the_remarks_is_refused(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")

    assert tenant.revoke(order, remarks="old; replaced").refuses("EMS-1089", "Invalid Revoke Remarks")
    assert tenant.standing(order) == ("2", "20")
    assert tenant.revoke(order, remarks="old, replaced").is_success


@pytest.mark.parametrize("remarks", [ABSENT, ""], ids=["absent", "empty"])
def test_remarks_are_optional(remarks: object, subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")
    body = parsed(
        BODIES["RevokeOrder"], meta="{}", order=order.number, email=tenant.email, reason="4", remarks="Replaced"
    )

    told = tenant.send("RevokeOrder", **edited({"revocationDetails": body["revocationDetails"]}, {
        "revocationDetails.revokeRemarks": remarks
    }))  # fmt: skip

    assert told.is_success


def test_45_what_is_not_issued_cannot_be_revoked(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(**PATIENT)
    order = tenant.buy(fresh())

    assert tenant.revoke(order).refuses("EMS-1087")
    assert tenant.standing(order) == ("2", "24")
    assert tenant.revoke("1111111111").refuses("EMS-943")


def test_45_what_is_revoked_cannot_be_revoked_again(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")
    leaf = tenant.leaf(order)
    assert tenant.revoke(order, "4").is_success

    assert tenant.revoke(order, "1").refuses("EMS-1087")

    entry = tenant.management.revocation_of(leaf)
    assert entry is not None
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is REASONS["4"]


def test_the_ledger_counts_revocations(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")
    tenant.revoke(order)
    tenant.revoke(order)

    assert [entry["revocations"] for entry in tenant.ledger()] == [1]


@pytest.mark.parametrize("unvetted", [False, True])
def test_47_a_pending_order_is_cancelled(unvetted: bool, subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(**PATIENT)
    order = tenant.buy(fresh(), OV, **UNVETTED) if unvetted else tenant.buy(fresh())

    told = tenant.reject(order)

    assert told.is_success
    assert set(told.body) == {"meta"}
    details, row = tenant.track(order), tenant.row(order)
    assert tenant.standing(order) == CANCELLED
    assert details["orderStatus"] == row["orderStatus"] == "Order Cancelled"
    assert details["certificateStatus"] == row["certificateStatus"] == "Rejected due to Order Cancellation"
    assert (row["orderStatusId"], row["certificateStatusId"]) == CANCELLED


def test_47_an_issued_order_is_not_cancelled(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")

    assert tenant.reject(order).refuses("EMS-1086")
    assert tenant.standing(order) == ("2", "20")
    leaf = tenant.leaf(order)
    assert tenant.reject(order).refuses("EMS-1086")

    assert tenant.standing(order) == ("6", "9")
    assert tenant.management.revocation_of(leaf) is None


def test_47_a_cancelled_order_is_not_cancelled_again(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(**PATIENT)
    order = tenant.buy(fresh())
    assert tenant.reject(order).is_success

    assert tenant.reject(order).refuses("EMS-1086")
    assert tenant.reject("1111111111").refuses("EMS-943")


def test_a_cancelled_order_is_never_issued(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(**PATIENT), fresh()
    order = tenant.buy(name)
    tenant.management.txt(name, tenant.token(order, name))
    assert tenant.reject(order).is_success

    assert not tenant.verify(order, name).is_success
    assert not tenant.certificate(order).is_success
    assert tenant.standing(order) == CANCELLED


def test_a_cancelled_order_stays_charged(subscriber: NewSubscriber, fresh: NewName) -> None:
    """docs/reference/sandbox.md: not refunded."""
    tenant = subscriber(**PATIENT)
    order = tenant.buy(fresh())
    assert tenant.reject(order).is_success

    assert [str(entry["order_id"]) for entry in tenant.ledger()] == [order.number]
