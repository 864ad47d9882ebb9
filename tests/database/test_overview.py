"""The inventory in figures: what the counts say is what counting would, and they are plain whole numbers."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, timedelta

from certwright.model.inventory import Query
from certwright.model.words import CertificateState
from certwright.store import models
from certwright.store.overview import WEEKS
from tests.cases.authority import NOW
from tests.database import finds
from tests.database.stock import ACCOUNT, Stock

MONDAY = date(2026, 11, 16)


def test_an_empty_inventory_has_figures_of_zero(stock: Stock) -> None:
    figures = stock.overview.figures()
    assert figures.states == dict.fromkeys(CertificateState, 0)
    assert (figures.accounts, figures.findings, figures.ending) == ({}, {}, dict.fromkeys((7, 30, 60, 90), 0))
    assert (len(figures.weeks), set(figures.weeks.values()), min(figures.weeks)) == (WEEKS, {0}, MONDAY)


def test_states_are_those_that_lists_show(stock: Stock) -> None:
    for state in ("valid", "replaced", "revoked"):
        finds.add_rows(3, state=state, not_after=lambda n: finds.moment((-400, -1, 30)[n]))
    figures = stock.overview.figures()
    assert figures.states == {state: stock.browsing.count(Query(state=state)).number for state in CertificateState}
    assert figures.states[CertificateState.EXPIRED] == 4


def test_a_certificate_that_ends_today_is_in_force_until_midnight(stock: Stock) -> None:
    finds.add_rows(1, not_after=NOW - timedelta(hours=1))
    assert stock.overview.figures().states[CertificateState.VALID] == 1
    stock.clock.advance(timedelta(hours=12))  # type: ignore[attr-defined]
    assert stock.overview.figures().states[CertificateState.EXPIRED] == 1


def test_certificates_in_force_are_counted_by_account_week_and_nearness(stock: Stock) -> None:
    account = models.CAAccount.objects.get(name=ACCOUNT).pk
    days = (0, 6, 7, 29, 30, 89, 90, 7 * WEEKS, 5000)
    finds.add_rows(len(days), not_after=lambda n: finds.moment(days[n]), account=lambda n: account if n < 2 else None)
    finds.add_rows(1, not_after=finds.moment(1), state="replaced")
    finds.add_rows(1, not_after=finds.moment(1), is_leaf=False)
    figures = stock.overview.figures()
    assert figures.accounts == {ACCOUNT: 2, "": 7}
    assert figures.ending == {7: 2, 30: 4, 60: 5, 90: 6}
    assert figures.weeks[MONDAY] == 1
    assert sum(figures.weeks.values()) == 7
    assert figures.weeks[MONDAY + timedelta(weeks=1)] == 2


def test_findings_are_counted_by_rule_the_most_frequent_first_and_those_that_are_over_not_at_all(
    stock: Stock,
) -> None:
    for number in finds.add_rows(3):
        for rule in ("sha1", "weak_key")[: 1 + number % 2]:
            models.Finding.objects.create(certificate_id=number, rule=rule, severity=1, detail="", found_at=NOW)
    models.Finding.objects.create(
        certificate_id=finds.add_rows(1)[0], rule="over", severity=1, detail="", found_at=NOW
    ).delete()
    findings = stock.overview.figures().findings
    assert list(findings) == ["sha1", "weak_key"]
    assert findings == finds.plain_findings()


def test_every_figure_can_be_printed_as_json(stock: Stock) -> None:
    finds.add_rows(3)
    models.Finding.objects.create(
        certificate=models.Certificate.objects.all()[0], rule="sha1", severity=1, detail="", found_at=NOW
    )
    figures = asdict(stock.overview.figures())
    figures["weeks"] = {str(day): count for day, count in figures["weeks"].items()}
    assert '"sha1": 1' in json.dumps(figures)
