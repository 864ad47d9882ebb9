"""Push: contract test 72 of the CA's reference, and its section 17.

73 and what a receiver must believe are the client's alone: tests/client.
"""

from __future__ import annotations

import base64
import itertools
import queue

import pytest
from cryptography import x509

from tests.sandbox.certificates import certificates_in, csr_pem
from tests.sandbox.listeners import PushReceiver
from tests.sandbox.sectigo_tenant import EV, INCORPORATION, ORGANIZATION, OV, NewReseller
from tests.sandbox.tenant import NewName

# §3: what belongs together.
WORDS = {
    "6": ("issued", "Valid"),
    "8": ("revoked", "Revoked"),
    "9": ("issued", "Issued but not yet collected"),
    "12": ("awaitingbrandvalidation", "Awaiting Validation (Brand)"),
    "14": ("replaced", "Replaced"),
}
QUIET_SECONDS = 1.5


def test_72_an_issuance_is_told_by_get(reseller: NewReseller, fresh: NewName, push_receiver: PushReceiver) -> None:
    """§17's example."""
    tenant = reseller(push_url=push_receiver.url)
    order = tenant.buy(fresh())

    push = push_receiver.until(eventType="Certificate", status="issued")

    assert (push.method, push.path) == ("GET", "/hooks/sectigo/8f2c")
    assert (push["orderNumber"], push["certificateID"]) == (order.number, order.certificate_id)
    assert (push["status"], push["statusDesc"]) == WORDS[push["statusCode"]]
    assert not {"certificate", "caCertificate", "loginName", "loginPassword"} & set(push.fields)


def test_72_with_certificates_it_is_told_by_post(
    reseller: NewReseller, fresh: NewName, push_receiver: PushReceiver
) -> None:
    tenant = reseller(push_url=push_receiver.url, push_certificates=True)
    order = tenant.buy(fresh())

    push = push_receiver.until(eventType="Certificate", status="issued")

    assert push.method == "POST"
    assert push.headers["content-type"].split(";")[0] == "application/x-www-form-urlencoded"
    assert push["orderNumber"] == order.number
    assert certificates_in(push["certificate"]) == [tenant.leaf(order)]
    pushed = {bytes(c.tbs_certificate_bytes) for text in push.fields["caCertificate"] for c in certificates_in(text)}
    told = {bytes(c.tbs_certificate_bytes) for c in certificates_in(tenant.collect(order, 3).answer.body)}
    assert pushed == told


def test_72_without_a_url_nothing_is_pushed_and_one_may_come_later(
    reseller: NewReseller, fresh: NewName, push_receiver: PushReceiver
) -> None:
    tenant = reseller()
    tenant.leaf(tenant.buy(fresh()))
    tenant.switch(push_url=push_receiver.url)
    order = tenant.buy(fresh())

    assert push_receiver.until(eventType="Certificate")["orderNumber"] == order.number


def test_72_the_endpoint_may_ask_for_a_password(
    reseller: NewReseller, fresh: NewName, push_receiver: PushReceiver
) -> None:
    tenant = reseller(push_url=push_receiver.url, push_user="clm", push_password="p:ä")
    tenant.buy(fresh())

    push = push_receiver.next()

    kind, _, credentials = push.headers["authorization"].partition(" ")
    assert (kind, base64.b64decode(credentials).decode()) == ("Basic", "clm:p:ä")
    deliveries = tenant.management.get("webhooks")["deliveries"]
    assert "p:ä" not in str([row for row in deliveries if row["url"] == push_receiver.url])


def test_72_a_receiver_that_fails_is_called_four_times_at_most(
    reseller: NewReseller, fresh: NewName, push_receiver: PushReceiver
) -> None:
    """A failed delivery is repeated 3 times, a second apart (docs/reference/sandbox.md)."""
    push_receiver.status = 500
    tenant = reseller(push_url=push_receiver.url)
    order = tenant.buy(fresh())

    pushes = [push_receiver.until(orderNumber=order.number, status="issued") for _ in range(4)]

    gaps = [later.at - earlier.at for earlier, later in itertools.pairwise(pushes)]
    assert [gap for gap in gaps if not 0.5 < gap < 4] == []
    assert len({str(sorted(push.fields.items())) for push in pushes}) == 1
    with pytest.raises(queue.Empty):
        push_receiver.until(QUIET_SECONDS, orderNumber=order.number, status="issued")


def test_72_a_receiver_that_recovers_is_not_called_again(
    reseller: NewReseller, fresh: NewName, push_receiver: PushReceiver
) -> None:
    push_receiver.status = 503
    tenant = reseller(push_url=push_receiver.url)
    order = tenant.buy(fresh())
    push_receiver.until(orderNumber=order.number, status="issued")
    push_receiver.status = 200

    assert push_receiver.until(orderNumber=order.number, status="issued").method == "GET"
    with pytest.raises(queue.Empty):
        push_receiver.until(QUIET_SECONDS, orderNumber=order.number, status="issued")


def test_a_revocation_is_told_with_its_reason(
    reseller: NewReseller, fresh: NewName, push_receiver: PushReceiver
) -> None:
    tenant = reseller(push_url=push_receiver.url)
    order = tenant.buy(fresh())
    tenant.leaf(order)
    tenant.call("AutoRevokeSSL", orderNumber=order.number, revocationReason="retired", codeReason=4)

    push = push_receiver.until(eventType="Certificate", status="revoked")

    assert (push["statusCode"], push["statusDesc"]) == ("8", "Revoked")
    assert push["revocationReasonCode"] == "4"
    assert push["revocationReasonName"].lower() == "superseded"
    assert push["certificateID"] == order.certificate_id


def test_a_rejection_is_told_with_its_reason(
    reseller: NewReseller, fresh: NewName, push_receiver: PushReceiver
) -> None:
    tenant = reseller(push_url=push_receiver.url, dcv="never")
    order = tenant.buy(fresh())
    tenant.management.post("reject", ca="sectigo", order_id=int(order.number), comment="no such thing")

    push = push_receiver.until(eventType="Certificate", status="rejected")

    assert push["statusCode"] == "7"
    assert push["statusDesc"].startswith("Rejected: ")


def test_a_replaced_certificate_is_told(reseller: NewReseller, fresh: NewName, push_receiver: PushReceiver) -> None:
    tenant, name = reseller(push_url=push_receiver.url), fresh()
    order = tenant.buy(name)
    tenant.leaf(order)
    tenant.replace(order.number, csr_pem(name))

    push = push_receiver.until(eventType="Certificate", status="replaced")

    assert (push["statusCode"], push["statusDesc"]) == ("14", "Replaced")
    assert push["certificateID"] == order.certificate_id


def test_a_caa_refusal_is_told(reseller: NewReseller, fresh: NewName, push_receiver: PushReceiver) -> None:
    tenant, name = reseller(push_url=push_receiver.url), fresh()
    tenant.management.post("dns", name=name, type="CAA", value='0 issue "another.example"')
    order = tenant.buy(name)

    push = push_receiver.until(eventType="Certificate", orderNumber=order.number, status="failed")

    assert push["statusCode"] == "3"
    assert push["statusDesc"].startswith("PRE-SIGN FAILED: ")


def test_a_wait_for_brand_validation_is_told(
    reseller: NewReseller, fresh: NewName, push_receiver: PushReceiver
) -> None:
    tenant = reseller(push_url=push_receiver.url, brand_words=["paypal"])
    tenant.buy(f"paypal.{fresh()}")

    push = push_receiver.until(eventType="Certificate", statusCode="12")

    assert (push["status"], push["statusDesc"]) == WORDS["12"]


def test_removed_names_are_told_with_the_issuance(
    reseller: NewReseller, fresh: NewName, push_receiver: PushReceiver
) -> None:
    tenant, names = reseller(push_url=push_receiver.url, dcv="never"), [fresh(), fresh()]
    order = tenant.buy_multi(names)
    tenant.validate(order, what="domain_control", domain=names[0])
    tenant.call("AutoRemoveMDCDomain", orderNumber=order.number, domainName=names[1])

    push = push_receiver.until(eventType="Certificate", status="issued")

    assert names[1] in push["removedDomains"]
    assert names[0] not in push["removedDomains"]


def test_a_call_back_is_told_as_an_event_of_its_own(
    reseller: NewReseller, fresh: NewName, push_receiver: PushReceiver
) -> None:
    tenant = reseller(push_url=push_receiver.url, organization_seconds=None, call_back_seconds=None)
    order = tenant.buy(fresh(), **{**ORGANIZATION, "product": OV})
    tenant.validate(order, what="call_back")

    push = push_receiver.until(eventType="CallBack")

    assert (push.method, push["orderNumber"]) == ("GET", order.number)
    assert push["status"] == "verified"


def test_an_ev_order_tells_its_steps_and_its_issuance(
    reseller: NewReseller, fresh: NewName, push_receiver: PushReceiver
) -> None:
    tenant = reseller(push_url=push_receiver.url)
    order = tenant.buy(fresh(), **{**ORGANIZATION, **INCORPORATION, "product": EV})

    push = push_receiver.until(eventType="Certificate", status="issued")

    assert push["orderNumber"] == order.number


def test_a_replacement_is_pushed_with_its_own_certificate(
    reseller: NewReseller, fresh: NewName, push_receiver: PushReceiver
) -> None:
    tenant, name = reseller(push_url=push_receiver.url, push_certificates=True), fresh()
    order = tenant.buy(name)
    tenant.leaf(order)
    told = tenant.replace(order.number, csr_pem(name))

    push = push_receiver.until(certificateID=told["certificateID"], status="issued")

    assert push["orderNumber"] == told["orderNumber"]
    pushed = x509.load_pem_x509_certificate(push["certificate"].encode())
    assert pushed == tenant.leaf(told["orderNumber"])
