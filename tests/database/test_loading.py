"""Finds become certificates and sightings: each once, whoever else loads the same, whatever a certificate says."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.db import transaction

from certwright.model.inventory import Find, Query, Remarks, SourceKind, Tally
from certwright.model.words import CertificateState
from certwright.pki.certificate import Certificate, from_der
from certwright.store import indexes, loading, models
from certwright.store.loading import Loading
from tests.cases.authority import NOW, Authority, new_key, root
from tests.database import finds
from tests.database.finds import CA, TOP, find, leaf
from tests.database.stock import Stock


def source(stock: Stock, name: str = "office", kind: SourceKind = SourceKind.SCAN) -> int:
    """The number of a new source."""
    return stock.sources.add(name, kind).id


def odd(common_name: str, issuer: x509.Name | None = None, serial: int | None = None) -> Certificate:
    """A certificate whose subject, issuer or serial no CA would give it, signed by nobody who matters."""
    key = new_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name, _validate=False)])
    builder = x509.CertificateBuilder(
        issuer or subject, subject, key.public_key(), serial or x509.random_serial_number(), NOW, NOW + timedelta(9)
    )
    made = builder.sign(key, hashes.SHA256())
    return from_der(made.public_bytes(Encoding.DER))


LONG_NAME = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{n:x}" * 60) for n in range(1000, 1090)])


def summaries(stock: Stock) -> dict[str, Any]:
    """Every leaf by fingerprint, as a list shows it."""
    return {one.fingerprint: one for one in stock.browsing.all(Query())}


def test_what_is_found_is_kept_with_its_chain_its_bytes_and_its_place(stock: Stock) -> None:
    made = leaf("shop.meadow.example", "api.meadow.example")
    tally = stock.loading.take(source(stock), None, [find("tls://a:443", made, CA.certificate, TOP.certificate)])
    assert tally == Tally(looked=1, found=1, new=1, ca_certificates=2)
    entry = stock.inventory.get(made.fingerprint)
    assert (entry.certificate.der, entry.state, entry.recorded_at) == (made.der, CertificateState.VALID, NOW)
    assert stock.inventory.chain(entry).intermediates == (CA.certificate,)
    shown = summaries(stock)[made.fingerprint]
    assert (shown.names, shown.issuer, shown.serial) == (made.names, made.issuer, made.serial)
    assert (shown.not_before, shown.not_after, shown.key_spec) == (made.not_before, made.not_after, "ec-p256")
    sighting = models.Sighting.objects.get()
    assert (sighting.place, sighting.certificate.fingerprint) == ("tls://a:443", made.fingerprint)
    assert sighting.presented == [CA.certificate.fingerprint, TOP.certificate.fingerprint]


def test_taking_the_same_again_adds_nothing(stock: Stock) -> None:
    number, given = source(stock), finds.finds(finds.leaves(5), CA.certificate)
    assert stock.loading.take(number, None, given).new == 5
    rows = models.Certificate.objects.order_by("pk").values()
    before = list(rows)
    assert stock.loading.take(number, None, given) == Tally(looked=5, found=5, known=5)
    assert list(rows.all()) == before
    assert models.Sighting.objects.count() == 5


def test_a_certificate_in_two_places_of_one_batch_is_kept_once(stock: Stock) -> None:
    made = leaf()
    tally = stock.loading.take(source(stock), None, [find("tls://a:443", made), find("tls://b:443", made)])
    assert tally == Tally(looked=2, found=2, new=1, known=1)
    assert models.Certificate.objects.count() == 1


def test_a_new_ca_certificate_counts_neither_as_a_new_leaf_nor_as_known(stock: Stock) -> None:
    tally = stock.loading.take(source(stock), None, [find("file:/ca.pem", CA.certificate)])
    assert tally == Tally(looked=1, found=1, ca_certificates=1)


def test_a_new_ca_certificate_that_a_server_shows_as_its_own_counts_as_a_new_leaf(stock: Stock) -> None:
    tally = stock.loading.take(source(stock), None, [Find("tls://a:443", (CA.certificate.der,), protocol="TLSv1.3")])
    assert tally == Tally(looked=1, found=1, new=1)


def test_what_cannot_be_read_is_the_trouble_of_its_place_and_stops_nothing(stock: Stock) -> None:
    number, made = source(stock), leaf()
    stock.loading.take(number, None, [find("tls://a:443", leaf())])
    broken = find("tls://a:443", made)
    broken = type(broken)("tls://a:443", (made.der[:-1],))
    tally = stock.loading.take(number, None, [broken, find("tls://b:443", made)])
    assert tally == Tally(looked=2, found=1, new=1, failed=1)
    assert "no certificate that can be read" in models.Sighting.objects.get(place="tls://a:443").trouble


@pytest.mark.parametrize(
    "made",
    [
        odd("nul\0in.example"),
        odd("%_\\'\";-- \N{SNOWMAN} \N{GRINNING FACE}"),
        odd("long", LONG_NAME),
        odd("serial", serial=2**158 + 1),
    ],
    ids=["NUL", "marks", "long issuer", "longest serial"],
)  # fmt: skip
def test_whatever_a_certificate_says_of_itself_it_is_kept(stock: Stock, made: Certificate) -> None:
    other = leaf()
    tally = stock.loading.take(source(stock), None, [find("tls://odd:443", made), find("tls://b:443", other)])
    assert tally.new == 2
    assert stock.inventory.get(made.fingerprint).certificate.der == made.der


def test_issuers_whose_long_names_begin_alike_are_two_issuers(stock: Stock) -> None:
    names = [
        x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "x" * 60) for _ in range(20)])
        if not end
        else x509.Name([*[x509.NameAttribute(NameOID.ORGANIZATION_NAME, "x" * 60) for _ in range(20)], end])
        for end in (None, x509.NameAttribute(NameOID.ORGANIZATION_NAME, "y"))
    ]
    given = [find(f"tls://{number}:443", odd("a", name)) for number, name in enumerate(names)]
    stock.loading.take(source(stock), None, given)
    assert len({one.issuer for one in summaries(stock).values()}) == 2


def test_an_issuer_that_was_rolled_back_is_not_remembered(stock: Stock) -> None:
    """Else the next certificates of that CA would have no issuer, or the number of another one."""
    number = source(stock)
    first, second = (root(f"Root {which} {stock.clock.now()}") for which in "ab")
    with suppress(ZeroDivisionError), transaction.atomic():
        stock.loading.take(number, None, [find("tls://a:443", first.issue())])
        raise ZeroDivisionError
    stock.loading.take(number, None, [find("tls://b:443", second.issue())])
    stock.loading.take(number, None, [find("tls://a:443", first.issue())])
    issuers = {one.common_name: one.issuer for one in summaries(stock).values()}
    assert sorted(models.Certificate.objects.values_list("issuer__name", flat=True)) == sorted(
        [first.certificate.subject, second.certificate.subject]
    ), issuers


def test_a_ca_certificate_counts_as_a_leaf_where_it_is_served_or_its_key_lies_beside(stock: Stock) -> None:
    number = source(stock)
    assert stock.loading.take(number, None, [find("file:/a", CA.certificate)]).new == 0
    assert summaries(stock) == {}
    stock.loading.take(number, None, [find("file:/b", CA.certificate, has_key=True)])
    assert set(summaries(stock)) == {CA.certificate.fingerprint}
    assert stock.loading.take(number, None, [find("tls://c:443", TOP.certificate, protocol="TLSv1.3")]).new == 1
    assert finds.kept_counts() == finds.plain_counts()


def test_what_another_tool_said_is_added_where_nobody_has_said_anything(stock: Stock) -> None:
    number, made = source(stock), leaf()
    since = NOW - timedelta(days=400)
    first = Remarks("anna", ("prod",), {"team": "web"}, since)
    stock.loading.take(number, None, [find("file:/a", made, remarks=first)])
    second = Remarks("bert", ("prod", "eu"), {"team": "mail", "cost centre": "7"}, NOW)
    stock.loading.take(number, None, [find("file:/a", made, remarks=second)])
    shown = summaries(stock)[made.fingerprint]
    assert (shown.owner, shown.tags, shown.recorded_at) == ("anna", ("eu", "prod"), since)
    assert shown.fields == {"team": "web", "cost centre": "7"}


def test_a_tool_that_knew_the_predecessor_makes_it_replaced(stock: Stock) -> None:
    number, old, new = source(stock), leaf(), leaf()
    stock.loading.take(number, None, [find("file:/1", old), find("file:/2", new, replaces=old.fingerprint)])
    shown = summaries(stock)
    assert shown[old.fingerprint].state is CertificateState.REPLACED
    assert (shown[new.fingerprint].replaces, shown[old.fingerprint].replaced_by) == (old.fingerprint, new.fingerprint)


def test_nothing_replaces_itself(stock: Stock) -> None:
    made = leaf()
    stock.loading.take(source(stock), None, [find("file:/1", made, replaces=made.fingerprint)])
    shown = summaries(stock)[made.fingerprint]
    assert (shown.state, shown.replaces) == (CertificateState.VALID, "")


def test_a_chain_is_of_what_leads_up_from_the_leaf_and_of_nothing_else(stock: Stock) -> None:
    made, stranger = leaf(), Authority.intermediate(root("Stranger"), "Strange")
    stock.loading.take(source(stock), None, [find("tls://a:443", made, stranger.certificate, CA.certificate)])
    chain = stock.inventory.chain(stock.inventory.get(made.fingerprint))
    assert chain.intermediates == (CA.certificate,)


def test_a_first_import_makes_its_indexes_when_it_is_done_and_names_are_found_then(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_FIRST_IMPORT", 3)
    models.Certificate.objects.all().delete()
    here, wanted = source(stock), {index.name for _, index in indexes._indexes()}
    before = set(stock.browsing.all(Query()))
    stock.loading.take(here, None, finds.finds(finds.leaves(2)))
    assert wanted <= indexes._present()
    fresh = Loading(stock.clock)
    fresh.take(here, None, finds.finds(finds.leaves(5)))
    assert not wanted & indexes._present()
    fresh.settle()
    assert wanted <= indexes._present()
    assert indexes.restore() == 0
    every = list(stock.browsing.all(Query()))
    assert len(every) - len(before) == 7
    assert {one.id for one in every} == {one.id for one in stock.browsing.all(Query(name="example"))}


def test_what_is_loaded_while_the_indexes_are_put_off_is_found_when_they_are_made(stock: Stock) -> None:
    finds.add_rows(2, names="before.example")
    wanted = {index.name for _, index in indexes._indexes()}
    indexes.put_off()
    assert not wanted & indexes._present()
    stock.loading.take(source(stock), None, finds.finds(finds.leaves(3)))
    finds.add_rows(1, names="ca.example", is_leaf=False)
    models.Certificate.objects.filter(names="ca.example").update(is_leaf=True)
    assert indexes.restore() == len(wanted) + 1  # and the search
    assert wanted <= indexes._present()
    assert indexes.restore() == 0
    assert len(list(stock.browsing.all(Query(name="meadow")))) == 2 + 3 + 1
    assert [one.names for one in stock.browsing.all(Query(name="ca.exam"))] == [("ca.example",)]
    models.Certificate.objects.filter(names="before.example").delete()
    assert list(stock.browsing.all(Query(name="before.exam"))) == []
    assert finds.kept_counts() == finds.plain_counts()


def test_what_goes_while_the_indexes_are_put_off_leaves_the_search_whole(stock: Stock) -> None:
    finds.add_rows(3, names=lambda n: f"before{n}.example")
    indexes.put_off()
    finds.add_rows(3, names=lambda n: f"during{n}.example")
    models.Certificate.objects.filter(names__in=["before0.example", "during0.example"]).delete()
    indexes.restore()
    for name, wanted in (("before", 2), ("during", 2), ("before1", 1), ("during0", 0)):
        assert len(list(stock.browsing.all(Query(name=name)))) == wanted, name
    during = models.Certificate.objects.filter(names__startswith="during")
    assert finds.searched("during") == set(during.values_list("pk", flat=True))
