"""Sectigo's push: who sends it, and what it makes us look at (§17)."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certwright.cas.sectigo.push import Receiver
from certwright.model.ca import Hint
from certwright.model.errors import Misconfigured

SECRET = "sixteen characters: enough"
RECEIVER = Receiver(SECRET)
EVENT = "orderNumber=701234567&certificateID=90071234567&eventType=Certificate&status=issued&statusCode=6"


def _basic(text: str) -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(text.encode()).decode()}


@pytest.mark.parametrize("user", ["", "certwright", "a user"])
def test_the_password_alone_tells_who_it_is(user: str) -> None:
    assert RECEIVER.is_genuine(_basic(f"{user}:{SECRET}"))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": SECRET},
        {"authorization": "Basic"},
        {"authorization": "Basic %%%"},
        {"authorization": f"Bearer {SECRET}"},
        {"authorization": "Basic " + b64encode(SECRET.encode()).decode()},
        _basic(f"user:{SECRET}x"),
        _basic("user:"),
        {"x-webhook-key": SECRET},
        {"authorization": "Basic ÿ"},
    ],
)
def test_whoever_does_not_know_it_is_turned_away(headers: dict[str, str]) -> None:
    assert not RECEIVER.is_genuine(headers)


@pytest.mark.parametrize("secret", ["", "short", "x" * 15])
def test_a_short_secret_is_a_misconfiguration_that_does_not_quote_it(secret: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Receiver(secret)
    assert not secret or secret not in str(caught.value)


def test_a_password_with_a_colon_is_one() -> None:
    assert Receiver("with:colon:sixteen").is_genuine(_basic("user:with:colon:sixteen"))


def test_72_get_and_post_say_the_same() -> None:
    certificates = "&certificate=-----BEGIN+CERTIFICATE-----%0AMII%2B%0A-----END+CERTIFICATE-----&caCertificate=x"
    assert RECEIVER.read(EVENT, b"") == RECEIVER.read("", f"{EVENT}{certificates}".encode()) == Hint("701234567")


@pytest.mark.parametrize("event", ["CallBack", "PreRevocationNotification", "NotYetInvented"])
def test_73_an_event_of_any_type_is_taken(event: str) -> None:
    assert RECEIVER.read(f"eventType={event}&orderNumber=7", b"") == Hint("7")


@pytest.mark.parametrize(("query", "body"), [("", b""), ("a=b", b""), ("", b"{}"), ("", b"\xff\xfe"), ("", b"<x/>")])
def test_what_is_no_event_is_none(query: str, body: bytes) -> None:
    assert RECEIVER.read(query, body) is None


def test_an_event_about_no_order_makes_no_order_due() -> None:
    hint = RECEIVER.read("eventType=MasterAccount", b"")
    assert hint is None or hint.order_id not in ("", "701234567")


@given(st.text(), st.binary())
def test_nothing_that_is_sent_breaks_the_receiver(query: str, body: bytes) -> None:
    hint = RECEIVER.read(query, body)
    assert hint is None or isinstance(hint.order_id, str)
