"""What is known of one certificate: each thing with who told it and when, and marked where that is long ago."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from certwright.model.ca import CAOrder, Domain, ReportedOrder, ReportPage
from certwright.model.errors import NotFound
from certwright.model.inventory import Find, Finding, Outcome, Severity, SourceKind
from certwright.model.words import CertificateState, Listing, OrderState
from certwright.pki.certificate import Certificate
from certwright.pki.chain import Chain
from certwright.store import models
from certwright.store.ca_orders import CAOrders
from certwright.store.knowledge import SIGHTINGS, Knowing, Knowledge
from tests.cases.authority import NOW, root
from tests.database.stock import ACCOUNT, Stock, some_account
from tests.fakes.clock import FakeClock

TOP = root()
CA = TOP.intermediate()
DAY = timedelta(days=1)


@pytest.fixture
def clock(stock: Stock) -> FakeClock:
    """The stock's own clock."""
    assert isinstance(stock.clock, FakeClock)
    return stock.clock


def known(stock: Stock, certificate: Certificate) -> Knowledge:
    """What is known of it."""
    return Knowing(stock.clock, stock.inventory, stock.browsing, stock.sources).of(certificate.fingerprint)


def at_the_ca(stock: Stock, leaf: Certificate, **told: Any) -> None:
    """The account's list has had an order with that certificate."""
    order = ReportedOrder(CAOrder("O1", "C1"), OrderState.ISSUED, CertificateState.VALID, serial=leaf.serial, **told)
    ca_orders = CAOrders(stock.clock)
    ca_orders.take(ACCOUNT, ReportPage((order,), ""))
    stock.inventory.take(ACCOUNT, order.ca_order, Chain(leaf, (CA.certificate,)), CertificateState.VALID)
    ca_orders.link(models.CAOrder.objects.get().pk, leaf.fingerprint)


def seen(stock: Stock, name: str, *finds: Find, every: timedelta | None = None) -> None:
    """A scan of that name has seen those, and ended."""
    source = stock.sources.add(name, SourceKind.SCAN, every=every)
    run = stock.sources.start(source)
    assert run is not None
    stock.sources.take(run, finds, cursor="")
    stock.sources.finish(run, Outcome.DONE)


def test_what_the_bytes_say_and_the_chain_come_from_the_certificate(stock: Stock) -> None:
    leaf = CA.issue("shop.meadow.example")
    at_the_ca(stock, leaf, names=("not.what.the.ca.says",))
    knowledge = known(stock, leaf)
    assert knowledge.certificate.der == leaf.der
    assert knowledge.summary.names == ("shop.meadow.example",)
    assert [one.fingerprint for one in knowledge.intermediates] == [CA.certificate.fingerprint]


def test_a_ca_order_is_shown_as_it_was_told_with_when(stock: Stock, clock: FakeClock) -> None:
    leaf = CA.issue()
    at_the_ca(
        stock,
        leaf,
        requester="Mara Lind",
        group="Shops",
        term_ends_at=NOW + 300 * DAY,
        notes=("call first",),
        fields={"cost centre": "4711"},
        detailed=True,
    )
    clock.advance(DAY)
    (told,) = known(stock, leaf).told
    assert (told.account, told.ca, told.seen_at, told.detailed_at) == (ACCOUNT, "digicert", NOW, NOW)
    order = told.order
    assert (order.requester, order.group, order.term_ends_at) == ("Mara Lind", "Shops", NOW + 300 * DAY)
    assert (order.notes, order.fields) == (("call first",), {"cost centre": "4711"})


def test_an_integration_that_has_gone_silent_marks_what_it_told(stock: Stock, clock: FakeClock) -> None:
    leaf = CA.issue()
    stock.sources.add("integration", SourceKind.CA, account=ACCOUNT, every=DAY)
    at_the_ca(stock, leaf)
    assert known(stock, leaf).told[0].silent_since is None
    clock.advance(4 * DAY)
    assert known(stock, leaf).told[0].silent_since == NOW


def test_control_of_a_name_is_that_of_its_closest_domain(stock: Stock) -> None:
    leaf = CA.issue("www.shop.meadow.example", "*.meadow.example", "orchard.example")
    at_the_ca(stock, leaf)
    until = NOW + 100 * DAY
    domains = (
        Domain("1", "meadow.example", proven=True, proven_until=until),
        Domain("2", "shop.meadow.example", proven=False, status="pending"),
        Domain("3", "example", proven=True),
        Domain("4", "op.meadow.example", proven=True),
    )
    stock.listings.keep(ACCOUNT, Listing.DOMAINS, domains[:2] + domains[3:])
    control = {one.name: one for one in known(stock, leaf).control}
    www, star = control["www.shop.meadow.example"].domain, control["*.meadow.example"].domain
    assert www is not None
    assert star is not None
    assert (www.name, www.proven, www.status) == ("shop.meadow.example", False, "pending")
    assert (star.name, star.proven, star.proven_until) == ("meadow.example", True, until)
    assert control["orchard.example"].domain is None
    assert (control["*.meadow.example"].account, control["*.meadow.example"].seen_at) == (ACCOUNT, NOW)


def test_a_domain_that_the_ca_no_longer_lists_is_shown_as_gone(stock: Stock, clock: FakeClock) -> None:
    leaf = CA.issue("shop.meadow.example")
    at_the_ca(stock, leaf)
    stock.listings.keep(ACCOUNT, Listing.DOMAINS, [Domain("1", "meadow.example", proven=True)])
    clock.advance(DAY)
    stock.listings.keep(ACCOUNT, Listing.DOMAINS, [])
    (control,) = known(stock, leaf).control
    assert (control.seen_at, control.vanished_at) == (NOW, NOW + DAY)


def test_the_domains_of_another_account_say_nothing(stock: Stock) -> None:
    leaf = CA.issue("shop.meadow.example")
    at_the_ca(stock, leaf)
    stock.accounts.add(some_account("other"))
    stock.listings.keep("other", Listing.DOMAINS, [Domain("1", "meadow.example", proven=True)])
    assert [one.domain for one in known(stock, leaf).control] == [None]


def test_sightings_tell_where_and_when_and_which_source_is_silent(stock: Stock, clock: FakeClock) -> None:
    leaf, other = CA.issue(), CA.issue()
    here, there = "tls://shop.meadow.example:443", "tls://old.meadow.example:443"
    seen(
        stock,
        "daily",
        Find(here, (leaf.der,), protocol="TLSv1.3"),
        Find(there, (leaf.der,), protocol="TLSv1.2"),
        every=DAY,
    )
    clock.advance(DAY)
    run = stock.sources.start(stock.sources.get("daily"))
    assert run is not None
    stock.sources.take(run, [Find(here, (leaf.der,), protocol="TLSv1.3"), Find(there, (other.der,))], cursor="")
    stock.sources.finish(run, Outcome.DONE)
    now, gone = known(stock, leaf).sightings
    assert (now.place, now.source, now.first_seen_at, now.last_seen_at) == (here, "daily", NOW, NOW + DAY)
    assert (now.vanished_at, now.silent_since) == (None, None)
    assert (gone.place, gone.last_seen_at, gone.vanished_at) == (there, NOW, NOW + DAY)
    clock.advance(5 * DAY)
    assert known(stock, leaf).sightings[0].silent_since == NOW + DAY


def test_of_very_many_sightings_some_are_read_and_all_are_counted(stock: Stock) -> None:
    leaf = CA.issue()
    seen(stock, "wide", *(Find(f"tls://n{number}.example:443", (leaf.der,)) for number in range(SIGHTINGS + 7)))
    knowledge = known(stock, leaf)
    assert (len(knowledge.sightings), knowledge.seen) == (SIGHTINGS, SIGHTINGS + 7)


def test_findings_stand_with_the_worst_first(stock: Stock) -> None:
    leaf = CA.issue()
    seen(stock, "scan", Find("tls://shop.meadow.example:443", (leaf.der,)))
    row = models.Certificate.objects.get(fingerprint=leaf.fingerprint)
    for severity, rule in ((1, "a_notice"), (3, "an_error"), (2, "a_warning")):
        row.findings.create(rule=rule, severity=severity, detail="bad", advice="mend it", source="BR 1", found_at=NOW)
    faults = known(stock, leaf).faults
    assert [one.finding.rule for one in faults] == ["an_error", "a_warning", "a_notice"]
    assert faults[0].finding == Finding("an_error", Severity.ERROR, "bad", "mend it", "BR 1")
    assert faults[0].found_at == NOW


def test_a_certificate_that_is_not_there_is_not_found(stock: Stock) -> None:
    with pytest.raises(NotFound):
        known(stock, CA.issue())


def issued(stock: Stock, count: int, *, begins: datetime = NOW - 300 * DAY) -> list[Certificate]:
    """Certificates of one lineage, each in the place of the one before."""
    made = [CA.issue(not_before=begins + number * DAY) for number in range(count)]
    finds = [
        Find(f"file:/{number}", (one.der,), replaces=made[number - 1].fingerprint if number else "")
        for number, one in enumerate(made)
    ]
    source = stock.sources.add(f"kept {models.Source.objects.count()}", SourceKind.UPLOAD)
    stock.loading.take(source.id, None, finds)
    return made


def test_a_lineage_has_every_predecessor_and_successor_in_order(stock: Stock) -> None:
    made = issued(stock, 5)
    lineage = known(stock, made[2]).lineage
    assert [one.fingerprint for one in lineage] == [one.fingerprint for one in made]
    assert [one.replaces for one in lineage] == ["", *(one.fingerprint for one in made[:-1])]
    assert [one.state for one in lineage] == [CertificateState.REPLACED] * 4 + [CertificateState.VALID]


def test_a_branch_of_a_lineage_stands_behind_what_it_grew_from(stock: Stock) -> None:
    made = issued(stock, 3)
    duplicate = CA.issue(not_before=NOW - 2 * DAY)
    find = Find("file:/duplicate", (duplicate.der,), replaces=made[0].fingerprint)
    stock.loading.take(stock.sources.get("kept 0").id, None, [find])
    lineage = [one.fingerprint for one in known(stock, duplicate).lineage]
    assert lineage == [one.fingerprint for one in (*made, duplicate)]


def test_a_lineage_that_goes_round_in_a_circle_ends(stock: Stock) -> None:
    made = issued(stock, 3)
    last = models.Certificate.objects.get(fingerprint=made[2].fingerprint)
    models.Certificate.objects.filter(fingerprint=made[0].fingerprint).update(replaces=last)
    assert {one.fingerprint for one in known(stock, made[1]).lineage} == {one.fingerprint for one in made}


def test_a_certificate_alone_is_its_own_lineage(stock: Stock) -> None:
    (alone,) = issued(stock, 1)
    assert [(one.fingerprint, one.replaces) for one in known(stock, alone).lineage] == [(alone.fingerprint, "")]


def test_reissues_and_duplicates_are_found_in_the_ca_order(stock: Stock) -> None:
    first, second, third = (CA.issue(not_before=NOW - number * DAY) for number in (3, 2, 1))
    at_the_ca(stock, first)
    for number, leaf in (("C2", third), ("C3", second)):
        chain = Chain(leaf, (CA.certificate,))
        stock.inventory.take(ACCOUNT, CAOrder("O1", number), chain, CertificateState.VALID)
    stock.inventory.take(ACCOUNT, CAOrder("O2", "C4"), Chain(CA.issue(), (CA.certificate,)), CertificateState.VALID)
    siblings = [one.fingerprint for one in known(stock, first).siblings]
    assert siblings == [second.fingerprint, third.fingerprint]
