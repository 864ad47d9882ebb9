"""Every endpoint that the contract tests do not pass by: the calls an administrator makes now and then."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from certwright.cas.digicert import DigiCert
from certwright.model.ca import Issued, Pending
from certwright.model.errors import NotFound, Refused, Unavailable
from certwright.pki import csr
from tests.client.sandbox import Tenant, make_wish, soon, until_issued

Make = Callable[..., Tenant]


@pytest.fixture(params=["json", "xml"])
def place(request: pytest.FixtureRequest, tenant: Make) -> tuple[Tenant, DigiCert]:
    """An account and a client, in either format."""
    one = tenant()
    return one, one.ca(settings={"format": request.param})


def test_an_organization_is_made_submitted_and_switched_off_and_on(place: tuple[Tenant, DigiCert]) -> None:
    _, ca = place
    made = ca.account.create_organization(
        {
            "name": "New Meadow & Sons",
            "address": "2 Field Lane",
            "city": "Leeds",
            "state": "West Yorkshire",
            "zip": "AB1 2CD",
            "country": "gb",
            "telephone": "+441110000001",
            "organization_contact": {"first_name": "A", "last_name": "B", "email": "a@meadow.example"},
        }
    )
    assert ca.account.organization(made).name == "New Meadow & Sons"
    ca.account.submit_organization(made, [{"type": "ov"}])
    assert [found.status for found in ca.account.organization_validations(made)] == ["pending"]
    ca.account.set_organization_active(made, active=False)
    assert made not in [found.ca_id for found in ca.organizations() if found.active]
    ca.account.set_organization_active(made, active=True)
    assert made in [found.ca_id for found in ca.organizations() if found.active]


def test_divisions_are_listed_read_and_made(place: tuple[Tenant, DigiCert]) -> None:
    _, ca = place
    root = ca.account.containers()[0]
    assert ca.account.container(root.id).name == root.name
    assert json.loads(ca.account.container_template(root.id).body) if ca._settings.body_format == "json" else True
    made = ca.account.create_container(root.id, {"name": "Shops", "description": "All shops", "template_id": 5})
    assert made in [found.id for found in ca.account.containers()]


def test_a_domain_is_submitted_changed_and_switched(place: tuple[Tenant, DigiCert]) -> None:
    one, ca = place
    body = {
        "name": f"{one.name}.example".lower(),
        "organization": {"id": int(one.organization)},
        "validations": [{"type": "ov"}],
        "dcv_method": "dns-txt-token",
    }
    made = ca.account.create_domain(body)
    assert made.dcv_token.token
    assert ca.account.domain_validations(made.id)
    again = ca.account.submit_domain(made.id, ["ov"], "dns-cname-token")
    assert again is None or again.token
    changed = ca.account.change_domain_dcv_method(made.id, "dns-txt-token")
    assert changed is not None
    assert changed.token
    assert ca.account.change_domain_dcv_method(made.id, "email") is None
    ca.account.resend_domain_emails(made.id, body["name"])  # type: ignore[arg-type]
    ca.account.set_domain_active(made.id, active=False)
    assert not ca.account.domain(made.id).is_active
    ca.account.set_domain_active(made.id, active=True)
    assert made.id in [domain.id for domain in ca.account.domains()]


def test_products_users_and_lists_are_read(place: tuple[Tenant, DigiCert]) -> None:
    _, ca = place
    assert ca.account.product("ssl_basic").name_id == "ssl_basic"
    with pytest.raises(NotFound):
        ca.account.product("no_such")
    me = ca.account.user()
    assert me.id in [user.id for user in ca.account.users()]
    assert ca.orders.intermediates().body
    assert ca.orders.platform_formats().body


def test_requests_are_listed_by_status(place: tuple[Tenant, DigiCert]) -> None:
    one, ca = place
    one.switch(auto_approve=False)
    wish = one.wish(options={"skip_approval": "false"})
    placed = ca.place(wish.placement, deadline=soon()).ca_order
    assert [request.id for request in ca.orders.requests("pending")] == [placed.request_id]
    assert list(ca.orders.requests("rejected")) == []


def test_notes_and_switches_of_an_order_are_taken(place: tuple[Tenant, DigiCert]) -> None:
    one, ca = place
    placed = ca.place(one.wish().placement, deadline=soon()).ca_order
    ca.orders.add_note(placed.order_id, "seen & noted <here>")
    ca.orders.set_auto_renew(placed.order_id, 0)
    ca.orders.set_auto_reissue(placed.order_id, 0)
    pending = ca.place(one.wish("new.other.example", dcv_method="email").placement, deadline=soon()).ca_order
    ca.orders.resend_emails(pending.order_id)
    with pytest.raises(Refused):
        ca.orders.submit_csr(placed.order_id, csr.decode(one.wish().placement.csr).pem)


def test_a_new_random_value_of_an_order_proves_its_name(place: tuple[Tenant, DigiCert]) -> None:
    one, ca = place
    name = f"new.{one.name}.example".lower()
    progress = ca.place(one.wish(name).placement, deadline=soon())
    assert isinstance(progress, Pending)
    value = ca.orders.new_random_value(progress.ca_order.order_id).dcv_random_value
    one.dns(name, "TXT", value)
    checked = ca.orders.check_dcv(progress.ca_order.order_id, [name])
    assert checked.dcv_status == "valid"


def test_downloads_by_platform_and_of_a_duplicate_are_read(place: tuple[Tenant, DigiCert]) -> None:
    one, ca = place
    wish = one.wish()
    placed = ca.place(wish.placement, deadline=soon()).ca_order
    assert ca.orders.download_for_platform(placed.certificate_id, "29").body.startswith(b"-----BEGIN")
    assert ca.orders.download_of_order(placed.order_id).body
    again = make_wish(wish.placement.names, "again")
    duplicate = ca.duplicate(placed.order_id, again.placement, deadline=soon()).ca_order
    until_issued(ca, duplicate, again.key)
    assert ca.orders.download_of_duplicate(placed.order_id, "001").body


def test_a_webhook_is_made_and_its_endpoint_is_judged(place: tuple[Tenant, DigiCert]) -> None:
    _, ca = place
    with pytest.raises(Refused):
        ca.account.create_webhook({"endpoint": "http://plain.example/", "events": ["certificate_issued"]})
    made = ca.account.create_webhook(
        {
            "endpoint": "https://127.0.0.1:1/hook",
            "secret": "s" * 40,
            "events": ["certificate_issued"],
        }
    )
    assert made
    with pytest.raises(Refused) as caught:
        ca.account.check_webhook_challenge(made, "wrong")
    assert caught.value.code == "webhook_invalid_token"
    assert ca.account.webhooks().body
    assert ca.account.webhook_log().body is not None


def test_row_10_an_order_that_is_recorded_late_is_waited_for_and_not_lost(tenant: Make) -> None:
    one = tenant()
    ca = one.ca()
    wish = one.wish()
    one.fault("slow_recording", method="POST", seconds=0.7, answer=True)
    placed = ca.place(wish.placement, deadline=soon()).ca_order
    assert ca.find(wish.placement.reference) == ()
    with pytest.raises(Unavailable):
        ca.collect(placed, public_key_sha256=wish.key)
    end = time.monotonic() + 5
    while not (found := ca.find(wish.placement.reference)):
        assert time.monotonic() < end
    assert [order.order_id for order in found] == [placed.order_id]
    assert isinstance(ca.collect(placed, public_key_sha256=wish.key), Issued)
