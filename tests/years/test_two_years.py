"""Two years of orders that renew themselves: every renewal falls inside the paid term, and that is bought once.

At each CA lives one order that is renewed only inside its term and one that is bought anew when the term is over.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import REPOSITORY, Program
from tests.cli.tenant import Shop, open_hub_shop, open_reseller_shop, open_shop
from tests.sandbox.tenant import Sandbox

TWO_YEARS, A_MONTH = timedelta(days=730), timedelta(days=30)
CALENDAR = timedelta(days=2)  # two years of a calendar that has a 29 February, to the end of the last day
LET_GO = timedelta(days=10)  # so little of the term is not worth a renewal
CA_DAYS, A_DAY = timedelta(days=30), timedelta(days=1)  # emSign's own renewal, unless an order says otherwise
LONGEST = 90.0
OFTEN = ("--set", "requests_per_5_seconds=100000", "--set", "requests_per_3_minutes=1000000")
OpenShop = Callable[[Sandbox, Program, Path], Shop]


@dataclass(frozen=True)
class Subscription:
    """Two paid years at one CA.

    ``ca_days`` is how long before its end the CA renews a certificate by itself, None where we have it reissued.
    """

    open: OpenShop
    words: Sequence[str]
    product: str = ""
    ca_days: int | None = None


@dataclass(frozen=True)
class Certificate:
    """One certificate of a term: its dates, when we had it, and by which operation."""

    begins: datetime
    ends: datetime
    came: datetime
    operation: str

    @classmethod
    def of(cls, told: Mapping[str, str]) -> Certificate:
        """From what the life told."""
        begins, ends, came = (datetime.fromisoformat(told[moment]) for moment in ("from", "until", "came"))
        return cls(begins, ends, came, told["operation"])

    def share_at(self, moment: datetime) -> float:
        """How much of its life was over then."""
        return (moment - self.begins) / (self.ends - self.begins)


@dataclass(frozen=True)
class Bought:
    """One bought order at the end of the life."""

    reference: str
    name: str
    note: str
    alarms: Sequence[str]
    ends: datetime
    certificates: Sequence[Certificate]


@dataclass(frozen=True)
class Lived:
    """What the life came to: the orders of each mode, and what the CA billed for their names."""

    orders: Mapping[str, Sequence[Bought]]
    billed: Mapping[str, Sequence[Mapping[str, Any]]]


SUBSCRIPTIONS = {
    # DV: the CA confirms an organization anew after 398 days (BR 4.2.1), for which people are needed.
    "digicert": Subscription(
        lambda sandbox, program, folder: open_shop(sandbox, program, folder, *OFTEN, dcv="auto"),
        ("--term", "2y"),
        product="ssl_dv_geotrust",
    ),
    "sectigo": Subscription(open_reseller_shop, ("--term", "730d")),
    # The client says its own time to the CA, and that is the machine's: the CA must not mind.
    "emsign": Subscription(
        lambda sandbox, program, folder: open_hub_shop(sandbox, program, folder, ts_window_seconds=10**9),
        ("--term", "2y"),
        ca_days=CA_DAYS.days,
    ),
    "emsign, with child orders": Subscription(
        lambda sandbox, program, folder: open_hub_shop(
            sandbox, program, folder, renewal="child", ts_window_seconds=10**9
        ),
        ("--term", "2y"),
        ca_days=CA_DAYS.days,
    ),
}


def live(subscription: Subscription, sandbox: Sandbox, program: Program, folder: Path, time: timedelta) -> Lived:
    """Order once in each mode, and let that much time pass."""
    shop = subscription.open(sandbox, program, folder)
    for mode in ("covered", "always"):
        more = (*subscription.words, "--auto-renew", mode, "--reference", mode)
        words = shop.tenant.place_words(shop.tenant.fresh_name(), *more, product=subscription.product)
        program.run(*words).expect(0)
    command = [sys.executable, "-m", "tests.years.life", str(program.home), sandbox.management.url]
    done = subprocess.run(
        [*command, str(time.days)],
        cwd=REPOSITORY,
        env=program.full_environment(),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = [_bought(told) for told in json.loads(done.stdout.splitlines()[-1])["bought"]]
    names = {mode: next(one.name for one in found if one.reference == mode) for mode in ("covered", "always")}
    return Lived(
        {mode: [one for one in found if one.name == name] for mode, name in names.items()},
        {mode: [row for row in shop.tenant.ledger() if name in row["names"]] for mode, name in names.items()},
    )


def _bought(told: Mapping[str, Any]) -> Bought:
    assert told["state"] == "issued", told
    certificates = [Certificate.of(one) for one in told["certificates"]]
    ends = datetime.fromisoformat(told["ends"])
    return Bought(told["reference"], told["name"], told["note"], told["alarms"], ends, certificates)


def every_successor_came_in_time(certificates: Sequence[Certificate]) -> None:
    """Before its predecessor ended: ours at two thirds of its life, those of the CA on its day or soon after."""
    for one, successor in itertools.pairwise(certificates):
        assert successor.ends > one.ends, (one, successor)
        if successor.operation == "ca_renewal":
            assert CA_DAYS - A_DAY < one.ends - successor.came < CA_DAYS, (one, successor)
        else:
            assert 0.64 < one.share_at(successor.came) < 0.75, (one, successor)


def all_lie_inside_the_term(bought: Bought, subscription: Subscription) -> None:
    """And fill it; each but the first was got inside it."""
    assert all(one.came < bought.ends and one.ends < bought.ends + CALENDAR for one in bought.certificates)
    inside = "reissue" if subscription.ca_days is None else "ca_renewal"
    assert [one.operation for one in bought.certificates] == ["new"] + [inside] * (len(bought.certificates) - 1)


@pytest.mark.parametrize("ca", SUBSCRIPTIONS)
def test_two_paid_years_are_bought_once_and_renewed_until_their_end(
    ca: str, own_sandbox: Sandbox, program: Program, tmp_path: Path
) -> None:
    subscription = SUBSCRIPTIONS[ca]
    lived = live(subscription, own_sandbox, program, tmp_path, TWO_YEARS + A_MONTH)

    (covered,) = lived.orders["covered"]
    (billed,) = lived.billed["covered"]
    every_successor_came_in_time(covered.certificates)
    all_lie_inside_the_term(covered, subscription)
    assert covered.certificates[-1].ends > covered.ends - LET_GO
    assert billed["certificates"] == len(covered.certificates) >= 8  # 199 days, then 99
    assert "nothing is bought by itself" in covered.note
    assert covered.alarms == [covered.note]

    first, second = lived.orders["always"]
    assert len(lived.billed["always"]) == 2
    every_successor_came_in_time([*first.certificates, *second.certificates])
    all_lie_inside_the_term(first, subscription)
    assert first.certificates[-1].ends > first.ends - LET_GO
    assert first.alarms == second.alarms == []
    bought_at = datetime.fromisoformat(lived.billed["always"][1]["placed_at"])
    assert 0.64 < first.certificates[-1].share_at(bought_at) < 0.75


def test_five_years_are_three_purchases_whatever_the_longest_lifetime_is(
    own_sandbox: Sandbox, program: Program, tmp_path: Path
) -> None:
    """BR 6.3.2: 200 days, from 2027-03-15 100, from 2029-03-15 47; CAs stay a day below."""
    lived = live(SUBSCRIPTIONS["sectigo"], own_sandbox, program, tmp_path, timedelta(days=1826))
    terms = lived.orders["always"]
    assert len(lived.billed["always"]) == len(terms) == 3
    certificates = [one for term in terms for one in term.certificates]
    every_successor_came_in_time(certificates)
    for term in terms:
        all_lie_inside_the_term(term, SUBSCRIPTIONS["sectigo"])
    assert {(one.ends - one.begins).days + 1 for one in certificates} >= {199, 99, 46}
    assert (len(lived.billed["covered"]), len(lived.orders["covered"])) == (1, 1)
