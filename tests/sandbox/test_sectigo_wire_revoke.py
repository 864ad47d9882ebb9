"""AutoRevokeSSL and AutoRemoveMDCDomain: contract tests 62 to 66 of the CA's reference."""

from __future__ import annotations

import pytest
from cryptography import x509

from tests.sandbox.certificates import csr_pem, names_of, serial_text
from tests.sandbox.sectigo_tenant import NewReseller, Reseller
from tests.sandbox.sectigo_wire import Told
from tests.sandbox.tenant import NewName

REASONS = {0: None, 1: "key_compromise", 3: "affiliation_changed", 4: "superseded", 5: "cessation_of_operation"}


def _revoke(tenant: Reseller, /, **fields: object) -> Told:
    return tenant.call("AutoRevokeSSL", **{"revocationReason": "host retired", **fields})


def _reason(tenant: Reseller, leaf: x509.Certificate) -> str | None:
    entry = tenant.management.revocation_of(leaf)
    assert entry is not None
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.name
    except x509.ExtensionNotFound:
        return None


@pytest.mark.parametrize("by", ["orderNumber", "certificateID", "serialNumber"])
def test_62_a_certificate_is_revoked_by_any_of_its_numbers(by: str, reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    order = tenant.buy(fresh())
    leaf = tenant.leaf(order)
    values = {"orderNumber": order.number, "certificateID": order.certificate_id, "serialNumber": serial_text(leaf)}

    first, second = (_revoke(tenant, **{by: values[by]}) for _ in range(2))

    assert first.answer.body.rstrip(b"\n") == b"0"
    assert second.refuses(-21)
    assert tenant.management.revocation_of(leaf) is not None
    assert tenant.collect(order, 2).refuses(-21)


def test_62_a_url_encoded_answer_is_one_pair(reseller: NewReseller, fresh: NewName) -> None:
    """§13's example."""
    tenant = reseller()
    order = tenant.buy(fresh())
    tenant.leaf(order)
    given = {"certificateID": order.certificate_id, "codeReason": 5, "responseFormat": 1}

    assert _revoke(tenant, **given).text.rstrip("\n") == "errorCode=0"
    assert _revoke(tenant, **given).text.startswith("errorCode=-21&errorMessage=")


def test_62_a_replaced_certificate_is_revoked_without_its_successor(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(), fresh()
    order = tenant.buy(name)
    old = tenant.leaf(order)
    told = tenant.replace(order, csr_pem(name))
    tenant.becomes(told["orderNumber"], 1)

    assert _revoke(tenant, certificateID=order.certificate_id, codeReason=4).code == 0

    assert _reason(tenant, old) == "superseded"
    assert tenant.management.revocation_of(tenant.leaf_of(told["certificateID"])) is None


def test_62_a_certificate_of_another_account_is_unknown(reseller: NewReseller, fresh: NewName) -> None:
    tenant, other = reseller(), reseller()
    order = tenant.buy(fresh())
    leaf = tenant.leaf(order)

    assert _revoke(other, orderNumber=order.number).refuses(-4, "orderNumber")
    assert _revoke(other, certificateID=order.certificate_id).refuses(-4, "certificateID")
    assert _revoke(other, serialNumber=serial_text(leaf)).refuses(-4, "serialNumber")
    assert tenant.collect(order).code == 1


def test_63_a_pending_order_is_rejected(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(dcv="never")
    order = tenant.buy(fresh())

    first, second = (_revoke(tenant, orderNumber=order.number) for _ in range(2))

    assert first.code == 0
    assert second.refuses(-20)
    assert tenant.collect(order).refuses(-20)


@pytest.mark.parametrize("code", list(REASONS))
def test_64_a_reason_of_the_list_is_in_the_crl(code: int, reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    order = tenant.buy(fresh())
    leaf = tenant.leaf(order)

    assert _revoke(tenant, orderNumber=order.number, codeReason=code).code == 0
    assert _reason(tenant, leaf) in ({None, "unspecified"} if code == 0 else {REASONS[code]})


@pytest.mark.parametrize("code", ["2", "6", "8", "9", "10", "x", "-1"])
def test_64_a_reason_that_is_not_in_the_list_is_refused(code: str, reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    order = tenant.buy(fresh())

    assert _revoke(tenant, orderNumber=order.number, codeReason=code).refuses(-4, "codeReason")
    assert tenant.collect(order).code == 1


def test_64_a_rehearsal_changes_nothing(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(dcv="never")
    pending, issued = tenant.buy(fresh()), tenant.buy(fresh())
    tenant.validate(issued)
    tenant.becomes(issued, 1)

    assert [_revoke(tenant, orderNumber=order.number, test="Y").code for order in (pending, issued)] == [0, 0]

    assert [tenant.collect(order).code for order in (pending, issued)] == [0, 1]
    assert tenant.management.revocation_of(tenant.leaf(issued)) is None


def test_64_a_revocation_names_what_it_revokes(reseller: NewReseller) -> None:
    assert _revoke(reseller()).refuses(-3)


def test_64_a_certificate_left_out_of_the_crl_can_still_be_put_there(reseller: NewReseller, fresh: NewName) -> None:
    """§13, includeInCRL."""
    tenant = reseller()
    order = tenant.buy(fresh())
    leaf = tenant.leaf(order)

    without = _revoke(tenant, certificateID=order.certificate_id, includeInCRL="N")
    listed = tenant.management.revocation_of(leaf)
    really = _revoke(tenant, certificateID=order.certificate_id, includeInCRL="Y")

    assert (without.code, listed, really.code) == (0, None, 0)
    assert tenant.management.revocation_of(leaf) is not None


def test_65_what_is_being_signed_is_answered_26_and_23_without_a_reason(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(signing_seconds=3600)
    order = tenant.buy(fresh())

    assert _revoke(tenant, orderNumber=order.number).refuses(-26)
    assert _revoke(tenant, orderNumber=order.number, revocationReason=None).refuses(-23)


def test_65_the_reason_may_be_left_out(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()

    assert _revoke(tenant, orderNumber=tenant.buy(fresh()).number, revocationReason=None).code == 0


def test_65_a_reason_is_at_most_1024_characters(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    number = tenant.buy(fresh()).number

    assert _revoke(tenant, orderNumber=number, revocationReason="x" * 1025).refuses(-4, "revocationReason")
    assert _revoke(tenant, orderNumber=number, revocationReason="x" * 1024).code == 0


def test_66_removing_the_only_unvalidated_name_issues(reseller: NewReseller, fresh: NewName) -> None:
    tenant, names = reseller(dcv="never"), [fresh(), fresh(), fresh()]
    order = tenant.buy_multi(names)
    for name in names[:2]:
        tenant.validate(order, what="domain_control", domain=name)

    told = tenant.call("AutoRemoveMDCDomain", orderNumber=order.number, domainName=names[2])

    assert told.text.rstrip("\n") == "errorCode=0"
    tenant.becomes(order, 1)
    assert names_of(tenant.leaf(order)) == set(names[:2])


def test_66_the_last_name_stays(reseller: NewReseller, fresh: NewName) -> None:
    """§14's example, in its bytes."""
    tenant, names = reseller(dcv="never"), [fresh(), fresh()]
    order = tenant.buy_multi(names)
    remove = {"orderNumber": order.number}
    assert tenant.call("AutoRemoveMDCDomain", domainName=names[0], **remove).code == 0

    told = tenant.call("AutoRemoveMDCDomain", domainName=names[1], **remove)

    assert told.refuses(-4, "domainName")
    wanted = "errorCode=-4&errorMessage=The+value+of+the+%27domainName%27+argument+is+invalid%21"
    assert told.text.startswith(wanted)
    assert set(tenant.names(order)) == {names[1]}


def test_66_a_validated_or_foreign_name_is_not_removed(reseller: NewReseller, fresh: NewName) -> None:
    tenant, names = reseller(dcv="never"), [fresh(), fresh()]
    order = tenant.buy_multi(names)
    tenant.validate(order, what="domain_control", domain=names[0])

    for name in (names[0], fresh()):
        told = tenant.call("AutoRemoveMDCDomain", orderNumber=order.number, domainName=name)
        assert told.refuses(-4, "domainName")
    assert set(tenant.names(order)) == set(names)


def test_66_nothing_is_removed_from_an_issued_order(reseller: NewReseller, fresh: NewName) -> None:
    tenant, names = reseller(), [fresh(), fresh()]
    order = tenant.buy_multi(names)
    tenant.becomes(order, 1)

    assert tenant.call("AutoRemoveMDCDomain", orderNumber=order.number, domainName=names[0]).code < 0
    assert names_of(tenant.leaf(order)) == set(names)
