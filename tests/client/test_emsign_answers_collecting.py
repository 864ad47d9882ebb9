"""emSign's client against literal answers of its description: how an order goes on."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from certwright.cas.emsign import EmSign
from certwright.model.ca import CAOrder, Ended, Issued, Proof, RevocationTarget
from certwright.model.errors import NotFound, Refused, Unavailable, Unknown
from certwright.model.words import OrderState, WaitingFor
from tests.client.conftest import Script, Server, answer
from tests.client.emsign import (
    ORDER,
    PLACEMENT,
    client,
    endpoints,
    name_entry,
    no,
    ok,
    pending,
    placement,
    placement_csr_pem,
    received,
    report,
    row,
    track,
)
from tests.client.sectigo import self_signed

Serve = Callable[..., Server]
KEY = "00" * 32
LEAF, ISSUER, ROOT = self_signed(), self_signed(), self_signed()
TARGET = RevocationTarget("6625262451", serial=f"{LEAF.serial_number:x}")
DER = LEAF.public_bytes(Encoding.DER)
PEM = LEAF.public_bytes(Encoding.PEM).decode()
DRAFT = CAOrder("", request_id="3812046759")
UNPROVEN = {"status": "0", "shop.example.org": name_entry("0")}
NOT_YET = no("EMS-956", "Invalid Request for this API")
PROVEN_ALREADY = no("EMS-1080", "Domain is already verified")
TOKEN = ok(dcvDetails={"token": "t0ken", "fileName": None, "fileContent": None, "dcvEmails": None})


def _pem(certificate: Any) -> str:
    return str(certificate.public_bytes(Encoding.PEM).decode())


def _given(**fields: Any) -> Script:
    blank = {"endEntityCertificate": PEM, "caCertificate": "", "rootCertificate": "", "expiryDate": ""}
    return ok(certificateDetails={**blank, **fields})


def _collect(ca: EmSign) -> Any:
    return ca.collect(ORDER, public_key_sha256=KEY)


# -- collecting


@pytest.mark.parametrize(("order_status", "status"), [("6", "9"), ("2", "20"), (2, 20)])
def test_37_38_generated_or_downloaded_is_issued(order_status: Any, status: Any, serve: Serve) -> None:
    server = serve(track(orderStatusId=order_status, certificateStatusId=status), _given())
    with client(server) as ca:
        assert _collect(ca) == Issued(ORDER, (DER,))
    asked = {"orderNumber": "6625262451", "requestorEmail": "mara.lind@example.org"}
    assert received(server)[1].block == asked


@pytest.mark.parametrize("status", ["7", "15", "23"])
def test_37_approved_is_tried_and_waits_where_there_is_none_yet(status: str, serve: Serve) -> None:
    with client(serve(track(certificateStatusId=status), no("EMS-4711", "Not there."))) as ca:
        progress = pending(_collect(ca))
    assert progress.waiting_for is WaitingFor.PROCESSING
    assert "Not there." in progress.why
    with client(serve(track(certificateStatusId=status), _given())) as ca:
        assert isinstance(_collect(ca), Issued)


@pytest.mark.parametrize("script", [_given(endEntityCertificate=""), _given(endEntityCertificate="<html>"), ok()])
def test_issued_without_a_certificate_waits(script: Script, serve: Serve) -> None:
    with client(serve(track(certificateStatusId="20"), script)) as ca:
        assert pending(_collect(ca)).waiting_for is WaitingFor.PROCESSING


@pytest.mark.parametrize("status", ["24", "1", "2", "26", "4"])
def test_50_what_is_not_approved_is_not_downloaded(status: str, serve: Serve) -> None:
    server = serve(track(certificateStatusId=status))
    with client(server) as ca:
        assert pending(_collect(ca)).ca_order == ORDER
    assert endpoints(server) == ["TrackOrder"]


def test_39_41_certificates_come_in_any_form_and_number(serve: Serve) -> None:
    bare = b64encode(DER).decode()
    both = _pem(ROOT) + _pem(ISSUER)
    script = _given(endEntityCertificate=bare, caCertificate=both, rootCertificate=_pem(ROOT))
    with client(serve(track(certificateStatusId="9"), script)) as ca:
        issued = _collect(ca)
    ders = [one.public_bytes(Encoding.DER) for one in (LEAF, ROOT, ISSUER)]
    assert list(issued.certificates) == ders


@pytest.mark.parametrize("above", ["", None, "<html>", "????"])
def test_39_what_stands_above_the_leaf_may_be_missing_or_unreadable(above: str | None, serve: Serve) -> None:
    with client(serve(track(certificateStatusId="9"), _given(caCertificate=above, rootCertificate=above))) as ca:
        assert _collect(ca) == Issued(ORDER, (DER,))


@pytest.mark.parametrize("key", ["ceritficateSerialNumber", "certificateSerialNumber", "other"])
def test_40_51_nothing_is_read_of_what_stands_beside_the_certificate(key: str, serve: Serve) -> None:
    with client(serve(track(certificateStatusId="9"), _given(**{key: "666", "expiryDate": "1999-01-01"}))) as ca:
        assert _collect(ca) == Issued(ORDER, (DER,))


def test_the_accounts_address_is_used_where_the_order_tells_none(serve: Serve) -> None:
    server = serve(track(certificateStatusId="9", requestorInformation=None), _given())
    with client(server) as ca:
        _collect(ca)
    assert received(server)[1].block["requestorEmail"] == "mara.lind@example.org"


def test_an_order_that_ended_says_so(serve: Serve) -> None:
    with client(serve(track(certificateStatusId="13", certificateStatus="Rejected due to Order Cancellation"))) as ca:
        assert _collect(ca) == Ended(ORDER, OrderState.CANCELLED, "emSign: Rejected due to Order Cancellation")


def test_52_reads_are_tried_three_times_and_no_more(serve: Serve) -> None:
    server = serve(answer(503))
    with client(server) as ca, pytest.raises(Unavailable) as caught:
        _collect(ca)
    assert not isinstance(caught.value, Unknown)
    assert server.connections == 3


# -- drafts


def test_25_a_draft_waits_for_somebody_to_submit_it(serve: Serve) -> None:
    server = serve(report([row(orderNumber="", orderStatusId="7", orderStatus="On Hold", certificateStatusId="2")]))
    with client(server) as ca:
        progress = pending(ca.collect(DRAFT, public_key_sha256=KEY))
    assert (progress.ca_order, progress.waiting_for) == (DRAFT, WaitingFor.SUBMISSION)
    assert received(server)[0].block["orderStatusId"] == "7"
    assert server.connections == 1


def test_25_a_draft_that_was_submitted_goes_on_under_its_order_number(serve: Serve) -> None:
    server = serve(no("", "No records found"), report([row(requestNumber="1"), row()]), track())
    with client(server) as ca:
        assert pending(ca.collect(DRAFT, public_key_sha256=KEY)).ca_order == ORDER
    day = (datetime.now(UTC) - timedelta(days=31)).date().isoformat()
    assert received(server)[1].block["orderDateFrom"] == day


def test_25_a_draft_that_was_rejected_has_ended(serve: Serve) -> None:
    rejected = row(orderNumber=None, orderStatusId="5", orderStatus="Order Cancelled", certificateStatusId="13")
    with client(serve(report([]), report([rejected]))) as ca:
        progress = ca.collect(DRAFT, public_key_sha256=KEY)
    assert isinstance(progress, Ended)
    assert (progress.ca_order, progress.state) == (DRAFT, OrderState.CANCELLED)


def test_25_a_draft_that_is_not_shown_waits(serve: Serve) -> None:
    server = serve(report([]))
    with client(server) as ca:
        assert pending(ca.collect(DRAFT, public_key_sha256=KEY)).waiting_for is WaitingFor.SUBMISSION
    assert endpoints(server) == ["GetOrderReport"] * 3


def test_a_draft_is_cancelled_as_a_request(serve: Serve) -> None:
    server = serve(report([row(orderNumber="", orderStatusId="7", certificateStatusId="2")]), ok())
    with client(server) as ca:
        ca.cancel(DRAFT, "not; wanted")
    call = received(server)[1]
    assert (call.endpoint, call.block) == (
        "RejectRequest",
        {"requestNumber": "3812046759", "rejectRemarks": "not, wanted"},
    )


def test_a_draft_that_was_submitted_meanwhile_is_cancelled_as_an_order(serve: Serve) -> None:
    server = serve(report([]), report([row()]), track(), ok())
    with client(server) as ca:
        ca.cancel(DRAFT, "")
    assert received(server)[3].block["orderNumber"] == "6625262451"
    assert endpoints(server)[-1] == "RejectOrder"


def test_nothing_is_given_to_a_draft(serve: Serve) -> None:
    server = serve(ok())
    with client(server) as ca:
        for give in (ca.submit_csr, ca.agree):
            with pytest.raises(Refused, match="draft"):
                give(DRAFT, PLACEMENT)
        with pytest.raises(NotFound):
            ca.download(DRAFT)
    assert server.connections == 0


# -- control


def test_29_31_a_token_is_published_at_every_host(serve: Serve) -> None:
    server = serve(track(domainVerification=UNPROVEN), TOKEN)
    with client(server) as ca:
        found = ca.proofs(ORDER, PLACEMENT)
    hosts = ("shop.example.org", "_emsign-validation.shop.example.org", "_emudhra-challenge.shop.example.org")
    assert found == tuple(Proof("shop.example.org", "dns-txt-token", host, "t0ken") for host in hosts)
    assert received(server)[1].block == {
        "requestorEmail": "mara.lind@example.org",
        "orderNumber": "6625262451",
        "domainName": "shop.example.org",
        "dcvMethod": "1",
    }


def test_31_the_hosts_are_a_setting(serve: Serve) -> None:
    with client(serve(track(domainVerification=UNPROVEN), TOKEN), settings={"txt_hosts": "{}"}) as ca:
        assert [proof.where for proof in ca.proofs(ORDER, PLACEMENT)] == ["shop.example.org"]


def test_29_32_a_file_stands_in_the_well_known_folder(serve: Serve) -> None:
    told = ok(dcvDetails={"token": None, "fileName": "f.txt", "fileContent": "c0ntent"})
    server = serve(track(domainVerification=UNPROVEN), told)
    with client(server) as ca:
        (proof,) = ca.proofs(ORDER, placement(dcv_method="http-token"))
    where = "http://shop.example.org/.well-known/pki-validation/f.txt"
    assert proof == Proof("shop.example.org", "http-token", where, "c0ntent")
    assert received(server)[1].block["dcvMethod"] == "2"


def test_29_33_an_address_is_one_that_emsign_lists(serve: Serve) -> None:
    told = ok(dcvDetails={"dcvEmails": ["admin@example.org", "webmaster@example.org"]})
    by_mail = placement(dcv_method="email:Admin@example.org")
    with client(serve(track(domainVerification=UNPROVEN), told)) as ca:
        (proof,) = ca.proofs(ORDER, by_mail)
        assert (proof.method, proof.where) == ("email", "Admin@example.org")
    with client(serve(track(domainVerification=UNPROVEN), told)) as ca, pytest.raises(Refused, match="webmaster"):
        ca.proofs(ORDER, placement(dcv_method="email:me@example.org"))
    server = serve(track(domainVerification=UNPROVEN), ok(), track())
    with client(server) as ca:
        assert ca.check_control(ORDER, by_mail) is True
    assert received(server)[1].block["dcvEmail"] == "Admin@example.org"


def test_31_a_wildcard_is_proven_at_its_base(serve: Serve) -> None:
    server = serve(track(domainVerification={"status": "0", "*.x.example": name_entry("0")}), TOKEN)
    with client(server, settings={"txt_hosts": "_t.{}"}) as ca:
        (proof,) = ca.proofs(ORDER, PLACEMENT)
    assert (proof.name, proof.where) == ("*.x.example", "_t.x.example")
    assert received(server)[1].block["domainName"] == "x.example"


def test_a_wildcard_beside_its_base_is_proven_by_one_record_and_asked_for_by_name(serve: Serve) -> None:
    both = {"status": "0", "x.example": name_entry("0"), "*.x.example": name_entry("0")}
    server = serve(track(domainVerification=both), TOKEN, TOKEN)
    with client(server, settings={"txt_hosts": "_t.{}"}) as ca:
        assert [proof.where for proof in ca.proofs(ORDER, PLACEMENT)] == ["_t.x.example"]
    assert [call.block["domainName"] for call in received(server)[1:]] == ["x.example", "*.x.example"]


def test_28_a_name_whose_turn_has_not_come_has_no_proofs_yet(serve: Serve) -> None:
    two = {"status": "0", "a.example": name_entry("0"), "b.example": name_entry("0")}
    with client(serve(track(domainVerification=two), TOKEN, NOT_YET)) as ca:
        assert ca.proofs(ORDER, PLACEMENT) == ()
    with client(serve(track(domainVerification=two), TOKEN)) as ca:
        assert {proof.name for proof in ca.proofs(ORDER, PLACEMENT)} == {"a.example", "b.example"}


def test_27_before_names_are_listed_nothing_is_to_be_proven(serve: Serve) -> None:
    server = serve(track(domainVerification=None))
    with client(server) as ca:
        assert ca.proofs(ORDER, PLACEMENT) == ()
        assert ca.check_control(ORDER, PLACEMENT) is False
    assert set(endpoints(server)) == {"TrackOrder"}


def test_34_a_name_that_is_proven_already_is_not_asked_for(serve: Serve) -> None:
    with client(serve(track(domainVerification=UNPROVEN), PROVEN_ALREADY)) as ca:
        assert ca.proofs(ORDER, PLACEMENT) == ()
    with client(serve(track(domainVerification=UNPROVEN), PROVEN_ALREADY, track())) as ca:
        assert ca.check_control(ORDER, PLACEMENT) is True


@pytest.mark.parametrize("script", [no("EMS-4711", "DCV verification failed"), NOT_YET, ok()])
def test_what_emsign_says_of_its_look_is_read_from_the_order(script: Script, serve: Serve) -> None:
    two = {"status": "0", "a.example": name_entry("0"), "b.example": name_entry("0"), "c.example": name_entry("1")}
    server = serve(track(domainVerification=two), script, script, track(domainVerification=two))
    with client(server) as ca:
        assert ca.check_control(ORDER, PLACEMENT) is False
    assert endpoints(server) == ["TrackOrder", "VerifyDcv", "VerifyDcv", "TrackOrder"]


def test_another_method_needs_no_call_of_its_own(serve: Serve) -> None:
    two = {"status": "0", "a.example": name_entry("0"), "b.example": name_entry("0")}
    file = ok(dcvDetails={"fileName": "f", "fileContent": "c"})
    server = serve(track(domainVerification=two), file, TOKEN)
    with client(server, settings={"txt_hosts": "{}"}) as ca:
        found = ca.change_method(ORDER, placement(names=("a.example", "b.example")), "http-token", name="a.example")
    methods = [(proof.name, proof.method) for proof in found]
    assert methods == [("a.example", "http-token"), ("b.example", "dns-txt-token")]
    with client(serve(track(domainVerification=two), file)) as ca:
        found = ca.change_method(ORDER, placement(dcv_methods={"b.example": "dns-txt-token"}), "http-token")
    assert {proof.method for proof in found} == {"http-token"}


# -- CSR and agreement, late


def test_a_csr_is_submitted_unless_emsign_has_it(serve: Serve) -> None:
    server = serve(track(csr=""), ok())
    with client(server) as ca:
        ca.submit_csr(ORDER, PLACEMENT)
    wanted = {"orderNumber": "6625262451", "requestorEmail": "mara.lind@example.org", "csr": placement_csr_pem()}
    assert (endpoints(server)[1], received(server)[1].block) == ("SubmitCSR", wanted)
    server = serve(track())
    with client(server) as ca:
        ca.submit_csr(ORDER, PLACEMENT)
    assert endpoints(server) == ["TrackOrder"]


def test_23_a_csr_that_is_there_after_all_is_a_success(serve: Serve) -> None:
    with client(serve(track(csr=""), no("EMS-1099", "Duplicate CSR"), track())) as ca:
        ca.submit_csr(ORDER, PLACEMENT)
    with client(serve(track(csr=""), no("EMS-1099", "Duplicate CSR"), track(csr=""))) as ca, pytest.raises(Refused):
        ca.submit_csr(ORDER, PLACEMENT)


def test_34_an_agreement_that_was_given_already_is_a_success(serve: Serve) -> None:
    server = serve(no("EMS-1082", "Agreement already signed"))
    with client(server) as ca:
        ca.agree(ORDER, PLACEMENT)
    assert received(server)[0].block == {
        "orderNumber": "6625262451",
        "requestorEmail": "mara.lind@example.org",
        "acceptAgreement": "1",
        "signerName": "Mara Lind",
        "signerPlace": "Bremen",
        "signerIP": "203.0.113.9",
    }
    with client(serve(no("EMS-1091", "Invalid Signer IP"))) as ca, pytest.raises(Refused, match="Invalid Signer IP"):
        ca.agree(ORDER, PLACEMENT)
    with client(serve(ok()), settings={"signer_ip": ""}) as ca, pytest.raises(Refused, match="signer_ip"):
        ca.agree(ORDER, PLACEMENT)
