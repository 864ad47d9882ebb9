"""Sectigo's contract tests, against the real sandbox program: replacing, revoking, withdrawing, and the TLS door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from certwright.cas.http import Trust
from certwright.cas.sectigo import Sectigo
from certwright.model.ca import CAOrder, Ended, RevocationTarget
from certwright.model.errors import Misconfigured, Refused, Unavailable, Unknown
from certwright.model.words import OrderState, RevocationReason, RevocationState
from tests.client.sandbox import Sandbox, Wish, leaf, running, soon
from tests.client.sectigo import Login, make_login, pending, until_issued

Make = Callable[..., Login]


def _issued(one: Login, ca: Sectigo, **changes: object) -> tuple[CAOrder, Wish]:
    wish = one.wish(**changes)
    ca_order = ca.place(wish.placement, deadline=soon()).ca_order
    until_issued(ca, ca_order, wish.key)
    return ca_order, wish


def _target(ca_order: CAOrder, **changes: str) -> RevocationTarget:
    return RevocationTarget(ca_order.order_id, ca_order.certificate_id, **changes)


# -- replacing


def test_56_59_a_reissue_has_a_certificate_of_its_own_and_the_old_one_stays(sectigo: Make) -> None:
    one = sectigo()
    ca = one.ca()
    old, before = _issued(one, ca)
    wish = one.wish(*before.placement.names)
    placed = ca.reissue(old.order_id, wish.placement, deadline=soon())
    assert placed.ca_order.certificate_id != old.certificate_id
    new = leaf(until_issued(ca, placed.ca_order, wish.key), wish.key)
    assert leaf(until_issued(ca, old, before.key), before.key).serial != new.serial
    assert ca.revocation(_target(old)) is None
    (billed,) = one.ledger()
    assert billed["reissues"] == 1


@pytest.mark.parametrize("fault", ["drop_after", "html"])
def test_a_reissue_whose_answer_was_lost_is_found(fault: str, sectigo: Make) -> None:
    one = sectigo()
    ca = one.ca()
    old, before = _issued(one, ca)
    known = ca.marks(old.order_id)
    wish = one.wish(*before.placement.names)
    one.fault(fault, path="AutoReplaceSSL")
    with pytest.raises(Unknown):
        ca.reissue(old.order_id, wish.placement, deadline=soon())
    (found,) = ca.find_reissue(old.order_id, wish.placement, known)
    assert leaf(until_issued(ca, found, wish.key), wish.key)
    assert len(one.requests("AutoReplaceSSL")) == 1


def test_a_reissue_that_did_not_happen_is_not_found(sectigo: Make) -> None:
    one = sectigo()
    ca = one.ca()
    old, before = _issued(one, ca)
    known = ca.marks(old.order_id)
    assert ca.find_reissue(old.order_id, one.wish(*before.placement.names).placement, known) == ()


def test_a_second_reissue_is_told_from_the_first(sectigo: Make) -> None:
    one = sectigo()
    ca = one.ca()
    old, before = _issued(one, ca)
    first = one.wish(*before.placement.names)
    ca.reissue(old.order_id, first.placement, deadline=soon())
    known = ca.marks(old.order_id)
    second = one.wish(*before.placement.names)
    placed = ca.reissue(old.order_id, second.placement, deadline=soon())
    (found,) = ca.find_reissue(old.order_id, second.placement, known)
    assert found.certificate_id == placed.ca_order.certificate_id


def test_60_a_rejected_order_is_not_replaced(sectigo: Make) -> None:
    one = sectigo("bare")
    ca, wish = one.ca(), one.wish()
    ca_order = ca.place(wish.placement, deadline=soon()).ca_order
    ca.cancel(ca_order, "")
    with pytest.raises(Refused) as caught:
        ca.reissue(ca_order.order_id, one.wish(*wish.placement.names).placement, deadline=soon())
    assert caught.value.code == "-20"


@pytest.fixture(scope="module")
def own_clock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox whose clock nobody else minds."""
    with running(tmp_path_factory.mktemp("sectigo-dates")) as program:
        yield program


@pytest.mark.parametrize(
    ("day", "most"), [("2026-11-20", 199), ("2027-04-01", 99), ("2029-04-01", 46)], ids=["2026", "2027", "2029"]
)
def test_61_the_life_of_a_certificate_is_that_of_the_day(day: str, most: int, own_clock: Sandbox) -> None:
    own_clock.post("/clock", {"now": f"{day}T12:00:00+00:00"})
    one = make_login(own_clock, "ready")
    with one.ca() as ca:
        wish = one.wish()
        ca_order = ca.place(wish.placement, deadline=soon()).ca_order
        found = leaf(until_issued(ca, ca_order, wish.key), wish.key)
    assert timedelta(days=most - 1) < found.lifetime <= timedelta(days=most)


def test_60_an_expired_certificate_is_not_replaced(own_clock: Sandbox) -> None:
    own_clock.post("/clock", {"now": "2029-05-01T12:00:00+00:00"})
    one = make_login(own_clock, "ready")
    with one.ca() as ca:
        old, before = _issued(one, ca)
        own_clock.post("/clock", {"advance": 400 * 86400})
        with pytest.raises(Refused) as caught:
            ca.reissue(old.order_id, one.wish(*before.placement.names).placement, deadline=soon())
    assert caught.value.code == "-36"


# -- revoking


@pytest.mark.parametrize("by", ["certificate", "serial", "order"])
def test_62_a_certificate_is_revoked_once_and_again_is_success(by: str, sectigo: Make) -> None:
    one = sectigo()
    ca = one.ca()
    ca_order, wish = _issued(one, ca)
    serial = leaf(until_issued(ca, ca_order, wish.key), wish.key).serial
    target = {
        "certificate": _target(ca_order),
        "serial": RevocationTarget(ca_order.order_id, serial=serial),
        "order": RevocationTarget(ca_order.order_id, whole_order=True),
    }[by]
    for _ in range(2):
        done = ca.revoke(target, RevocationReason.KEY_COMPROMISE, "", deadline=soon())
        assert done.state is RevocationState.REVOKED
    there = ca.revocation(_target(ca_order))
    assert there is not None
    assert there.state is RevocationState.REVOKED
    (billed,) = one.ledger()
    assert billed["revocations"] == 1


def test_57_a_revoked_order_has_ended(sectigo: Make) -> None:
    one = sectigo()
    ca = one.ca()
    ca_order, wish = _issued(one, ca)
    ca.revoke(_target(ca_order), RevocationReason.SUPERSEDED, "", deadline=soon())
    ended = ca.collect(ca_order, public_key_sha256=wish.key)
    assert isinstance(ended, Ended)
    assert ended.state is OrderState.FAILED


def test_a_revocation_whose_answer_was_lost_is_seen(sectigo: Make) -> None:
    one = sectigo()
    ca = one.ca()
    ca_order, _ = _issued(one, ca)
    assert ca.revocation(_target(ca_order)) is None
    one.fault("drop_after", path="AutoRevokeSSL")
    with pytest.raises(Unknown):
        ca.revoke(_target(ca_order), RevocationReason.SUPERSEDED, "", deadline=soon())
    there = ca.revocation(_target(ca_order))
    assert there is not None
    assert there.state is RevocationState.REVOKED


def test_65_while_signing_nothing_is_revoked(sectigo: Make) -> None:
    one = sectigo(signing_seconds=300)
    ca, wish = one.ca(), one.wish()
    ca_order = ca.place(wish.placement, deadline=soon()).ca_order
    with pytest.raises(Unavailable) as caught:
        ca.revoke(_target(ca_order), RevocationReason.SUPERSEDED, "", deadline=soon())
    assert caught.value.code == "-26"


# -- withdrawing


def test_63_a_pending_order_is_withdrawn_once_and_again_is_success(sectigo: Make) -> None:
    one = sectigo("bare")
    ca, wish = one.ca(), one.wish()
    ca_order = pending(ca.place(wish.placement, deadline=soon())).ca_order
    ca.cancel(ca_order, "not needed")
    ca.cancel(ca_order, "not needed")
    ended = ca.collect(ca_order, public_key_sha256=wish.key)
    assert isinstance(ended, Ended)
    assert ended.state is OrderState.REJECTED


def test_an_issued_order_is_not_revoked_by_a_withdrawal(sectigo: Make) -> None:
    one = sectigo()
    ca = one.ca()
    ca_order, _ = _issued(one, ca)
    with pytest.raises(Refused, match="issued"):
        ca.cancel(ca_order, "")
    assert ca.revocation(_target(ca_order)) is None


def test_withdrawing_a_reissue_leaves_the_certificate_before_alone(sectigo: Make) -> None:
    one = sectigo()
    ca = one.ca()
    old, before = _issued(one, ca)
    one.switch(dcv="never")
    wish = one.wish(f"new.{one.domain}")
    placed = pending(ca.reissue(old.order_id, wish.placement, deadline=soon()))
    ca.cancel(placed.ca_order, "not needed")
    assert ca.revocation(_target(old)) is None
    assert leaf(until_issued(ca, old, before.key), before.key)


# -- the TLS door


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, Path]]:
    """A sandbox with its TLS door open, and the trust anchors of that."""
    folder = tmp_path_factory.mktemp("sectigo-tls")
    with running(folder, "--tls-port", "0") as program:
        roots = folder / "roots.pem"
        roots.write_bytes(program.management.get("/tls-roots").content)
        yield program, roots


def test_5_a_client_certificate_needs_no_password(tls: tuple[Sandbox, Path]) -> None:
    program, roots = tls
    one = make_login(program, "ready")
    door = next(account["tls_url"] for account in program.get("/accounts") if account["name"] == one.name)
    secrets = {name: text for name, text in one.secrets.items() if name != "login_password"}
    shown = {"settings": {"tls_roots": roots.read_text()}}
    with Sectigo(url=door, **secrets, **shown) as ca:
        assert ca.login().user == one.secrets["login_name"]
    with Sectigo(url=door, **secrets, trust=Trust(roots=roots)) as ca:
        assert ca.login().user == one.secrets["login_name"]
    other = make_login(program, "ready")
    with Sectigo(url=door, **{**secrets, "login_name": other.secrets["login_name"]}, **shown) as ca:
        with pytest.raises(Misconfigured) as caught:
            ca.login()
        assert caught.value.code == "-16"


def test_5_a_client_certificate_is_told_nowhere_and_left_on_no_disk(
    tls: tuple[Sandbox, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, roots = tls
    one = make_login(program, "ready")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    secrets = {name: text for name, text in one.secrets.items() if name != "login_password"}
    with Sectigo(url="https://127.0.0.1:1", **secrets, settings={"tls_roots": roots.read_text()}) as ca:
        assert "PRIVATE KEY" not in repr(ca) + repr(vars(ca))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("flaw", ["no key", "other key", "no certificate"])
def test_5_a_useless_client_certificate_is_a_misconfiguration_that_quotes_nothing(
    flaw: str, tls: tuple[Sandbox, Path]
) -> None:
    program, _ = tls
    one, other = make_login(program, "ready"), make_login(program, "ready")
    secrets = {name: text for name, text in one.secrets.items() if name != "login_password"}
    if flaw == "no key":
        secrets["client_key"] = ""
    elif flaw == "other key":
        secrets["client_key"] = other.secrets["client_key"]
    else:
        secrets["client_certificate"] = "this is none"
    with pytest.raises(Misconfigured) as caught:
        Sectigo(url="https://127.0.0.1:1", **secrets)
    assert "PRIVATE KEY" not in str(caught.value)
