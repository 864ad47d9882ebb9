"""What an order makes of its names and of its subject: contract tests 28 and 29 of the CA's reference."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from tests.sandbox.certificates import csr_pem, has_key, lifetime_days, names_of, new_key
from tests.sandbox.sectigo_tenant import EV, INCORPORATION, ORGANIZATION, OV, NewReseller
from tests.sandbox.tenant import NewName

MULTI, UCC_DV, UCC_OV = 279, 492, 361


def _common_name(certificate: x509.Certificate) -> str | None:
    return _subject(certificate).get(NameOID.COMMON_NAME)


def _subject(certificate: x509.Certificate) -> dict[x509.ObjectIdentifier, str]:
    return {attribute.oid: str(attribute.value) for attribute in certificate.subject}


def test_28_a_certificate_has_all_the_names(reseller: NewReseller, fresh: NewName) -> None:
    tenant, names = reseller(), [fresh(), fresh(), fresh()]

    leaf = tenant.leaf(tenant.buy_multi(names))

    assert names_of(leaf) == set(names)


def test_28_names_of_the_csr_do_not_count(reseller: NewReseller, fresh: NewName) -> None:
    """§4: SANs in the CSR do not drive an order; `domainNames` does."""
    tenant, names, other = reseller(), [fresh(), fresh()], fresh()
    csr = csr_pem(names[0], names=[names[0], other])

    multi = tenant.leaf(tenant.buy_multi(names, csr=csr))
    single = tenant.leaf(tenant.buy(names[0], csr=csr))

    assert names_of(multi) == set(names)
    assert names_of(single) == {names[0], f"www.{names[0]}"}


def test_29_a_multi_domain_leaf_has_no_common_name_unless_one_is_named(reseller: NewReseller, fresh: NewName) -> None:
    tenant, names = reseller(), [fresh(), fresh()]

    without = tenant.leaf(tenant.buy_multi(names))
    named = tenant.leaf(tenant.buy_multi(names, primaryDomainName=names[1]))

    assert _common_name(without) is None
    assert _common_name(named) == names[1]


@pytest.mark.parametrize("product", [UCC_DV, UCC_OV])
def test_29_a_ucc_leaf_takes_the_common_name_of_the_csr(product: int, reseller: NewReseller, fresh: NewName) -> None:
    tenant, names = reseller(), [fresh(), fresh()]

    leaf = tenant.leaf(tenant.buy_multi(names, **{**ORGANIZATION, "product": product}))

    assert _common_name(leaf) == names[0]


def test_29_the_primary_name_must_be_one_of_the_names(reseller: NewReseller, fresh: NewName) -> None:
    names = [fresh(), fresh()]
    proofs = "CNAMECSRHASH,CNAMECSRHASH"
    given = {"product": MULTI, "dcvMethod": None, "domainNames": ",".join(names), "dcvEmailAddresses": proofs}

    assert reseller().apply(names[0], primaryDomainName=fresh(), **given).refuses(-4, "primaryDomainName")


def test_a_multi_domain_order_may_have_an_address_and_an_ev_order_may_not(
    reseller: NewReseller, fresh: NewName
) -> None:
    """§5.1, domainNames."""
    tenant, name = reseller(), fresh()
    names, proofs = [name, "93.184.216.34"], ["CNAMECSRHASH", "IPADDRESSPRE"]

    order = tenant.buy_multi(names, proofs)
    given = {**ORGANIZATION, **INCORPORATION, "product": 410, "dcvMethod": None}
    refused = tenant.apply(name, domainNames=",".join(names), dcvEmailAddresses=",".join(proofs), **given)

    assert order.number
    assert refused.code < 0


@pytest.mark.parametrize("ordered", ["{}", "www.{}"])
def test_a_single_domain_leaf_has_the_name_with_and_without_www(
    ordered: str, reseller: NewReseller, fresh: NewName
) -> None:
    """§7.4."""
    tenant, base, key = reseller(), fresh(), new_key()
    name = ordered.format(base)

    leaf = tenant.leaf(tenant.buy(name, key))

    assert names_of(leaf) == {base, f"www.{base}"}
    assert _common_name(leaf) == name
    assert has_key(leaf, key)


def test_a_dv_leaf_names_no_organization(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()

    leaf = tenant.leaf(tenant.buy(fresh(), **ORGANIZATION))

    assert set(_subject(leaf)) <= {NameOID.COMMON_NAME}


def test_an_ov_leaf_names_the_organization_and_no_unit(reseller: NewReseller, fresh: NewName) -> None:
    """§5.2: organizationalUnitName is ignored since 2022."""
    tenant = reseller()
    given = {**ORGANIZATION, "product": OV, "organizationName": "Wiesengrün & Söhne", "organizationalUnitName": "Web"}

    subject = _subject(tenant.leaf(tenant.buy(fresh(), **given)))

    assert subject[NameOID.ORGANIZATION_NAME] == "Wiesengrün & Söhne"
    assert subject[NameOID.COUNTRY_NAME] == "GB"
    assert NameOID.ORGANIZATIONAL_UNIT_NAME not in subject


@pytest.mark.parametrize(("prioritise", "expected"), [("Y", "Of the CSR"), ("N", "Meadow Works Ltd")])
def test_the_csr_or_the_fields_give_the_subject(
    prioritise: str, expected: str, reseller: NewReseller, fresh: NewName
) -> None:
    tenant, name = reseller(), fresh()
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Of the CSR")]
    )
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(new_key(), hashes.SHA256())
    pem = csr.public_bytes(serialization.Encoding.PEM).decode()

    leaf = tenant.leaf(tenant.buy(name, csr=pem, **{**ORGANIZATION, "product": OV, "prioritiseCSRValues": prioritise}))

    assert _subject(leaf)[NameOID.ORGANIZATION_NAME] == expected


def test_an_ev_leaf_names_where_the_organization_was_founded(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()

    subject = _subject(tenant.leaf(tenant.buy(fresh(), **{**ORGANIZATION, **INCORPORATION, "product": EV})))

    assert subject[NameOID.JURISDICTION_COUNTRY_NAME] == "GB"
    assert subject[NameOID.SERIAL_NUMBER] == "01234567"


@pytest.mark.parametrize(("days", "lifetime"), [(90, 90), (365, 199), (455, 199), (1825, 199)])
def test_a_leaf_lives_as_long_as_its_term_and_the_cap(
    days: int, lifetime: int, reseller: NewReseller, fresh: NewName
) -> None:
    """§5.5 and §18: 199 days from 12 March 2026."""
    tenant = reseller()

    leaf = tenant.leaf(tenant.buy(fresh(), days=days))

    assert lifetime - 1 < lifetime_days(leaf) <= lifetime


def test_years_do_where_days_are_not_given_and_days_win(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()

    years = tenant.leaf(tenant.buy(fresh(), days=None, years=1))
    both = tenant.leaf(tenant.buy(fresh(), days=30, years=1))

    assert 198 < lifetime_days(years) <= 199
    assert 29 < lifetime_days(both) <= 30
