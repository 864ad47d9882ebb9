"""E-mail DCV and the names of an order: contract tests 31, 45 and 46 of the CA's reference, and sections 8 and 10."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.sectigo_tenant import NewReseller, Reseller
from tests.sandbox.sectigo_wire import FORM, TEXT
from tests.sandbox.tenant import NewName, Sandbox

LOCAL_PARTS = ["admin", "administrator", "hostmaster", "postmaster", "webmaster"]
DAY = 86400


def _rows(tenant: Reseller, name: str) -> list[tuple[str, str]]:
    """The labels and values of the text answer after its code."""
    told = tenant.call("GetDCVEmailAddressList", domainName=name)
    assert told.code == 0, told
    return [(label, value.strip()) for label, _, value in (line.partition("\t") for line in told.lines[1:])]


def test_45_the_five_constructed_addresses_come_at_each_level(reseller: NewReseller) -> None:
    tenant = reseller()

    told = tenant.call("GetDCVEmailAddressList", domainName="www.example.org", responseFormat=1)
    rows = _rows(tenant, "www.example.org")

    assert told.media == TEXT
    assert told.lines[:2] == ["0", "domain_name\twww.example.org"]
    assert {value for label, value in rows if label == "level2_email"} == {f"{p}@example.org" for p in LOCAL_PARTS}
    assert {value for label, value in rows if label == "level3_email"} == {f"{p}@www.example.org" for p in LOCAL_PARTS}
    assert {value for label, value in rows if label == "whois_email"} <= {"none"}
    assert {label for label, _ in rows} <= {"domain_name", "whois_email", "level2_email", "level3_email"}
    assert len({value for _, value in rows if "@" in value}) == 10


def test_45_levels_end_at_the_registrable_name(reseller: NewReseller) -> None:
    rows = _rows(reseller(), "a.shop.example.co.uk")

    found = {label: value.partition("@")[2] for label, value in rows if "@" in value}
    assert found == {
        "level3_email": "example.co.uk",
        "level4_email": "shop.example.co.uk",
        "level5_email": "a.shop.example.co.uk",
    }


def test_45_contacts_in_the_dns_come_with_json_only(reseller: NewReseller, fresh: NewName) -> None:
    """§8: responseFormat 2 adds DNS TXT contacts."""
    tenant, name = reseller(), fresh()
    tenant.management.txt(f"_validation-contactemail.{name}", f"dns@{name}")

    as_text = tenant.call("GetDCVEmailAddressList", domainName=name)
    as_json = tenant.call("GetDCVEmailAddressList", domainName=name, responseFormat=2)

    assert f"dns@{name}" not in as_text.text
    assert as_json.media == "application/json"
    assert f"dns@{name}" in json.dumps(json.loads(as_json.text))
    assert f"admin@{name}" in as_json.text
    assert tenant.apply(name, dcvMethod="EMAIL", dcvEmailAddress=f"dns@{name}").code == 0


@pytest.mark.parametrize(("name", "code"), [("10.0.0.1", -37), ("intranet", -37), ("8.8.8.8", -19)])
def test_46_no_mail_for_internal_names_and_addresses(name: str, code: int, reseller: NewReseller) -> None:
    assert reseller().call("GetDCVEmailAddressList", domainName=name).refuses(code)


def test_31_an_address_counts_only_when_it_was_listed(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(dcv="look"), fresh()
    given = {"dcvMethod": "EMAIL", "dcvEmailAddress": f"admin@{name}"}

    before = tenant.apply(name, **given)
    tenant.call("GetDCVEmailAddressList", domainName=name)
    other = tenant.apply(name, **{**given, "dcvEmailAddress": f"somebody@{name}"})
    after = tenant.apply(name, **given)

    assert before.refuses(-4, "dcvEmailAddress")
    assert other.refuses(-4, "dcvEmailAddress")
    assert after.code == 0


def test_31_a_list_for_another_account_does_not_count(reseller: NewReseller, fresh: NewName) -> None:
    name = fresh()
    reseller().call("GetDCVEmailAddressList", domainName=name)

    told = reseller().apply(name, dcvMethod="EMAIL", dcvEmailAddress=f"admin@{name}")

    assert told.refuses(-4, "dcvEmailAddress")


def test_31_an_address_proves_only_names_it_is_above(reseller: NewReseller, fresh: NewName) -> None:
    """§7.4 and §7.5: the name itself or a parent of it."""
    tenant, name, other = reseller(dcv="look"), fresh(), fresh()
    for listed in (other, f"below.{name}"):
        tenant.call("GetDCVEmailAddressList", domainName=listed)

    def code(ordered: str, address: str) -> int:
        return tenant.apply(ordered, dcvMethod="EMAIL", dcvEmailAddress=address).code

    assert code(name, f"admin@{other}") == -4
    assert code(name, f"admin@below.{name}") == -4
    assert code(f"below.{name}", f"admin@{name}") == 0


def test_31_a_list_counts_for_24_hours(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant, name = Reseller.at(own_sandbox, dcv="look"), fresh()
    given = {"dcvMethod": "EMAIL", "dcvEmailAddress": f"admin@{name}"}
    tenant.call("GetDCVEmailAddressList", domainName=name)

    tenant.management.advance(seconds=DAY - 60)
    within = tenant.apply(name, **given)
    tenant.management.advance(seconds=120)
    after = tenant.apply(name, **given)

    assert within.code == 0
    assert after.refuses(-4, "dcvEmailAddress")


def test_an_email_order_needs_an_address(reseller: NewReseller, fresh: NewName) -> None:
    assert reseller().apply(fresh(), dcvMethod="EMAIL").refuses(-3, "dcvEmailAddress")


def test_an_email_order_sends_its_mail_and_sends_it_again(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(dcv="look"), fresh()
    tenant.call("GetDCVEmailAddressList", domainName=name)
    to = f"admin@{name}"

    order = tenant.buy(name, dcvMethod="EMAIL", dcvEmailAddress=to)
    sent = tenant.mails("dcv").count(to)
    told = tenant.call("ResendDCVEmail", orderNumber=order.number, dcvEmailAddress=to)

    assert sent == 1
    assert told.text.rstrip("\n") == "errorCode=0"
    assert tenant.mails("dcv").count(to) == 2
    assert tenant.collect(order).code == 0


def test_an_order_can_be_switched_to_mail(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(dcv="look"), fresh()
    order = tenant.buy(name)
    given = {"orderNumber": order.number, "newMethod": "EMAIL", "newDCVEmailAddress": f"webmaster@{name}"}

    before = tenant.call("AutoUpdateDCV", **given)
    tenant.call("GetDCVEmailAddressList", domainName=name)
    after = tenant.call("AutoUpdateDCV", **given)

    assert before.refuses(-4, "newDCVEmailAddress")
    assert after.code == 0
    assert tenant.names(order)[name][0] == "EMAIL"
    assert f"webmaster@{name}" in tenant.mails("dcv")


def test_staff_can_play_the_reader_of_a_mail(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(dcv="look"), fresh()
    tenant.call("GetDCVEmailAddressList", domainName=name)
    order = tenant.buy(name, dcvMethod="EMAIL", dcvEmailAddress=f"admin@{name}")

    tenant.validate(order, what="domain_control")

    tenant.becomes(order, 1)


@pytest.mark.parametrize(("address", "sent"), [("{}", 1), ("none", 0)])
def test_an_issued_certificate_is_mailed_unless_nobody_wants_it(
    address: str, sent: int, reseller: NewReseller, fresh: NewName
) -> None:
    """§5.1, emailAddress."""
    tenant, name = reseller(), fresh()
    order = tenant.buy(name, emailAddress=address.format(f"owner@{name}"))
    tenant.becomes(order, 1)

    mails = [mail for mail in tenant.management.get("mails")["mails"] if str(mail["order_id"]) == order.number]

    assert len([mail for mail in mails if mail["about"] == "issued"]) == sent
    assert all(mail["to"] == f"owner@{name}" for mail in mails if mail["about"] == "issued")


def test_the_names_of_an_order_are_numbered_triples(reseller: NewReseller, fresh: NewName) -> None:
    """§10: three keys per domain, in that order."""
    tenant, names = reseller(dcv="never"), [fresh(), fresh(), fresh()]
    order = tenant.buy_multi(names)
    tenant.validate(order, what="domain_control", domain=names[0])

    told = tenant.call("GetMDCDomainDetails", orderNumber=order.number)

    triples = [f"{n}_{key}" for n in (1, 2, 3) for key in ("domainName", "dcvMethod", "dcvStatus")]
    assert told.media == FORM
    assert told.keys == ["errorCode", *triples]
    assert [told[f"{n}_domainName"] for n in (1, 2, 3)] == names
    assert [told[f"{n}_dcvStatus"] for n in (1, 2, 3)] == ["Validated", "Not Validated", "Not Validated"]


def test_the_names_of_an_order_come_as_json_too(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(dcv="never"), fresh()
    order = tenant.buy(name)

    told = tenant.call("GetMDCDomainDetails", orderNumber=order.number, responseFormat=2)

    assert told.media == "application/json"
    assert name in json.dumps(json.loads(told.text))


def test_an_order_for_one_name_tells_it_too(reseller: NewReseller, fresh: NewName) -> None:
    """§10: also works for single-domain orders."""
    tenant, name = reseller(), fresh()
    order = tenant.buy(name)
    tenant.becomes(order, 1)

    assert tenant.names(order)[name][1] == "Validated"
