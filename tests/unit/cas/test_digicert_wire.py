"""DigiCert's shapes, odd types and refusals read into ours."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from certwright.cas.digicert import progress, wire, wire_account
from certwright.cas.digicert.caller import read_as
from certwright.cas.digicert.errors import refusal
from certwright.cas.http import Answer
from certwright.model.ca import CAOrder, Ended, Pending
from certwright.model.errors import CertwrightError, Misconfigured, NotFound, Refused, Unavailable, Unknown
from certwright.model.words import OrderState, WaitingFor
from certwright.pki.keys import public_key_sha256

KEY = ec.generate_private_key(ec.SECP256R1())


def _answer(body: bytes, status: int = 200, *, changes: bool = False, media_type: str = "application/json") -> Answer:
    return Answer("DigiCert", status, media_type, body, changes)


# -- odd types


def test_ids_may_be_numbers_or_texts_and_flags_may_be_anything() -> None:
    order = read_as(
        _answer(
            b'{"id":900,"status":"issued","is_renewed":"1","is_renewal":0,"renewed_order_id":"901",'
            b'"certificate":{"id":"5","serial_number":12,"dns_names":null},"organization":null,"extra":[]}'
        ),
        wire.Order,
    )
    assert (order.id, order.certificate.id, order.is_renewed, order.is_renewal) == ("900", "5", True, False)
    assert order.certificate.dns_names == ()
    assert order.organization.name == ""


def test_json_and_xml_read_the_same() -> None:
    from_json = read_as(
        _answer(
            b'{"id":1,"requests":[{"id":2,"status":"approved"}],"certificate_id":3,"domains":'
            b'[{"dns_name":"a.example","dcv_token":{"token":"t","status":"pending"}}]}'
        ),
        wire.Placed,
    )
    from_xml = read_as(
        _answer(
            b"<order><id>1</id><requests><request><id>2</id><status>approved</status></request></requests>"
            b"<certificate_id>3</certificate_id><domains><domain><dns_name>a.example</dns_name><dcv_token>"
            b"<token>t</token><status>pending</status></dcv_token></domain></domains></order>",
            media_type="application/xml",
        ),
        wire.Placed,
    )
    assert from_json == from_xml


def test_an_empty_answer_is_an_empty_list_but_one_without_the_list_is_none_of_ours() -> None:
    assert read_as(_answer(b"{}"), wire.OrderStatuses).orders == ()
    assert read_as(_answer(b"<order_list/>", media_type="text/xml"), wire.OrderStatuses).orders == ()
    assert read_as(_answer(b'{"page":{"total":0}}'), wire.OrderStatuses).orders == ()
    with pytest.raises(Unavailable):
        read_as(_answer(b'{"message":"hello"}'), wire.OrderStatuses)
    with pytest.raises(Unavailable):
        read_as(_answer(b"[]"), wire.OrderStatuses)


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"{}", b"[]", b"<html>", b"\x00", b'{"requests":[]}', b'{"id":[1]}', b'{"id":true}'],
)
def test_row_14_an_order_answered_with_nonsense_is_unknown_and_a_read_is_unavailable(body: bytes) -> None:
    with pytest.raises(Unknown):
        read_as(_answer(body, 201, changes=True), wire.Placed)
    with pytest.raises(Unavailable) as caught:
        read_as(_answer(body), wire.Order)
    assert not isinstance(caught.value, Unknown)


def test_50_an_unknown_status_means_waiting_and_is_warned_of_once() -> None:
    with capture_logs() as lines:
        assert wire.waiting_for("on_holiday") is WaitingFor.PROCESSING
        assert wire.waiting_for("on_holiday") is WaitingFor.PROCESSING
    assert [line["event"] for line in lines] == ["ca_status_unknown"]
    assert wire.ending("on_holiday") is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("needs_approval", WaitingFor.CA_APPROVAL),
        ("needs_csr", WaitingFor.CSR),
        ("processing", WaitingFor.PROCESSING),
        ("waiting_pickup", WaitingFor.PROCESSING),
        ("pending", None),
        ("reissue_pending", None),
        ("duplicate_pending", None),
    ],
)
def test_every_unfinished_status_has_its_reason(status: str, expected: WaitingFor | None) -> None:
    assert wire.waiting_for(status) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("rejected", OrderState.REJECTED),
        ("denied", OrderState.REJECTED),
        ("canceled", OrderState.CANCELLED),
        ("expired", OrderState.EXPIRED),
        ("revoked", OrderState.FAILED),
    ],
)
def test_every_ended_status_is_one_of_our_ends(status: str, expected: OrderState) -> None:
    ended = progress.of_ended(CAOrder("1"), wire.Order(id="1", status=status))
    assert isinstance(ended, Ended)
    assert ended.state is expected


def test_a_moment_that_is_none_is_left_out() -> None:
    assert wire.Token.model_validate({"expiration_date": "soon"}).expiration_date is None
    token = wire.Token.model_validate({"expiration_date": "2026-12-01T10:00:00-07:00"})
    assert token.expiration_date == datetime(2026, 12, 1, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name_id", "group", "expected"),
    [
        ("ssl_dv_geotrust", "dv_ssl_certificate", ("dv", False)),
        ("ssl_ev_basic", "ssl_certificate", ("ev", False)),
        ("ssl_basic", "ssl_certificate", ("ov", False)),
        ("private_ssl_plus", "private_ssl_certificate", ("ov", True)),
        ("ssl_cloud_wildcard", "", ("ov", False)),
    ],
)
def test_products_tell_their_validation_and_trust(name_id: str, group: str, expected: tuple[str, bool]) -> None:
    product = wire_account.Product(name_id=name_id, group_name=group)
    assert (product.validation, product.is_private) == expected


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "status", "requests", "certificate", "certificate_chain", "domains", "orders", "pem"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(TREES)
def test_whatever_json_answers_an_order_it_is_read_or_unknown(tree: object) -> None:
    body = json.dumps(tree).encode()
    for shape in (wire.Placed, wire.Order, wire.OrderStatuses, wire.Errors):
        with suppress(Unknown):
            read_as(_answer(body, 201, changes=True), shape)
    refusal(_answer(body, 400))


# -- refusals


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (
            400,
            b'{"errors":[{"code":"invalid_value:validity_years","message":"m"}]}',
            Refused,
            "invalid_value:validity_years",
        ),
        (400, b'{"errors":{"code":"x","message":"m"}}', Refused, "x"),
        (
            400,
            b"<error_list><errors><error><code>y</code><message>m</message></error></errors></error_list>",
            Refused,
            "y",
        ),
        (400, b"", Refused, ""),
        (400, b'{"errors":[{"code":"z"}]}', Refused, "z"),
        (400, b'{"errors":"oops"}', Refused, ""),
        (401, b"", Misconfigured, ""),
        (403, b"<html>forbidden</html>", Misconfigured, ""),
        (
            403,
            b'{"errors":[{"code":"access_denied|missing_permission","message":"m"}]}',
            Misconfigured,
            "access_denied|missing_permission",
        ),
        (
            403,
            b'{"errors":[{"code":"access_denied|invalid_approver","message":"m"}]}',
            Refused,
            "access_denied|invalid_approver",
        ),
        (404, b'{"errors":[{"code":"not_found|order","message":"m"}]}', NotFound, "not_found|order"),
        (404, b'{"errors":[{"code":"not_found","message":"m"}]}', NotFound, "not_found"),
        (404, b'{"errors":[{"code":"not_found|route","message":"m"}]}', Misconfigured, "not_found|route"),
        (404, b"<html>404</html>", Misconfigured, ""),
        (404, b"", Misconfigured, ""),
        (406, b"", Refused, ""),
        (
            403,
            b'{"errors":[{"code":"request_limit_exceeded","message":"m"}]}',
            Unavailable,
            "request_limit_exceeded",
        ),
    ],
)
def test_every_refusal_becomes_the_error_that_tells_what_to_do(
    status: int, body: bytes, kind: type[CertwrightError], code: str
) -> None:
    error = refusal(_answer(body, status, changes=True, media_type=""))
    assert type(error) is kind
    assert error.code == code
    assert str(status) in error.detail


def test_a_403_lists_the_four_causes_and_the_call_that_tells_them_apart() -> None:
    advice = refusal(_answer(b"", 403)).advice
    for word in ("API key", "role", "approver", "restricted", "allow-list", "/user/me"):
        assert word in advice


def test_several_errors_are_all_told() -> None:
    error = refusal(_answer(b'{"errors":[{"code":"a","message":"One."},{"code":"b","message":"Two."}]}', 400))
    assert "One. Two." in error.detail
    assert error.code == "a"


# -- what the three answers to an order mean


def test_the_answer_without_certificate_id_waits_for_an_approver() -> None:
    placed = wire.Placed.model_validate({"id": 1, "requests": [{"id": 2, "status": "pending"}]})
    found = progress.of_placed(placed, "dns-txt-token", "00")
    assert found == Pending(CAOrder("1", "", "2"), WaitingFor.CA_APPROVAL, "the request waits for an approver")


@pytest.mark.parametrize("name_field", ["name", "dns_name"])
@pytest.mark.parametrize("inside", [True, False])
def test_the_answer_with_a_random_value_asks_for_proofs(name_field: str, inside: bool) -> None:
    token = {"token": "v" * 32} if inside else {}
    placed = wire.Placed.model_validate(
        {
            "id": 1,
            "certificate_id": 3,
            "dcv_random_value": "v" * 32,
            "domains": [{name_field: "*.a.example", "dcv_token": {**token, "status": "pending"}}],
        }
    )
    found = progress.of_placed(placed, "dns-txt-token", "00")
    assert isinstance(found, Pending)
    assert found.waiting_for is WaitingFor.DOMAIN_CONTROL
    assert [(proof.name, proof.where, proof.value) for proof in found.proofs] == [
        ("*.a.example", "a.example", "v" * 32)
    ]


@pytest.mark.parametrize("pem", ["", "<html>", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_row_36_an_immediate_answer_without_our_certificate_is_only_pending(pem: str) -> None:
    placed = wire.Placed.model_validate(
        {"id": 1, "certificate_id": 3, "certificate_chain": [{"subject_common_name": "a", "pem": pem or "x"}]}
    )
    found = progress.of_placed(placed, "dns-txt-token", public_key_sha256(KEY.public_key()))
    assert isinstance(found, Pending)
    assert found.ca_order.certificate_id == "3"


@pytest.mark.parametrize(
    ("method", "where", "value"),
    [
        ("dns-txt-token", "a.example", "tok"),
        ("dns-cname-token", "tok.a.example", "dcv.digicert.com"),
        ("http-token", "http://a.example/.well-known/pki-validation/fileauth.txt", "tok"),
        ("email", "a.example", ""),
    ],
)
def test_each_method_says_what_to_publish_where(method: str, where: str, value: str) -> None:
    proof = progress.proof("a.example", method, wire.Token(token="tok"))
    assert (proof.where, proof.value) == (where, value)


def test_what_an_order_waits_for_is_told_from_its_validation() -> None:
    validation = wire.OrderValidation.model_validate(
        {
            "organization_name": "Meadow",
            "organization_validations": [{"type": "ov", "status": "pending"}],
            "dns_name_validations": [{"status": "active", "dns_names": ["a.example"]}],
        }
    )
    found = progress.of_unfinished(CAOrder("1"), "pending", validation)
    assert found.waiting_for is WaitingFor.ORGANIZATION
    assert "Meadow" in found.why
