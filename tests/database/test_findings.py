"""Findings appear, last, change and go away with what is known of a certificate."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from certwright.engine import judging
from certwright.engine.judging import Judging
from certwright.model.ca import CAOrder, ReportedOrder, ReportPage
from certwright.model.inventory import Finding, Severity
from certwright.model.words import CertificateState, OrderState, RevocationReason
from certwright.pki.chain import Chain
from certwright.policy import findings
from certwright.store import bulk, models
from certwright.store.ca_orders import CAOrders
from certwright.store.findings import AGAIN, TAKEN_FOR, Kept, Verdict
from tests.cases.authority import NOW, new_key, root
from tests.database.finds import add_rows, kept_findings, plain_findings
from tests.database.judged import CA, TOP, Bench, row, served
from tests.database.stock import ACCOUNT, Stock

DAY = timedelta(days=1)
HOST = "shop.meadow.example"
OVER = {"not_before": NOW - 90 * DAY, "not_after": NOW - DAY}


@pytest.fixture
def bench(stock: Stock) -> Bench:
    return Bench(stock)


def test_a_finding_keeps_the_time_it_was_found_at_while_it_lasts_and_changes_its_words(bench: Bench) -> None:
    leaf = CA.issue(HOST, not_before=NOW - 80 * DAY, not_after=NOW + 10 * DAY)
    bench.enter(leaf)
    assert "ends_soon" in bench.judge(leaf)
    first = models.Finding.objects.get(rule="ends_soon")
    bench.stock.clock.advance(2 * DAY)  # type: ignore[attr-defined]
    bench.judging.quick()
    second = models.Finding.objects.get(rule="ends_soon")
    assert (first.found_at, second.found_at) == (NOW, NOW)
    assert first.detail != second.detail
    bench.stock.clock.advance(20 * DAY)  # type: ignore[attr-defined]
    assert bench.judge(leaf) == set()
    assert row(leaf).severity == 0


def test_words_that_a_new_release_puts_differently_are_taken_over(bench: Bench) -> None:
    leaf = CA.issue(HOST, not_after=NOW + 10 * DAY)
    bench.enter(leaf)
    bench.judging.quick()
    models.Finding.objects.update(advice="as it was", source="as it was")
    bench.stock.clock.advance(25 * 3600)  # type: ignore[attr-defined]
    bench.judging.quick()
    assert not models.Finding.objects.filter(advice="as it was").exists()


def test_the_severity_of_a_certificate_is_that_of_its_worst_finding_of_either_kind(bench: Bench) -> None:
    leaf = CA.issue(HOST)
    bench.enter(leaf)
    bench.judging.quick()
    assert row(leaf).severity == 2  # nobody knows its issuer
    worst = Finding("weak_key", Severity.ERROR, "weak")
    bench.store.keep_slow([Verdict(row(leaf).pk, (worst,))], judging._is_slow)
    assert row(leaf).severity == 3
    bench.stock.clock.advance(25 * 3600)  # type: ignore[attr-defined]
    assert "weak_key" in bench.judge(leaf)
    assert row(leaf).severity == 3
    bench.store.keep_slow([Verdict(row(leaf).pk, ())], judging._is_slow)
    assert (row(leaf).severity, bench.found(leaf)) == (2, {"unknown_issuer"})


def test_the_counts_of_rules_stay_right(bench: Bench) -> None:
    leaves = [CA.issue(HOST, not_after=NOW + days * DAY) for days in (5, 30, 60)]
    bench.enter(*leaves, root("device").certificate)
    kept = bench.judging.quick()
    assert kept_findings() == plain_findings()
    assert kept.new == sum(plain_findings().values())
    bench.stock.clock.advance(40 * DAY)  # type: ignore[attr-defined]
    assert bench.judging.quick().over > 0
    assert kept_findings() == plain_findings()


def test_where_it_is_served_is_judged_at_once(bench: Bench) -> None:
    leaf = TOP.intermediate("Ours").issue(HOST)
    bench.enter(TOP.certificate, leaf)
    bench.judging.quick()
    bench.scan(served(leaf, place="tls://other.meadow.example:443"))
    assert "wrong_name" in bench.judge(leaf)
    bench.scan(served(leaf))
    bench.scan(served(CA.issue("other.meadow.example"), place="tls://other.meadow.example:443"))
    assert "wrong_name" not in bench.judge(leaf)


def test_a_chain_is_judged_again_when_the_same_place_shows_it_otherwise(bench: Bench) -> None:
    leaf = CA.issue(HOST)
    bench.enter(CA.certificate)
    bench.scan(served(leaf))
    assert "incomplete_chain" in bench.judge(leaf)
    bench.scan(served(leaf, TOP.certificate, CA.certificate))
    assert bench.judge(leaf) == {"disordered_chain", "root_in_chain"}
    bench.scan(served(leaf, CA.certificate))
    assert bench.judge(leaf) == set()


def test_of_two_scans_of_a_place_the_later_one_counts(bench: Bench) -> None:
    old, new = CA.issue(HOST, **OVER), CA.issue(HOST)
    bench.scan(served(old, CA.certificate), name="once")
    assert "expired_but_served" in bench.judge(old)
    bench.stock.clock.advance(DAY * 2)  # type: ignore[attr-defined]
    bench.scan(served(new, CA.certificate))
    assert bench.judge(old) == set()


def test_a_place_that_could_not_be_looked_at_for_long_counts_no_more(bench: Bench) -> None:
    leaf = CA.issue(HOST, **OVER)
    bench.scan(served(leaf, CA.certificate))
    bench.scan(served(leaf, CA.certificate))
    models.Sighting.objects.update(trouble="Nobody answers.")
    assert "expired_but_served" in bench.judge(leaf)
    bench.stock.clock.advance(15 * DAY)  # type: ignore[attr-defined]
    assert bench.judge(leaf) == set()


def test_when_a_scan_is_removed_its_places_count_no_more(bench: Bench) -> None:
    leaf = CA.issue(HOST, **OVER)
    bench.scan(served(leaf, CA.certificate))
    assert "expired_but_served" in bench.judge(leaf)
    bench.stock.sources.remove("daily")
    assert bench.judge(leaf) == set()


def test_a_certificate_is_judged_again_when_a_day_has_passed_and_not_before(bench: Bench) -> None:
    bench.enter(CA.issue(HOST))
    assert bench.judging.quick().judged == 1
    bench.stock.clock.advance(23 * 3600)  # type: ignore[attr-defined]
    assert bench.judging.quick().judged == 0
    bench.stock.clock.advance(2 * 3600)  # type: ignore[attr-defined]
    assert bench.judging.quick().judged == 1


def test_what_ended_long_ago_and_is_served_nowhere_is_judged_once(bench: Bench) -> None:
    over = CA.issue(HOST, **OVER)
    bench.enter(over)
    assert bench.judging.quick().judged == 1
    bench.stock.clock.advance(400 * DAY)  # type: ignore[attr-defined]
    assert bench.judging.quick().judged == 0
    bench.scan(served(over, CA.certificate))
    assert "expired_but_served" in bench.judge(over)


def test_a_revocation_by_us_is_judged_at_once(bench: Bench) -> None:
    leaf = taken(bench, CA.issue(HOST))
    bench.scan(served(leaf, CA.certificate))
    bench.judging.quick()
    revoke(bench, leaf)
    assert "revoked_but_served" in bench.judge(leaf)


def test_a_revocation_that_the_cas_list_tells_is_judged_at_once_and_once(bench: Bench) -> None:
    leaf = taken(bench, CA.issue(HOST))
    bench.scan(served(leaf, CA.certificate))
    bench.judging.quick()
    page = ReportPage((reported(leaf, revoked_at=NOW - DAY, revocation_reason="superseded"),), "")
    CAOrders(bench.stock.clock).take(ACCOUNT, page)
    assert "revoked_but_served" in bench.judge(leaf)
    assert "(superseded)" in models.Finding.objects.get(rule="revoked_but_served").detail
    CAOrders(bench.stock.clock).take(ACCOUNT, page)
    assert bench.store.due().quick == 0


def test_one_that_gets_a_successor_is_judged_at_once(bench: Bench) -> None:
    old = taken(bench, CA.issue(HOST, not_before=NOW - 80 * DAY, not_after=NOW + 10 * DAY), certificate_id="")
    assert "ends_soon" in bench.judge(old)
    taken(bench, CA.issue(HOST), certificate_id="")
    assert "ends_soon" not in bench.judge(old)


def test_when_its_ca_comes_in_a_certificate_is_judged_at_once(bench: Bench) -> None:
    leaf = CA.issue(HOST)
    bench.enter(leaf)
    assert bench.judge(leaf) == {"unknown_issuer"}
    bench.enter(CA.certificate)
    assert bench.judge(leaf) == set()


def test_a_ca_that_is_served_as_a_leaf_is_known_as_issuer_all_the_same(bench: Bench) -> None:
    leaf = CA.issue(HOST)
    bench.scan(served(CA.certificate, place="tls://ca.meadow.example:443"))
    bench.enter(leaf)
    assert bench.judge(leaf) == set()
    assert "ca_certificate_served" in bench.found(CA.certificate)


def test_a_key_that_we_revoked_as_compromised_is_found_in_every_other_certificate(bench: Bench) -> None:
    key = new_key()
    leaf = taken(bench, CA.issue(HOST, key=key))
    others = [CA.issue(f"n{number}.meadow.example", key=key) for number in range(3)]
    stranger = CA.issue("stranger.meadow.example")
    bench.enter(*others[:2], stranger)
    bench.judging.quick()
    revoke(bench, leaf, RevocationReason.KEY_COMPROMISE)
    bench.judging.quick()
    assert all("compromised_key" in bench.found(one) for one in others[:2])
    bench.enter(others[2])
    assert "compromised_key" in bench.judge(others[2])
    assert "compromised_key" not in bench.found(leaf) | bench.found(stranger)
    bench.judging.quick()
    assert bench.store.due().quick == 0


def test_a_rule_that_raises_keeps_no_other_certificate_waiting_and_ends_no_finding(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, plain = CA.issue("odd.meadow.example"), CA.issue("plain.meadow.example")
    bench.enter(odd, plain)
    bench.judging.quick()

    def stumble(judged: Any, at: Any) -> Any:
        if judged.names == ("odd.meadow.example",):
            raise RuntimeError("nobody foresaw this")
        return real(judged, at)

    real = findings.findings
    monkeypatch.setattr(findings, "findings", stumble)
    bench.enter(late := CA.issue("late.meadow.example"))
    bench.stock.clock.advance(25 * 3600)  # type: ignore[attr-defined]
    assert bench.judging.quick().judged == 3
    assert bench.found(odd) == bench.found(plain) == bench.found(late) == {"unknown_issuer"}
    assert bench.judging.quick().judged == 0


def test_bytes_that_can_be_read_no_more_keep_no_other_certificate_waiting(bench: Bench) -> None:
    odd, plain = CA.issue(HOST), CA.issue(HOST)
    bench.enter(odd, plain)
    models.CertificateBytes.objects.filter(certificate=row(odd)).update(der=b"none")
    assert bench.judge(plain) == {"unknown_issuer"}
    assert bench.judging.quick().judged == 0


def test_what_changes_while_it_is_judged_is_judged_again(bench: Bench) -> None:
    leaf = CA.issue(HOST)
    bench.enter(CA.certificate, leaf)
    claims = bench.store.claims(500)
    claim = next(claims)
    bench.judging.quick()  # nobody else takes what is taken
    assert row(leaf).judged_at == claim.mark
    bench.scan(served(leaf, place="tls://wrong.meadow.example:443"))
    assert bench.store.keep([Verdict(row(leaf).pk, ())], claim, lambda _: True) == Kept()
    assert "wrong_name" in bench.judge(leaf)


def test_what_a_killed_process_had_taken_is_judged_some_minutes_later(bench: Bench) -> None:
    leaf = CA.issue(HOST)
    bench.enter(leaf)
    next(bench.store.claims(500))
    assert bench.judge(leaf) == set()
    assert bench.store.due().quick == 1
    bench.stock.clock.advance(TAKEN_FOR + timedelta(seconds=1))  # type: ignore[attr-defined]
    assert bench.judge(leaf) == {"unknown_issuer"}


def test_a_batch_is_kept_whole_or_not_at_all(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.enter(leaf := CA.issue(HOST))
    monkeypatch.setattr(bulk, "update", lambda *_: (_ for _ in ()).throw(OSError("the disk is full")))
    with pytest.raises(OSError, match="full"):
        bench.judging.quick()
    assert bench.found(leaf) == set()
    assert plain_findings() == kept_findings() == {}


def test_the_slow_rules_judge_each_certificate_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(judging, "_slowly", lambda judged, _: seen.append(judged.certificate.serial) or ())
    leaves = [CA.issue(HOST) for _ in range(45)]
    bench.enter(*leaves, CA.issue(HOST, **OVER))
    assert bench.judging.slow().judged == 46
    bench.stock.clock.advance(30 * DAY)  # type: ignore[attr-defined]
    assert bench.judging.slow().judged == 0
    assert sorted(seen) == sorted(one.serial for one in leaves)


def test_the_slow_rules_leave_as_much_time_to_others_as_they_take(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "_slowly", lambda *_: time.sleep(0.01) or ())
    bench.enter(*(CA.issue(HOST) for _ in range(40)))
    began = time.monotonic()
    bench.judging.slow(rests=True)
    assert time.monotonic() - began >= 0.8


def test_judging_that_is_stopped_ends_after_its_batch(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "_BATCH", 2)
    bench.enter(*(CA.issue(HOST) for _ in range(6)))
    assert bench.judging.quick(lambda _: bench.judging.stop()).judged == 2
    assert Judging(bench.store, bench.stock.clock, list).quick().judged == 4


def test_one_key_under_other_names_is_told_of_each_and_one_key_under_the_same_names_is_not(bench: Bench) -> None:
    key, other = new_key(), new_key()
    apart = [CA.issue(f"n{number}.meadow.example", key=key) for number in range(3)]
    alike = [CA.issue(HOST, key=other) for _ in range(3)]
    bench.enter(CA.certificate, *apart, *alike)
    bench.judging.quick()
    assert [bench.found(one) for one in (*apart, *alike)] == [{"shared_key"}] * 3 + [set()] * 3
    assert models.Finding.objects.filter(detail__startswith="2 other").count() == 3


def test_twenty_thousand_certificates_with_one_key_are_judged_in_a_time_that_does_not_grow_with_their_square(
    bench: Bench,
) -> None:
    key = new_key()
    bench.enter(mine := CA.issue(HOST, key=key))
    ids = add_rows(20_000, public_key_sha256=row(mine).public_key_sha256, not_after=NOW + 90 * DAY)
    der = mine.der
    with transaction.atomic():
        bulk.insert(models.CertificateBytes, ("certificate", "der"), ((pk, der) for pk in ids))
    cases = bench.store.cases()
    began = time.process_time()
    told = {one.sharing_key for start in range(0, 10_000, 500) for one in cases.of(ids[start : start + 500])}
    assert told == {20_000}
    assert time.process_time() - began < 5  # half of them


def test_of_a_certificate_that_is_shown_at_very_many_places_no_more_are_read_than_are_looked_at(bench: Bench) -> None:
    leaf = CA.issue("*.meadow.example")
    bench.scan(*(served(leaf, CA.certificate, place=f"tls://n{n:04}.meadow.example:443") for n in range(1_200)))
    (case,) = bench.store.cases().of([row(leaf).pk])
    assert [one.place for one in case.seen] == [f"tls://n{n:04}.meadow.example:443" for n in range(1_000)]
    assert case.seen[0].above == (CA.certificate,)


def test_a_public_certificate_is_judged_by_the_rules_for_public_ones(stock: Stock) -> None:
    leaf = CA.issue("internal.local")
    trusting, plain = Bench(stock, TOP), Bench(stock)
    plain.enter(CA.certificate, leaf)
    assert "internal_name" not in plain.judge(leaf)
    stock.clock.advance(25 * 3600)  # type: ignore[attr-defined]
    assert "internal_name" in trusting.judge(leaf)


def test_what_is_due_is_counted_until_it_is_judged(bench: Bench) -> None:
    bench.enter(CA.certificate, CA.issue(HOST), CA.issue(HOST))
    assert (bench.store.due().quick, bench.store.due().slow) == (2, 2)
    bench.judging.quick()
    assert (bench.store.due().quick, bench.store.due().slow) == (0, 2)
    bench.stock.clock.advance(AGAIN)  # type: ignore[attr-defined]
    assert bench.store.due().quick == 2


def taken(bench: Bench, leaf: Any, certificate_id: str = "7") -> Any:
    """The certificate, as one of a CA account's."""
    order = CAOrder("1001", certificate_id)
    bench.stock.inventory.take(ACCOUNT, order, Chain(leaf, (CA.certificate,)), CertificateState.VALID)
    return leaf


def reported(leaf: Any, **change: Any) -> ReportedOrder:
    return ReportedOrder(
        CAOrder("1001", "7"), OrderState.ISSUED, CertificateState.REVOKED, serial=leaf.serial, **change
    )


def revoke(bench: Bench, leaf: Any, reason: RevocationReason = RevocationReason.SUPERSEDED) -> None:
    """As the flow does when the CA has revoked it."""
    revocation = bench.stock.orders.revoke(
        None, ACCOUNT, CAOrder("1001", "7"), fingerprint=leaf.fingerprint, reason=reason, comment="", whole_order=False
    )
    assert bench.stock.inventory.revoked(revocation, NOW) == 1
