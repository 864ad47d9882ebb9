"""What a CA tells only to be shown: cut to what a person reads, whatever the CA sends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certwright.cas import told
from certwright.cas.digicert import reporting, wire
from certwright.cas.parse import xml_tree
from certwright.model.ca import ReportedOrder
from tests.unit.cas.test_digicert_reporting import NOW

# Every field of an order of DigiCert's that is only shown, and the fields of its certificate.
SHOWN = (
    "is_renewal", "is_renewed", "renewed_order_id", "renewal_of_order_id", "organization", "container", "product",
    "product_name_id", "price", "currency", "dcv_method", "alternative_order_id", "duplicates_count", "reissues_count",
    "auto_renew", "auto_reissue", "is_multi_year_plan", "user", "organization_contact", "technical_contact",
    "verified_contacts", "user_assignments", "additional_emails", "custom_fields", "notes", "date_created",
    "order_valid_till",
)  # fmt: skip
OF_CERTIFICATE = ("serial_number", "thumbprint", "common_name", "dns_names", "status", "valid_from", "valid_till",
                  "sub_id", "ca_cert")  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "text", "x"]), inner),
    max_leaves=6,
)


def _reported(**fields: Any) -> ReportedOrder:
    return reporting.reported(wire.Order.model_validate({"id": 1, "status": "issued", **fields}), now=NOW)


@given(st.dictionaries(st.sampled_from(SHOWN), ANYTHING), st.dictionaries(st.sampled_from(OF_CERTIFICATE), ANYTHING))
def test_no_field_that_is_only_shown_makes_an_order_unreadable(shown: dict[str, Any], inside: dict[str, Any]) -> None:
    seen = _reported(**shown, certificate=inside)
    assert seen.ca_order.order_id == "1"
    assert "\0" not in json.dumps([seen.names, seen.group, seen.requester, dict(seen.fields), seen.notes])


def test_long_texts_are_cut_and_long_lists_too() -> None:
    seen = _reported(
        container={"name": "g" * 5000},
        user={"first_name": "n" * 5000, "email": "e" * 5000},
        additional_emails=[f"{number}@meadow.example" for number in range(5000)],
        custom_fields=[{"label": "l" * 300 + str(number), "value": "v" * 5000} for number in range(5000)],
        notes=[{"text": "t" * 50_000}] * 5000,
        price="9" * 5000,
        currency="EUR",
        certificate={"ca_cert": {"name": "i" * 5000}},
    )
    assert max(map(len, (seen.group, seen.requester, seen.cost, seen.issuer))) == told.LONGEST_WORD
    assert len(seen.contacts) == len(seen.notes) == len(seen.fields) == told.MOST_ITEMS
    assert {len(value) for value in seen.fields.values()} == {told.LONGEST_WORD}
    assert {len(note) for note in seen.notes} == {told.LONGEST_NOTE}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ""),
        ({"auto_renew": 0}, "off"),
        ({"auto_renew": False, "auto_reissue": "0"}, "off"),
        ({"auto_renew": 30}, "auto_renew 30"),
        ({"auto_renew": True, "auto_reissue": "1"}, "auto_renew 1, auto_reissue 1"),
        ({"auto_renew": 0, "is_multi_year_plan": "1"}, "off, multi-year plan"),
        ({"is_multi_year_plan": True}, ""),
        ({"is_multi_year_plan": "0"}, ""),
    ],
)
def test_what_digicert_does_by_itself_is_told_in_its_words(fields: dict[str, Any], words: str) -> None:
    assert _reported(**fields).auto_renew == words


@pytest.mark.parametrize(
    ("product", "validation"),
    [
        ({"name_id": "ssl_basic", "validation_type": "ev"}, "ev"),
        ({"name_id": "ssl_basic", "type": "ssl_certificate"}, "ov"),
        ({"name_id": "ssl_dv_geotrust"}, "dv"),
        ({"name_id": "ssl_ev_basic"}, "ev"),
        ({"name_id": "private_ssl_plus"}, ""),
        ({"name_id": "private_ssl_plus", "validation_type": "ov"}, "ov"),
        ({"name_id": "code_signing", "type": "code_signing_certificate"}, ""),
        ({"name_id": "client_premium", "validation_type": "smime"}, ""),
        ({}, ""),
    ],
)
def test_the_validation_is_told_or_read_from_the_name_of_a_tls_product(product: Any, validation: str) -> None:
    assert _reported(product=product).validation == validation


def test_the_requester_is_whoever_made_the_first_request_where_no_user_is_told() -> None:
    requests = [
        {"id": 2, "type": "revoke", "requester": {"email": "later@meadow.example"}},
        {"id": 1, "type": "new_request", "requester": {"first_name": "Olga", "email": "olga@meadow.example"}},
    ]
    assert _reported(requests=requests).requester == "Olga <olga@meadow.example>"
    assert _reported(requests=requests[:1]).requester == ""


def test_lists_read_the_same_as_xml_reads_them() -> None:
    tree = xml_tree(
        b"<order><id>1</id><status>issued</status><custom_fields><custom_field><metadata_id>12</metadata_id>"
        b"<label>Cost centre</label><value>R-7</value></custom_field></custom_fields><notes><note><id>1</id>"
        b"<text>Hello.</text></note><note><id>2</id><text>Again.</text></note></notes><additional_emails>"
        b"<additional_email>ops@meadow.example</additional_email></additional_emails>"
        b"<container><id>4</id><name>Shops</name></container><duplicates_count>2</duplicates_count></order>"
    )
    seen = reporting.reported(wire.Order.model_validate(tree), now=NOW)
    assert seen.fields == {"Cost centre": "R-7"}
    assert seen.notes == ("Hello.", "Again.")
    assert seen.contacts == ("ops@meadow.example",)
    assert (seen.group, seen.duplicates, seen.reissues) == ("Shops", 2, None)


def test_fields_of_one_label_are_numbered_and_empty_ones_are_left_out() -> None:
    pairs = [("a", "1"), ("a", "2"), ("a (2)", "3"), ("", "4"), ("b", " ")]
    assert told.fields(pairs) == {"a": "1", "a (2)": "2", "a (2) (2)": "3"}


@pytest.mark.parametrize(
    ("name", "address", "words"),
    [
        ("Mara  Lind", "mara@example.org", "Mara Lind <mara@example.org>"),
        ("", "mara@example.org", "mara@example.org"),
        (" Mara\nLind ", "", "Mara Lind"),
        ("", "", ""),
    ],
)
def test_a_person_is_a_name_and_an_address(name: str, address: str, words: str) -> None:
    assert told.person(name, address) == words
