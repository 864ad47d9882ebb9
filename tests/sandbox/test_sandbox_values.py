"""What the DigiCert sandbox reads and reckons with: names, CSRs, XML, terms, filters."""

from __future__ import annotations

import base64
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certwright_sandbox.digicert.csr import read_csr, read_name
from certwright_sandbox.digicert.errors import Refusal
from certwright_sandbox.digicert.fields import Fields
from certwright_sandbox.digicert.lists import matches
from certwright_sandbox.digicert.records import Term
from certwright_sandbox.digicert.validity import end_of, leaf_end, leaf_term, order_term
from certwright_sandbox.digicert.xml import NotXml, from_xml, to_xml
from certwright_sandbox.names import places
from tests.sandbox.certificates import csr_pem

FIELD_NAMES = st.sampled_from(["id", "name", "product", "note", "validity_years"])
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), max_size=20).map(str.strip)
OBJECTS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(FIELD_NAMES, TEXTS, min_size=1)


@given(
    values=st.fixed_dictionaries(
        {
            "certificate": OBJECTS,
            "dns_names": st.lists(TEXTS, min_size=1),
            "custom_fields": st.lists(OBJECTS, min_size=1),
        }
    )
)
def test_an_object_written_as_xml_is_read_as_it_was(values: dict[str, Any]) -> None:
    assert from_xml(to_xml("order", values)) == values


@pytest.mark.parametrize(
    "content",
    [
        b"<order><id>1</order>",
        b"",
        b"{}",
        b'<!DOCTYPE o [<!ENTITY a "x">]><order><id>&a;</id></order>',
        b'<!DOCTYPE o SYSTEM "file:///etc/passwd"><order/>',
    ],
)
def test_broken_or_dangerous_xml_is_refused(content: bytes) -> None:
    with pytest.raises(NotXml):
        from_xml(content)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Shop.Meadow.Example.", "shop.meadow.example"),
        ("*.meadow.example", "*.meadow.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8::1", "2001:db8::1"),
    ],
)
def test_a_name_is_read_in_lower_case(text: str, name: str) -> None:
    assert read_name(text, "common_name") == name


@pytest.mark.parametrize(
    "text",
    [
        "meadow",
        "bücher.example",
        "a..example",
        "-a.example",
        "a-.example",
        "a_b.example",
        "*.*.example",
        "a.*.example",
        "*.",
        "1.2.3",
        "7.2.0.192.in-addr.arpa",
        "a" * 64 + ".example",
        ".".join(["a" * 49] * 6) + ".example",
        "a b.example",
    ],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_name(text, "common_name")

    assert (caught.value.status, caught.value.code) == (400, "invalid_value:common_name")


def test_a_csr_is_taken_in_every_form_that_clients_send() -> None:
    pem = csr_pem("shop.meadow.example")
    body = "".join(pem.splitlines()[1:-1])
    forms = (
        pem,
        pem.replace("\n", ""),
        pem.replace("\n", "\r\n"),
        pem.replace("\n", "\\n"),
        body,
        f" {body}\n",
    )

    assert {read_csr(form).pem for form in forms} == {pem}


def test_a_csr_whose_signature_is_wrong_does_not_parse() -> None:
    body = "".join(csr_pem("shop.meadow.example").splitlines()[1:-1])
    altered = base64.b64decode(body).replace(b"shop.meadow", b"shop.hollow")

    with pytest.raises(Refusal, match="cannot be parsed"):
        read_csr(base64.b64encode(altered).decode())


def test_a_record_proves_a_name_from_the_name_up_to_the_registrable_domain() -> None:
    assert places("a.b.meadow.co.uk") == ["a.b.meadow.co.uk", "b.meadow.co.uk", "meadow.co.uk"]
    assert places("meadow.example") == ["meadow.example"]


@pytest.mark.parametrize(
    ("start", "days"),
    [
        (date(2026, 2, 23), 397),
        (date(2026, 2, 24), 199),
        (date(2027, 3, 14), 199),
        (date(2027, 3, 15), 99),
        (date(2029, 3, 14), 99),
        (date(2029, 3, 15), 46),
    ],
)
def test_a_public_certificate_counts_both_ends_of_the_cap_of_its_first_day(start: date, days: int) -> None:
    end = leaf_end(None, end_of(Term(years=3), start), start, is_public=True)

    assert (end - start).days + 1 == days


def test_a_private_certificate_lives_as_long_as_its_order() -> None:
    start = date(2026, 11, 21)

    assert leaf_end(None, end_of(Term(years=4), start), start, is_public=False) == date(2030, 11, 21)


@pytest.mark.parametrize(
    ("body", "term"),
    [
        ({}, Term(years=1)),
        ({"validity_years": "2"}, Term(years=2)),
        ({"validity_years": 2, "validity_days": 30}, Term(days=30)),
        ({"validity_years": 0, "custom_expiration_date": "0001-01-01T00:00:00Z"}, Term(years=1)),
        ({"validity_years": 3, "custom_expiration_date": "2027-05-04"}, Term(until=date(2027, 5, 4))),
        ({"validity_years": 3, "order_validity": {"years": 1}}, Term(years=1)),
    ],
)
def test_the_strongest_form_of_a_term_wins(body: dict[str, Any], term: Term) -> None:
    assert order_term(Fields(body), date(2026, 11, 21), is_public=True) == term


def test_a_certificate_may_end_with_its_order_but_not_after_it() -> None:
    order = Term(days=90)
    today = date(2026, 11, 21)

    assert leaf_term(Fields({"cert_validity": {"days": 90}}), order, today) == Term(days=90)
    with pytest.raises(Refusal) as caught:
        leaf_term(Fields({"cert_validity": {"days": 91}}), order, today)
    assert caught.value.code == "cert_validity_exceeds_order_validity"


@pytest.mark.parametrize(
    ("value", "wanted", "fits"),
    [
        ("2027-01-01", ">2027-01-01", False),
        ("2027-01-02", ">2027-01-01", True),
        ("2026-12-31", "<2027-01-01", True),
        ("2027-01-01T09:00:00+00:00", "2027-01-01...2027-01-01", True),
        ("shop.meadow.example", "%meadow", True),
        ("shop.meadow.example", "%MEADOW%", True),
        ("shop.meadow.example", "meadow", False),
        (900, "<1000", True),
        (None, "%", False),
        ("Issued", "issued", True),
    ],
)
def test_a_filter_value_fits_as_the_documents_say(value: object, wanted: str, *, fits: bool) -> None:
    assert matches(value, wanted) is fits
