"""What is published where, kept in rows: with a real name server, through crashes, quarrels and two orders at once."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from certwright.engine.challenges import Challenges, Tidy, serving, trial
from certwright.model.ca import Proof
from certwright.model.errors import Misconfigured, NotFound, Refused, Unavailable
from certwright.model.order import Order
from certwright.model.ports import Challenges as ChallengesPort
from certwright.model.words import DCVMethod, OrderState
from certwright.store import models
from certwright.store.targets import ChallengeStore, Target, Targets
from certwright.targets.dcv.publisher import Publisher, open_publisher
from tests.cases.authority import NOW
from tests.database.stock import Stock
from tests.fakes.clock import FakeClock
from tests.targets.fixtures import a_cname, a_txt, knot, settings_of
from tests.targets.knot import SECRET, ZONE, Knot

__all__ = ["knot"]
ROOT = Path(__file__).parents[2]


class Book:
    """The targets of one installation, and the orders that prove control through them."""

    def __init__(self, stock: Stock) -> None:
        self.stock = stock
        self.clock: FakeClock = stock.clock  # type: ignore[assignment]
        self.targets = Targets(self.clock)
        self.store = ChallengeStore(self.clock)
        self.writes: list[str] = []
        self.challenges = Challenges(self.targets, self.store, self.publisher)

    def publisher(self, target: Target) -> Publisher:
        self.writes.append(target.name)
        return open_publisher(target.kind, target.settings, {"key_secret": SECRET} if target.kind == "rfc2136" else {})

    def target(self, name: str = "dns", kind: str = "rfc2136", domain: str = ZONE, **settings: str) -> Target:
        return self.targets.add(Target(0, name, kind, (domain,), settings, enabled=True, created_at=NOW))

    def end(self, order: Order, state: OrderState = OrderState.ISSUED) -> None:
        models.Order.objects.filter(pk=order.id).update(state=state)


@pytest.fixture
def book(stock: Stock) -> Book:
    return Book(stock)


@pytest.fixture
def dns(book: Book, knot: Knot) -> Target:
    return book.target(**settings_of(knot))


def test_it_fits_the_port(book: Book) -> None:
    port: ChallengesPort = book.challenges

    assert not port.serves(a_txt())


def test_a_proof_is_published_once_seen_and_withdrawn(book: Book, dns: Target, knot: Knot) -> None:
    order, proof = book.stock.order(), a_txt()

    assert book.challenges.serves(proof)
    assert book.challenges.publish(order, proof) == "target dns"
    assert book.challenges.look(order, proof) == ""
    asked = len(book.writes)
    assert book.challenges.publish(order, proof) == "target dns"
    assert len(book.writes) == asked, "what stands is not asked for again"

    assert book.challenges.withdraw(order) == 1
    assert knot.ask(proof.where, "TXT") == []
    assert book.challenges.withdraw(order) == 0
    (row,) = models.Challenge.objects.all()
    assert row.withdrawn_at == NOW


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_while_publishing_leaves_a_row_and_no_more_work(
    book: Book, dns: Target, knot: Knot, database: Path, moment: str
) -> None:
    """The process is killed when the row is committed, before or after the name server took the record."""
    order, proof = book.stock.order(), a_txt()
    words = [sys.executable, "-m", "tests.targets.victim", str(database), str(order.id), proof.name, moment]
    died = subprocess.run(words, cwd=ROOT, capture_output=True, check=False, timeout=60)
    assert died.returncode == -9, died.stderr
    (challenge,) = book.store.standing(order.id)
    assert challenge.published_at is None
    assert knot.ask(proof.where, "TXT") == (['"token"'] if moment == "after" else [])

    book.challenges.publish(order, proof)

    assert knot.ask(proof.where, "TXT") == ['"token"']
    assert len(book.store.standing(order.id)) == 1


def test_what_a_killed_process_published_is_taken_away(book: Book, dns: Target, knot: Knot, database: Path) -> None:
    order, proof = book.stock.order(), a_txt()
    words = [sys.executable, "-m", "tests.targets.victim", str(database), str(order.id), proof.name, "after"]
    subprocess.run(words, cwd=ROOT, capture_output=True, check=False, timeout=60)
    book.end(order, OrderState.CANCELLED)

    Tidy(book.challenges).turn()

    assert knot.ask(proof.where, "TXT") == []
    assert book.store.standing(order.id) == []


def test_what_vanished_is_published_again(book: Book, dns: Target, knot: Knot) -> None:
    order, proof = book.stock.order(), a_txt()
    book.challenges.publish(order, proof)
    book.publisher(dns).withdraw(proof)

    assert "no such name" in book.challenges.look(order, proof)
    book.challenges.publish(order, proof)

    assert book.challenges.look(order, proof) == ""


def test_the_same_value_for_two_orders_stays_until_both_are_done(book: Book, dns: Target, knot: Knot) -> None:
    first, second, proof = book.stock.order(), book.stock.order(), a_cname()
    book.challenges.publish(first, proof)
    book.challenges.publish(second, proof)

    assert book.challenges.withdraw(first) == 1
    assert book.challenges.look(second, proof) == ""
    book.challenges.withdraw(second)

    assert knot.ask(proof.where, "CNAME") == []


def test_another_order_that_goes_on_is_not_robbed_of_its_place(book: Book, dns: Target, knot: Knot) -> None:
    first, second, proof = book.stock.order(), book.stock.order(), a_cname("first.sectigo.com")
    other = replace(proof, value="second.sectigo.com")
    book.challenges.publish(first, proof)

    with pytest.raises(Unavailable, match=f"Order {first.id} needs another value"):
        book.challenges.publish(second, other)
    book.end(first)
    book.challenges.publish(second, other)

    assert knot.ask(proof.where, "CNAME") == ["second.sectigo.com."]
    book.challenges.withdraw(first)
    assert knot.ask(proof.where, "CNAME") == ["second.sectigo.com."]


def test_a_new_value_for_the_same_order_takes_the_place_of_the_old(book: Book, dns: Target, knot: Knot) -> None:
    order, proof = book.stock.order(), a_cname("old.sectigo.com")
    book.challenges.publish(order, proof)
    book.challenges.publish(order, replace(proof, value="new.sectigo.com"))

    assert knot.ask(proof.where, "CNAME") == ["new.sectigo.com."]
    assert book.challenges.withdraw(order) == 2
    assert knot.ask(proof.where, "CNAME") == []


def test_txt_values_of_two_orders_stand_side_by_side(book: Book, dns: Target, knot: Knot) -> None:
    first, second, proof = book.stock.order(), book.stock.order(), a_txt("one")
    book.challenges.publish(first, proof)
    book.challenges.publish(second, replace(proof, value="two"))
    assert knot.ask(proof.where, "TXT") == ['"one"', '"two"']

    book.challenges.withdraw(first)

    assert knot.ask(proof.where, "TXT") == ['"two"']


def test_a_foreign_cname_is_named_with_the_challenge_and_survives(book: Book, dns: Target, knot: Knot) -> None:
    order, proof = book.stock.order(), a_cname()
    knot.plant(proof.where, "CNAME", "elsewhere.example.")

    with pytest.raises(Misconfigured, match=r"elsewhere\.example"):
        book.challenges.publish(order, proof)

    (challenge,) = book.store.standing(order.id)
    assert "elsewhere.example" in challenge.trouble
    book.challenges.withdraw(order)
    assert knot.ask(proof.where, "CNAME") == ["elsewhere.example."]


def test_all_are_tried_before_the_first_trouble_is_raised(book: Book, dns: Target, knot: Knot, tmp_path: Path) -> None:
    order = book.stock.order()
    gone = Knot(tmp_path / "gone")
    book.target("gone", domain=f"gone.{ZONE}", **settings_of(gone))
    first, last = a_txt(name=f"a.gone.{ZONE}"), a_txt()
    book.challenges.publish(order, first)
    book.challenges.publish(order, last)
    gone.close()

    with pytest.raises(Unavailable):
        book.challenges.withdraw(order)

    assert knot.ask(last.where, "TXT") == []
    (left,) = book.store.standing(order.id)
    assert left.proof.where == first.where
    assert "cannot be asked" in left.trouble


def test_a_target_that_is_down_does_not_hold_up_the_others(
    book: Book, dns: Target, knot: Knot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("certwright.engine.challenges._BATCH", 1)
    order = book.stock.order()
    gone = Knot(tmp_path / "gone")
    book.target("gone", domain=f"gone.{ZONE}", **settings_of(gone))
    proof = a_txt()
    book.challenges.publish(order, a_txt(name=f"b.gone.{ZONE}"))
    book.challenges.publish(order, proof)
    gone.close()
    tidy = Tidy(book.challenges)
    tidy.turn()
    assert knot.ask(proof.where, "TXT") == ['"token"'], "the order still goes on"

    book.end(order)
    for _ in range(2):
        tidy.turn()

    assert knot.ask(proof.where, "TXT") == []
    assert len(book.store.standing(order.id)) == 1


def test_what_a_forgotten_order_left_is_taken_away_after_a_while(book: Book, dns: Target, knot: Knot) -> None:
    order, proof = book.stock.order(), a_txt()
    book.challenges.publish(order, proof)
    models.Order.objects.filter(pk=order.id).delete()
    tidy = Tidy(book.challenges)

    tidy.turn()
    assert knot.ask(proof.where, "TXT") == ['"token"']
    book.clock.advance(timedelta(minutes=11))
    tidy.turn()

    assert knot.ask(proof.where, "TXT") == []


def test_a_trial_is_a_challenge_of_no_order(book: Book, dns: Target, knot: Knot) -> None:
    challenge = trial(book.challenges, dns)
    book.challenges.put(challenge)

    assert challenge.order_id is None
    assert challenge.proof.where.endswith(f".{ZONE}")
    assert knot.ask(challenge.proof.where, "TXT") == [f'"{challenge.proof.value}"']
    book.challenges.take_away([challenge])
    assert knot.ask(challenge.proof.where, "TXT") == []


def test_a_disabled_target_serves_nothing_and_is_still_cleaned(book: Book, dns: Target, knot: Knot) -> None:
    order, proof = book.stock.order(), a_txt()
    book.challenges.publish(order, proof)

    book.targets.enable("dns", enabled=False)

    assert not book.challenges.serves(proof)
    with pytest.raises(Misconfigured, match="No target serves"):
        book.challenges.publish(order, a_txt())
    book.challenges.withdraw(order)
    assert knot.ask(proof.where, "TXT") == []


def test_the_longest_domain_serves_and_only_what_its_kind_can_publish(book: Book) -> None:
    book.target("all", server="127.0.0.1")
    book.target("shop", domain=f"shop.{ZONE}", server="127.0.0.1")
    web = book.target("web", "webroot", f"www.shop.{ZONE}", folder="/srv/www")
    name = f"www.shop.{ZONE}"
    targets = book.targets.enabled()

    def chosen(proof: Proof) -> str:
        target = serving(targets, proof)
        return target.name if target else ""

    assert chosen(a_txt(name=ZONE)) == "all"
    assert chosen(a_txt(name=f"bookshop.{ZONE}")) == "all"
    assert chosen(a_txt(name=name)) == "shop"
    assert chosen(Proof(f"*.shop.{ZONE}", DCVMethod.DNS_CNAME, f"_a.shop.{ZONE}", "b")) == "shop"
    assert chosen(Proof(name, DCVMethod.HTTP, f"http://{name}/.well-known/x", "b")) == web.name
    assert chosen(Proof(name, DCVMethod.EMAIL, "admin@meadow.example", "")) == ""
    assert chosen(Proof(name, "ip-address", name, "")) == ""
    assert chosen(a_txt(name="meadow.example.org")) == ""


def test_a_place_outside_of_the_targets_domains_is_not_written_to(book: Book) -> None:
    book.target(server="127.0.0.1")

    assert not book.challenges.serves(Proof(ZONE, DCVMethod.DNS_CNAME, "www.elsewhere.example", "x"))
    assert not book.challenges.serves(Proof(f"a.{ZONE}", DCVMethod.DNS_TXT, f"a.{ZONE}.elsewhere.example", "x"))


def test_a_target_is_kept_changed_and_removed(book: Book) -> None:
    made = book.target(server="127.0.0.1")
    assert book.targets.get("dns") == made
    with pytest.raises(Refused, match="'dns' already"):
        book.target()

    book.targets.change(replace(made, domains=("b.example",), settings={"server": "::1"}, sealed_secrets=b"new"))
    book.targets.reseal("dns", b"newest")
    changed = book.targets.get("dns")

    assert (changed.domains, changed.settings, changed.sealed_secrets) == (("b.example",), {"server": "::1"}, b"newest")
    assert "newest" not in repr(changed)
    book.targets.remove("dns")
    with pytest.raises(NotFound, match="no target 'dns'"):
        book.targets.get("dns")


def test_a_target_where_something_stands_is_not_removed(book: Book, dns: Target, knot: Knot) -> None:
    order = book.stock.order()
    book.challenges.publish(order, a_txt())

    with pytest.raises(Refused, match="1 proofs stand at 'dns'"):
        book.targets.remove("dns")
    book.challenges.withdraw(order)
    book.targets.remove("dns")

    assert list(book.targets.all()) == []
