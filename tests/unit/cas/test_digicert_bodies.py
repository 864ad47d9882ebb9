"""What we send to DigiCert: bodies of orders, reissues and revocations, in JSON and XML."""

from __future__ import annotations

import time
from datetime import date
from xml.etree import ElementTree as ET

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from certwright.cas.about import About
from certwright.cas.digicert import DigiCert, bodies
from certwright.cas.digicert.xml import to_xml
from certwright.cas.parse import xml_tree
from certwright.model.ca import Placement, Term
from certwright.model.errors import Refused
from certwright.model.words import RevocationReason
from certwright.pki import csr

KEY = ec.generate_private_key(ec.SECP256R1())
CSR = csr.build(KEY, ["a.example", "b.example"])
ABOUT = About.load("digicert")


def _placement(**changes: object) -> Placement:
    values: dict[str, object] = {
        "reference": "r-1",
        "csr": CSR,
        "names": ("a.example", "b.example"),
        "common_name": "a.example",
        "product": "ssl_basic",
    }
    return Placement(**{**values, **changes})  # type: ignore[arg-type]


def _body(options: dict[str, str] | None = None, organization: str = "", **changes: object) -> bodies.Body:
    placement = _placement(options=options or {}, **changes)
    return bodies.order_body(placement, ABOUT.parse_options(placement.options), bodies.Defaults(), organization)


def test_34_every_wanted_name_is_sent_even_when_the_csr_has_it_too() -> None:
    certificate = _body()["certificate"]
    assert certificate["common_name"] == "a.example"
    assert certificate["dns_names"] == ["a.example", "b.example"]


def test_35_the_common_name_is_filled_from_the_first_name() -> None:
    assert _body(common_name="")["certificate"]["common_name"] == "a.example"


def test_an_order_says_what_the_reference_says() -> None:
    body = _body(organization="301", lifetime_days=90, comment="why")
    assert body["order_validity"] == {"years": 1}
    assert body["certificate"]["cert_validity"] == {"days": 90}
    assert body["alternative_order_id"] == "r-1"
    assert body["organization"] == {"id": 301}
    assert (body["skip_approval"], body["dcv_method"], body["comments"], body["auto_renew"]) == (
        True,
        "dns-txt-token",
        "why",
        0,
    )
    assert "renewal_of_order_id" not in body
    assert "container" not in body


def test_terms_become_years_days_or_a_date_and_old_fields_stand_instead() -> None:
    assert _body(term=Term(days=90))["order_validity"] == {"days": 90}
    assert _body(term=Term(until=date(2027, 5, 1)))["order_validity"] == {"custom_expiration_date": "2027-05-01"}
    old = _body({"validity_years": "2", "custom_expiration_date": "2027-05-01"}, term=Term(years=1))
    assert (old["validity_years"], old["custom_expiration_date"]) == (2, "2027-05-01")
    assert "order_validity" not in old


def test_options_of_old_and_of_today_are_sent_under_their_names() -> None:
    body = _body(
        {
            "organization_units": "IT, Web",
            "server_platform": "45",
            "ca_cert_id": "X1",
            "profile_option": "server_client_auth_eku",
            "signature_hash": "sha384",
            "disable_renewal_notifications": "true",
            "payment_method": "profile",
            "payment_profile": "9",
            "container": "410",
            "custom_fields": "12=R-7; 13=b",
            "additional_emails": "a@b.example,c@d.example",
            "renewal_of_order_id": "77",
            "contacts": '[{"contact_type":"verified_contact","user_id":5}]',
            "comments": "theirs",
            "skip_approval": "false",
        },
        organization="301",
        comment="ours",
    )
    certificate = body["certificate"]
    assert certificate["organization_units"] == ["IT", "Web"]
    assert certificate["server_platform"] == {"id": 45}
    assert (certificate["ca_cert_id"], certificate["profile_option"], certificate["signature_hash"]) == (
        "X1",
        "server_client_auth_eku",
        "sha384",
    )
    assert body["custom_fields"] == [{"metadata_id": 12, "value": "R-7"}, {"metadata_id": 13, "value": "b"}]
    assert body["additional_emails"] == ["a@b.example", "c@d.example"]
    assert (body["payment_profile"], body["container"], body["renewal_of_order_id"]) == (
        {"id": 9},
        {"id": 410},
        77,
    )
    assert body["organization"]["contacts"][0]["user_id"] == 5
    assert (body["comments"], body["skip_approval"]) == ("theirs", False)


def test_39_a_renewal_of_order_zero_counts_as_none() -> None:
    assert "renewal_of_order_id" not in _body({"renewal_of_order_id": "0"})


def test_a_reissue_carries_its_csr_on_one_line() -> None:
    body = bodies.reissue_body(_placement(), {}, bodies.Defaults())
    assert "\n" not in body["certificate"]["csr"]
    assert csr.decode(body["certificate"]["csr"].encode()).der == CSR


def test_a_revocation_names_the_reason_in_its_own_field() -> None:
    assert bodies.revocation_body(RevocationReason.KEY_COMPROMISE, "lost", skip_approval=False) == {
        "revocation_reason": "keyCompromise",
        "skip_approval": False,
        "comments": "lost",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"csr": b"garbage"},
        {"reference": ""},
        {"reference": "a\nb"},
        {"term": Term(years=4)},
        {"term": Term(until=date(2026, 11, 21))},
        {"options": {"validity_years": "4"}},
        {"options": {"custom_expiration_date": "2020-01-01"}},
        {"names": ("*.a.example",), "dcv_method": "http-token"},
        {"names": ("192.0.2.1",)},
        {"renewal_of": "serial 5"},
    ],
)
def test_what_cannot_succeed_is_refused_without_asking(changes: dict[str, object]) -> None:
    placement = _placement(**changes)

    def check() -> None:
        options = ABOUT.parse_options(placement.options)
        bodies.check(placement, options, bodies.Defaults(), date(2026, 11, 21))
        bodies.order_body(placement, options, bodies.Defaults(), "")

    with pytest.raises(Refused):
        check()


def test_an_order_without_a_product_is_refused_before_anything_is_sent() -> None:
    with DigiCert(api_key="k" * 40, url="http://127.0.0.1:9") as ca, pytest.raises(Refused, match="no product"):
        ca.place(_placement(product=""), deadline=time.monotonic() + 5)


# -- XML


def test_a_body_in_xml_reads_back_as_it_was_written() -> None:
    body = _body({"organization_units": "R&D, <Web>", "custom_fields": "12=a"}, organization="301")
    document = to_xml("order", body)
    root = ET.fromstring(document)
    assert root.tag == "order"
    assert [unit.text for unit in root.iterfind("certificate/organization_units/organization_unit")] == [
        "R&D",
        "<Web>",
    ]
    assert root.findtext("skip_approval") == "true"
    assert root.findtext("custom_fields/custom_field/metadata_id") == "12"
    assert xml_tree(document)["certificate"]["dns_names"] == {"dns_name": ["a.example", "b.example"]}


@pytest.mark.parametrize("text", ["\x00", "a\x0bb", "\ud800"])
def test_a_character_that_xml_cannot_carry_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        to_xml("note", {"text": text})
