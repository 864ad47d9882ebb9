"""Sectigo's client against the literal answers of its documentation, once an order is placed."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from certwright.model.ca import CAOrder, Ended, Issued, Pending, RevocationTarget
from certwright.model.errors import NotFound, Refused, Unavailable, Unknown
from certwright.model.words import DCVMethod, OrderState, RevocationReason, RevocationState, WaitingFor
from tests.client.conftest import Server, answer, reset
from tests.client.sandbox import soon
from tests.client.sectigo import (
    MD5,
    ORDER,
    PLACED,
    UNIQUE,
    client,
    form,
    lines,
    one,
    pending,
    placement,
    received,
    self_signed,
)

Serve = Callable[..., Server]
KEY = "00" * 32
TARGET = RevocationTarget("701234567", "90071234567", serial="a1b")


# -- CollectSSL


def test_48_an_order_is_asked_for_by_certificate_id_in_one_call(serve: Serve) -> None:
    flags = "csrStatus=1&dcvStatus=0&ovCallBackStatus=-1&organizationValidationStatus=-1"
    server = serve(form(f"errorCode=0&orderNumber=701234567&validationStatus=Awaiting+DCV&{flags}"))
    with client(server) as ca:
        progress = pending(ca.collect(ORDER, public_key_sha256=KEY))
    call = one(server)
    assert call.target == "/products/download/CollectSSL"
    assert call.parameters["certificateID"] == "90071234567"
    assert {call.parameters[name] for name in ("queryType", "responseFormat")} == {"1"}
    assert call.parameters["responseType"] == "3"
    assert "showCertificateID" not in call.parameters
    assert progress.ca_order == ORDER
    assert progress.waiting_for is WaitingFor.DOMAIN_CONTROL
    assert {need.what: need.done for need in progress.requirements} == {
        WaitingFor.CSR: True,
        WaitingFor.DOMAIN_CONTROL: False,
    }


@pytest.mark.parametrize(
    ("flags", "waiting"),
    [
        ("dcvStatus=0&organizationValidationStatus=0&ovCallBackStatus=0", WaitingFor.DOMAIN_CONTROL),
        ("dcvStatus=1&organizationValidationStatus=2&ovCallBackStatus=0", WaitingFor.ORGANIZATION),
        ("dcvStatus=1&organizationValidationStatus=1&ovCallBackStatus=0&evClickThroughStatus=0", WaitingFor.CALL_BACK),
        ("dcvStatus=1&organizationValidationStatus=1&evClickThroughStatus=2", WaitingFor.CLICK_THROUGH),
        ("dcvStatus=1&brandValStatus=0", WaitingFor.BRAND),
        ("csrStatus=1&dcvStatus=1", WaitingFor.PROCESSING),
    ],
)
def test_what_an_order_waits_for_is_the_first_thing_that_lacks(flags: str, waiting: WaitingFor, serve: Serve) -> None:
    with client(serve(form(f"errorCode=0&{flags}"))) as ca:
        assert pending(ca.collect(CAOrder("7"), public_key_sha256=KEY)).waiting_for is waiting


@pytest.mark.parametrize(
    ("code", "end"), [(-20, OrderState.REJECTED), (-21, OrderState.FAILED)], ids=["rejected", "revoked"]
)
def test_57_an_end_is_told_not_raised(code: int, end: OrderState, serve: Serve) -> None:
    with client(serve(form(f"errorCode={code}&errorMessage=As+Sectigo+says%21"))) as ca:
        ended = ca.collect(ORDER, public_key_sha256=KEY)
    assert isinstance(ended, Ended)
    assert ended.state is end
    assert "As Sectigo says!" in ended.why


def test_57_a_certificate_being_issued_is_awaited(serve: Serve) -> None:
    server = serve(form("errorCode=-26&errorMessage=soon"))
    with client(server) as ca:
        assert pending(ca.collect(ORDER, public_key_sha256=KEY)).waiting_for is WaitingFor.PROCESSING
    assert server.connections == 1


@pytest.mark.parametrize("code", [1, 2])
def test_49_available_without_a_certificate_is_not_yet_issued(code: int, serve: Serve) -> None:
    with client(serve(form(f"errorCode={code}"))) as ca:
        progress = ca.collect(ORDER, public_key_sha256=KEY)
    assert isinstance(progress, Pending)
    assert progress.waiting_for is WaitingFor.PROCESSING


def test_the_certificate_of_another_key_is_not_taken_by_an_order_number_alone(serve: Serve) -> None:
    der = self_signed().public_bytes(Encoding.DER)
    said = form(f"errorCode=2&certificate={quote(b64encode(der).decode(), safe='')}")
    with client(serve(said)) as ca:
        assert pending(ca.collect(CAOrder("7"), public_key_sha256=KEY)).waiting_for is WaitingFor.PROCESSING
        handed_on = ca.collect(ORDER, public_key_sha256=KEY)
    assert isinstance(handed_on, Issued)
    assert handed_on.ca_order == ORDER


def test_an_order_that_has_everything_and_does_not_issue_is_looked_for_in_the_report(serve: Serve) -> None:
    waits = form("errorCode=0&csrStatus=1&dcvStatus=1")
    failed = "1_orderNumber=701234567&1_1_certificateID=90071234567&1_1_status=failed"
    with client(serve(waits, form(f"errorCode=0&noOfResults=1&{failed}"))) as ca:
        ended = ca.collect(ORDER, public_key_sha256=KEY)
    assert isinstance(ended, Ended)
    assert ended.state is OrderState.FAILED
    with client(serve(waits, answer(502, b"<html>"))) as ca:
        assert pending(ca.collect(ORDER, public_key_sha256=KEY)).waiting_for is WaitingFor.PROCESSING


def test_a_caa_refusal_that_only_the_report_tells_does_not_end_a_paid_order(serve: Serve) -> None:
    waits = form("errorCode=0&csrStatus=1&dcvStatus=1")
    refused = "1_orderNumber=701234567&1_1_certificateID=90071234567&1_1_status=caacheckfailed"
    with client(serve(waits, form(f"errorCode=0&noOfResults=1&{refused}"))) as ca:
        assert pending(ca.collect(ORDER, public_key_sha256=KEY)).waiting_for is WaitingFor.CAA


def test_names_are_proven_once_the_certificate_is_being_issued(serve: Serve) -> None:
    names = form("errorCode=0&1_domainName=shop.example.com&1_dcvMethod=CNAME_CSR_HASH&1_dcvStatus=Validated")
    with client(serve(names, form("errorCode=-26&errorMessage=soon"))) as ca:
        assert ca.check_control(ORDER, placement()) is True


# -- finding


ROW = "1_orderNumber=701234567&1_1_certificateID=90071234567&1_1_status=issued"


def test_several_new_replacements_without_our_reference_are_left_to_a_person(serve: Serve) -> None:
    family = "errorCode=0&noOfResults=3" + "".join(
        f"&{row}_orderNumber=70{row}&{row}_1_certificateID=90{row}&{row}_1_status=issued" for row in (1, 2, 3)
    )
    known = frozenset({"order 701", "certificate 901"})
    with client(serve(form(family), form("errorCode=0&noOfResults=0"))) as ca, pytest.raises(Refused, match="702, 703"):
        ca.find_reissue("701", placement(), known)
    one_new = known | {"order 702", "certificate 902"}
    with client(serve(form(family), form("errorCode=0&noOfResults=0"))) as ca:
        assert [found.order_id for found in ca.find_reissue("701", placement(), one_new)] == ["703"]


def test_32_an_order_is_found_by_its_reference_with_the_value_we_sent(serve: Serve) -> None:
    server = serve(form(f"errorCode=0&noOfResults=1&{ROW}"), form("errorCode=0&noOfResults=1"), form(PLACED))
    with client(server) as ca:
        (found,) = ca.find("clm-000042")
    call = received(server)[0]
    assert call.api == "WebHostReport"
    assert call.parameters["foreignOrderNumber"] == "clm-000042"
    assert (found.order_id, found.certificate_id) == ("701234567", "90071234567")
    sent = serve(form(PLACED))
    with client(sent) as ca:
        ca.place(placement(), deadline=soon())
    assert found.dcv_value == received(sent)[0].parameters["uniqueValue"]


def test_the_oldest_order_comes_first(serve: Serve) -> None:
    rows = "1_orderNumber=701240000&1_dateTime=1790000100&2_orderNumber=99999999&2_dateTime=1790000000"
    with client(serve(form(f"errorCode=0&noOfResults=2&{rows}"), form("errorCode=0&noOfResults=2"))) as ca:
        assert [found.order_id for found in ca.find("clm-000042")] == ["99999999", "701240000"]


def test_15_a_look_up_that_fails_is_repeated(serve: Serve) -> None:
    server = serve(reset, answer(502, b"<html>"), form(f"errorCode=0&noOfResults=1&{ROW}"))
    with client(server) as ca:
        assert len(ca.find("clm-000042")) == 1
    assert {call.api for call in received(server)} == {"WebHostReport"}


@pytest.mark.parametrize("said", ["errorCode=0&noOfResults=0", "error_code=0"])
def test_nothing_is_found_when_nothing_is_there(said: str, serve: Serve) -> None:
    with client(serve(form(said))) as ca:
        assert ca.find("clm-000042") == ()


def test_a_reissue_under_a_reference_that_is_known_already_is_looked_up(serve: Serve) -> None:
    with client(serve(form("errorCode=-4&errorItem=foreignOrderNumber"))) as ca, pytest.raises(Unknown):
        ca.reissue("701234567", placement(), deadline=soon())


@pytest.mark.parametrize("code", [-20, -21, -36])
def test_60_a_reissue_of_what_has_ended_is_refused(code: int, serve: Serve) -> None:
    with client(serve(form(f"errorCode={code}&errorMessage=ended"))) as ca, pytest.raises(Refused) as caught:
        ca.reissue("701234567", placement(), deadline=soon())
    assert caught.value.code == str(code)


@pytest.mark.parametrize("said", ["errorCode=0", "errorCode=0&expectedDeliveryTime=1"])
def test_59_a_reissue_that_tells_no_ids_keeps_those_of_its_order(said: str, serve: Serve) -> None:
    with client(serve(form(said))) as ca:
        placed = pending(ca.reissue("701234567", placement(), deadline=soon()))
    assert placed.ca_order.order_id == "701234567"
    assert placed.ca_order.certificate_id == ""


# -- revoking and withdrawing


@pytest.mark.parametrize(
    ("reason", "number"),
    [
        (RevocationReason.UNSPECIFIED, "0"),
        (RevocationReason.KEY_COMPROMISE, "1"),
        (RevocationReason.AFFILIATION_CHANGED, "3"),
        (RevocationReason.SUPERSEDED, "4"),
        (RevocationReason.CESSATION_OF_OPERATION, "5"),
    ],
)
def test_64_a_reason_is_sent_as_its_number_and_a_comment_is_never_missing(
    reason: RevocationReason, number: str, serve: Serve
) -> None:
    server = serve(form("errorCode=0"))
    with client(server) as ca:
        assert ca.revoke(TARGET, reason, "", deadline=soon()).state is RevocationState.REVOKED
    sent = one(server).parameters
    assert (sent["codeReason"], sent["certificateID"]) == (number, "90071234567")
    assert sent["revocationReason"]


def test_62_a_serial_is_sent_in_upper_case(serve: Serve) -> None:
    server = serve(form("errorCode=0"))
    with client(server) as ca:
        ca.revoke(RevocationTarget("7", serial="a1b"), RevocationReason.SUPERSEDED, "x", deadline=soon())
    assert one(server).parameters["serialNumber"].lstrip("0") == "A1B"


@pytest.mark.parametrize("code", [-20, -21])
def test_62_already_revoked_is_success(code: int, serve: Serve) -> None:
    with client(serve(form(f"errorCode={code}&errorMessage=already"))) as ca:
        done = ca.revoke(TARGET, RevocationReason.SUPERSEDED, "", deadline=soon())
    assert done.state is RevocationState.REVOKED


def test_65_what_is_being_issued_can_be_revoked_later(serve: Serve) -> None:
    with client(serve(form("errorCode=-26&errorMessage=signing"))) as ca, pytest.raises(Unavailable) as caught:
        ca.revoke(TARGET, RevocationReason.SUPERSEDED, "", deadline=soon())
    assert not isinstance(caught.value, Unknown)


def test_a_pending_order_is_withdrawn_after_a_look(serve: Serve) -> None:
    server = serve(form("errorCode=0"), form("errorCode=0"))
    with client(server) as ca:
        ca.cancel(ORDER, "not needed")
    assert [call.api for call in received(server)] == ["CollectSSL", "AutoRevokeSSL"]
    for call in received(server):  # of a reissue, the order's number would name the certificate before it
        assert (call.parameters["certificateID"], call.parameters.get("orderNumber")) == ("90071234567", None)


@pytest.mark.parametrize("code", [1, 2])
def test_an_issued_order_is_not_revoked_by_a_withdrawal(code: int, serve: Serve) -> None:
    server = serve(form(f"errorCode={code}"))
    with client(server) as ca, pytest.raises(Refused, match="issued"):
        ca.cancel(ORDER, "")
    assert [call.api for call in received(server)] == ["CollectSSL"]


def test_an_order_that_is_withdrawn_already_is_left_alone(serve: Serve) -> None:
    server = serve(form("errorCode=-20&errorMessage=rejected"))
    with client(server) as ca:
        ca.cancel(ORDER, "")
    assert server.connections == 1


# -- control of names


DETAILS = (
    "errorCode=0&1_domainName=a.example.com&1_dcvMethod=CNAME_CSR_HASH&1_dcvStatus=Validated"
    "&2_domainName=b.example.com&2_dcvMethod=HTTP+CSR+Hash&2_dcvStatus=Not+Validated"
    "&3_domainName=c.example.com&3_dcvMethod=CNAME+CSR+Hash&3_dcvStatus=Not+Validated"
)
MANY = placement(product="279", names=("a.example.com", "b.example.com", "c.example.com"), common_name="a.example.com")


def test_47_not_validated_is_pending(serve: Serve) -> None:
    with client(serve(form(DETAILS))) as ca:
        found = ca.authorizations(ORDER)
    assert [(seen.name, seen.method, seen.proven) for seen in found] == [
        ("a.example.com", DCVMethod.DNS_CNAME, True),
        ("b.example.com", DCVMethod.HTTP, False),
        ("c.example.com", DCVMethod.DNS_CNAME, False),
    ]


def test_8_44_unproven_names_are_looked_at_in_one_call_without_a_response_format(serve: Serve) -> None:
    proven = DETAILS.replace("Not+Validated", "Validated")
    server = serve(form(DETAILS), form("errorCode=0"), form(proven))
    with client(server) as ca:
        assert ca.check_control(ORDER, MANY) is True
    (update,) = [call for call in received(server) if call.api == "AutoUpdateDCV"]
    assert update.parameters["domainNames"] == "b.example.com c.example.com"
    assert update.parameters["newMethods"] == "HTTP_CSR_HASH,CNAME_CSR_HASH"
    assert "responseFormat" not in update.parameters


def test_proofs_are_of_the_unproven_names_and_of_the_order_s_own_value(serve: Serve) -> None:
    with client(serve(form(DETAILS))) as ca:
        proofs = ca.proofs(ORDER, MANY)
    assert [proof.name for proof in proofs] == ["b.example.com", "c.example.com"]
    assert all(UNIQUE in proof.value for proof in proofs)
    assert proofs[0].where == f"http://b.example.com/.well-known/pki-validation/{MD5}.txt"


def test_43_changing_to_e_mail_needs_an_address(serve: Serve) -> None:
    server = serve(form(DETAILS))
    with client(server) as ca, pytest.raises(Refused):
        ca.change_method(ORDER, MANY, "email", name="b.example.com")
    assert not [call for call in received(server) if call.api == "AutoUpdateDCV"]


def test_the_method_of_one_name_is_changed_alone(serve: Serve) -> None:
    changed = DETAILS.replace("HTTP+CSR+Hash", "EMAIL")
    server = serve(form(DETAILS), form("errorCode=0"), form(changed))
    with client(server) as ca:
        ca.change_method(ORDER, MANY, "email:admin@example.com", name="b.example.com")
    (update,) = [call for call in received(server) if call.api == "AutoUpdateDCV"]
    sent = {name: text for name, text in update.parameters.items() if not name.startswith("login")}
    assert sent == {
        "orderNumber": "701234567",
        "domainName": "b.example.com",
        "newMethod": "EMAIL",
        "newDCVEmailAddress": "admin@example.com",
    }


def test_45_addresses_are_distinct_and_never_none(serve: Serve) -> None:
    heads = ("admin", "administrator", "hostmaster", "postmaster", "webmaster")
    levels = (("level2_email", "example.org"), ("level3_email", "www.example.org"))
    rows = [f"{label}\t{head}@{domain}" for label, domain in levels for head in heads]
    server = serve(lines("0", "domain_name\twww.example.org", "whois_email\tnone", *rows, *rows[:3]))
    with client(server) as ca:
        found = ca.dcv_addresses("www.example.org")
    assert len(found) == len(set(found)) == 10
    assert all("@" in address for address in found)


def test_46_a_name_without_addresses_is_refused(serve: Serve) -> None:
    with client(serve(lines("-37", "Internal Server Name or IP address!"))) as ca, pytest.raises(Refused) as caught:
        ca.dcv_addresses("intranet")
    assert caught.value.code == "-37"


# -- what the CA says of its own work


def test_72_what_cannot_be_read_changes_nothing(serve: Serve) -> None:
    server = serve(answer(200, b"0" * 100))
    with client(server) as ca, pytest.raises(Unavailable):
        ca.collect(ORDER, public_key_sha256=KEY)


def test_57_an_order_that_is_not_shown_is_not_lost(serve: Serve) -> None:
    said = form("errorCode=-4&errorMessage=The+value+of+the+%27certificateID%27+argument+is+invalid%21")
    with client(serve(said)) as ca, pytest.raises((Unavailable, NotFound)):
        ca.collect(ORDER, public_key_sha256=KEY)
