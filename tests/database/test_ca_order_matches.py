"""CA orders meet certificates that were found elsewhere by serial and issuer; details outlive lists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from certwright.model.ca import CAOrder, ReportedOrder, ReportPage
from certwright.model.inventory import SourceKind
from certwright.model.words import CertificateState, OrderState
from certwright.pki.certificate import Certificate
from certwright.store import models
from certwright.store.ca_orders import CAOrders, Taken
from tests.cases.authority import NOW
from tests.database.finds import finds, leaf
from tests.database.stock import ACCOUNT, Stock, some_account

ISSUER = "Meadow Test Intermediate"


@pytest.fixture
def orders(stock: Stock) -> CAOrders:
    """What CAs listed."""
    return CAOrders(stock.clock)


def listed(number: int, **change: Any) -> ReportedOrder:
    """A CA order as a list shows it."""
    fields: dict[str, Any] = {
        "ca_order": CAOrder(f"O{number}", f"C{number}"),
        "state": OrderState.ISSUED,
        "certificate_state": CertificateState.VALID,
        "names": ("shop.meadow.example",),
        "common_name": "shop.meadow.example",
    }
    return ReportedOrder(**{**fields, **change})


def found(stock: Stock, *certificates: Certificate) -> None:
    """Certificates that a scan has seen."""
    source = stock.sources.add("office", SourceKind.SCAN)
    stock.loading.take(source.id, None, finds(certificates))


def matched(stock: Stock, orders: CAOrders, account: str = ACCOUNT) -> dict[str, str]:
    """Which CA order each certificate is of, after matching: fingerprint to order id."""
    told: dict[str, str] = {}

    def claim(fingerprint: str, order: ReportedOrder) -> bool:
        told[fingerprint] = order.ca_order.order_id
        stock.inventory.claim(account, order, fingerprint)
        return True

    assert orders.match(account, claim) == len(told)
    return told


def test_a_found_certificate_is_that_of_the_ca_order_with_its_serial_and_issuer(stock: Stock, orders: CAOrders) -> None:
    made = leaf()
    found(stock, made)
    orders.take(ACCOUNT, ReportPage((listed(1, serial=made.serial, issuer=ISSUER, product="ssl_basic"),), ""))
    assert matched(stock, orders) == {made.fingerprint: "O1"}
    entry = stock.inventory.get(made.fingerprint)
    assert (entry.account, entry.ca_order) == (ACCOUNT, CAOrder("O1", "C1"))
    assert models.Certificate.objects.get(fingerprint=made.fingerprint).product == "ssl_basic"
    assert matched(stock, orders) == {}


@pytest.mark.parametrize(
    "told",
    [
        {"serial": "abc", "issuer": ISSUER},
        {"issuer": "Another CA"},
        {"issuer": ""},
        {"issuer": "", "not_after": NOW},
        {"serial": ""},
    ],
    ids=["another serial", "another issuer", "no issuer", "no issuer and another end", "no serial"],
)
def test_neither_a_name_nor_a_serial_alone_makes_a_match(stock: Stock, orders: CAOrders, told: dict[str, Any]) -> None:
    made = leaf("shop.meadow.example")
    found(stock, made)
    orders.take(ACCOUNT, ReportPage((listed(1, **{"serial": made.serial, **told}),), ""))
    assert matched(stock, orders) == {}


def test_where_the_ca_names_no_issuer_the_day_of_its_end_decides(stock: Stock, orders: CAOrders) -> None:
    made, other = leaf(), leaf()
    found(stock, made, other)
    page = (
        listed(1, serial=made.serial, not_after=made.not_after.replace(hour=0)),
        listed(2, serial=other.serial, not_after=other.not_after + timedelta(days=1)),
    )
    orders.take(ACCOUNT, ReportPage(page, ""))
    assert matched(stock, orders) == {made.fingerprint: "O1"}


def test_what_is_not_accepted_stays_unmatched(stock: Stock, orders: CAOrders) -> None:
    made = leaf()
    found(stock, made)
    orders.take(ACCOUNT, ReportPage((listed(1, serial=made.serial, issuer=ISSUER),), ""))
    assert orders.match(ACCOUNT, lambda *_: False) == 0
    assert stock.inventory.get(made.fingerprint).account == ""
    assert orders.count_without_certificate(ACCOUNT) == 1


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_ca_orders_with_one_serial_each_gets_the_certificate_of_its_issuer(
    stock: Stock, orders: CAOrders, turned: bool
) -> None:
    """A serial is unique at its issuer alone (RFC 5280 §4.1.2.2)."""
    made = leaf()
    found(stock, made)
    page = [listed(1, serial=made.serial, issuer="Another CA"), listed(2, serial=made.serial, issuer=ISSUER)]
    orders.take(ACCOUNT, ReportPage(tuple(reversed(page)) if turned else tuple(page), ""))
    assert matched(stock, orders) == {made.fingerprint: "O2"}


def detailed(number: int) -> ReportedOrder:
    """A CA order as the CA tells it when asked for it alone."""
    return listed(
        number, detailed=True, validation="ov", group="web", requester="anna", contacts=("bert",), auto_renew="yes",
        fields={"cost centre": "7"}, notes=("paid",), issuer=ISSUER, duplicates=1, reissues=2,
    )  # fmt: skip


def test_a_list_that_says_nothing_takes_no_details_away(stock: Stock, orders: CAOrders) -> None:
    orders.take(ACCOUNT, ReportPage((listed(1),), ""))
    orders.take_details(ACCOUNT, (detailed(1),))
    assert orders.take(ACCOUNT, ReportPage((listed(1),), "")) == Taken(known=1)
    ((_, shown),) = orders.browse()
    assert shown == detailed(1)
    assert orders.without_details(ACCOUNT, 10) == []


def test_an_order_that_changed_in_the_list_is_asked_for_again_and_keeps_its_details_till_then(
    stock: Stock, orders: CAOrders
) -> None:
    orders.take(ACCOUNT, ReportPage((listed(1), listed(2)), ""))
    orders.take_details(ACCOUNT, (detailed(1),))
    assert orders.take(ACCOUNT, ReportPage((listed(1, product="new"), listed(2)), "")) == Taken(changed=1, known=1)
    assert {one.order_id for one in orders.without_details(ACCOUNT, 10)} == {"O1", "O2"}
    ((_, first), _) = orders.browse()
    assert (first.notes, first.fields, first.detailed) == (("paid",), {"cost centre": "7"}, False)


def test_details_say_that_something_is_no_more(stock: Stock, orders: CAOrders) -> None:
    orders.take_details(ACCOUNT, (detailed(1),))
    orders.take_details(ACCOUNT, (listed(1, detailed=True),))
    ((_, shown),) = orders.browse()
    assert (shown.notes, shown.fields, shown.requester) == ((), {}, "")


def test_importing_the_same_list_again_changes_nothing(stock: Stock, orders: CAOrders) -> None:
    page = ReportPage(tuple(listed(number) for number in range(600)), "next")
    assert orders.take(ACCOUNT, page) == Taken(new=600)
    rows = models.CAOrder.objects.order_by("pk").values()
    before = list(rows)
    assert orders.take(ACCOUNT, page) == Taken(known=600)
    assert list(rows.all()) == before
    assert orders.cursor(ACCOUNT) == "next"


def test_details_are_asked_for_anew_when_they_are_old(stock: Stock, orders: CAOrders) -> None:
    orders.take_details(ACCOUNT, (detailed(1),))
    stock.clock.advance(timedelta(days=29))  # type: ignore[attr-defined]
    assert orders.without_details(ACCOUNT, 10) == []
    stock.clock.advance(timedelta(days=2))  # type: ignore[attr-defined]
    assert orders.without_details(ACCOUNT, 10) == [CAOrder("O1")]


@pytest.mark.parametrize("state", [CertificateState.REVOKED, CertificateState.REPLACED])
@pytest.mark.parametrize("told", ["after the match", "before it"])
def test_what_a_second_account_tells_of_a_certificate_of_the_first_holds_too(
    stock: Stock, orders: CAOrders, state: CertificateState, told: str
) -> None:
    certificate = leaf("shop.meadow.example")
    stock.accounts.add(some_account("reader", read_only=True))
    found(stock, certificate)
    models.Certificate.objects.filter(fingerprint=certificate.fingerprint).update(
        account=models.CAAccount.objects.get(name=ACCOUNT), ca_order_id="O1", ca_certificate_id="C1"
    )
    when = NOW - timedelta(days=2)
    good = listed(1, serial=certificate.serial, issuer=ISSUER)
    over = listed(
        1,
        serial=certificate.serial,
        issuer=ISSUER,
        certificate_state=state,
        revoked_at=when,
        revocation_reason="superseded",
    )
    for one in (good, over) if told == "after the match" else (over,):
        orders.take("reader", ReportPage((one,), ""))
        if one is good or told == "before it":
            assert matched(stock, orders, "reader") == {certificate.fingerprint: "O1"}
    shown = stock.inventory.get(certificate.fingerprint)
    assert (shown.state, shown.account) == (state, ACCOUNT)
    if state is CertificateState.REVOKED:
        assert (shown.revoked_at, shown.revocation_reason) == (when, "superseded")


def test_what_a_crl_has_revoked_stays_revoked_when_a_ca_that_lags_behind_claims_it(
    stock: Stock, orders: CAOrders
) -> None:
    certificate = leaf("shop.meadow.example")
    found(stock, certificate)
    models.Certificate.objects.update(state=CertificateState.REVOKED, revoked_at=NOW, revocation_reason="keyCompromise")
    orders.take(ACCOUNT, ReportPage((listed(1, serial=certificate.serial, issuer=ISSUER),), ""))
    assert matched(stock, orders) == {certificate.fingerprint: "O1"}
    shown = stock.inventory.get(certificate.fingerprint)
    assert (shown.state, shown.revocation_reason, shown.account) == (
        CertificateState.REVOKED,
        "keyCompromise",
        ACCOUNT,
    )


def test_an_account_that_may_order_takes_a_certificate_over_from_one_that_may_only_read(
    stock: Stock, orders: CAOrders
) -> None:
    certificate = leaf("shop.meadow.example")
    stock.accounts.add(some_account("reader", read_only=True))
    stock.accounts.add(some_account("second", read_only=True))
    found(stock, certificate)
    for account, owner in (("reader", "reader"), ("second", "reader"), (ACCOUNT, ACCOUNT), ("second", ACCOUNT)):
        orders.take(account, ReportPage((listed(1, serial=certificate.serial, issuer=ISSUER),), ""))
        matched(stock, orders, account)
        assert stock.inventory.get(certificate.fingerprint).account == owner, account
