"""CA certificates: what hangs on them, what is wrong with those in use, and what is none of a CA's work."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from certwright.engine import judging
from certwright.engine.checking import Checking
from certwright.model.inventory import Find, Finding, Severity, SourceKind
from certwright.pki.crl import Revoked
from certwright.pki.ocsp import Standing
from certwright.store import models
from certwright.store.findings import Verdict
from certwright.store.issuing import AuthorityLine
from certwright.store.revocation_checks import AGAIN, RevocationChecks
from certwright.targets.revocation.status import Question, Status, unknown
from tests.cases.authority import NOW, Authority, root
from tests.database.judged import TOP, Bench, row, served
from tests.database.stock import Stock

DAY = timedelta(days=1)
HOST = "shop.meadow.example"
NEAR = {"not_before": NOW - 1000 * DAY, "not_after": NOW + 100 * DAY}


@pytest.fixture
def bench(stock: Stock) -> Bench:
    return Bench(stock)


def enter(bench: Bench, *authorities: Authority, under: Authority | None = None) -> None:
    """Hand in CA certificates, and a leaf under the last or the named one."""
    leaf = (under or authorities[-1]).issue(HOST)
    bench.enter(*(one.certificate for one in authorities), leaf)


def lines(bench: Bench) -> dict[str, AuthorityLine]:
    """The list, by subject."""
    return {one.subject: one for one in bench.store.issuing().authorities()}


def test_an_intermediate_in_use_that_ends_soon_is_found_and_its_leaf_is_none_the_worse(bench: Bench) -> None:
    near = TOP.intermediate("Near", **NEAR)
    leaf = near.issue(HOST, not_after=NOW + 90 * DAY)
    bench.enter(TOP.certificate, near.certificate, leaf)
    assert bench.judge(near.certificate) == {"ca:ends_soon"}
    assert bench.found(leaf) == set()
    assert bench.found(TOP.certificate) == set()


def test_of_an_intermediate_that_nothing_in_force_hangs_on_nothing_is_said(bench: Bench) -> None:
    near, idle = TOP.intermediate("Near", **NEAR), TOP.intermediate("Idle", **NEAR)
    bench.enter(TOP.certificate, idle.certificate, near.certificate)
    bench.enter(near.issue(HOST, not_before=NOW - 90 * DAY, not_after=NOW - DAY))
    assert bench.judge(near.certificate) == set()
    assert bench.found(idle.certificate) == set()


def test_a_root_is_in_use_by_what_hangs_on_its_intermediates(bench: Bench) -> None:
    ending = root("Ending Root", not_after=NOW + 30 * DAY)
    enter(bench, ending, ending.intermediate("Under It", not_after=NOW + 20 * DAY))
    assert bench.judge(ending.certificate) == {"ca:ends_soon"}


def test_an_expired_intermediate_with_a_leaf_in_force_is_found_after_a_day_at_most(bench: Bench) -> None:
    near = TOP.intermediate("Near", **NEAR)
    enter(bench, TOP, near)
    bench.judging.quick()
    bench.stock.clock.advance(101 * DAY)  # type: ignore[attr-defined]
    assert bench.judge(near.certificate) == {"ca:expired"}


def test_a_successor_with_the_same_name_and_key_makes_the_end_of_an_intermediate_harmless(bench: Bench) -> None:
    near = TOP.intermediate("Near", **NEAR)
    enter(bench, TOP, near)
    assert bench.judge(near.certificate) == {"ca:ends_soon"}
    bench.enter(TOP.intermediate("Near").certificate)  # another key
    bench.stock.clock.advance(2 * DAY)  # type: ignore[attr-defined]
    assert bench.judge(near.certificate) == {"ca:ends_soon"}
    bench.enter(TOP.intermediate("Near", key=near.key).certificate)
    bench.stock.clock.advance(2 * DAY)  # type: ignore[attr-defined]
    assert bench.judge(near.certificate) == set()


def test_a_small_key_of_an_intermediate_in_use_is_found(bench: Bench) -> None:
    weak = TOP.intermediate("Weak", key=rsa.generate_private_key(65537, 1024))
    enter(bench, TOP, weak)
    assert bench.judge(weak.certificate) == {"ca:small_key"}


def test_the_counts_of_rules_and_the_severity_tell_of_ca_certificates_apart(bench: Bench) -> None:
    near = TOP.intermediate("Near", **NEAR)
    enter(bench, TOP, near)
    kept = bench.judging.quick()
    assert kept.judged == 1  # the leaf
    assert dict(models.FindingCount.objects.filter(count__gt=0).values_list("rule", "count"))["ca:ends_soon"] == 1
    assert row(near.certificate).severity == 2


class Told:
    """Issuers that say of some certificates that they are revoked."""

    def __init__(self, *revoked: Authority) -> None:
        self.revoked = {one.certificate.parsed.serial_number for one in revoked}
        self.asked = 0

    def statuses(self, questions: Any, _at: datetime) -> list[Status]:
        every: list[Question] = list(questions)
        self.asked += len(every)
        return [
            Status(Standing.REVOKED, "crl", NOW, Revoked(NOW, "cACompromise"))
            if one.serial in self.revoked
            else unknown(["no CRL"])
            for one in every
        ]


def test_an_intermediate_that_its_issuer_has_revoked_is_found_and_asked_about_no_more(bench: Bench) -> None:
    near = TOP.intermediate("Taken Back")
    enter(bench, TOP, near)
    issuers = Told(near)
    checking = Checking(RevocationChecks(bench.stock.clock), bench.store, issuers, bench.stock.clock, list)  # type: ignore[arg-type]
    came = checking.run()
    assert (came.asked, came.revoked) == (1, 1)  # the leaf alone counts as asked about
    assert bench.judge(near.certificate) == {"ca:revoked"}
    asked = issuers.asked
    checking.run()
    assert issuers.asked == asked
    bench.stock.clock.advance(AGAIN + timedelta(seconds=1))  # type: ignore[attr-defined]
    checking.run()
    assert issuers.asked == asked + 1  # the leaf; of the root nobody is asked


def test_what_a_server_shows_over_an_intermediate_that_was_revoked_is_found_at_once(bench: Bench) -> None:
    gone = TOP.intermediate("Taken Back")
    seen, unseen = gone.issue(HOST), gone.issue("idle.meadow.example")
    bench.enter(TOP.certificate, unseen)
    bench.scan(served(seen, gone.certificate))
    assert "revoked_in_chain" not in bench.judge(seen)
    issuers = Told(gone)
    Checking(RevocationChecks(bench.stock.clock), bench.store, issuers, bench.stock.clock, list).run()  # type: ignore[arg-type]
    assert "revoked_in_chain" in bench.judge(seen)
    assert "revoked_in_chain" not in bench.found(unseen)


def test_an_old_key_under_the_name_of_a_new_one_is_in_use_by_what_ends_first(bench: Bench) -> None:
    old, new = TOP.intermediate("Rekeyed", **NEAR), TOP.intermediate("Rekeyed")
    bench.enter(TOP.certificate, new.certificate, old.certificate, old.issue(HOST, not_after=NOW + 10 * DAY))
    bench.enter(*(new.issue(f"n{number}.example", not_after=NOW + 200 * DAY) for number in range(120)))
    bench.enter(
        *(new.issue(f"o{number}.example", not_before=NOW - 9 * DAY, not_after=NOW - DAY) for number in range(9))
    )
    assert bench.judge(old.certificate) == {"ca:ends_soon"}


def test_the_list_tells_how_much_hangs_on_each(bench: Bench) -> None:
    busy, idle = TOP.intermediate("Busy", **NEAR), TOP.intermediate("Idle")
    bench.enter(TOP.certificate, busy.certificate, idle.certificate)
    bench.enter(*(busy.issue(f"n{number}.meadow.example") for number in range(3)))
    bench.enter(busy.issue(HOST, not_before=NOW - 90 * DAY, not_after=NOW - DAY))
    bench.judging.quick()
    found = lines(bench)
    assert [one.not_after for one in found.values()] == sorted(one.not_after for one in found.values())
    assert {subject: one.leaves for subject, one in found.items()} == {
        "CN=Busy": 3,
        "CN=Idle": 0,
        "CN=Meadow Test Root": 0,
    }
    assert found["CN=Busy"].findings == ("ca:ends_soon",)
    assert found["CN=Busy"].issuer == "CN=Meadow Test Root"


# What calls itself a CA's and is none


def test_a_self_signed_certificate_that_calls_itself_a_cas_is_told_as_self_signed_where_it_is_served(
    bench: Bench,
) -> None:
    appliances = [root("appliance.meadow.example") for _ in range(2)]  # one name for all of them
    for number, one in enumerate(appliances):
        bench.scan(served(one.certificate, place=f"tls://n{number}.meadow.example:443"), name=f"scan {number}")
    found = bench.judge(appliances[0].certificate)
    assert "self_signed_but_served" in found
    assert not found & {"ca_certificate_served", "unknown_issuer", "self_signed"}


def test_one_whose_key_lies_beside_it_is_told_as_self_signed_and_is_judged_like_a_leaf(bench: Bench) -> None:
    own = root("appliance.meadow.example", not_after=NOW + 20 * DAY).certificate
    source = bench.stock.sources.add("files", SourceKind.FOLDER).id
    bench.stock.loading.take(source, None, [Find("file:/own.pem", (own.der,), has_key=True)])
    assert {"self_signed", "ends_soon"} <= bench.judge(own)
    assert not [rule for rule in bench.found(own) if rule.startswith("ca")]
    assert lines(bench) == {}


def test_a_namesake_that_another_one_signed_makes_no_ca_of_an_appliance(bench: Bench) -> None:
    own, other = root("appliance.meadow.example"), root("appliance.meadow.example")
    bench.scan(served(own.certificate))
    bench.enter(other.certificate, other.issue(HOST))
    assert "ca_certificate_served" not in bench.judge(own.certificate)


def test_a_root_that_has_issued_others_is_told_as_a_cas_where_it_is_served(bench: Bench) -> None:
    bench.scan(served(TOP.certificate))
    bench.enter(TOP.issue(HOST))
    assert "ca_certificate_served" in bench.judge(TOP.certificate)


# Rules and data that change


def test_the_slow_rules_are_asked_again_once_when_they_or_their_data_change(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaves = [TOP.issue(HOST), TOP.issue(HOST)]
    bench.enter(*leaves)
    assert bench.judging.slow().judged == 2
    assert bench.judging.slow().judged == 0
    version = judging.findings.slow_rules()
    monkeypatch.setattr(judging.findings, "slow_rules", lambda: "another list of keys")
    assert bench.judging.slow().judged == 2
    assert bench.judging.slow().judged == 0
    monkeypatch.setattr(judging.findings, "slow_rules", lambda: version)  # another worker has not been updated yet
    assert bench.judging.slow().judged == 0
    assert bench.store.due().slow == 0


def test_a_process_without_the_linter_or_the_list_does_not_undo_what_was_found_with_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaf = TOP.issue(HOST)
    bench.enter(leaf)
    bench.judging.slow()
    found = Finding("lint:some.code", Severity.NOTICE, "It breaks a rule.")
    bench.store.keep_slow([Verdict(row(leaf).pk, (found,))], judging._is_slow)
    monkeypatch.setattr(judging.lint, "find_spec", lambda _name: None)
    assert bench.judging.slow().judged == 0
    assert bench.found(leaf) >= {"lint:some.code"}
