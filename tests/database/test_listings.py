"""What a CA account lists: synced list by list, marked when it vanished, and asked for once by orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from certwright.engine.syncing import Syncing, sync, sync_one
from certwright.model.ca import Domain, Group, Login, Organization, Product
from certwright.model.errors import Misconfigured, Refused, Unavailable
from certwright.model.words import Listing
from certwright.store.accounts import AccountStanding
from certwright.store.catalogue import AccountCatalogue
from certwright.store.listings import Seen, Synced
from tests.cases.authority import NOW
from tests.database.stock import ACCOUNT, Stock, some_account
from tests.fakes.clock import FakeClock


def catalogue_of(stock: Stock, ca: object) -> AccountCatalogue:
    """The catalogue that orders ask, in front of that CA."""
    return AccountCatalogue(stock.listings, stock.accounts.get(ACCOUNT), partial(sync_one, stock.listings, ACCOUNT, ca))


class HeldCatalogue:
    """A CA's catalogue that a test changes."""

    def __init__(self) -> None:
        self.asked = 0
        self.known = [Organization("7", "Meadow GmbH")]

    def organizations(self) -> list[Organization]:
        self.asked += 1
        return self.known

    def products(self) -> list[Product]:
        return [Product("tls", "TLS", "ov")]


def test_the_catalogue_asks_the_ca_once_for_what_it_does_not_have(stock: Stock) -> None:
    ca = HeldCatalogue()
    catalogue = catalogue_of(stock, ca)
    for _ in range(3):
        assert catalogue.product("tls") == Product("tls", "TLS", "ov")
        assert catalogue.organization("") == Organization("7", "Meadow GmbH")
        assert catalogue.organization("meadow gmbh") == Organization("7", "Meadow GmbH")
    assert ca.asked == 1  # for each list, once
    assert catalogue.product("gold") is None


def test_an_organization_that_has_vanished_is_not_ordered_for(stock: Stock) -> None:
    ca = HeldCatalogue()
    catalogue = catalogue_of(stock, ca)
    assert catalogue.organization("7") is not None
    ca.known = [Organization("8", "Other GmbH")]
    assert isinstance(stock.clock, FakeClock)
    stock.clock.advance(1)
    sync(stock.listings, ACCOUNT, ca)
    assert catalogue.organization("7") is None
    assert catalogue.organization("") == Organization("8", "Other GmbH")


def test_of_two_organizations_none_is_guessed(stock: Stock) -> None:
    ca = HeldCatalogue()
    ca.known = [Organization("7", "Meadow GmbH"), Organization("8", "Other GmbH")]
    catalogue = catalogue_of(stock, ca)
    assert catalogue.organization("") is None
    assert catalogue.organization("8") == Organization("8", "Other GmbH")


# -- one list, taken over


def domain(number: int, **change: Any) -> Domain:
    """A domain of the account."""
    return replace(Domain(f"D{number}", f"d{number}.example", proven=True, method="dns-txt-token"), **change)


def later(stock: Stock, time: timedelta = timedelta(hours=1)) -> datetime:
    """Let time pass; the moment it is then."""
    assert isinstance(stock.clock, FakeClock)
    stock.clock.advance(time)
    return stock.clock.now()


def test_what_is_new_changed_gone_and_back_again_is_told_and_kept(stock: Stock) -> None:
    keep = partial(stock.listings.keep, ACCOUNT, Listing.DOMAINS)
    assert keep([domain(1), domain(2), domain(3)]) == Synced(3, new=3)
    at_second = later(stock)
    assert keep([domain(1), domain(2, proven=False), domain(4)]) == Synced(3, new=1, changed=1, vanished=1)
    seen = {one.item.ca_id: one for one in stock.listings.domains(ACCOUNT)}
    assert (seen["D3"].vanished_at, seen["D3"].seen_at) == (at_second, NOW)  # marked, not deleted
    assert not seen["D2"].item.proven
    assert {seen[ca_id].seen_at for ca_id in ("D1", "D2", "D4")} == {at_second}

    later(stock)
    assert keep([domain(1), domain(2, proven=False), domain(4)]) == Synced(3)
    assert {one.item.ca_id: one.vanished_at for one in stock.listings.domains(ACCOUNT)}["D3"] == at_second

    later(stock)
    assert keep([domain(3)]) == Synced(1, changed=1, vanished=3)
    assert {one.item.ca_id for one in stock.listings.domains(ACCOUNT) if one.vanished_at is None} == {"D3"}


def test_every_field_of_every_list_comes_back_as_it_was_listed(stock: Stock) -> None:
    until = NOW + timedelta(days=90)
    lists: dict[Listing, tuple[Any, Callable[[str], Sequence[Seen[Any]]]]] = {
        Listing.GROUPS: (Group("1", "Web", True, "10.00", False), stock.listings.groups),
        Listing.ORGANIZATIONS: (Organization("7", "Meadow", False, "in vetting"), stock.listings.organizations),
        Listing.DOMAINS: (
            Domain("9", "a.example", True, False, "7", "email", "Valid", until),
            stock.listings.domains,
        ),
        Listing.PRODUCTS: (Product("842", "DV SSL", "dv", False, False, "wildcard", (1, 2)), stock.listings.products),
    }
    for listing, (item, read) in lists.items():
        assert stock.listings.keep(ACCOUNT, listing, [item]) == Synced(1, new=1)
        assert [one.item for one in read(ACCOUNT)] == [item]
        assert stock.listings.keep(ACCOUNT, listing, [item]) == Synced(1), "nothing has changed"


def test_texts_of_a_ca_that_are_too_long_are_cut_and_are_no_change_next_time(stock: Stock) -> None:
    long = domain(1, status="x" * 5000, name="n" * 300)
    assert stock.listings.keep(ACCOUNT, Listing.DOMAINS, [long]).new == 1
    (kept,) = stock.listings.domains(ACCOUNT)
    assert (len(kept.item.status), len(kept.item.name)) == (200, 200)
    assert stock.listings.keep(ACCOUNT, Listing.DOMAINS, [long]) == Synced(1)


def test_what_a_ca_lists_twice_is_kept_once_as_it_stood_last(stock: Stock) -> None:
    assert stock.listings.keep(ACCOUNT, Listing.DOMAINS, [domain(1), domain(1, active=False)]).listed == 1
    assert [one.item.active for one in stock.listings.domains(ACCOUNT)] == [False]


def test_the_lists_of_two_accounts_do_not_touch_each_other(stock: Stock) -> None:
    stock.accounts.add(some_account("other"))
    stock.listings.keep(ACCOUNT, Listing.DOMAINS, [domain(1)])
    stock.listings.keep("other", Listing.DOMAINS, [])
    assert [one.vanished_at for one in stock.listings.domains(ACCOUNT)] == [None]


def test_twenty_thousand_domains_take_few_statements(stock: Stock) -> None:
    many = [domain(number) for number in range(20_000)]
    with CaptureQueriesContext(connection) as first:
        assert stock.listings.keep(ACCOUNT, Listing.DOMAINS, many).new == 20_000
    assert len(first) < 300, "one for each few hundred"
    with CaptureQueriesContext(connection) as again:
        assert stock.listings.keep(ACCOUNT, Listing.DOMAINS, many) == Synced(20_000)
    assert len(again) < 15
    with CaptureQueriesContext(connection) as gone:
        assert stock.listings.keep(ACCOUNT, Listing.DOMAINS, []).vanished == 20_000
    assert len(gone) < 60


# -- sync, by hand and on the schedule


@dataclass
class ListedCA:
    """A CA with organizations and products; ``away`` are the lists that it does not give now."""

    away: dict[str, Exception] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def organizations(self) -> list[Organization]:
        return self._answer("organizations", [Organization("7", "Meadow GmbH")])

    def products(self) -> list[Product]:
        return self._answer("products", [Product("tls", "TLS", "ov")])

    def _answer(self, what: str, items: list[Any]) -> list[Any]:
        self.calls.append(what)
        if what in self.away:
            raise self.away[what]
        return items


LISTS = ["organizations", "products"]


def schedule(stock: Stock, **cas: ListedCA) -> Syncing:
    """The schedule, with a CA for each account."""

    def ports_for(name: str) -> Any:
        standing = AccountStanding(stock.accounts.get(name), stock.clock)
        return SimpleNamespace(ca=cas[name], clock=stock.clock, standing=standing)

    return Syncing(stock.accounts, stock.listings, ports_for)


def test_a_list_that_fails_keeps_no_other_from_being_read(stock: Stock) -> None:
    ca = ListedCA(away={"organizations": Unavailable("The CA is away.")})
    done, failed = sync(stock.listings, ACCOUNT, ca)
    assert (list(done), list(failed)) == ([Listing.PRODUCTS], [Listing.ORGANIZATIONS])
    times = stock.listings.times(ACCOUNT)
    assert times[Listing.ORGANIZATIONS].trouble == "The CA is away."
    assert times[Listing.ORGANIZATIONS].synced_at is None
    assert (times[Listing.PRODUCTS].synced_at, times[Listing.PRODUCTS].listed) == (NOW, 1)


def test_what_could_not_be_read_stays_as_it_was_read_before(stock: Stock) -> None:
    ca = ListedCA()
    sync(stock.listings, ACCOUNT, ca)
    later(stock)
    ca.away["organizations"] = Unavailable("The CA is away.")
    sync(stock.listings, ACCOUNT, ca)
    (kept,) = stock.listings.organizations(ACCOUNT)
    assert (kept.item, kept.vanished_at) == (Organization("7", "Meadow GmbH"), None)
    time = stock.listings.times(ACCOUNT)[Listing.ORGANIZATIONS]
    assert (time.synced_at, time.tried_at, time.trouble) == (NOW, NOW + timedelta(hours=1), "The CA is away.")
    ca.away.clear()
    sync(stock.listings, ACCOUNT, ca)
    assert stock.listings.times(ACCOUNT)[Listing.ORGANIZATIONS].trouble == ""


def test_a_list_that_the_ca_does_not_have_is_refused(stock: Stock) -> None:
    with pytest.raises(Refused, match="domains"):
        sync_one(stock.listings, ACCOUNT, ListedCA(), Listing.DOMAINS)
    assert stock.listings.times(ACCOUNT) == {}


def test_the_schedule_reads_every_list_once_a_day(stock: Stock) -> None:
    ca = ListedCA()
    syncing = schedule(stock, meadow=ca)
    for hours in (0, 5, 18):
        later(stock, timedelta(hours=hours))
        syncing.turn()
    assert ca.calls == LISTS
    later(stock, timedelta(hours=1))
    syncing.turn()
    assert ca.calls == LISTS * 2


def test_after_trouble_the_schedule_tries_again_in_an_hour_and_only_that_list(stock: Stock) -> None:
    ca = ListedCA(away={"products": Unavailable("The CA is away.")})
    syncing = schedule(stock, meadow=ca)
    syncing.turn()
    later(stock, timedelta(minutes=55))
    syncing.turn()
    assert ca.calls == LISTS
    ca.away.clear()
    later(stock, timedelta(minutes=5))
    syncing.turn()
    assert ca.calls == [*LISTS, "products"]


def test_a_clock_that_was_wrong_once_puts_no_sync_off(stock: Stock) -> None:
    """P10: a year and more ahead, then right again."""
    ca = ListedCA()
    syncing = schedule(stock, meadow=ca)
    assert isinstance(stock.clock, FakeClock)
    for leap in (400, -400):
        stock.clock.leap(timedelta(days=leap))
        syncing.turn()
    assert ca.calls == LISTS * 2


@pytest.mark.parametrize(("hours", "reads"), [("0", 0), ("1", 3), ("2.5", 1), ("-1", 0), ("often", 0)])
def test_an_account_says_how_often_it_is_read_and_nought_is_never(stock: Stock, hours: str, reads: int) -> None:
    account = stock.accounts.get(ACCOUNT)
    stock.accounts.change(replace(account, settings={"sync_hours": hours}))
    ca = ListedCA()
    syncing = schedule(stock, meadow=ca)
    for _ in range(3):
        syncing.turn()
        later(stock)
    assert ca.calls == LISTS * reads


def test_the_schedule_asks_no_account_that_is_disabled_paused_or_left_alone(stock: Stock) -> None:
    ca = ListedCA()
    syncing = schedule(stock, meadow=ca)
    standing = AccountStanding(stock.accounts.get(ACCOUNT), stock.clock)
    stock.accounts.enable(ACCOUNT, enabled=False)
    syncing.turn()
    stock.accounts.enable(ACCOUNT, enabled=True)
    standing.pause("The key was revoked.")
    syncing.turn()
    stock.accounts.enable(ACCOUNT, enabled=True)
    standing.quiet(NOW + timedelta(hours=1), "Too many calls.")
    syncing.turn()
    assert ca.calls == []
    later(stock)
    syncing.turn()
    assert ca.calls == LISTS


def test_a_credential_that_is_turned_away_pauses_the_account(stock: Stock) -> None:
    """Row 9."""
    ca = ListedCA(away={"organizations": Misconfigured("The key was revoked.")})
    schedule(stock, meadow=ca).turn()
    assert "The key was revoked." in stock.accounts.get(ACCOUNT).paused_because


@pytest.mark.parametrize("trouble", [Unavailable("The CA is away."), RuntimeError("nobody foresaw this")])
def test_one_account_in_trouble_keeps_no_other_from_being_read(stock: Stock, trouble: Exception) -> None:
    stock.accounts.add(some_account("zebra"))
    bad, good = ListedCA(away={"organizations": trouble}), ListedCA()
    schedule(stock, meadow=bad, zebra=good).turn()
    assert good.calls == LISTS


def test_the_time_of_the_last_sync_is_that_of_the_list_read_longest_ago(stock: Stock) -> None:
    ca = ListedCA()
    sync(stock.listings, ACCOUNT, ca)
    later(stock)
    sync(stock.listings, ACCOUNT, ca, [Listing.PRODUCTS])
    assert stock.accounts.get(ACCOUNT).synced_at == NOW


def test_the_login_is_kept_and_another_is_told_as_a_change(stock: Stock) -> None:
    keep = partial(stock.listings.keep_login, ACCOUNT)
    first, other = Login("1", "Ada", "admin"), Login("1", "Ada", "reader")
    assert [keep(one) for one in (first, first, other)] == [Synced(1, new=1), Synced(1), Synced(1, changed=1)]
    assert stock.accounts.get(ACCOUNT).login == other
