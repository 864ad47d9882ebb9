"""What emSign is told of an order, and what it is not even asked."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from certwright.cas.about import About
from certwright.cas.emsign import bodies
from certwright.cas.emsign.bodies import Wish
from certwright.cas.emsign.settings import Settings
from certwright.model.ca import Product, Term
from certwright.model.errors import Misconfigured, Refused
from certwright.pki import csr
from tests.client.emsign import ACCOUNT, PEOPLE, PLACEMENT, placement

ABOUT = About.load("emsign")
SINGLE = Product("838", "DV", validation="dv", organization_required=False, kind="single", years=(1, 2))
WILDCARD = Product("839", "DV WC", validation="dv", organization_required=False, kind="wildcard", years=(1,))
MULTI = Product("840", "DV UCC", validation="dv", organization_required=False, kind="multi", years=(1, 2, 3))
MULTI_WILDCARD = Product("841", "DV WC UCC", validation="dv", organization_required=False, kind="multi-wildcard")
OV = Product("842", "OV", validation="ov", kind="single", years=(1,))


def _wish(settings: dict[str, str] | None = None, **changes: Any) -> Wish:
    given = placement(**changes)
    read = Settings.read(ABOUT, {"account_number": ACCOUNT, **PEOPLE, **(settings or {})})
    return Wish(given, ABOUT.parse_options(given.options), read)


def _order(product: Product, settings: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    return bodies.order(_wish(settings, **changes), product)


def test_a_dv_order_has_exactly_these_fields() -> None:
    details = _order(SINGLE, term=Term(years=2), csr=PLACEMENT.csr)
    assert details.pop("csr") == csr.decode(PLACEMENT.csr).pem
    assert details == {
        "productCode": "838",
        "accountingModel": "2",
        "saveAndHold": "0",
        "emailNotifications": "1",
        "autoSecureWWW": "0",
        "requestorInformation": {
            "requestorName": "Mara Lind",
            "requestorEmail": "mara.lind@example.org",
            "requestorIsdCode": "49",
            "requestorMobileNumber": "4215550100",
            "requestorDesignation": "Platform engineer",
        },
        "certificateInformation": {"domainName": "shop.example.org"},
        "subscriptionDetails": {"validity": "2", "autoRenew": "1", "renewCriteria": "30"},
        "agreementDetails": {
            "acceptAgreement": "1",
            "signerName": "Mara Lind",
            "signerPlace": "Bremen",
            "signerIP": "203.0.113.9",
        },
        "additionalInformation": {"remarks": "Certwright order clm-000042", "tags": ["clm-000042"]},
    }


def test_17_group_www_and_technical_contact_are_direct_children() -> None:
    contact = {"technical_contact_first_name": "Ops", "technical_contact_email": "ops@example.org"}
    details = _order(OV, {"group_number": "4000000018"}, organization="7000021", options=contact)
    assert details["groupNumber"] == "4000000018"
    assert details["technicalPointOfContact"]["pocEmail"] == "ops@example.org"
    assert "delegationInformation" not in details
    assert set(details["certificateInformation"]) == {"domainName"}
    assert "technicalPointOfContact" not in details["additionalInformation"]


def test_a4_a_switch_also_writes_them_where_they_stood_before() -> None:
    contact = {"technical_contact_first_name": "Ops", "technical_contact_email": "ops@example.org"}
    details = _order(SINGLE, {"legacy_field_placement": "yes", "group_number": "4"}, options=contact)
    assert details["groupNumber"] == details["delegationInformation"]["groupNumber"] == "4"
    assert details["autoSecureWWW"] == details["certificateInformation"]["autoSecureWWW"] == "0"
    nested = details["additionalInformation"]["technicalPointOfContact"]
    assert nested == {"pocName": "Ops", "pocEmail": "ops@example.org"}


@pytest.mark.parametrize("names", [("x.example", "www.x.example"), ("www.x.example", "x.example")])
def test_18_a_name_and_its_www_are_one_name_with_its_twin(names: tuple[str, ...]) -> None:
    details = _order(SINGLE, names=names)
    bodies.check(_wish(names=names), SINGLE)
    assert (details["certificateInformation"], details["autoSecureWWW"]) == ({"domainName": "x.example"}, "1")
    assert set(bodies.possible_first_names(placement(names=names))) == {"x.example", names[0]}


@pytest.mark.parametrize("product", [SINGLE, WILDCARD, MULTI, MULTI_WILDCARD])
def test_18_a_twin_that_was_not_asked_for_is_declined(product: Product) -> None:
    assert _order(product)["autoSecureWWW"] == "0"


def test_19_21_further_names_go_beside_the_first_each_once() -> None:
    details = _order(MULTI, names=("a.example", "www.a.example", "b.example"))
    expected = {"domainName": "a.example", "additionalDomains": ["www.a.example", "b.example"]}
    assert details["certificateInformation"] == expected
    assert details["autoSecureWWW"] == "0"


@pytest.mark.parametrize(
    ("product", "names"),
    [
        (SINGLE, ("a.example", "b.example")),
        (SINGLE, ("a.example", "www.b.example")),
        (SINGLE, ("*.a.example",)),
        (WILDCARD, ("a.example",)),
        (WILDCARD, ("*.a.example", "a.example")),
        (MULTI, ("a.example", "*.b.example")),
        (MULTI, ("a.example", "192.0.2.1")),
        (MULTI, ("a.example", "2001:db8::1")),
        (MULTI, ("a.example", "me@b.example")),
        (MULTI, ("a.example", "https://b.example/")),
    ],
)
def test_20_22_names_that_would_be_dropped_or_never_proven_are_refused(
    product: Product, names: tuple[str, ...]
) -> None:
    with pytest.raises(Refused):
        bodies.check(_wish(names=names, csr=b""), product)


@pytest.mark.parametrize(
    ("product", "names"),
    [(WILDCARD, ("*.a.example",)), (MULTI, ("a.example", "b.example")), (MULTI_WILDCARD, ("a.example", "*.a.example"))],
)
def test_20_names_that_fit_are_let_through(product: Product, names: tuple[str, ...]) -> None:
    assert bodies.check(_wish(names=names), product) is product


def test_12_a_product_that_is_not_listed_is_refused() -> None:
    with pytest.raises(Refused, match="838"):
        bodies.check(_wish(), None)


def test_16_an_ov_order_names_an_organization() -> None:
    with pytest.raises(Refused, match="organization"):
        bodies.check(_wish(), OV)
    bodies.check(_wish(organization="7000021"), OV)
    bodies.check(_wish({"organization": "7000021"}), OV)
    details = _order(OV, {"organization": "7000021"}, options={"prevetting_token": "T"})
    expected = {"preVetting": "1", "organizationNumber": "7000021", "prevettingToken": "T"}
    assert details["organizationDetails"] == expected
    assert "organizationDetails" not in _order(SINGLE, {"organization": "7000021"})
    assert _order(OV, organization="7", options={"pre_vetting": "no"})["organizationDetails"]["preVetting"] == "0"


@pytest.mark.parametrize(("term", "ok"), [(None, True), ("1y", True), ("2y", True), ("3y", False), ("90d", False)])
def test_13_a_term_is_among_the_offered_years(term: str | None, *, ok: bool) -> None:
    wish = _wish(term=Term.parse(term) if term else None)
    if ok:
        bodies.check(wish, SINGLE)
    else:
        with pytest.raises(Refused, match=r"year|sold"):
            bodies.check(wish, SINGLE)


def test_a_lifetime_of_the_certificate_cannot_be_asked_for() -> None:
    with pytest.raises(Refused, match="lives"):
        bodies.check(_wish(lifetime_days=30), SINGLE)


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_24_these_rsa_keys_are_taken(bits: int) -> None:
    key = rsa.generate_private_key(65537, bits)
    bodies.check(_wish(csr=csr.build(key, ("shop.example.org",))), SINGLE)


@pytest.mark.parametrize(
    "make",
    [
        lambda: rsa.generate_private_key(65537, 1024),
        lambda: ec.generate_private_key(ec.SECP521R1()),
        ed25519.Ed25519PrivateKey.generate,
    ],
    ids=["rsa-1024", "p-521", "ed25519"],
)
def test_24_other_keys_are_refused_before_the_call(make: Any) -> None:
    with pytest.raises(Refused, match="key"):
        bodies.check(_wish(csr=csr.build(make(), ("shop.example.org",))), SINGLE)


@pytest.mark.parametrize("missing", ["requestor_name", "requestor_email", "requestor_mobile_number", "signer_place"])
def test_who_orders_must_be_told(missing: str) -> None:
    wish = _wish({missing: ""})
    with pytest.raises(Refused, match=missing):
        bodies.check(wish, SINGLE)
    bodies.check(_wish({missing: ""}, options={missing: "as the order says"}), SINGLE)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "192.168.0.9", "fe80::1", "::1", "here", ""])
def test_the_signers_address_is_public(address: str) -> None:
    with pytest.raises(Refused, match="signer_ip"):
        bodies.check(_wish({"signer_ip": address}), SINGLE)


def test_an_agreement_that_is_left_for_later_is_not_sent() -> None:
    wish = _wish({"signer_ip": ""}, options={"accept_agreement": "no"})
    bodies.check(wish, SINGLE)
    assert "agreementDetails" not in bodies.order(wish, SINGLE)
    with pytest.raises(Refused, match="signer_ip"):
        bodies.check_agreement(wish)


def test_a_technical_contact_that_is_begun_is_finished() -> None:
    with pytest.raises(Refused, match="technical_contact_email"):
        bodies.check(_wish(options={"technical_contact_first_name": "Ops"}), SINGLE)


def test_14_remarks_are_always_sent() -> None:
    def remarks(**changes: Any) -> str:
        return str(_order(SINGLE, **changes)["additionalInformation"]["remarks"])

    assert remarks() == "Certwright order clm-000042"
    assert remarks(comment="for the till") == "for the till"
    assert remarks(comment="for the till", options={"remarks": "R"}) == "R"
    assert remarks(options={"organizational_unit": "Bakery"}).endswith("OU: Bakery")


def test_options_go_where_emsign_reads_them() -> None:
    options = {
        "draft": "yes",
        "auto_renew": "no",
        "renew_criteria": "60",
        "email_notifications": "no",
        "tags": "one, two",
        "recipient_email": "r@example.org",
        "delegate_name": "D",
        "delegate_email": "d@example.org",
        "custom_fields": '[{"fieldID": "1", "fieldValue": "x"}]',
        "group_number": "9",
        "requestor_name": "Another",
    }
    details = _order(SINGLE, {"group_number": "4", "keep_plus": "yes"}, options=options)
    assert (details["saveAndHold"], details["emailNotifications"], details["groupNumber"]) == ("1", "0", "9")
    assert details["subscriptionDetails"] == {"validity": "1", "autoRenew": "0", "renewCriteria": "30"}
    assert details["additionalInformation"]["tags"] == ["clm-000042", "one", "two"]
    assert details["additionalInformation"]["recipientEmail"] == "r@example.org"
    assert details["additionalInformation"]["customFields"] == [{"fieldID": "1", "fieldValue": "x"}]
    assert details["delegationInformation"] == {"contactName": "D", "email": "d@example.org"}
    assert details["requestorInformation"]["requestorName"] == "Another"
    assert details["requestorInformation"]["requestorIsdCode"] == "+49"


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("", ("dns-txt-token", "")),
        ("http-token", ("http-token", "")),
        ("email:admin@example.org", ("email", "admin@example.org")),
    ],
)
def test_how_a_name_is_proven_may_be_said(method: str, expected: tuple[str, str]) -> None:
    assert _wish(dcv_method=method).method("shop.example.org") == expected
    assert _wish(dcv_methods={"shop.example.org": method}).method("shop.example.org") == expected


@pytest.mark.parametrize(
    ("method", "name"), [("dns-cname-token", "a.example"), ("email", "a.example"), ("http-token", "*.a.example")]
)
def test_a_method_that_cannot_prove_is_refused(method: str, name: str) -> None:
    with pytest.raises(Refused):
        _wish(dcv_method=method).method(name)


@pytest.mark.parametrize(("options", "days"), [({}, 30), ({"renew_criteria": "60"}, 60), ({"auto_renew": "no"}, None)])
def test_the_ca_renews_unless_told_otherwise(options: dict[str, str], days: int | None) -> None:
    assert _wish(options=options).renews_before == days


@pytest.mark.parametrize(
    "given",
    [
        {"account_number": ""},
        {"account_number": "four"},
        {"report_page": "501"},
        {"report_page": "0"},
        {"txt_hosts": "_here"},
        {"txt_hosts": ","},
        {"poll_seconds": "soon"},
        {"poll_seconds": "0"},
        {"seconds_between_orders": "-1"},
        {"dcv_method": "email"},
        {"accounting_model": "3"},
        {"nonsense": "1"},
    ],
)
def test_a_setting_that_does_not_fit_is_a_misconfiguration(given: dict[str, str]) -> None:
    with pytest.raises(Misconfigured):
        Settings.read(ABOUT, {"account_number": ACCOUNT, **given})
