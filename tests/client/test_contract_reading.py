"""Contract tests 43-64: reading orders and proving control, through the client."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from certwright.model.ca import CAOrder, Ended, Issued, Pending, Proof
from certwright.model.errors import NotFound, Refused, Unavailable
from certwright.model.words import WaitingFor
from tests.client.sandbox import ANY, Tenant, Wish, leaf, soon, until_issued

Make = Callable[..., Tenant]


def _pending(one: Tenant, *names: str, **changes: object) -> tuple[Pending, Wish]:
    """A pending order of names nobody has proven."""
    wish = one.wish(*(names or (f"new.{one.name}.example".lower(),)), **changes)
    progress = one.ca().place(wish.placement, deadline=soon())
    assert isinstance(progress, Pending)
    return progress, wish


def _publish(one: Tenant, proof: Proof) -> None:
    kind = "CNAME" if proof.method == "dns-cname-token" else "TXT"
    one.dns(proof.where, kind, proof.value)


def test_43_an_order_is_found_by_serial_and_by_thumbprint(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    order_id = ca.place(one.wish().placement, deadline=soon()).ca_order.order_id
    certificate = ca.orders.order(order_id).certificate
    assert ca.orders.order(certificate.serial_number).id == order_id
    assert ca.orders.order(certificate.thumbprint).id == order_id


def test_44_somebody_elses_order_does_not_exist_for_us_and_ours_is_never_lost(tenant: Make) -> None:
    one, other = tenant(), tenant()
    order_id = other.ca().place(other.wish().placement, deadline=soon()).ca_order.order_id
    ca = one.ca()
    for unknown in (order_id, "999999999"):
        with pytest.raises(NotFound) as caught:
            ca.orders.order(unknown)
        assert caught.value.code == "not_found|order"
        with pytest.raises(Unavailable):
            ca.collect(CAOrder(unknown), public_key_sha256="00")


def test_45_the_orders_that_changed_lately_are_told_in_one_call(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    assert ca.changes(timedelta(minutes=5)) == ()
    placed = ca.place(one.wish().placement, deadline=soon()).ca_order
    (changed,) = ca.changes(timedelta(minutes=5))
    assert (changed.order_id, changed.certificate_id) == (placed.order_id, placed.certificate_id)
    assert len(one.requests()) == 3


def test_46_more_than_seven_days_of_changes_are_read_from_the_list(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    placed = ca.place(one.wish().placement, deadline=soon()).ca_order
    with pytest.raises(Refused) as caught:
        ca.orders.status_changes(seconds=604_801)
    assert caught.value.code == "time_frame_too_long"
    assert [order.order_id for order in ca.changes(timedelta(days=30))] == [placed.order_id]
    assert "status-changes" not in one.requests()[-1]["path"]


def test_48_caa_is_explained_while_pending_only(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    pending, _ = _pending(one)
    issued = ca.place(one.wish().placement, deadline=soon())
    assert ca.orders.order(pending.ca_order.order_id, include_caa_status=True).caa_status_message
    assert not ca.orders.order(issued.ca_order.order_id, include_caa_status=True).caa_status_message


def test_49_what_is_missing_is_told_per_name(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    proven = f"ok.{one.domain()}"
    pending, _ = _pending(one, f"new.{one.name}.example".lower(), proven)
    validation = ca.orders.validation(pending.ca_order.order_id)
    missing = [name for row in validation.dns_name_validations if not row.is_done for name in row.names]
    assert missing == [f"new.{one.name}.example".lower()]
    dv, _ = _pending(one, product="ssl_dv_geotrust")
    assert ca.orders.validation(dv.ca_order.order_id).organization_validations == ()


def test_51_control_is_checked_by_dns_and_the_order_issues(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    pending, wish = _pending(one)
    assert ca.check_control(pending.ca_order, ANY) is False
    for proof in pending.proofs:
        _publish(one, proof)
    assert ca.check_control(pending.ca_order, ANY) is True
    assert leaf(until_issued(ca, pending.ca_order, wish.key), wish.key).names == wish.placement.names


def test_51_control_is_checked_by_a_cname(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    pending, _ = _pending(one, dcv_method="dns-cname-token")
    for proof in pending.proofs:
        _publish(one, proof)
    assert ca.check_control(pending.ca_order, ANY) is True


def test_52_control_is_checked_by_a_file(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    pending, wish = _pending(one, dcv_method="http-token")
    assert ca.check_control(pending.ca_order, ANY) is False
    (proof,) = pending.proofs
    assert proof.where == f"http://{wish.placement.common_name}/.well-known/pki-validation/fileauth.txt"
    file = one.sandbox.files / ".well-known" / "pki-validation" / "fileauth.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(proof.value)
    assert ca.check_control(pending.ca_order, ANY) is True
    file.unlink()


def test_53_one_value_proves_every_name(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    names = tuple(f"{label}.{one.name}.example".lower() for label in ("a", "b"))
    pending, wish = _pending(one, *names)
    assert {proof.name for proof in pending.proofs} == set(names)
    assert len({proof.value for proof in pending.proofs}) == 1
    for proof in pending.proofs:
        _publish(one, proof)
    assert ca.check_control(pending.ca_order, ANY) is True
    assert isinstance(until_issued(ca, pending.ca_order, wish.key), Issued)


def test_54_a_wildcard_is_not_proven_by_a_file(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    placement = one.wish(f"*.{one.name}.example".lower(), dcv_method="http-token").placement
    with pytest.raises(Refused):
        ca.check(placement)
    with pytest.raises(Refused):
        ca.place(placement, deadline=soon())
    pending, _ = _pending(one, f"*.{one.name}.example".lower())
    (proof,) = pending.proofs
    assert proof.where == f"{one.name}.example".lower()


def test_55_the_method_of_a_pending_order_can_be_changed(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    pending, wish = _pending(one)
    emails = ca.change_method(pending.ca_order, ANY, "email")
    assert [(proof.name, proof.value) for proof in emails] == [(wish.placement.common_name, "")]
    (proof,) = ca.change_method(pending.ca_order, ANY, "dns-txt-token")
    assert proof.value
    assert proof.expires_at is not None
    assert timedelta(days=29) < proof.expires_at - datetime.now(UTC) < timedelta(days=31)
    _publish(one, proof)
    assert ca.check_control(pending.ca_order, ANY) is True


def test_proofs_are_told_again_and_what_they_tell_validates(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    pending, _ = _pending(one)
    proofs = ca.proofs(pending.ca_order, ANY)
    assert [proof.name for proof in proofs] == [proof.name for proof in pending.proofs]
    for proof in proofs:
        _publish(one, proof)
    assert ca.check_control(pending.ca_order, ANY) is True


def test_a_wish_to_prove_needs_nothing_once_proven(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    issued = ca.place(one.wish().placement, deadline=soon())
    assert ca.proofs(issued.ca_order, ANY) == ()


def _new_domain(one: Tenant, name: str, method: str = "dns-txt-token", **more: object) -> str:
    body = {
        "name": name,
        "organization": {"id": int(one.organization)},
        "validations": [{"type": "ov"}],
        "dcv_method": method,
        **more,
    }
    return one.ca().account.create_domain(body).id


def test_56_a_new_domain_value_ends_the_former_one_but_not_an_orders(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    name = f"{one.name}.example".lower()
    domain_id = _new_domain(one, name)
    first = ca.account.new_domain_token(domain_id).token
    second = ca.account.new_domain_token(domain_id).token
    assert first != second
    one.dns(name, "TXT", first)
    with pytest.raises(Refused) as caught:
        ca.account.check_domain(domain_id)
    assert caught.value.code == "invalid_dns_txt"
    one.dns(name, "TXT", second)
    assert ca.account.check_domain(domain_id) == "active"


def test_57_a_domain_proven_by_email_has_no_value(tenant: Make) -> None:
    one = tenant()
    domain_id = _new_domain(one, f"{one.name}.example".lower(), "email")
    with pytest.raises(Refused) as caught:
        one.ca().account.new_domain_token(domain_id)
    assert caught.value.code == "invalid_dcv_method"


def test_58_a_domain_without_its_record_is_told_so(tenant: Make) -> None:
    one = tenant()
    domain_id = _new_domain(one, f"{one.name}.example".lower())
    with pytest.raises(Refused) as caught:
        one.ca().account.check_domain(domain_id)
    assert caught.value.code == "invalid_dns_txt"
    assert "TXT" in caught.value.advice


def test_59_60_a_domain_is_stored_without_www_and_dated_once_proven(tenant: Make) -> None:
    one = tenant(dcv="auto")
    ca = one.ca()
    base = f"{one.name}.example".lower()
    plain, kept = _new_domain(one, f"www.{base}"), _new_domain(one, f"www.{base}", keep_www=True)
    assert ca.account.domain(plain).name == base
    assert ca.account.domain(kept).name == f"www.{base}"
    ca.account.new_domain_token(plain)
    assert ca.account.check_domain(plain) == "active"
    shown = ca.account.domain(plain)
    assert shown.dcv_approval_datetime is not None
    assert shown.dcv_expiration_datetime is not None
    reuse = shown.dcv_expiration_datetime - shown.dcv_approval_datetime
    assert timedelta(days=198) <= reuse <= timedelta(days=200)


def test_61_an_expired_prevalidation_makes_the_order_wait(tenant: Make) -> None:
    one = tenant()
    one.sandbox.post("/expire", {"ca": "digicert", "account": one.name, "domain": one.domain()})
    pending, _ = _pending(one, f"a.{one.domain()}")
    assert pending.waiting_for is WaitingFor.DOMAIN_CONTROL


def test_61_an_organization_that_is_not_vetted_is_what_the_order_waits_for(tenant: Make) -> None:
    one = tenant()
    one.sandbox.post("/expire", {"organization": int(one.organization)})
    pending, wish = _pending(one, f"a.{one.domain()}")
    polled = one.ca().collect(pending.ca_order, public_key_sha256=wish.key)
    assert isinstance(polled, Pending)
    assert polled.waiting_for is WaitingFor.ORGANIZATION


def test_62_a_dv_order_needs_proof_even_of_a_prevalidated_name(tenant: Make) -> None:
    one = tenant()
    pending, _ = _pending(one, f"a.{one.domain()}", product="ssl_dv_geotrust")
    assert pending.waiting_for is WaitingFor.DOMAIN_CONTROL
    assert pending.proofs


def test_63_mails_go_to_constructed_addresses_only(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    domain_id = _new_domain(one, f"{one.name}.example".lower(), "email")
    emails = ca.account.domain_emails(domain_id)
    assert emails.whois_emails == ()
    assert {address.split("@")[0] for address in emails.base_emails} >= {"admin", "hostmaster", "postmaster"}


def test_row_19_a_stale_answer_is_what_the_adapter_says_and_no_more(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    pending, wish = _pending(one)
    assert isinstance(ca.collect(pending.ca_order, public_key_sha256=wish.key), Pending)
    one.sandbox.post("/validate", {"ca": "digicert", "order_id": int(pending.ca_order.order_id)})
    until_issued(ca, pending.ca_order, wish.key)
    one.fault("stale", method="GET", path="order/certificate/[0-9]+$")
    assert isinstance(ca.collect(pending.ca_order, public_key_sha256=wish.key), Pending)
    assert isinstance(ca.collect(pending.ca_order, public_key_sha256=wish.key), Issued)


def test_a_rejected_order_has_ended(tenant: Make) -> None:
    one = tenant(auto_approve=False)
    ca = one.ca(settings={"skip_approval": "false"})
    wish = one.wish()
    placed = ca.place(wish.placement, deadline=soon()).ca_order
    one.sandbox.post("/reject", {"ca": "digicert", "order_id": int(placed.order_id), "comment": "no"})
    assert isinstance(ca.collect(placed, public_key_sha256=wish.key), Ended)


def test_the_catalogue_is_read(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    assert ca.organizations()
    products = {product.ca_id: product for product in ca.products()}
    assert products["ssl_basic"].validation == "ov"
    assert products["ssl_basic"].organization_required
    assert not any("secure_email" in name or "code_signing" in name for name in products)
    assert all(field.id for field in ca.account.custom_fields())
    assert ca.account.containers()
    assert {method.name for method in ca.account.dcv_methods()} >= {"dns-txt-token", "email"}
    assert {kind.type for kind in ca.account.validation_types()} >= {"ov", "ev"}
