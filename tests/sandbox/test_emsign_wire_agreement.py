"""The subscriber agreement, at placement and later (§6.9; contract test 34)."""

from __future__ import annotations

import pytest

from tests.sandbox.emsign_tenant import PATIENT, NewSubscriber
from tests.sandbox.emsign_wire import ABSENT
from tests.sandbox.tenant import NewName


def test_an_order_waits_for_the_agreement(subscriber: NewSubscriber, fresh: NewName) -> None:
    """§10.4."""
    tenant, name = subscriber(), fresh()
    order = tenant.buy(name, agreementDetails=ABSENT)
    tenant.verify(order, name)
    assert tenant.track(order)["subscriberAgreement"]["status"] == "0"
    assert tenant.standing(order) == ("2", "24")
    assert tenant.certificate(order).refuses("EMS-1010")

    told = tenant.agree(order)

    assert told.is_success
    assert set(told.body) == {"meta"}
    assert tenant.track(order)["subscriberAgreement"]["status"] == "1"
    tenant.becomes(order, "20")


def test_34_an_agreement_that_was_accepted_is_ems_1082(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(**PATIENT)
    early, late = tenant.buy(fresh()), tenant.buy(fresh(), agreementDetails=ABSENT)
    assert tenant.agree(late).is_success

    assert tenant.agree(early).refuses("EMS-1082", "Agreement already signed")
    assert tenant.agree(late).refuses("EMS-1082")


def test_a_loopback_address_is_ems_1091(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(**PATIENT)
    order = tenant.buy(fresh(), agreementDetails=ABSENT)

    assert tenant.agree(order, address="127.0.0.1").refuses("EMS-1091", "Invalid Signer IP")
    assert tenant.track(order)["subscriberAgreement"]["status"] == "0"
    assert tenant.agree(order).is_success


@pytest.mark.parametrize("wrong", [{"accept": "0"}, {"signer": ""}])
def test_an_agreement_that_is_none_is_refused(wrong: dict[str, str], subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(**PATIENT)
    order = tenant.buy(fresh(), agreementDetails=ABSENT)

    assert tenant.agree(order, **wrong).refuses("EMS-1093")
    assert tenant.track(order)["subscriberAgreement"]["status"] == "0"


def test_an_agreement_for_an_unknown_order_is_not_found(subscriber: NewSubscriber) -> None:
    assert subscriber().agree("1111111111").refuses("EMS-943")


def test_the_consent_is_asked_of_the_requestor(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(**PATIENT)

    block = tenant.track(tenant.buy(fresh()))["subscriberAgreement"]

    assert block == {"status": "1", "consentSentTo": tenant.email}
