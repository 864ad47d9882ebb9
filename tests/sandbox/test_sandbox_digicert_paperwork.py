"""What people have written on orders of the past: varied, the same for the same seed, found by the list's filters."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.tenant import Account, Sandbox

COUNT = 400
TOLD = ("user", "container", "custom_fields", "notes", "technical_contact", "additional_emails", "auto_renew")
SAME = (*TOLD, "status", "organization_contact", "payment_method", "price", "reissues_count", "duplicates_count")
Info = dict[str, Any]


@pytest.fixture(scope="module")
def shelf(sandbox: Sandbox) -> Account:
    """An account with orders of the past."""
    return sandbox.account(orders=COUNT, rate_limit=False)


@pytest.fixture(scope="module")
def infos(shelf: Account) -> list[Info]:
    """All its orders in full, the oldest first."""
    return [shelf.info(row["id"]) for row in shelf.get("order/certificate")["orders"]]


def _share(infos: list[Info], field: str) -> float:
    return sum(field in info for info in infos) / len(infos)


def test_the_orders_were_placed_by_several_people_for_several_divisions(shelf: Account, infos: list[Info]) -> None:
    people, divisions = (Counter(info[field]["id"] for info in infos) for field in ("user", "container"))

    assert set(people) == {row["id"] for row in shelf.get("user")["users"]}
    assert set(divisions) == {row["id"] for row in shelf.get("container")["containers"]}
    assert min(len(people), len(divisions)) > 3
    assert min(*people.values(), *divisions.values()) > COUNT / 20
    for info in infos:
        assert info["requests"][0]["type"] == "new_request"
        assert info["approver"]["id"] == shelf.get("user/me")["id"]


def test_two_orders_in_three_have_custom_fields_and_some_have_all(shelf: Account, infos: list[Info]) -> None:
    fields = {row["label"]: row for row in shelf.get("account/metadata")["metadata"]}
    assert set(fields) == {"Cost centre", "Application", "Owner"}

    assert 0.55 < _share(infos, "custom_fields") < 0.78
    values: dict[str, set[str]] = {}
    for info in infos:
        for row in info.get("custom_fields", []):
            assert fields[row["label"]]["id"] == row["metadata_id"]
            values.setdefault(row["label"], set()).add(row["value"])
    assert len(values["Cost centre"]) > 10
    assert min(len(values["Application"]), len(values["Owner"])) > 4
    assert all("@" in value for value in values["Owner"])
    assert any(not value.isascii() for value in values["Application"])


def test_some_orders_have_notes_contacts_and_addresses_of_their_own(infos: list[Info]) -> None:
    assert 0.12 < _share(infos, "notes") < 0.3
    assert 0.2 < _share(infos, "additional_emails") < 0.45
    texts = {note["text"] for info in infos for note in info.get("notes", [])}
    assert any("\n" in text for text in texts)
    assert any(text.startswith("=") for text in texts)  # what a careless spreadsheet takes for a formula
    own = [info for info in infos if info.get("technical_contact") != info.get("organization_contact")]
    assert 0.15 < len(own) / COUNT < 0.4
    assert {info["auto_renew"] for info in infos} == {0, 1}
    assert {info["payment_method"] for info in infos} == {"balance", "profile"}


def test_the_list_tells_the_same_custom_fields_as_the_orders(shelf: Account, infos: list[Info]) -> None:
    rows = shelf.get("order/certificate")["orders"]

    assert [row.get("custom_fields") for row in rows] == [info.get("custom_fields") for info in infos]


def test_orders_are_found_by_the_division_and_the_person(shelf: Account, infos: list[Info]) -> None:
    wanted = infos[-1]
    for field, name in (("container", "container_id"), ("user", "user_id")):
        found = shelf.get(f"order/certificate?filters[{name}]={wanted[field]['id']}")["orders"]
        assert [row["id"] for row in found] == [info["id"] for info in infos if info[field] == wanted[field]]


def test_a_revoked_order_tells_when_and_by_whom_it_was_asked_for(shelf: Account, infos: list[Info]) -> None:
    revoked = [info for info in infos if info["status"] == "revoked"]
    assert len(revoked) > 5

    for info in revoked:
        (request,) = [one for one in info["requests"] if one["type"] == "revoke"]
        told = shelf.get(f"request/{request['id']}")
        assert info["date_created"] <= request["date"] <= shelf.management.now().isoformat()
        assert told["requester"]["id"] == info["user"]["id"]
    assert len({one.get("comments") for info in revoked for one in info["requests"] if one["type"] == "revoke"}) > 2


def _shelf(seed: int, tmp_path: Path) -> list[tuple[Any, ...]]:
    process = Sandbox("--seed", str(seed), log=tmp_path / "stderr.log")
    try:
        tenant = process.account(orders=80, rate_limit=False, name="shelf")
        infos = [tenant.info(row["id"]) for row in tenant.get("order/certificate")["orders"]]
        return [tuple(str(info.get(name)) for name in SAME) for info in infos]
    finally:
        process.stop()


def test_the_same_seed_makes_the_same_orders_and_another_seed_makes_others(tmp_path: Path) -> None:
    first, again, other = (_shelf(seed, tmp_path) for seed in (7, 7, 8))

    assert first == again
    assert first != other
