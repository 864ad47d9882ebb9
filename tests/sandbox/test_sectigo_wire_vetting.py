"""OV and EV: contract tests 70 and 71 of the CA's reference, and its sections 15 and 16."""

from __future__ import annotations

import pytest

from tests.sandbox import wire
from tests.sandbox.sectigo_tenant import EV, INCORPORATION, ORGANIZATION, OV, Bought, NewReseller, Reseller
from tests.sandbox.sectigo_wire import FORM, Told
from tests.sandbox.tenant import NewName, Sandbox

PATIENT = {"organization_seconds": None, "call_back_seconds": None, "click_through_seconds": None}
CALL = "2026-11-24 13:05"


def _order_ov(tenant: Reseller, name: str) -> Bought:
    return tenant.buy(name, **{**ORGANIZATION, "product": OV})


def _order_ev(tenant: Reseller, name: str) -> Bought:
    return tenant.buy(name, **{**ORGANIZATION, **INCORPORATION, "product": EV})


def _call_back(tenant: Reseller, order: Bought, action: str, **fields: object) -> Told:
    return tenant.call("UpdateUserOvCallback", action=action, orderNumber=order.number, **fields)


def _click_through(tenant: Reseller, order: Bought, action: str, **fields: object) -> Told:
    return tenant.call("UpdateUserEvClickThrough", action=action, orderNumber=order.number, **fields)


def _flags(tenant: Reseller, order: Bought) -> Told:
    return tenant.collect(order, 0, showStatusDetails="Y", responseFormat=1)


def test_an_ov_order_waits_for_the_vetting_and_for_the_call(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(**PATIENT)
    order = _order_ov(tenant, fresh())

    tenant.validate(order, what="organization")
    assert tenant.collect(order).code == 0
    assert _flags(tenant, order)["organizationValidationStatus"] == "1"
    assert _flags(tenant, order)["ovCallBackStatus"] in ("0", "2")
    tenant.validate(order, what="call_back")

    tenant.becomes(order, 1)
    assert _flags(tenant, order)["ovCallBackStatus"] == "1"


def test_an_ev_order_waits_for_the_click_through_too(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(**PATIENT)
    order = _order_ev(tenant, fresh())

    for what in ("organization", "call_back"):
        tenant.validate(order, what=what)
    assert tenant.collect(order).code == 0
    tenant.validate(order, what="click_through")

    tenant.becomes(order, 1)
    assert _flags(tenant, order)["evClickThroughStatus"] == "1"


def test_a_ready_account_vets_by_itself(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()

    tenant.becomes(_order_ov(tenant, fresh()), 1)
    tenant.becomes(_order_ev(tenant, fresh()), 1)


@pytest.mark.parametrize("product", [OV, EV])
def test_staff_can_reject_a_vetting(product: int, reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(**PATIENT)
    order = tenant.buy(fresh(), **{**ORGANIZATION, **INCORPORATION, "product": product})

    tenant.validate(order, what="organization", outcome="rejected")

    assert tenant.collect(order).code < 1


@pytest.mark.parametrize("action", ["ScheduledCallback", "scheduledcallback", "ManualCallback"])
def test_70_a_call_is_scheduled(action: str, reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(**PATIENT)

    told = _call_back(tenant, _order_ov(tenant, fresh()), action, preferredTimeUTC=CALL, extensionNumber="12")

    assert told.media == FORM
    assert (told.code, told["status"]) == (0, "1")
    assert "description" in told


@pytest.mark.parametrize("action", ["ScheduledCallback", "ManualCallback"])
def test_70_a_call_needs_a_time_of_the_right_form(action: str, reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(**PATIENT)
    order = _order_ov(tenant, fresh())

    assert _call_back(tenant, order, action).refuses(-3, "preferredTimeUTC")
    for wrong in ("24/11/2026 13:05", "2026-11-24T13:05:00Z", "2026-11-24", "2026-11-31 13:05", "2026-11-24 25:05"):
        assert _call_back(tenant, order, action, preferredTimeUTC=wrong).refuses(-4, "preferredTimeUTC"), wrong


def test_70_a_new_number_or_address_must_be_given(reseller: NewReseller, fresh: NewName) -> None:
    """§15's example, in its bytes."""
    tenant = reseller(**PATIENT)
    order = _order_ov(tenant, fresh())

    told = _call_back(tenant, order, "ReplacePhone")

    assert told.refuses(-3, "phoneNumber")
    assert told.text.startswith("errorCode=-3&errorMessage=The+%27phoneNumber%27+argument+is+missing%21")
    assert _call_back(tenant, order, "replaceEmailAddress").refuses(-3, "emailAddress")
    assert _call_back(tenant, order, "ReplacePhone", phoneNumber="+44 1865 111111")["status"] == "1"
    assert _call_back(tenant, order, "replaceEmailAddress", emailAddress="call@meadow.example")["status"] == "1"


def test_70_a_mail_for_the_call_is_sent(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(**PATIENT), fresh()
    order = _order_ov(tenant, name)
    to = f"call@{name}"
    _call_back(tenant, order, "replaceEmailAddress", emailAddress=to)
    before = tenant.mails("call_back").count(to)

    told = _call_back(tenant, order, "sendCallbackEmail")

    assert (told.code, told["status"]) == (0, "1")
    assert tenant.mails("call_back").count(to) == before + 1


def test_70_nothing_is_scheduled_where_no_call_is_due(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(**PATIENT, dcv="never")
    dv, done = tenant.buy(fresh()), _order_ov(tenant, fresh())
    tenant.validate(done, what="call_back")

    for order in (dv, done):
        told = _call_back(tenant, order, "ScheduledCallback", preferredTimeUTC=CALL)
        assert (told.code, told["status"]) == (0, "0")


def test_70_an_action_that_is_none_is_refused(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(**PATIENT)
    order = _order_ev(tenant, fresh())

    assert _call_back(tenant, order, "Shout").refuses(-4, "action")
    assert _click_through(tenant, order, "Shout").refuses(-4, "action")


def test_70_a_scheduled_call_is_made_at_its_time_and_not_before(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant = Reseller.at(own_sandbox, call_back_seconds=3600)
    tenant.management.post("clock", now="2026-11-24T08:05:00+00:00")
    order = _order_ov(tenant, fresh())

    assert _call_back(tenant, order, "ScheduledCallback", preferredTimeUTC=CALL)["status"] == "1"
    tenant.management.advance(hours=5.5)
    assert tenant.collect(order).code == 0
    tenant.management.advance(hours=1)

    tenant.becomes(order, 1)


def test_71_the_same_address_again_only_sends_the_mail_again(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(**PATIENT), fresh()
    order = _order_ev(tenant, name)
    to = f"legal@{name}"

    first = _click_through(tenant, order, "ReplaceMailAddress", adminEmailAddress=to)
    again = _click_through(tenant, order, "ReplaceMailAddress", adminEmailAddress=to)
    sent = tenant.mails("click_through").count(to)
    resent = _click_through(tenant, order, "ResendEmail")

    assert first.media == FORM
    assert [(told.code, told["status"]) for told in (first, again, resent)] == [(0, "1"), (0, "2"), (0, "1")]
    assert sent == 2
    assert tenant.mails("click_through").count(to) == 3


def test_71_nothing_is_sent_for_an_order_without_click_through(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(**PATIENT, dcv="never")

    for order in (tenant.buy(fresh()), _order_ov(tenant, fresh())):
        told = _click_through(tenant, order, "ResendEmail")
        assert (told.code, told["status"]) == (0, "0")
        assert "description" in told


def test_71_an_address_must_be_given(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(**PATIENT)

    assert _click_through(tenant, _order_ev(tenant, fresh()), "ReplaceMailAddress").refuses(-3, "adminEmailAddress")


def test_words_of_a_brand_make_an_order_wait_for_staff(reseller: NewReseller, fresh: NewName) -> None:
    """§3: awaiting brand validation, 12, until staff decides."""
    tenant, base = reseller(brand_words=["paypal"]), fresh()
    order, other = tenant.buy(f"paypal.{base}"), tenant.buy(fresh())
    tenant.becomes(other, 1)

    waiting = tenant.collect(order, 0, showExtStatus="Y", responseFormat=1)
    rows = tenant.report(certificateStatusCode="12")
    tenant.validate(order, what="brand")

    assert waiting.code == 0
    assert "Awaiting" in waiting["validationStatus"]
    assert "Brand" in waiting["validationStatus"]
    assert [row["orderNumber"] for row in rows] == [order.number]
    tenant.becomes(order, 1)


def test_a_caa_record_for_another_ca_makes_an_order_fail(reseller: NewReseller, fresh: NewName) -> None:
    """§3: any pending order fails (3) where CAA does not authorise the CA."""
    tenant, name = reseller(), fresh()
    tenant.management.post("dns", name=name, type="CAA", value='0 issue "another.example"')

    order = tenant.buy(name)

    wire.until(
        lambda: [row["orderNumber"] for row in tenant.report(certificateStatusCode="3")], lambda rows: bool(rows)
    )
    assert tenant.collect(order).code not in (1, 2)
    assert [row["orderNumber"] for row in tenant.report(certificateStatusDesc="caacheckfailed")] == [order.number]


def test_a_caa_record_for_this_ca_does_not(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(), fresh()
    tenant.management.post("dns", name=name, type="CAA", value='0 issue "sectigo.com"')

    tenant.becomes(tenant.buy(name), 1)
