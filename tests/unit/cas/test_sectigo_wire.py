"""Reading Sectigo's answers: lines, forms, reports; and that nothing else passes for one (§1.4)."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from certwright.cas.http import Answer
from certwright.cas.sectigo import reporting, wire
from certwright.cas.sectigo.errors import FOUR_CAUSES, refusal
from certwright.model.ca import ReportedOrder
from certwright.model.errors import Misconfigured, NotFound, Refused, Unavailable, Unknown
from tests.client.sectigo import self_signed


def _answer(text: str | bytes, *, status: int = 200, changes: bool = False, media_type: str = "text/plain") -> Answer:
    return Answer("Sectigo", status, media_type, text.encode() if isinstance(text, str) else text, changes)


@pytest.mark.parametrize(
    "text", ["errorCode=0&orderNumber=7", "error_code=0&orderNumber=7", "ORDERNUMBER=7&ERRORCODE=0"]
)
def test_a_form_is_read_whatever_its_spelling(text: str) -> None:
    form = wire.form_of(_answer(text))
    assert (form.code, form.get("orderNumber")) == (0, "7")


def test_a_value_is_decoded_exactly_once() -> None:
    form = wire.form_of(_answer("errorCode=0&certificate=a%2Bb%3D%3D&note=50%2525"))
    assert (form.get("certificate"), form.get("note")) == ("a+b==", "50%25")


def test_a_key_that_comes_several_times_is_a_list() -> None:
    assert wire.form_of(_answer("errorCode=2&caCertificate=a&caCertificate=b")).all("caCertificate") == ("a", "b")


@pytest.mark.parametrize("text", ["-16\nIncorrect login details", "-16\r\nIncorrect login details\r\n"])
def test_an_error_in_lines_is_read_where_a_form_was_asked_for(text: str) -> None:
    form = wire.form_of(_answer(text))
    assert (form.code, form.message) == (-16, "Incorrect login details")


@pytest.mark.parametrize(
    "body",
    ["", " \n", "<html><body>0</body></html>", "sorry", "errorCode=", "errorCode=zero", "orderNumber=7", b"\xff\xfe0"],
)
@pytest.mark.parametrize("changes", [False, True])
def test_13_what_is_no_answer_is_a_failure_of_the_transport(body: str | bytes, *, changes: bool) -> None:
    with pytest.raises(Unknown if changes else Unavailable):
        wire.form_of(_answer(body, changes=changes))
    with pytest.raises(Unavailable):
        wire.lines_of(_answer(body))


def test_13_another_status_than_200_is_a_failure_of_the_transport() -> None:
    with pytest.raises(Unavailable):
        wire.form_of(_answer("errorCode=0", status=404))


@given(st.dictionaries(st.from_regex(r"[a-z]{1,10}", fullmatch=True), st.text(max_size=50)))
def test_what_is_sent_is_read_back_as_it_was(parameters: dict[str, str]) -> None:
    assert dict(parse_qsl(wire.encode(parameters).decode("ascii"), keep_blank_values=True)) == parameters


@given(st.binary(max_size=300))
def test_no_bytes_at_all_break_the_reader(body: bytes) -> None:
    try:
        form = wire.form_of(_answer(body))
    except Unavailable:
        return
    assert isinstance(form.code, int)


def test_53_a_certificate_is_read_in_every_encoding_that_was_seen() -> None:
    certificate = self_signed()
    der = certificate.public_bytes(serialization.Encoding.DER)
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    for text in (b64encode(der).decode(), pem.decode(), b64encode(pem).decode()):
        form = wire.form_of(_answer(f"errorCode=2&certificate={quote(text, safe='')}"))
        assert wire.certificates_of(form) == (der,)


@pytest.mark.parametrize("first", [1, 101])
def test_67_rows_are_read_whether_they_start_at_1_or_go_on(first: int) -> None:
    row = {"orderNumber": "701", "1_certificateID": "9001", "1_status": "issued", "2_certificateID": "9002"}
    second = {"orderNumber": "702"}
    pairs = {f"{first}_{name}": value for name, value in row.items()}
    pairs |= {f"{first + 1}_{name}": value for name, value in second.items()}
    rows = wire.rows_of(wire.form_of(_answer(urlencode({"errorCode": 0, "noOfResults": 2, **pairs}))))
    seen = [(one.get("orderNumber"), one.get("certificateID")) for one in rows]
    assert seen == [("701", "9001"), ("701", "9002"), ("702", "")]


def test_unknown_keys_of_a_report_disturb_nothing() -> None:
    text = "errorCode=0&1_orderNumber=7&1_somethingNew=x&1_1_other_thing=y&foo_1_bar=z&noOfResults=1"
    assert [row.get("orderNumber") for row in wire.rows_of(wire.form_of(_answer(text)))] == ["7"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1790000000", datetime.fromtimestamp(1790000000, UTC)),
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=UTC)),
        ("2026-11-24 13:05:00", datetime(2026, 11, 24, 13, 5, tzinfo=UTC)),
        ("", None),
        ("soon", None),
        ("99999999999999999999", None),
    ],
)
def test_times_come_as_seconds_or_dates(text: str, moment: datetime | None) -> None:
    assert wire.moment_of(text) == moment


def test_45_the_addresses_are_distinct_and_never_none() -> None:
    levels = [("level2", "example.org"), ("level3", "www.example.org"), ("level3", "www.example.org")]
    heads = ("admin", "administrator", "hostmaster", "postmaster", "webmaster")
    rows = [f"{label}_email\t {head}@{domain}" for label, domain in levels for head in heads]
    text = "\n".join(["0", "domain_name\twww.example.org", "whois email\tnone", "whois_email\tnone", *rows])
    code, lines = wire.lines_of(_answer(text))
    addresses = wire.addresses_of(lines)
    assert code == 0
    assert len(addresses) == len(set(addresses)) == 10
    assert all("@" in address for address in addresses)


def test_10_names_and_their_status_come_in_the_order_of_their_numbers() -> None:
    text = "errorCode=0&2_domainName=b.example&2_dcvMethod=EMAIL&2_dcvStatus=Not+Validated&1_domainName=a.example"
    rows = wire.numbered_names_of(wire.form_of(_answer(text)))
    assert [row["domainname"] for row in rows] == ["a.example", "b.example"]
    assert rows[1]["dcvstatus"] == "Not Validated"


# -- codes


def _form(code: int, message: str = "Said so!", item: str = "") -> wire.Form:
    return wire.Form(code, message, item, {})


def test_3_a_refused_login_names_all_four_causes() -> None:
    error = refusal(_form(-16, "Incorrect login details"), change=False)
    assert isinstance(error, Misconfigured)
    assert error.advice == FOUR_CAUSES
    for cause in ("password", "locked", "expired", "address"):
        assert cause in error.advice


@pytest.mark.parametrize("code", [-160, -139, -126, -115, -91, -90, -54, -47, -43, -999])
def test_14_an_unknown_code_passes_through_with_its_number_and_words(code: int) -> None:
    error = refusal(_form(code, "Words nobody documented!"), change=True)
    assert isinstance(error, Refused)
    assert error.code == str(code)
    assert "Words nobody documented!" in error.detail
    assert str(code) in error.detail


@pytest.mark.parametrize("code", [-2, -3, -5, -6, -7, -8, -9, -10, -11, -12, -13, -18, -19, -35, -36, -37, -40, -41])
def test_a_code_about_what_was_asked_is_a_refusal(code: int) -> None:
    assert isinstance(refusal(_form(code), change=True), Refused)


@pytest.mark.parametrize("code", [-14, -26, -42])
def test_15_a_code_that_passes_is_unavailable(code: int) -> None:
    assert isinstance(refusal(_form(code), change=False), Unavailable)


def test_after_an_unknown_error_of_a_change_nobody_knows_what_was_done() -> None:
    assert isinstance(refusal(_form(-14), change=True), Unknown)
    assert not isinstance(refusal(_form(-42), change=True), Unknown)


def test_57_an_order_of_another_account_is_not_found() -> None:
    error = refusal(_form(-4, "The value of the 'orderNumber' argument is invalid!"), change=False)
    assert isinstance(error, NotFound)


def test_a_code_without_words_gets_ours() -> None:
    assert "compromised" in refusal(_form(-40, ""), change=False).detail


# -- what a report tells


def _row(**item: str) -> ReportedOrder:
    return reporting.reported(wire.Row(1, {"ordernumber": "701234567", "cost": "12.00"}, item))


@pytest.mark.parametrize(
    ("product", "validation"),
    [
        ("PositiveSSL Certificate", "dv"),
        ("positivessl ev multi-domain certificate", "ev"),
        ("EnterpriseSSL Pro OV", "ov"),
        ("Some New OV Product", "ov"),
        ("Multi-Domain EV SSL Certificate", "ev"),
        ("Devices Certificate", ""),
        ("", ""),
    ],
)
def test_the_validation_is_that_of_the_product_by_its_name(product: str, validation: str) -> None:
    assert _row(type=product).validation == validation


def test_the_last_change_of_a_revoked_certificate_is_its_revocation() -> None:
    assert _row(status="Revoked", laststatuschange="1789990000").revoked_at == datetime.fromtimestamp(1789990000, UTC)
    assert _row(status="Issued", laststatuschange="1789990000").revoked_at is None
    assert _row(status="Revoked", laststatuschange="soon").revoked_at is None


def test_texts_of_a_report_are_cut() -> None:
    told = _row(type="p" * 5000, status="Rejected " + "x" * 5000)
    assert (len(told.product), len(told.why)) == (200, 200)
