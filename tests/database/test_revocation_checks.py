"""Which certificates issuers are asked about, and what becomes of what they say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from certwright.engine.checking import UNREADABLE, Checking
from certwright.model.inventory import SourceKind
from certwright.model.words import CertificateState
from certwright.store import models
from certwright.store.findings import Findings
from certwright.store.revocation_checks import AGAIN, Checked, RevocationChecks
from certwright.targets.revocation.status import Question, Status, unknown
from tests.cases.authority import NOW
from tests.database.finds import CA, finds, leaf, leaves
from tests.database.stock import Stock


@pytest.fixture
def checks(stock: Stock) -> RevocationChecks:
    """The checks."""
    return RevocationChecks(stock.clock)


class Silent:
    """Issuers that tell nothing."""

    def statuses(self, questions: Iterable[Question], _at: datetime) -> list[Status]:
        """Unknown, every one."""
        return [unknown(["no CRL"]) for _ in questions]


def load_authority(stock: Stock) -> None:
    """Put a CA certificate into the inventory."""
    source = stock.sources.add("handed in", SourceKind.UPLOAD)
    stock.loading.take(source.id, None, finds([CA.certificate]))


def load(stock: Stock, *certificates: object) -> list[int]:
    """Put them into the inventory; their ids."""
    source = stock.sources.add("office", SourceKind.SCAN)
    stock.loading.take(source.id, None, finds(certificates))  # type: ignore[arg-type]
    return list(models.Certificate.objects.order_by("pk").values_list("pk", flat=True))


def test_what_can_be_read_no_more_is_told_and_keeps_no_other_from_being_asked_about(
    stock: Stock, checks: RevocationChecks
) -> None:
    broken, whole = load(stock, *leaves(2))
    load_authority(stock)
    stock_bytes = models.CertificateBytes.objects
    stock_bytes.filter(certificate=broken).update(der=b"0")
    stock_bytes.filter(certificate__is_leaf=False).update(der=b"0")
    checking = Checking(checks, Findings(stock.clock), Silent(), stock.clock, list)  # type: ignore[arg-type]
    with capture_logs() as logs:
        checking.turn()
    assert [one["certificates"] for one in logs if "read no more" in one["event"]] == [1]
    assert [one["certificates"] for one in logs if one.get("why") == UNREADABLE] == [1]
    assert set(models.Certificate.objects.values_list("revocation_asked_at", flat=True)) == {stock.clock.now()}
    assert whole != broken
    assert (checks.due(10), checks.due_authorities(10)) == ([], [])


def test_what_was_asked_about_is_asked_about_again_after_half_a_day(stock: Stock, checks: RevocationChecks) -> None:
    ids = load(stock, *leaves(3))
    assert sorted(number for number, _ in checks.due(10)) == ids
    assert checks.keep([Checked(ids[0], told=True), Checked(ids[1])]) == 0
    assert [number for number, _ in checks.due(10)] == ids[2:]
    checks.keep([Checked(ids[2], told=True)])
    assert checks.due(10) == []
    stock.clock.advance(AGAIN + timedelta(seconds=1))  # type: ignore[attr-defined]
    assert len(checks.due(10)) == 3


def test_only_what_was_told_counts_as_told(stock: Stock, checks: RevocationChecks) -> None:
    ids = load(stock, *leaves(2))
    checks.keep([Checked(ids[0], told=True), Checked(ids[1])])
    told = dict(models.Certificate.objects.values_list("pk", "revocation_told_at"))
    assert told == {ids[0]: stock.clock.now(), ids[1]: None}


def test_expired_and_revoked_certificates_are_not_asked_about(stock: Stock, checks: RevocationChecks) -> None:
    over = leaf("old.meadow.example", not_before=NOW - timedelta(days=90), not_after=NOW - timedelta(days=1))
    ids = load(stock, over, leaf("shop.meadow.example"))
    (number,) = (number for number, _ in checks.due(10))
    assert checks.keep([Checked(number, told=True, revoked_at=NOW, reason="superseded")]) == 1
    assert number in ids
    stock.clock.advance(AGAIN * 2)  # type: ignore[attr-defined]
    assert checks.due(10) == []


def test_a_hold_that_is_taken_back_ends_the_revocation_and_another_reason_does_not(
    stock: Stock, checks: RevocationChecks
) -> None:
    first, second = load(stock, *leaves(2))
    held = {"told": True, "revoked_at": NOW}
    assert checks.keep([Checked(one, reason="certificateHold", **held) for one in (first, second)]) == 2
    stock.clock.advance(AGAIN * 2)  # type: ignore[attr-defined]
    assert len(checks.due(10)) == 2
    checks.keep([Checked(first, told=True), Checked(second, reason="keyCompromise", **held)])
    states = dict(models.Certificate.objects.values_list("pk", "state"))
    assert states == {first: CertificateState.VALID, second: CertificateState.REVOKED}
    assert [row.revocation_reason for row in models.Certificate.objects.order_by("pk")] == ["", "keyCompromise"]


def test_a_replaced_certificate_whose_hold_is_taken_back_is_replaced_again(
    stock: Stock, checks: RevocationChecks
) -> None:
    before, after = load(stock, *leaves(2))
    models.Certificate.objects.filter(pk=after).update(replaces=before)
    models.Certificate.objects.filter(pk=before).update(state=CertificateState.REPLACED)
    checks.keep([Checked(before, told=True, revoked_at=NOW, reason="certificateHold")])
    checks.keep([Checked(before, told=True)])
    assert models.Certificate.objects.get(pk=before).state == CertificateState.REPLACED
