"""Drafts (`saveAndHold` "1", §6.7, §6.14, §6.16; contract test 25)."""

from __future__ import annotations

import pytest

from tests.sandbox.certificates import csr_pem, has_key, new_key
from tests.sandbox.emsign_tenant import PATIENT, Bought, NewSubscriber, Subscriber, is_missing
from tests.sandbox.emsign_wire import ABSENT
from tests.sandbox.tenant import NewName


def _draft(tenant: Subscriber, name: str, **changes: object) -> Bought:
    return tenant.buy(name, saveAndHold="1", **changes)


def _submitted(tenant: Subscriber, draft: Bought) -> Bought:
    """The order that a draft became when it was submitted in the portal."""
    tenant.staff(draft, "submit")
    row = tenant.row(draft)
    assert row["orderNumber"], row
    return Bought(row["orderNumber"], draft.request, draft.csr)


def _reject_request(tenant: Subscriber, draft: Bought | str) -> bool:
    request = draft if isinstance(draft, str) else draft.request
    return tenant.ask("RejectRequest", request=request, remarks="No longer wanted").is_success


@pytest.mark.parametrize("blanks", ["null", "blank", "absent"])
def test_25_a_draft_has_a_request_number_only(blanks: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(blanks=blanks)

    details = tenant.place(fresh(), saveAndHold="1")["orderDetails"]

    assert len(details["requestNumber"]) == 10
    assert is_missing(details, "orderNumber")


def test_25_a_request_number_is_no_order_number(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    draft, order = _draft(tenant, fresh()), tenant.buy(fresh())

    for number in (draft.request, order.request):
        assert tenant.ask("TrackOrder", order=number).refuses("EMS-943")


def test_25_a_draft_is_listed_as_on_hold(subscriber: NewSubscriber, fresh: NewName) -> None:
    """§6.14: blank order number, On Hold, Pending for Approver, blank issuer."""
    tenant, name = subscriber(blanks="absent"), fresh()

    row = tenant.row(_draft(tenant, name))

    assert row["orderNumber"] == ""
    assert (row["orderStatusId"], row["orderStatus"]) == ("7", "On Hold")
    assert row["certificateStatus"] == "Pending for Approver"
    assert is_missing(row, "issuerCA")
    assert row["domainName"] == name


def test_a_draft_is_not_charged(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()

    draft = _draft(tenant, fresh())

    assert tenant.ledger() == []
    order = _submitted(tenant, draft)
    assert [str(entry["order_id"]) for entry in tenant.ledger()] == [order.number]


def test_a_submitted_draft_is_an_order(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name, key = subscriber(), fresh(), new_key()

    order = _submitted(tenant, _draft(tenant, name, csr=csr_pem(name, key)))

    tenant.becomes(order, "20")
    assert len(order.number) == 10
    assert has_key(tenant.leaf(order), key)


def test_a_draft_takes_a_csr_by_its_request_number(subscriber: NewSubscriber, fresh: NewName) -> None:
    """§6.8: the draft's number in `orderNumber`."""
    tenant, name, key = subscriber(), fresh(), new_key()
    draft = _draft(tenant, name, csr=ABSENT)

    assert tenant.submit_csr(draft.request, csr_pem(name, key)).is_success

    order = _submitted(tenant, draft)
    tenant.becomes(order, "20")
    assert has_key(tenant.leaf(order), key)


def test_a_draft_keeps_its_csr(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(), fresh()
    draft = _draft(tenant, name)

    assert tenant.place(name, csr=draft.csr).refuses("EMS-1099")


def test_a_draft_is_cancelled_by_its_request_number(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    draft = _draft(tenant, fresh())

    assert _reject_request(tenant, draft)

    row = tenant.row(draft)
    assert row["orderNumber"] == ""
    assert (row["orderStatusId"], row["certificateStatusId"]) == ("5", "13")
    assert (row["orderStatus"], row["certificateStatus"]) == (
        "Order Cancelled", "Rejected due to Order Cancellation"
    )  # fmt: skip
    assert tenant.ledger() == []


def test_a_draft_is_not_cancelled_twice_nor_by_others(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, other = subscriber(), subscriber()
    draft = _draft(tenant, fresh())

    assert not _reject_request(other, draft)
    assert not _reject_request(tenant, "1111111111")
    assert _reject_request(tenant, draft)
    assert not _reject_request(tenant, draft)


def test_a_submitted_draft_is_cancelled_as_an_order_is(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(**PATIENT)
    order = _submitted(tenant, _draft(tenant, fresh()))

    assert tenant.reject(order).is_success
    assert tenant.standing(order) == ("5", "13")


def test_a_draft_gets_no_certificate(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()
    draft = _draft(tenant, fresh())

    assert not tenant.certificate(draft.request).is_success
    assert not tenant.revoke(draft.request).is_success


def test_a_draft_is_judged_as_an_order_is(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber()

    assert tenant.place(fresh(), saveAndHold="1", productCode="111").refuses("EMS-1162")
    assert tenant.place(fresh(), saveAndHold="1", additionalInformation=ABSENT).refuses("EMS-918")
    assert tenant.report() == []


@pytest.mark.parametrize("sent", ["0", ABSENT], ids=["0", "absent"])
def test_an_order_is_submitted_unless_it_is_held(sent: object, subscriber: NewSubscriber, fresh: NewName) -> None:
    assert subscriber().buy(fresh(), saveAndHold=sent).number
