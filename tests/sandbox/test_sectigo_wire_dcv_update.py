"""Changing how a name is proven: contract tests 43 and 44 of the CA's reference, and the switch `dcv`."""

from __future__ import annotations

from tests.sandbox import wire
from tests.sandbox.listeners import FileServer
from tests.sandbox.sectigo_tenant import NewReseller
from tests.sandbox.tenant import NewName

FILE, DNS = "HTTP_CSR_HASH", "CNAME_CSR_HASH"


def test_43_email_needs_an_address(reseller: NewReseller, fresh: NewName) -> None:
    """§9's example, in its bytes."""
    tenant = reseller(dcv="look")
    order = tenant.buy(fresh())

    told = tenant.call("AutoUpdateDCV", orderNumber=order.number, newMethod="EMAIL")

    assert told.refuses(-3, "newDCVEmailAddress")
    assert told.text.startswith("errorCode=-3&errorMessage=The+%27newDCVEmailAddress%27+argument+is+missing%21")


def test_43_a_method_that_is_none_is_refused(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(dcv="look")
    order = tenant.buy(fresh())

    assert tenant.call("AutoUpdateDCV", orderNumber=order.number, newMethod="PIGEON").refuses(-4, "newMethod")


def test_44_names_and_methods_must_be_as_many(reseller: NewReseller, fresh: NewName) -> None:
    tenant, names = reseller(dcv="look"), [fresh(), fresh()]
    order = tenant.buy_multi(names)
    given = {"orderNumber": order.number, "domainNames": " ".join(names)}

    assert tenant.call("AutoUpdateDCV", newMethods=DNS, **given).refuses(-4)
    assert tenant.call("AutoUpdateDCV", newMethods=f"{DNS},{DNS},{DNS}", **given).refuses(-4)
    assert tenant.call("AutoUpdateDCV", newMethods=f"{DNS},{FILE}", **given).code == 0
    assert [tenant.names(order)[name][0].upper().replace(" ", "_") for name in names] == [DNS, FILE]


def test_44_one_name_of_several_can_be_changed_and_must_be_named(reseller: NewReseller, fresh: NewName) -> None:
    tenant, names = reseller(dcv="look"), [fresh(), fresh()]
    order = tenant.buy_multi(names)

    unnamed = tenant.call("AutoUpdateDCV", orderNumber=order.number, newMethod=FILE)
    foreign = tenant.call("AutoUpdateDCV", orderNumber=order.number, newMethod=FILE, domainName=fresh())
    tenant.look_again(order, FILE, domainName=names[1])

    assert unnamed.refuses(-3)
    assert foreign.refuses(-4, "domainName")
    assert [tenant.names(order)[name][0].upper().replace(" ", "_") for name in names] == [DNS, FILE]


def test_44_every_name_is_proven_before_a_multi_domain_order_issues(
    reseller: NewReseller, fresh: NewName, file_server: FileServer
) -> None:
    tenant, names = reseller(dcv="look"), [fresh(), fresh()]
    order = tenant.buy_multi(names, ["CNAMECSRHASH", "HTTPCSRHASH"])

    tenant.plant(order, names[0])
    tenant.look_again(order, DNS, domainName=names[0])
    wire.until(lambda: tenant.names(order)[names[0]][1], lambda state: state == "Validated")
    assert (tenant.names(order)[names[1]][1], tenant.collect(order).code) == ("Not Validated", 0)
    file_server.plant(names[1], order.proof.path, order.proof.content)
    tenant.look_again(order, FILE, domainName=names[1])

    tenant.becomes(order, 1)


def test_an_auto_account_proves_by_itself_and_a_never_account_does_not(reseller: NewReseller, fresh: NewName) -> None:
    auto, never = reseller(dcv="auto"), reseller(dcv="never")
    refused = never.buy(fresh())

    auto.becomes(auto.buy(fresh()), 1)
    never.look_again(refused, DNS)
    assert never.collect(refused).code == 0


def test_a_counted_account_proves_at_the_nth_look_that_is_asked_for(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(dcv=2)
    order = tenant.buy(fresh())

    tenant.look_again(order, DNS)
    assert tenant.collect(order).code == 0
    tenant.look_again(order, DNS)

    tenant.becomes(order, 1)


def test_staff_can_validate_one_name(reseller: NewReseller, fresh: NewName) -> None:
    tenant, names = reseller(dcv="never"), [fresh(), fresh()]
    order = tenant.buy_multi(names)

    tenant.validate(order, what="domain_control", domain=names[1])

    assert [tenant.names(order)[name][1] for name in names] == ["Not Validated", "Validated"]
