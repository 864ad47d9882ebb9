"""emSign's envelope, spellings and states, and what is assumed where its documents are silent."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from certwright.cas.emsign import contract, errors, standing, wire
from certwright.cas.emsign.meta import AccessKeySigner, auth_key
from certwright.cas.emsign.standing import Standing
from certwright.model.ca import CAOrder
from certwright.model.errors import CertwrightError, NotFound, Refused, Unavailable, Unknown
from certwright.model.words import OrderState, WaitingFor
from tests.client.emsign import PLACEMENT, name_entry, tracked
from tests.client.sectigo import self_signed

ORDER = CAOrder("6625262451")
KEY, TS, TXN = "AK-demo-0123456789abcdef", "2026-11-20T09:30:00+00:00", "74120583916024417733"
LEAF = self_signed()


# -- meta


def test_1_the_published_vector_is_met() -> None:
    assert auth_key(KEY, TS, TXN) == "f3deeb194a3c0633baf3b177cd3c685976747a4b072f3f91d8f7728e70317082"


@given(st.integers(0, len(TS) - 1), st.integers(0, len(TXN) - 1))
def test_1_another_character_gives_another_hash(in_ts: int, in_txn: int) -> None:
    ts, txn = TS[:in_ts] + "x" + TS[in_ts + 1 :], TXN[:in_txn] + "x" + TXN[in_txn + 1 :]
    hashes = {auth_key(KEY, TS, TXN), auth_key(KEY, ts, TXN), auth_key(KEY, TS, txn)}
    assert len(hashes) == 3
    assert all(found == found.lower() and len(found) == 64 for found in hashes)


def test_3_no_two_blocks_share_a_transaction_number() -> None:
    signer = AccessKeySigner("4000000017", KEY)
    blocks = [signer.meta() for _ in range(50)]
    assert len({block["txn"] for block in blocks}) == 50
    for block in blocks:
        assert set(block) == {"ver", "ts", "txn", "accountNumber", "authKey"}
        assert block["ver"] == "1.0"
        assert block["txn"].isalnum()
        assert 10 <= len(block["txn"]) <= 50
        assert block["authKey"] == auth_key(KEY, block["ts"], block["txn"])
        assert datetime.fromisoformat(block["ts"]).tzinfo is not None
        assert KEY not in repr(signer) + str(block)


# -- spellings


@pytest.mark.parametrize(("value", "text"), [(None, ""), ("", ""), (" 7 ", "7"), (7, "7"), (True, "1"), ([], "")])
def test_42_numbers_and_texts_are_one(value: Any, text: str) -> None:
    assert wire.text(value) == text


@pytest.mark.parametrize(("value", "number"), [("101", 101), (101, 101), ("", None), ("many", None), (None, None)])
def test_42_a_counter_may_be_either(value: Any, number: int | None) -> None:
    assert wire.number(value) == number


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2027-06-05 07:43:10", datetime(2027, 6, 5, 7, 43, 10, tzinfo=UTC)),
        ("2027-06-05", datetime(2027, 6, 5, tzinfo=UTC)),
        ("2027-06-05T13:13:10+05:30", datetime(2027, 6, 5, 7, 43, 10, tzinfo=UTC)),
        ("", None),
        (None, None),
        ("soon", None),
    ],
)
def test_51_a_date_without_a_zone_is_utc(value: Any, moment: datetime | None) -> None:
    assert wire.moment(value) == moment


def test_10_a_decimal_serial_becomes_hex() -> None:
    assert (wire.serial("2563"), wire.serial("0A:03"), wire.serial("")) == ("a03", "a03", "")


@pytest.mark.parametrize("value", ["DNS TXT Record", "dns txt record", "1"])
def test_30_label_and_number_are_the_same_method(value: str) -> None:
    assert wire.method(value) == "dns-txt-token"


def test_30_an_unknown_method_keeps_its_label() -> None:
    assert wire.method("Carrier pigeon") == "Carrier pigeon"


def test_39_pem_and_bare_base64_are_the_same_certificate() -> None:
    pem, der = LEAF.public_bytes(Encoding.PEM).decode(), LEAF.public_bytes(Encoding.DER)
    bare = b64encode(der).decode()
    wrapped = "\r\n".join(bare[at : at + 76] for at in range(0, len(bare), 76))
    assert {wire.certificates(text) for text in (pem, bare, wrapped, f"  {pem}\n")} == {(der,)}
    assert wire.certificates(pem + pem) == (der, der)


@pytest.mark.parametrize("value", ["", None, " "])
def test_39_an_empty_certificate_is_none(value: Any) -> None:
    assert wire.certificates(value) == ()


@pytest.mark.parametrize("value", ["<html>", "AAAA", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"])
def test_what_is_no_certificate_is_refused_without_being_quoted(value: str) -> None:
    with pytest.raises(Refused) as caught:
        wire.certificates(value)
    assert value not in str(caught.value)


def test_a_csr_comes_back_as_it_was_sent() -> None:
    assert wire.csr_der(wire.csr_pem(PLACEMENT.csr)) == PLACEMENT.csr
    assert wire.csr_der(b64encode(PLACEMENT.csr).decode()) == PLACEMENT.csr
    assert wire.csr_der(None) == wire.csr_der("?") == b""


# -- assumptions


@pytest.mark.parametrize(("status", "good"), [("1", True), ("0", False), ("2", False), ("", False), ("11", False)])
def test_a1_only_one_is_success(status: str, *, good: bool) -> None:
    assert contract.succeeded(status) is good


@pytest.mark.parametrize("key", ["groupDetails", "groups", "GroupDetails"])
def test_a2_a_list_is_found_under_any_name(key: str) -> None:
    answer = {"meta": {"status": "1"}, "count": "1", "empty": [], key: [{"groupNumber": "4"}]}
    assert contract.items(answer, "groupDetails") == [{"groupNumber": "4"}]


@pytest.mark.parametrize(
    "rest", [{}, {"groupDetails": None}, {"groupDetails": ""}, {"groups": []}, {"groupDetails": [], "count": 0}]
)
def test_a2_nothing_is_an_empty_list(rest: dict[str, Any]) -> None:
    assert contract.items({"meta": {"status": "1"}, **rest}, "groupDetails") == []


@pytest.mark.parametrize("rest", [{"groupDetails": ["noise"]}, {"groupDetails": {"groupNumber": "4"}}, {"count": "1"}])
def test_a2_what_is_no_list_of_objects_makes_nothing_vanish(rest: dict[str, Any]) -> None:
    with pytest.raises(Unavailable):
        contract.items({"meta": {"status": "1"}, **rest}, "groupDetails")


@pytest.mark.parametrize("key", ["validTill", "validityDate", "expiryDate"])
def test_a3_a_field_of_a_domain_has_several_names(key: str) -> None:
    assert contract.domain_field({key: "2027-03-18", "validTo": None}, "until") == "2027-03-18"


def test_a5_a_token_is_published_at_every_host_of_the_base_name() -> None:
    hosts = ["{}", "_emsign-validation.{}", "{}"]
    assert contract.txt_hosts(hosts, "*.x.example") == ("x.example", "_emsign-validation.x.example")


def test_a7_a_child_is_known_by_its_number() -> None:
    assert contract.parent_of("6625262451R001") == "6625262451"
    assert contract.parent_of("6625262451") == contract.parent_of("R001") == ""


@pytest.mark.parametrize("given_code", ["+49", "49", "(49)"])
def test_a13_a_country_code_is_digits_unless_a_plus_is_wanted(given_code: str) -> None:
    assert contract.isd_code(given_code, keep_plus=False) == "49"
    assert contract.isd_code(given_code, keep_plus=True) == "+49"


@pytest.mark.parametrize("text", ["No records found", "no data found.", "No matching orders", "Order not found"])
def test_an_empty_search_is_told_by_its_words(text: str) -> None:
    assert contract.is_empty(text)


@pytest.mark.parametrize("text", ["You have no permission to read orders", "Something went Wrong", "no reason"])
def test_another_failure_is_no_empty_search(text: str) -> None:
    assert not contract.is_empty(text)


# -- errors


@pytest.mark.parametrize(
    ("code", "change", "kind"),
    [
        ("EMS-943", False, NotFound),
        ("EMS-913", False, NotFound),
        ("EMS-918", True, Refused),
        ("EMS-939", True, Unknown),
        ("EMS-939", False, Unavailable),
        ("EMS-956", False, Unavailable),
        ("EMS-1162", True, Refused),
        ("EMS-4711", True, Refused),
        ("", True, Refused),
    ],
)
def test_6_a_code_is_one_of_our_errors(code: str, kind: type[CertwrightError], *, change: bool) -> None:
    error = errors.failure("GenerateOrderSSL", code, "As emSign says.", "0123456789", change=change)
    assert type(error) is kind
    assert error.code == code
    assert all(word in str(error) for word in ("GenerateOrderSSL", "As emSign says.", "0123456789", code))


def test_a11_no_logic_depends_on_a_code_that_no_document_names() -> None:
    import inspect

    from certwright.cas.emsign import adapter, api, bodies, collecting, controlling, finding, reporting, revoking

    modules = (adapter, api, bodies, collecting, contract, controlling, errors, finding, reporting, revoking, standing)
    source = "".join(inspect.getsource(module) for module in modules)
    invented = ("EMS-901", "EMS-902", "EMS-1010", "EMS-1085", "EMS-1086", "EMS-1087")
    assert [code for code in invented if code in source] == []


# -- how an order stands


def _read(**changes: Any) -> Standing:
    return Standing.read(tracked(**changes))


def _waits(**changes: Any) -> WaitingFor:
    return standing.pending(ORDER, _read(**changes)).waiting_for


def test_27_names_stand_among_scalars_and_may_be_absent() -> None:
    mixed = {"status": "0", "count": 2, "note": None, "A.example": name_entry("0"), "b.example": name_entry("1")}
    now = _read(domainVerification=mixed)
    assert [name.name for name in now.unproven] == ["a.example"]
    for nothing in (None, "", {}, {"status": "0"}):
        early = _read(domainVerification=nothing)
        assert (early.names, early.unproven, early.all_proven) == (None, (), False)
        assert standing.pending(ORDER, early).waiting_for is WaitingFor.PROCESSING


def test_36_parts_count_where_the_whole_lags() -> None:
    lagging = {"status": "0", "a.example": name_entry("1"), "b.example": name_entry("1")}
    assert _read(domainVerification=lagging).all_proven
    assert _read(domainVerification={"status": "1", "a.example": name_entry("0")}).all_proven


def test_the_first_thing_that_lacks_is_waited_for() -> None:
    unproven = {"status": "0", "a.example": name_entry("0", caa="2")}
    proven = {"status": "1", "a.example": name_entry("1", caa="2")}
    assert _waits(csr="", subscriberAgreement={"status": "0"}, domainVerification=unproven) is WaitingFor.CSR
    assert _waits(subscriberAgreement={"status": "0"}, domainVerification=unproven) is WaitingFor.AGREEMENT
    assert _waits(domainVerification=unproven) is WaitingFor.DOMAIN_CONTROL
    assert _waits(domainVerification=proven) is WaitingFor.CAA
    assert _waits(certificateStatusId="3") is WaitingFor.ORGANIZATION
    assert _waits(certificateStatusId="2") is WaitingFor.CA_APPROVAL
    assert _waits() is WaitingFor.PROCESSING


def test_what_lacks_is_told_in_emsigns_words() -> None:
    forbidden = {"status": "1", "a.example": name_entry("1", caa="2")}
    told = standing.pending(ORDER, _read(domainVerification=forbidden)).why
    assert "your CAA record forbids emSign: a.example" in told
    discrepancy = _read(certificateStatusId="3", certificateStatus="Under Discrepancy")
    progress = standing.pending(ORDER, discrepancy)
    assert "Under Discrepancy" in progress.why
    assert "portal" in progress.why
    (missing,) = [one for one in progress.requirements if not one.done]
    assert (missing.what, missing.note) == (WaitingFor.ORGANIZATION, "Under Discrepancy")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("5", OrderState.REJECTED),
        ("8", OrderState.REJECTED),
        ("12", OrderState.EXPIRED),
        ("13", OrderState.CANCELLED),
        ("14", OrderState.REJECTED),
        ("18", OrderState.REJECTED),
        ("19", OrderState.FAILED),
        ("21", OrderState.FAILED),
        ("22", OrderState.FAILED),
        ("27", OrderState.REJECTED),
    ],
)
def test_an_end_is_one_of_ours(status: str, state: OrderState) -> None:
    ended = standing.ended(ORDER, _read(certificateStatusId=status, certificateStatus="So"))
    assert ended is not None
    assert (ended.state, ended.why) == (state, "emSign: So")


@pytest.mark.parametrize(("order_status", "state"), [("4", OrderState.REJECTED), ("5", OrderState.CANCELLED)])
def test_the_orders_own_status_tells_of_rejection_and_cancelling(order_status: str, state: OrderState) -> None:
    ended = standing.ended(ORDER, _read(orderStatusId=order_status))
    assert ended is not None
    assert ended.state is state


@pytest.mark.parametrize("status", ["1", "2", "4", "6", "7", "10", "11", "15", "16", "17", "23", "24", "25", "26", "x"])
def test_50_any_other_status_is_no_end(status: str) -> None:
    assert standing.ended(ORDER, _read(certificateStatusId=status)) is None


def test_50_an_unknown_status_is_kept_in_the_words() -> None:
    told = standing.pending(ORDER, _read(certificateStatusId="26", certificateStatus="On the moon")).why
    assert told == "emSign: On the moon (status 26)"


@given(
    st.recursive(
        st.none() | st.text() | st.integers() | st.booleans(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_53_nothing_that_emsign_could_send_breaks_the_reading(junk: Any) -> None:
    for key in tracked():
        now = _read(**{key: junk})
        assert standing.pending(ORDER, now).ca_order == ORDER
    assert Standing.read({}).names is None
