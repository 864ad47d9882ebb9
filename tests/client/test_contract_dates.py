"""Contract tests 61, 64, 83 and 84: what changes with the calendar. A sandbox of their own, whose clock is
moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from certwright.model.ca import Issued, Pending
from tests.client.sandbox import ANY, Sandbox, Tenant, leaf, running, soon

Make = Callable[..., Tenant]
CLIENT_AUTH, SERVER_AUTH = "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox whose clock may be moved."""
    with running(tmp_path_factory.mktemp("dates")) as program:
        yield program


def _set(sandbox: Sandbox, moment: datetime) -> None:
    sandbox.post("/clock", {"now": moment.isoformat()})


def test_64_a_value_about_to_end_is_replaced_before_it_is_told(sandbox: Sandbox, tenant: Make) -> None:
    now = datetime.now(UTC)
    _set(sandbox, now - timedelta(days=29))
    one = tenant()
    ca = one.ca()
    progress = ca.place(one.wish(f"new.{one.name}.example".lower()).placement, deadline=soon())
    assert isinstance(progress, Pending)
    (old,) = progress.proofs
    _set(sandbox, now)
    (fresh,) = ca.proofs(progress.ca_order, ANY)
    assert fresh.value != old.value
    one.dns(fresh.where, "TXT", fresh.value)
    assert ca.check_control(progress.ca_order, ANY) is True


@pytest.mark.parametrize(
    ("day", "most"),
    [("2026-02-23", 398), ("2026-11-21", 200), ("2027-03-16", 100), ("2029-03-16", 47)],
)
def test_83_whatever_lifetime_the_ca_gives_at_its_date_is_taken(
    day: str, most: int, sandbox: Sandbox, tenant: Make
) -> None:
    _set(sandbox, datetime.fromisoformat(f"{day}T12:00:00+00:00"))
    one = tenant()
    wish = one.wish()
    progress = one.ca().place(wish.placement, deadline=soon())
    assert isinstance(progress, Issued)
    assert leaf(progress, wish.key).lifetime <= timedelta(days=most)


@pytest.mark.parametrize(("day", "both"), [("2026-11-21", True), ("2027-03-02", False)])
def test_84_client_authentication_is_asked_for_by_an_option(
    day: str, both: bool, sandbox: Sandbox, tenant: Make
) -> None:
    _set(sandbox, datetime.fromisoformat(f"{day}T12:00:00+00:00"))
    one = tenant()
    plain, wish = one.wish(), one.wish(options={"profile_option": "server_client_auth_eku"})
    ca = one.ca()
    assert leaf(ca.place(plain.placement, deadline=soon()), plain.key).extended_key_usage == (SERVER_AUTH,)
    usages = leaf(ca.place(wish.placement, deadline=soon()), wish.key).extended_key_usage
    assert (CLIENT_AUTH in usages) is both


def test_row_20_a_ca_whose_clock_is_a_year_off_does_not_move_the_client(sandbox: Sandbox, tenant: Make) -> None:
    _set(sandbox, datetime.now(UTC) + timedelta(days=365))
    one = tenant()
    ca = one.ca()
    wish = one.wish(f"new.{one.name}.example".lower())
    progress = ca.place(wish.placement, deadline=soon())
    assert isinstance(ca.collect(progress.ca_order, public_key_sha256=wish.key), Pending)
    _set(sandbox, datetime.now(UTC))
