"""Contract tests 65-76: approval, cancelling, reissues, duplicates and revocation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from certwright.cas.digicert import DigiCert
from certwright.model.ca import CAOrder, Ended, Issued, Pending, RevocationTarget
from certwright.model.errors import Refused, Unknown
from certwright.model.words import OrderState, RevocationReason, RevocationState, WaitingFor
from tests.client.sandbox import Tenant, Wish, leaf, make_wish, soon, until_issued

Make = Callable[..., Tenant]
WAIT = {"skip_approval": "false"}


def _issued(one: Tenant, **changes: object) -> tuple[DigiCert, CAOrder, Wish]:
    """An issued order."""
    ca = one.ca()
    wish = one.wish(**changes)
    progress = ca.place(wish.placement, deadline=soon())
    assert isinstance(progress, Issued)
    return ca, progress.ca_order, wish


def _again(wish: Wish, reference: str = "again", **changes: object) -> Wish:
    """The same names with a new key."""
    return make_wish(wish.placement.names, reference, **changes)


def _target(placed: CAOrder) -> RevocationTarget:
    return RevocationTarget(placed.order_id, placed.certificate_id)


# -- approval and cancelling


def test_65_an_approved_order_moves_on_and_approving_again_is_no_error(tenant: Make) -> None:
    one = tenant(auto_approve=False)
    ca = one.ca(settings=WAIT)
    wish = one.wish()
    placed = ca.place(wish.placement, deadline=soon()).ca_order
    ca.approve(placed, "fine")
    ca.approve(placed, "fine")
    assert isinstance(until_issued(ca, placed, wish.key), Issued)


def test_65_a_rejected_order_ends_with_its_comment_readable(tenant: Make) -> None:
    one = tenant(auto_approve=False)
    ca = one.ca(settings=WAIT)
    wish = one.wish()
    placed = ca.place(wish.placement, deadline=soon()).ca_order
    ca.reject(placed, "not needed")
    ca.reject(placed, "not needed")
    ended = ca.collect(placed, public_key_sha256=wish.key)
    assert isinstance(ended, Ended)
    assert ended.state is OrderState.REJECTED
    assert ca.orders.request(placed.request_id).processor_comment == "not needed"


def test_65_an_open_request_is_found_from_the_order_alone(tenant: Make) -> None:
    one = tenant(auto_approve=False)
    ca = one.ca(settings=WAIT)
    wish = one.wish()
    placed = ca.place(wish.placement, deadline=soon()).ca_order
    ca.approve(CAOrder(placed.order_id), "")
    assert isinstance(until_issued(ca, CAOrder(placed.order_id), wish.key), Issued)


def test_66_a_key_that_may_not_approve_is_refused(tenant: Make) -> None:
    one = tenant(auto_approve=False, role="standard")
    ca = one.ca()
    placed = ca.place(one.wish().placement, deadline=soon()).ca_order
    with pytest.raises(Refused) as caught:
        ca.approve(placed, "")
    assert caught.value.code == "access_denied|invalid_approver"
    assert "approver" in caught.value.advice


def test_67_a_pending_order_is_cancelled_once_and_again(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    wish = one.wish("new.other.example")
    placed = ca.place(wish.placement, deadline=soon()).ca_order
    ca.cancel(placed, "x")
    ca.cancel(placed, "x")
    ended = ca.collect(placed, public_key_sha256=wish.key)
    assert isinstance(ended, Ended)
    assert ended.state is OrderState.CANCELLED


def test_67_an_issued_order_cannot_be_cancelled(tenant: Make) -> None:
    ca, placed, _ = _issued(tenant())
    with pytest.raises(Refused):
        ca.cancel(placed, "x")


def test_67_an_order_that_waits_for_approval_is_withdrawn_by_rejecting_it(tenant: Make) -> None:
    one = tenant(auto_approve=False)
    ca = one.ca(settings=WAIT)
    wish = one.wish()
    placed = ca.place(wish.placement, deadline=soon()).ca_order
    ca.cancel(placed, "")
    assert isinstance(ca.collect(placed, public_key_sha256=wish.key), Ended)
    ca.cancel(placed, "")


def test_68_a_cancelled_reissue_leaves_the_order_issued(tenant: Make) -> None:
    one = tenant()
    ca, placed, wish = _issued(one)
    again = _again(one.wish("new.other.example"))
    reissued = ca.reissue(placed.order_id, again.placement, deadline=soon())
    assert isinstance(reissued, Pending)
    ca.cancel(reissued.ca_order, "changed our mind")
    ca.cancel(reissued.ca_order, "changed our mind")
    assert ca.orders.order(placed.order_id).status == "issued"
    assert leaf(ca.collect(placed, public_key_sha256=wish.key), wish.key)
    assert isinstance(ca.collect(reissued.ca_order, public_key_sha256=again.key), Ended)


# -- reissues and duplicates


@pytest.mark.parametrize("body_format", ["json", "xml"])
def test_69_a_reissue_gives_the_order_a_new_certificate(body_format: str, tenant: Make) -> None:
    one = tenant()
    _, placed, wish = _issued(one)
    ca = one.ca(settings={"format": body_format})
    again = _again(wish)
    progress = ca.reissue(placed.order_id, again.placement, deadline=soon())
    assert progress.ca_order.order_id == placed.order_id
    assert progress.ca_order.certificate_id not in ("", placed.certificate_id)
    issued = progress if isinstance(progress, Issued) else until_issued(ca, progress.ca_order, again.key)
    assert leaf(issued, again.key).names == wish.placement.names
    assert placed.certificate_id in [found.id for found in ca.orders.reissues(placed.order_id)]


def test_69_a_reissue_without_certificate_id_is_collected_by_its_key(tenant: Make) -> None:
    one = tenant()
    ca, placed, wish = _issued(one)
    again = _again(wish)
    progress = ca.reissue(placed.order_id, again.placement, deadline=soon())
    until_issued(ca, progress.ca_order, again.key)
    assert leaf(until_issued(ca, CAOrder(placed.order_id), again.key), again.key)
    assert leaf(until_issued(ca, CAOrder(placed.order_id), wish.key), wish.key)


def test_69_a_reissue_that_waits_for_approval_says_so_and_is_then_collected(tenant: Make) -> None:
    one = tenant()
    _, placed, wish = _issued(one)
    one.switch(auto_approve=False)
    ca = one.ca(settings=WAIT)
    again = _again(wish)
    progress = ca.reissue(placed.order_id, again.placement, deadline=soon())
    assert isinstance(progress, Pending)
    assert progress.waiting_for is WaitingFor.CA_APPROVAL
    assert isinstance(ca.collect(progress.ca_order, public_key_sha256=again.key), Pending)
    ca.approve(progress.ca_order, "")
    assert leaf(until_issued(ca, progress.ca_order, again.key), again.key)


def test_69_a_rejected_reissue_has_ended(tenant: Make) -> None:
    one = tenant()
    _, placed, wish = _issued(one)
    one.switch(auto_approve=False)
    ca = one.ca(settings=WAIT)
    again = _again(wish)
    progress = ca.reissue(placed.order_id, again.placement, deadline=soon())
    ca.reject(progress.ca_order, "no")
    ended = ca.collect(progress.ca_order, public_key_sha256=again.key)
    assert isinstance(ended, Ended)
    assert ended.state is OrderState.REJECTED


def test_70_a_reissue_ends_with_its_order(tenant: Make) -> None:
    one = tenant()
    end = datetime.now(UTC).date() + timedelta(days=40)
    ca, placed, wish = _issued(one, options={"custom_expiration_date": end.isoformat()})
    again = _again(wish)
    progress = ca.reissue(placed.order_id, again.placement, deadline=soon())
    issued = progress if isinstance(progress, Issued) else until_issued(ca, progress.ca_order, again.key)
    assert leaf(issued, again.key).not_after.date() <= end


@pytest.mark.parametrize("approval", ["skipped", "awaited"])
def test_a_reissue_whose_answer_is_lost_is_found_and_nothing_else_is(approval: str, tenant: Make) -> None:
    one = tenant()
    ca, placed, wish = _issued(one)
    if approval == "awaited":
        one.switch(auto_approve=False)
        ca = one.ca(settings=WAIT)
    again, never = _again(wish), _again(wish, "never")
    known = ca.marks(placed.order_id)
    assert f"certificate:{placed.certificate_id}" in known
    assert ca.find_reissue(placed.order_id, again.placement, known) == ()
    one.fault("drop_after", method="POST")
    with pytest.raises(Unknown):
        ca.reissue(placed.order_id, again.placement, deadline=soon())
    (found,) = ca.find_reissue(placed.order_id, again.placement, known)
    assert found.certificate_id or found.request_id
    if approval == "awaited":
        ca.approve(found, "")
    assert leaf(until_issued(ca, found, again.key), again.key)
    assert ca.find_reissue(placed.order_id, never.placement, ca.marks(placed.order_id)) == ()


@pytest.mark.parametrize("kind", ["sibling", "other_key", "html", "private_key", "csr"])
def test_71_a_wrong_download_is_not_taken_and_the_right_one_is(kind: str, tenant: Make) -> None:
    one = tenant()
    ca, placed, wish = _issued(one)
    again = _again(wish)
    progress = ca.reissue(placed.order_id, again.placement, deadline=soon())
    until_issued(ca, progress.ca_order, again.key)
    one.fault("wrong_certificate", method="GET", path="/download/", kind=kind)
    assert leaf(ca.collect(progress.ca_order, public_key_sha256=again.key), again.key)


def test_71_a_sibling_served_everywhere_is_waited_out(tenant: Make) -> None:
    one = tenant()
    ca, placed, wish = _issued(one)
    again = _again(wish)
    progress = ca.reissue(placed.order_id, again.placement, deadline=soon())
    until_issued(ca, progress.ca_order, again.key)
    one.fault("wrong_certificate", method="GET", path="/(download|chain)", kind="sibling", times=2)
    assert isinstance(ca.collect(progress.ca_order, public_key_sha256=again.key), Pending)
    assert isinstance(ca.collect(progress.ca_order, public_key_sha256=again.key), Issued)


def test_71_an_immediate_answer_with_another_key_is_collected_instead(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    wish = one.wish()
    one.fault("wrong_certificate", method="POST", kind="other_key")
    progress = ca.place(wish.placement, deadline=soon())
    assert isinstance(progress, Pending)
    assert progress.ca_order.certificate_id


@pytest.mark.parametrize("body_format", ["json", "xml"])
def test_72_a_duplicate_stands_beside_the_first_certificate(body_format: str, tenant: Make) -> None:
    one = tenant()
    _, placed, wish = _issued(one)
    ca = one.ca(settings={"format": body_format})
    again = _again(wish)
    progress = ca.duplicate(placed.order_id, again.placement, deadline=soon())
    issued = progress if isinstance(progress, Issued) else until_issued(ca, progress.ca_order, again.key)
    assert leaf(issued, again.key)
    assert [found.sub_id for found in ca.orders.duplicates(placed.order_id)] == ["001"]
    assert leaf(until_issued(ca, placed, wish.key), wish.key)


def test_72_a_duplicate_with_other_names_is_refused(tenant: Make) -> None:
    one = tenant()
    ca, placed, _ = _issued(one)
    with pytest.raises(Refused):
        ca.duplicate(placed.order_id, one.wish().placement, deadline=soon())


def test_72_a_duplicate_whose_answer_is_lost_is_found(tenant: Make) -> None:
    one = tenant()
    ca, placed, wish = _issued(one)
    again = _again(wish)
    known = ca.marks(placed.order_id)
    assert ca.find_duplicate(placed.order_id, again.placement, known) == ()
    one.fault("drop_after", method="POST")
    with pytest.raises(Unknown):
        ca.duplicate(placed.order_id, again.placement, deadline=soon())
    (found,) = ca.find_duplicate(placed.order_id, again.placement, known)
    assert leaf(until_issued(ca, found, again.key), again.key)


# -- revocation


def _revoked(one: Tenant) -> dict[int, x509.ReasonFlags | None]:
    """Every revoked serial on the sandbox's CRLs, with its reason."""
    found: dict[int, x509.ReasonFlags | None] = {}
    issuers = one.sandbox.get("/issuers")
    for issuer in issuers["issuers"] if isinstance(issuers, dict) else issuers:
        path = "/crl/" + issuer["crl"].rsplit("/", 1)[-1]
        crl = x509.load_der_x509_crl(one.sandbox.management.get(path).content)
        for entry in crl:
            try:
                reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
            except x509.ExtensionNotFound:
                reason = None
            found[entry.serial_number] = reason
    return found


def _serial(ca: DigiCert, placed: CAOrder, wish: Wish) -> str:
    return leaf(ca.collect(placed, public_key_sha256=wish.key), wish.key).serial


def test_73_a_revocation_waits_for_its_approver_and_then_is(tenant: Make) -> None:
    one = tenant()
    _, placed, wish = _issued(one)
    ca = one.ca(settings=WAIT)
    serial = int(_serial(ca, placed, wish), 16)
    assert ca.revocation(_target(placed)) is None
    asked = ca.revoke(_target(placed), RevocationReason.SUPERSEDED, "replaced", deadline=soon())
    assert asked.state is RevocationState.PENDING
    assert asked.request_id
    seen = ca.revocation(_target(placed))
    assert seen is not None
    assert (seen.state, seen.request_id) == (RevocationState.PENDING, asked.request_id)
    assert serial not in _revoked(one)
    ca.approve(CAOrder(placed.order_id, request_id=asked.request_id), "")
    assert serial in _revoked(one)
    seen = ca.revocation(_target(placed))
    assert seen is not None
    assert seen.state is RevocationState.REVOKED


def test_74_a_certificate_is_revoked_at_once_by_its_serial_with_its_reason(tenant: Make) -> None:
    one = tenant()
    ca, placed, wish = _issued(one)
    serial = _serial(ca, placed, wish)
    target = RevocationTarget(placed.order_id, serial=serial)
    done = ca.revoke(target, RevocationReason.KEY_COMPROMISE, "", deadline=soon())
    assert done.state is RevocationState.REVOKED
    assert _revoked(one)[int(serial, 16)] is x509.ReasonFlags.key_compromise


def test_75_a_certificate_with_a_pending_reissue_is_not_revoked(tenant: Make) -> None:
    one = tenant()
    ca, placed, _ = _issued(one)
    ca.reissue(placed.order_id, _again(one.wish("new.other.example")).placement, deadline=soon())
    with pytest.raises(Refused):
        ca.revoke(_target(placed), RevocationReason.SUPERSEDED, "", deadline=soon())


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("whole", [True, False])
def test_75_revoking_twice_is_success(ends: bool, whole: bool, tenant: Make) -> None:
    one = tenant(revoke_ends_order=ends)
    ca, placed, _ = _issued(one)
    target = RevocationTarget(placed.order_id, placed.certificate_id, whole_order=whole)
    for _ in range(2):
        done = ca.revoke(target, RevocationReason.SUPERSEDED, "", deadline=soon())
        assert done.state is RevocationState.REVOKED


@pytest.mark.parametrize("ends", [True, False])
def test_a_revocation_whose_answer_is_lost_is_seen_afterwards(ends: bool, tenant: Make) -> None:
    one = tenant(revoke_ends_order=ends)
    ca, placed, _ = _issued(one)
    one.fault("drop_after", method="PUT")
    with pytest.raises(Unknown):
        ca.revoke(_target(placed), RevocationReason.SUPERSEDED, "", deadline=soon())
    seen = ca.revocation(_target(placed))
    assert seen is not None
    assert seen.state is RevocationState.REVOKED


def test_a_user_who_may_not_skip_the_approval_still_gets_a_request(tenant: Make) -> None:
    one = tenant()
    ca, placed, _ = _issued(one)
    one.switch(role="standard")
    asked = ca.revoke(_target(placed), RevocationReason.SUPERSEDED, "", deadline=soon())
    assert asked.state is RevocationState.PENDING


def test_76_an_order_is_revoked_with_all_its_certificates(tenant: Make) -> None:
    one = tenant()
    ca, placed, wish = _issued(one)
    serials = {int(_serial(ca, placed, wish), 16)}
    for make, reference in ((ca.reissue, "re"), (ca.duplicate, "du")):
        again = _again(wish, reference)
        progress = make(placed.order_id, again.placement, deadline=soon())
        serials.add(int(leaf(until_issued(ca, progress.ca_order, again.key), again.key).serial, 16))
    target = RevocationTarget(placed.order_id, whole_order=True)
    assert ca.revoke(target, RevocationReason.UNSPECIFIED, "", deadline=soon()).state is RevocationState.REVOKED
    assert len(serials) == 3
    assert serials <= set(_revoked(one))
