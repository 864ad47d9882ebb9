"""What emSign's office does beside its calls: staff, proofs that cover more, faults; and that nothing breaks it."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from certwright_sandbox.emsign.routes import ENDPOINTS
from tests.sandbox import wire
from tests.sandbox.certificates import csr_pem
from tests.sandbox.emsign_tenant import DV_WILDCARD_UCC, OV, PATIENT, UNVETTED, NewSubscriber
from tests.sandbox.emsign_wire import HEADERS, INACTIVE
from tests.sandbox.tenant import NewName

ODD: list[Any] = [0, -1, 10**30, 1e300, "٣", "9" * 5000, True, [], [[]], {}, {"a": []}, None, "\ud800", "\x00", ";"]
BODIES = [b"", b"null", b"[1]", b'"x"', b"{", b"[" * 100_000, b"\xff\xfe", b'{"meta":7}', b'{"meta":{"ts":NaN}}']
BLOCKS = "orderDetails productDetails dcvDetails agreementDetails revocationDetails requestDetails searchCriteria"
FIELDS = """orderNumber requestNumber requestorEmail domainName dcvMethod dcvEmail csr groupNumber productCode
    acceptAgreement signerName signerPlace signerIP revokeReasonId revokeRemarks rejectRemarks pageNumber pageSize
    orderStatusId orderDateFrom orderDateTill certExpiryDateFrom certExpiryDateTill requestorEmailId"""


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_no_call_breaks_the_sandbox(endpoint: str, subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    answers = [wire.send(tenant.url, "POST", endpoint, body, HEADERS) for body in BODIES]
    assert {answer.status for answer in answers} <= {200, 400}
    good = json.loads(tenant.meta())
    for value in ODD:
        for field in good:
            body = json.dumps({"meta": {**good, field: value}}).encode()
            assert wire.send(tenant.url, "POST", endpoint, body, HEADERS).status == 200, (field, value)
        inner = dict.fromkeys(FIELDS.split(), value)
        for block in (value, inner):
            assert tenant.send(endpoint, **dict.fromkeys(BLOCKS.split(), block)).answer.status == 200, (block,)


@pytest.mark.parametrize("path", [
    "requestorInformation", "organizationDetails", "certificateInformation", "subscriptionDetails", "csr",
    "saveAndHold", "agreementDetails", "technicalPointOfContact", "additionalInformation", "additionalInformation.tags",
    "productCode", "additionalInformation.customFields", "certificateInformation.additionalDomains", "autoSecureWWW",
    "groupNumber", "certificateInformation.domainName", "subscriptionDetails.validity", "additionalInformation.remarks",
])  # fmt: skip
def test_an_order_with_an_absurd_value_is_refused_or_taken_but_breaks_nothing(
    path: str, subscriber: NewSubscriber, fresh: NewName
) -> None:
    tenant = subscriber()
    for value in ODD:
        assert tenant.place(fresh(), **{path: value}).answer.status == 200, value

    assert tenant.page()["totalNoOfResults"] == len(tenant.ledger())


def test_a_proof_covers_the_names_of_the_order_that_are_below(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name, other = subscriber(**PATIENT), fresh(), fresh()
    order = tenant.buy(name, DV_WILDCARD_UCC, extra=[f"*.{name}", f"a.b.{name}", other])
    tenant.management.txt(name, tenant.token(order, name))

    assert tenant.verify(order, name).is_success

    proven = {found for found, row in tenant.names(order).items() if row["dcvStatus"] == "1"}
    assert proven == {name, f"*.{name}", f"a.b.{name}"}


def test_two_orders_for_one_name_have_two_tokens(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(**PATIENT), fresh()

    tokens = {tenant.token(tenant.buy(name), name) for _ in range(2)}

    assert len(tokens) == 2


def test_what_is_no_dns_name_is_not_even_proven_by_the_staff(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    order = tenant.buy(fresh(), "15", extra=["mara@meadow.example", "192.0.2.7"])

    tenant.management.post("validate", ca="emsign", order_id=order.number)

    statuses = sorted(row["dcvStatus"] for row in tenant.names(order).values())
    assert statuses == ["0", "0", "1"]
    assert tenant.standing(order) == ("2", "24")


def test_the_sum_of_the_proofs_lags_behind_them(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(approve_seconds=None), fresh()
    order = tenant.buy(name, OV, **UNVETTED)

    assert tenant.names(order)[name]["dcvStatus"] == "1"
    assert tenant.track(order)["domainVerification"]["status"] == "0"
    tenant.staff(order, "approve")
    assert tenant.track(order)["domainVerification"]["status"] == "1"


def test_an_organization_that_the_staff_approved_counts_as_vetted(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber("bare", prove_seconds=0)
    assert tenant.place(fresh(), OV).refuses("EMS-1073")

    tenant.staff(tenant.buy(fresh(), OV, **UNVETTED), "approve")

    (row,) = tenant.ask("GetOrganizationDetails")["organizationDetails"]
    assert row["isPreVettingOrg"] == "1"
    assert tenant.standing(tenant.buy(fresh(), OV)) == ("2", "20")


def test_a_name_that_the_staff_rejected_cannot_be_verified_any_more(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(prove_seconds=None), fresh()
    order = tenant.buy(name)
    tenant.management.post("validate", ca="emsign", order_id=order.number, domain=name, outcome="rejected")

    assert tenant.verify(order, name).refuses("EMS-1085")

    tenant.management.post("validate", ca="emsign", order_id=order.number, domain=name)
    assert tenant.standing(order) == ("2", "20")


def test_a_nested_technical_contact_is_read_only_where_the_account_reads_it(
    subscriber: NewSubscriber, fresh: NewName
) -> None:
    half = {"additionalInformation.technicalPointOfContact": {"pocName": "Ops Desk"}}

    assert subscriber().place(fresh(), **half).is_success
    assert subscriber(field_placement="nested").place(fresh(), **half).refuses("EMS-1090")


@pytest.mark.parametrize("act", ["approve", "renew", "reissue", "resolve", "expire", "download_rejected", "submit"])
def test_an_act_that_fits_no_cancelled_order_is_refused(act: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(**PATIENT)
    order = tenant.buy(fresh())
    assert tenant.reject(order).is_success

    wish = {"ca": "emsign", "order_id": order.number, "act": act}
    assert tenant.management.call("POST", "staff", wish).status == 400
    assert tenant.standing(order) == ("5", "13")


def test_a_fault_for_an_account_befalls_its_signed_calls_alone(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    tenant.fault("status", "ValidateCredentials", status=503)

    assert tenant.ask("ValidateCredentials", meta=tenant.meta(access_key="wrong")).refuses("EMS-901")

    body = json.dumps({"meta": json.loads(tenant.meta())}).encode()
    assert wire.send(tenant.url, "POST", "ValidateCredentials", body, HEADERS).status == 503


def test_a_held_placement_is_done_when_it_is_released(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    rule = tenant.fault("hold", "/emSignHub-API/GenerateOrderSSL", side="before")
    block, told = tenant.order(fresh()), []
    caller = threading.Thread(target=lambda: told.append(tenant.send("GenerateOrderSSL", orderDetails=block)))
    caller.start()
    wire.until(lambda: tenant.management.get("faults")["faults"][-1]["used"], lambda used: used == 1)

    assert tenant.ledger() == []
    wire.until(lambda: tenant.management.post("release", id=rule)["released"], lambda count: count == 1)
    caller.join(timeout=10)

    assert told[0].is_success
    assert len(tenant.ledger()) == 1


def test_a_call_that_met_the_limit_has_not_used_its_txn(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    tenant.fault("rate_limited", "ValidateCredentials")
    meta = tenant.meta()

    assert tenant.ask("ValidateCredentials", meta=meta).refuses("", INACTIVE)
    assert tenant.ask("ValidateCredentials", meta=meta).is_success


def test_a_fault_at_placement_spoils_the_certificate_until_it_is_renewed(
    subscriber: NewSubscriber, fresh: NewName
) -> None:
    tenant, name = subscriber(), fresh()
    tenant.fault("wrong_certificate", "GenerateOrderSSL", kind="csr")
    order = tenant.buy(name)
    spoiled = [tenant.certificate(order)["certificateDetails"]["endEntityCertificate"] for _ in range(2)]

    assert [text.split() for text in spoiled] == [order.csr.split()] * 2
    tenant.staff(order, "renew")
    assert tenant.leaf(order).not_valid_after_utc


def test_a_csr_of_the_portal_is_used_up_too(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(), fresh()
    order, csr = tenant.buy(name), csr_pem(name)

    child = tenant.staff(order, "reissue", csr=csr)

    assert child["order_id"] == order.number
    assert tenant.place(name, csr=csr).refuses("EMS-1099")


def test_an_order_revoked_by_the_ca_tells_why_in_the_track(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.issue(f"gone.{tenant.domain}")
    leaf = tenant.leaf(order)

    tenant.staff(order, "revoke", reason="keyCompromise")

    track = tenant.track(order)
    assert (track["certificateStatusId"], track["revocationDetails"]["revokeReasonId"]) == ("22", "1")
    assert tenant.row(order)["certificateStatusId"] == "22"
    assert tenant.management.revocation_of(leaf) is not None
    for wish in ({"reason": "boredom"}, {"reason": "superseded"}):  # no reason, and revoked already
        body = {"ca": "emsign", "order_id": order.number, "act": "revoke", **wish}
        assert tenant.management.call("POST", "staff", body).status == 400


def test_a_custom_field_edited_in_the_portal_is_in_the_report(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.buy(f"field.{tenant.domain}")

    tenant.staff(order, "custom_field", field="1", value="R-9")
    edited = tenant.row(order)["customFields"]
    tenant.staff(order, "custom_field", field="1", value=None)

    assert edited == [{"fieldID": "1", "fieldValue": "R-9"}]
    assert tenant.row(order)["customFields"] == []
