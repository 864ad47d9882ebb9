"""Orders of the past: many of them, soon there, listed by pages, their certificates signed on demand."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes

from tests.sandbox.certificates import certificates_in, csr_pem, new_key, openssl, write_pem
from tests.sandbox.listeners import FileServer
from tests.sandbox.tenant import Account, NewAccount, Sandbox
from tests.sandbox.wire import fill

MANY = 50_000
REISSUE = """{"certificate":{"common_name":"$name","csr":"$csr"},"skip_approval":true}"""


@pytest.fixture(scope="module")
def stocked(sandbox: Sandbox) -> Account:
    """An account with 1,000 orders of the past."""
    return sandbox.account(orders=1000, rate_limit=False)


def _rows(tenant: Account, query: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tenant.get(f"order/certificate?{query}")["orders"]
    return rows


def _first(tenant: Account, query: str) -> dict[str, Any]:
    """The youngest order that the query finds, in full."""
    info: dict[str, Any] = tenant.info(_rows(tenant, f"{query}&sort=-order_id&limit=1")[0]["id"])
    return info


def _download(tenant: Account, certificate_id: object) -> bytes:
    answer = tenant.call("GET", f"certificate/{certificate_id}/download/format/pem_all", accept="*/*")
    assert answer.status == 200, answer
    return answer.body


def test_the_stock_holds_orders_in_every_state(stocked: Account) -> None:
    states = Counter(row["status"] for row in _rows(stocked))

    assert states["issued"] > 600
    assert states["expired"] > 100
    assert min(states[state] for state in ("revoked", "rejected", "canceled", "pending")) > 3
    assert len(states) == 6


def test_the_pages_hold_every_order_once_and_the_oldest_first(stocked: Account) -> None:
    pages = [_rows(stocked, f"limit=300&offset={offset}") for offset in range(0, 1000, 300)]
    rows = [row for page in pages for row in page]
    times = [row["date_created"] for row in rows]

    assert len({row["id"] for row in rows}) == len(rows) == 1000
    assert times == sorted(times)
    age = stocked.management.now().date() - date.fromisoformat(times[0][:10])
    assert 700 < age.days <= 731


def test_the_dates_of_the_stock_keep_to_the_caps_of_their_day(stocked: Account) -> None:
    for row in _rows(stocked, "filters[status]=issued&filters[product_name_id]=ssl_basic"):
        leaf = row["certificate"]
        first, last = date.fromisoformat(leaf["valid_from"]), date.fromisoformat(leaf["valid_till"])
        most = 199 if first >= date(2026, 2, 24) else 397
        assert (last - first).days + 1 <= most, row
        assert leaf["valid_till"] <= row["order_valid_till"]
        assert row["order_valid_till"] >= stocked.management.now().date().isoformat(), row


def test_a_certificate_of_the_stock_is_the_same_every_time_and_verifies(stocked: Account, tmp_path: Path) -> None:
    info = _first(stocked, "filters[status]=issued&filters[product_name_id]=ssl_multi_domain")["certificate"]

    told = [_download(stocked, info["id"]) for _ in range(2)]

    leaf, *between, root = certificates_in(told[0])
    assert told[0] == told[1]
    assert f"{leaf.serial_number:032X}" == info["serial_number"]
    assert leaf.not_valid_after_utc.date().isoformat() == info["valid_till"]
    files = [write_pem(tmp_path / name, rows) for name, rows in (("root", [root]), ("rest", between), ("leaf", [leaf]))]
    judged = openssl("verify", "-x509_strict", "-CAfile", files[0], "-untrusted", files[1], files[2])
    assert judged.returncode == 0, judged


def test_an_order_of_the_stock_is_found_by_the_thumbprint_it_shows(stocked: Account) -> None:
    info = _first(stocked, "filters[status]=issued")
    thumbprint = info["certificate"]["thumbprint"]

    leaf = certificates_in(_download(stocked, info["certificate"]["id"]))[0]

    assert stocked.info(thumbprint)["id"] == info["id"]
    assert stocked.info(info["certificate"]["serial_number"])["id"] == info["id"]
    assert leaf.fingerprint(hashes.SHA1()).hex().upper() == thumbprint


def test_looking_at_a_certificate_of_the_stock_is_no_change_of_the_account(account: NewAccount) -> None:
    tenant = account(orders=40)
    info = _first(tenant, "filters[status]=issued")
    bought = tenant.issue()["id"]

    _download(tenant, info["certificate"]["id"])

    tenant.management.fault("stale", account=tenant.name)
    stale = [row["id"] for row in _rows(tenant)]  # as it was before the last change
    assert len(stale) == 40
    assert bought not in stale


def test_a_reissued_order_of_the_stock_shows_its_newest_certificate_and_lists_the_family(stocked: Account) -> None:
    reissued = [row for row in _rows(stocked, "filters[status]=issued") if row["has_reissues"]]
    assert {row["reissues_count"] for row in reissued} == {1, 2, 3}
    row = max(reissued, key=lambda row: int(row["reissues_count"]))

    listed = stocked.get(f"order/certificate/{row['id']}/reissue")["certificates"]

    assert listed[0]["id"] == row["certificate"]["id"]
    assert len({one["serial_number"] for one in listed}) == row["reissues_count"] + 1
    assert [one["valid_from"] for one in listed] == sorted((one["valid_from"] for one in listed), reverse=True)
    assert {request["type"] for request in stocked.info(row["id"])["requests"]} == {"new_request", "reissue"}


def test_a_certificate_whose_successor_lost_a_name_is_revoked_inside_its_order(stocked: Account) -> None:
    query = "filters[product_name_id]=ssl_multi_domain&filters[status]=issued"
    reissued = [row["id"] for row in _rows(stocked, query) if row["has_reissues"]]
    families = [stocked.get(f"order/certificate/{number}/reissue")["certificates"] for number in reissued]
    long_ago = (stocked.management.now() - timedelta(days=4)).isoformat()
    settled = [family for family in families if family[-2]["date_created"] < long_ago]
    assert settled

    for *_, second, first in settled:
        assert set(first["dns_names"]) > set(second["dns_names"])
        assert (first["status"], second["status"]) == ("revoked", "approved")


def test_the_duplicates_of_the_stock_have_their_numbers_and_serials_of_their_own(stocked: Account) -> None:
    row = next(row for row in _rows(stocked, "filters[status]=issued") if row["duplicates_count"] == 2)

    listed = stocked.get(f"order/certificate/{row['id']}/duplicate")["certificates"]

    assert [one["sub_id"] for one in listed] == ["001", "002"]
    assert len({row["certificate"]["serial_number"], *(one["serial_number"] for one in listed)}) == 3
    assert {tuple(one["dns_names"]) for one in listed} == {tuple(row["certificate"]["dns_names"])}


def test_some_orders_of_the_stock_live_on_without_one_of_their_certificates(stocked: Account) -> None:
    """The primary certificate was revoked, its duplicate was not; the request tells when."""
    infos = [stocked.info(row["id"]) for row in _rows(stocked, "filters[status]=issued") if row["has_duplicates"]]
    thinned = [info for info in infos if info["certificate"]["status"] == "revoked"]
    assert thinned

    for info in thinned:
        (request,) = [one for one in info["requests"] if one["type"] == "revoke"]
        assert request["status"] == "approved"
        assert request["date"] >= info["date_created"]
        duplicates = stocked.get(f"order/certificate/{info['id']}/duplicate")["certificates"]
        assert {one["status"] for one in duplicates} == {"approved"}


def test_a_renewed_order_of_the_stock_and_its_successor_name_each_other(stocked: Account) -> None:
    renewed = [row for row in _rows(stocked) if row["is_renewed"]]
    assert len(renewed) > 3

    for row in renewed:
        before = stocked.info(row["id"])
        after = stocked.info(before["renewed_order_id"])
        assert (after["is_renewal"], after["renewal_of_order_id"]) == (True, row["id"])
        assert after["certificate"]["dns_names"] == before["certificate"]["dns_names"]
        assert after["product_name_id"] == before["product_name_id"]
        assert before["date_created"] < after["date_created"]


def test_a_revoked_certificate_of_the_stock_is_on_the_crl(stocked: Account) -> None:
    info = _first(stocked, "filters[status]=revoked&filters[product_name_id]=ssl_basic")
    leaf = certificates_in(_download(stocked, info["certificate"]["id"]))[0]

    assert stocked.management.revocation_of(leaf) is not None


def test_an_order_of_the_stock_can_be_revoked_and_another_reissued(stocked: Account) -> None:
    rows = _rows(stocked, "filters[status]=issued&filters[product_name_id]=ssl_basic&sort=-order_id&limit=2")
    number, other = (row["id"] for row in rows)
    name, key = rows[1]["certificate"]["common_name"], new_key()

    assert stocked.put(f"order/certificate/{number}/revoke", b'{"skip_approval":true}').status == 204
    body = fill(REISSUE, name=name, csr=csr_pem(name, key))
    told = stocked.call("POST", f"order/certificate/{other}/reissue", body)

    assert stocked.info(number)["status"] == "revoked"
    assert told.status == 201, told
    assert stocked.info(other)["certificate"]["id"] == told.json()["certificate_id"]


def test_a_pending_order_of_the_stock_can_be_validated_and_a_pending_one_canceled(stocked: Account) -> None:
    rows = _rows(stocked, "filters[status]=pending&filters[product_name_id]=ssl_basic")
    number, other = (row["id"] for row in rows[:2])

    stocked.management.post("validate", ca="digicert", order_id=number)
    cancel = b'{"status":"CANCELED","note":"not wanted"}'

    assert stocked.info(number)["status"] == "issued"
    assert stocked.put(f"order/certificate/{other}/status", cancel).status == 204
    assert stocked.info(other)["status"] == "canceled"


def test_an_order_of_the_stock_expires_when_its_last_day_has_passed(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account(orders=40)
    last = _rows(tenant, "filters[status]=issued&sort=-order_id&limit=1")[0]

    own_sandbox.management.advance(days=367)

    assert tenant.info(last["id"])["status"] == "expired"


def test_the_stock_is_in_the_ledger_with_what_became_of_it(stocked: Account) -> None:
    entries = {entry["order_id"]: entry for entry in stocked.ledger()}
    rows = _rows(stocked, "sort=order_id&limit=100")

    assert len(entries) == 1000
    for row in rows:
        entry = entries[row["id"]]
        assert (entry["status"], entry["price"]) == (row["status"], row["price"])
        assert entry["reissues"] == row["reissues_count"]
        assert entry["duplicates"] == row["duplicates_count"]
        issued = int("serial_number" in row["certificate"])
        assert entry["certificates"] == row["reissues_count"] + row["duplicates_count"] + issued
        assert entry["reference"] == stocked.info(row["id"])["alternative_order_id"]


def test_the_stock_survives_a_restart_with_the_bytes_that_were_shown(tmp_path: Path, file_server: FileServer) -> None:
    options = ("--state", str(tmp_path / "state.db"), "--http-port", str(file_server.port))
    first = Sandbox(*options, log=tmp_path / "stderr.log")
    try:
        tenant = first.account(orders=80)
        info = _first(tenant, "filters[status]=issued")
        shown, rows = _download(tenant, info["certificate"]["id"]), _rows(tenant)
    finally:
        first.stop()
    second = Sandbox(*options, log=tmp_path / "stderr.log")
    try:
        tenant = second.reopened(tenant.name)
        assert _rows(tenant) == rows
        assert _download(tenant, info["certificate"]["id"]) == shown
        assert tenant.info(info["certificate"]["thumbprint"])["id"] == info["id"]
    finally:
        second.stop()


@pytest.mark.parametrize("orders", [-1, "many", 1.5, True, 1_000_000])
def test_a_stock_must_be_a_sensible_number(sandbox: Sandbox, orders: object) -> None:
    answer = sandbox.management.call("POST", "accounts", {"ca": "digicert", "profile": "ready", "orders": orders})

    assert answer.status == 400
    assert "orders" in answer.json()["error"]


def test_a_stock_comes_with_a_new_account_only(stocked: Account) -> None:
    wish = {"ca": "digicert", "profile": "ready", "of": stocked.name, "orders": 1}

    assert stocked.management.call("POST", "accounts", wish).status == 400
    assert stocked.management.call("PATCH", f"accounts/{stocked.name}", {"orders": 1}).status == 400


def _resident_megabytes(sandbox: Sandbox) -> float:
    """What the sandbox's process holds in memory (proc(5), VmRSS in kB)."""
    status = Path(f"/proc/{sandbox.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def test_fifty_thousand_orders_are_there_in_seconds_and_listed_at_once(own_sandbox: Sandbox) -> None:
    start = time.monotonic()
    tenant = own_sandbox.account(orders=MANY, rate_limit=False)
    made = time.monotonic() - start
    start = time.monotonic()
    for offset in (0, MANY // 2, MANY - 100):
        told = tenant.get(f"order/certificate?limit=100&offset={offset}")
        assert told["page"] == {"total": MANY, "limit": 100, "offset": offset}
        assert len(told["orders"]) == 100
    one_page = (time.monotonic() - start) / 3
    start = time.monotonic()
    youngest = _rows(tenant, "filters[status]=issued&sort=-date_created&limit=100")
    filtered = time.monotonic() - start

    assert made < 30, made  # about 5 seconds on an idle machine
    assert _resident_megabytes(own_sandbox) < 350  # about 220, the program itself included
    assert one_page < 0.5, one_page  # about 4 ms
    assert filtered < 1, filtered  # about 20 ms
    assert len(youngest) == 100
    assert tenant.get(f"order/alternate/{tenant.name}-49999")["orders"][0]["order_id"] == youngest[0]["id"]
