"""Which names an order gets (§6.7, §10.1; contract tests 18-22)."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.sandbox.certificates import csr_pem, names_of
from tests.sandbox.emsign_tenant import (
    DV,
    DV_UCC,
    DV_WILDCARD,
    DV_WILDCARD_UCC,
    EV,
    EV_UCC,
    OV,
    OV_UCC,
    OV_WILDCARD,
    OV_WILDCARD_UCC,
    PATIENT,
    NewSubscriber,
)
from tests.sandbox.emsign_wire import ABSENT
from tests.sandbox.tenant import NewName

WITH_SANS = [DV_UCC, DV_WILDCARD_UCC, OV_UCC, OV_WILDCARD_UCC, EV_UCC]
WITHOUT_SANS = [DV, OV, EV]
WILDCARD = [DV_WILDCARD, OV_WILDCARD, DV_WILDCARD_UCC, OV_WILDCARD_UCC]
NO_WILDCARD = [DV, DV_UCC, OV, OV_UCC, EV, EV_UCC]


def _common_name(certificate: x509.Certificate) -> str:
    (attribute,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(attribute.value)


@pytest.mark.parametrize(("sent", "twin"), [(ABSENT, True), ("1", True), ("0", False)], ids=["absent", "1", "0"])
def test_18_the_www_twin_is_there_unless_it_is_refused(
    sent: object, twin: bool, subscriber: NewSubscriber, fresh: NewName
) -> None:
    tenant, name = subscriber(), fresh()

    order = tenant.issue(name, autoSecureWWW=sent)

    expected = {name, f"www.{name}"} if twin else {name}
    assert set(tenant.names(order)) == expected
    assert names_of(tenant.leaf(order)) == expected
    assert _common_name(tenant.leaf(order)) == name


def test_18_a_name_that_is_a_twin_gets_none(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(), f"www.{fresh()}"

    order = tenant.issue(name, autoSecureWWW="1")

    assert names_of(tenant.leaf(order)) == {name}


def test_18_a_wildcard_gets_no_twin(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(), f"*.{fresh()}"

    order = tenant.issue(name, DV_WILDCARD, autoSecureWWW=ABSENT)

    assert f"www.{name}" not in names_of(tenant.leaf(order))
    assert name in names_of(tenant.leaf(order))
    assert not any(found.startswith("www.") for found in names_of(tenant.leaf(order)))


def test_18_additional_domains_get_no_twins(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name, more = subscriber(), fresh(), fresh()

    order = tenant.issue(name, DV_UCC, extra=[more], autoSecureWWW="1")

    assert names_of(tenant.leaf(order)) == {name, f"www.{name}", more}


@pytest.mark.parametrize("kind", WITH_SANS)
def test_19_the_sans_of_a_csr_are_overlooked(kind: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(), fresh()
    csr = csr_pem(name, names=[name, f"api.{name}", f"pay.{name}"])

    order = tenant.issue(name, kind, csr=csr)

    assert set(tenant.names(order)) == {name}
    assert names_of(tenant.leaf(order)) == {name}


def test_19_the_subject_of_a_csr_is_overlooked(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(), fresh()

    leaf = tenant.leaf(tenant.issue(name, csr=csr_pem("other.example")))

    assert (_common_name(leaf), names_of(leaf)) == (name, {name})


@pytest.mark.parametrize("kind", WITH_SANS)
def test_19_additional_domains_are_names_of_a_ucc_order(kind: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, names = subscriber(), [fresh() for _ in range(3)]

    order = tenant.issue(names[0], kind, extra=names[1:])

    assert set(tenant.names(order)) == set(names)
    assert names_of(tenant.leaf(order)) == set(names)
    assert _common_name(tenant.leaf(order)) == names[0]


@pytest.mark.parametrize("kind", WITHOUT_SANS)
def test_20_other_products_keep_only_the_domain_name(kind: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(), fresh()

    order = tenant.issue(name, kind, extra=[fresh(), fresh()])

    assert set(tenant.names(order)) == {name}
    assert names_of(tenant.leaf(order)) == {name}
    assert [set(entry["names"]) for entry in tenant.ledger()] == [{name}]


def test_21_the_domain_name_repeated_appears_once(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name, more = subscriber(), fresh(), fresh()

    order = tenant.issue(name, DV_UCC, extra=[name, more, name.upper(), more])

    sans = tenant.leaf(order).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert sorted(sans.get_values_for_type(x509.DNSName)) == sorted([name, more])
    assert [sorted(entry["names"]) for entry in tenant.ledger()] == [sorted([name, more])]


@pytest.mark.parametrize("odd", ["mara@meadow.example", "192.0.2.7", "https://meadow.example/shop"])
def test_22_what_is_no_dns_name_is_taken_and_never_proven(odd: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(dcv="look", prove_seconds=None), fresh()
    order = tenant.buy(name, DV_UCC, extra=[odd])
    tenant.management.post("validate", ca="emsign", order_id=order.number, domain=name)

    told = tenant.verify(order, odd)

    assert not told.is_success
    names = tenant.names(order)
    assert set(names) == {name, odd}
    assert (names[name]["dcvStatus"], names[odd]["dcvStatus"]) == ("1", "0")
    assert tenant.standing(order) == ("2", "24")
    assert not tenant.certificate(order).is_success


def test_22_even_an_account_that_proves_by_itself_does_not_prove_it(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(), fresh()
    order = tenant.buy(name, DV_UCC, extra=["mara@meadow.example"])

    assert not tenant.verify(order, "mara@meadow.example").is_success

    assert tenant.names(order)["mara@meadow.example"]["dcvStatus"] == "0"
    assert tenant.standing(order) == ("2", "24")


@pytest.mark.parametrize("kind", WILDCARD)
def test_a_wildcard_of_a_wildcard_product_is_issued(kind: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, base = subscriber(), fresh()

    leaf = tenant.leaf(tenant.issue(f"*.{base}", kind))

    assert f"*.{base}" in names_of(leaf)
    assert _common_name(leaf) == f"*.{base}"


@pytest.mark.parametrize("kind", NO_WILDCARD)
def test_a_wildcard_of_another_product_is_refused(kind: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    """§5, §10.1."""
    tenant = subscriber()

    assert tenant.place(f"*.{fresh()}", kind).refuses("EMS-1092")
    assert tenant.ledger() == []


def test_an_additional_wildcard_is_for_wildcard_products_only(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(), fresh()

    assert not tenant.place(name, DV_UCC, extra=[f"*.{name}"]).is_success
    assert f"*.{name}" in names_of(tenant.leaf(tenant.issue(name, DV_WILDCARD_UCC, extra=[f"*.{name}"])))


def test_a_single_wildcard_has_no_other_names(subscriber: NewSubscriber, fresh: NewName) -> None:
    """§5: no extra SANs."""
    tenant, base, other = subscriber(), fresh(), fresh()

    order = tenant.issue(f"*.{base}", DV_WILDCARD, extra=[other])

    assert other not in names_of(tenant.leaf(order))


@pytest.mark.parametrize("name", ["", "shop..example", "-", "two words.example", "x" * 64 + ".example", ABSENT])
def test_a_domain_name_that_is_none_is_refused(name: object, subscriber: NewSubscriber) -> None:
    tenant = subscriber()

    told = tenant.place("unused.example", **{"certificateInformation.domainName": name})

    assert told.refuses("EMS-1092")


def test_an_order_without_names_at_all_is_refused(subscriber: NewSubscriber, fresh: NewName) -> None:
    assert not subscriber().place(fresh(), certificateInformation=ABSENT).is_success


def test_the_twin_needs_its_proof_too_where_nothing_covers_it(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(**PATIENT), fresh()

    order = tenant.buy(name, autoSecureWWW=ABSENT)

    assert {found: row["dcvStatus"] for found, row in tenant.names(order).items()} == {name: "0", f"www.{name}": "0"}
