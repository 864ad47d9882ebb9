"""CA accounts as an operator adds, tries, pauses and removes them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.cli.fixtures import NewShop
from tests.cli.program import Program
from tests.cli.tenant import Shop, Tenant
from tests.sandbox.tenant import Sandbox

FOUR_CAUSES = ("key", "role", "approve", "IP")


def test_an_account_is_added_from_the_sandboxs_own_list_as_it_stands(
    sandbox: Sandbox, program: Program, tmp_path: Path
) -> None:
    element = next(item for item in sandbox.management.get("accounts") if item["profile"] == "ready")
    words = ["account", "add", element["name"], "--ca", element["ca"], "--url", element["url"]]
    for field, value in element["settings"].items():
        words += ["--set", f"{field}={value}"]  # as it stands, a PEM with its line breaks too
    for field, value in element["secrets"].items():
        path = tmp_path / field
        path.write_text(value)
        words += ["--secret", f"{field}=@{path}"]

    added = program.typed(*words, "--reference", "cost centre 7", "--json").expect(0).json()

    assert (added["name"], added["ca"], added["url"]) == (element["name"], "digicert", element["url"])
    assert (added["reference"], added["read_only"]) == ("cost centre 7", False)
    assert added["login"]["role"] == "Administrator"
    shown = program.run("account", "show", element["name"], "--json").expect(0).json()
    assert {item["name"] for item in shown["organizations"]} >= set(element["organizations"])
    assert "ssl_basic" in {item["id"] for item in shown["products"]}


def test_a_secret_on_the_command_line_is_refused(program: Program) -> None:
    words = ("account", "add", "main", "--ca", "digicert", "--secret", "api_key=plain-in-argv")

    told = program.run(*words).expect(1).told

    assert "every process can read it" in told
    assert "--secret api_key=@FILE" in told
    assert "plain-in-argv" not in told


def test_a_secret_may_come_on_standard_input(sandbox: Sandbox, program: Program, tmp_path: Path) -> None:
    tenant = Tenant(sandbox.account(), tmp_path)
    words = [word if not word.startswith("api_key=@") else "api_key=@-" for word in tenant.add_words()]

    program.run(*words, stdin=Path(tenant.file("api_key", tenant.account.key)[1:])).expect(0)

    assert program.run("account", "test", "main", "--json").expect(0).json()["login"]["role"] == "Administrator"


def test_an_account_of_an_unknown_ca_or_setting_is_refused_with_what_there_is(shop: Shop) -> None:
    unknown_ca = shop.program.run("account", "add", "x", "--ca", "nobody")
    assert unknown_ca.code in (1, 4), unknown_ca
    assert "digicert" in unknown_ca.told

    words = shop.tenant.add_words("x", "--set", "colour=blue")
    unknown_setting = shop.program.run(*words)
    assert unknown_setting.code in (1, 4), unknown_setting
    assert "colour" in unknown_setting.told


def test_the_same_name_twice_is_refused(shop: Shop) -> None:
    told = shop.program.run(*shop.tenant.add_words("main")).expect(1).told

    assert "'main' already" in told


def test_a_list_is_one_object_a_line(shop: Shop) -> None:
    shop.program.run(*shop.tenant.add_words("second")).expect(0)

    lines = shop.program.run("account", "list", "--json").expect(0).lines()

    assert [line["name"] for line in lines] == ["main", "second"]
    assert all(set(line) == set(lines[0]) for line in lines)


def test_a_wrong_key_pauses_the_account_and_the_right_one_ends_the_pause(shop: Shop) -> None:
    shop.tenant.account.switch(ip_allowed=False)  # the CA turns the key away

    first = shop.place()

    assert first.code == 4, first
    assert all(cause in first.told for cause in FOUR_CAUSES), first.told
    assert "user/me" in first.told
    assert shop.tenant.ledger() == []
    account = shop.program.run("account", "list", "--json").expect(0).json()
    assert account["paused_because"]
    calls = len(shop.tenant.requests())
    second = shop.place()
    assert (second.code, "paused" in second.err) == (4, True), second
    assert len(shop.tenant.requests()) == calls, "a paused account was asked"
    assert shop.program.run("account", "test", "main").code == 4

    shop.tenant.account.switch(ip_allowed=True)
    shop.program.run("account", "test", "main").expect(0)

    waiting = shop.program.run("order", "list", "--json").expect(0).json()
    done = shop.program.run("order", "wait", str(waiting["id"]), "20", "--json").expect(0).json()
    assert done["state"] == "issued"
    assert len(shop.tenant.ledger()) == 1


def test_an_account_with_a_wrong_key_is_kept_with_a_warning(sandbox: Sandbox, program: Program, tmp_path: Path) -> None:
    tenant = Tenant(sandbox.account(), tmp_path)
    wrong = [
        word if not word.startswith("api_key=@") else f"api_key={tenant.file('wrong', 'A' * 40)}"
        for word in tenant.add_words()
    ]

    added = program.run(*wrong).expect(0)

    assert "its login does not work yet" in added.err
    assert program.run("account", "test", "main").code == 4


def test_a_read_only_account_never_sends_anything_but_reading_calls(
    sandbox: Sandbox, program: Program, tmp_path: Path
) -> None:
    tenant = Tenant(sandbox.account(), tmp_path)
    program.run(*tenant.add_words("main", "--read-only")).expect(0)
    shop = Shop(tenant, program)

    refused = shop.place()

    assert (refused.code, "read-only" in refused.err) == (1, True), refused
    program.run("account", "sync", "main").expect(0)
    program.run("account", "test", "main").expect(0)
    assert {call["method"] for call in tenant.requests()} == {"GET"}


def test_a_read_only_key_of_the_ca_is_told_apart_before_money_is_spent(new_shop: NewShop) -> None:
    shop = new_shop(profile="readonly")

    told = shop.place()

    assert told.code == 4, told
    assert shop.tenant.ledger() == []


def test_a_disabled_account_rests_until_it_is_enabled(shop: Shop) -> None:
    shop.program.run("account", "disable", "main").expect(0)
    refused = shop.place()
    assert (refused.code, "account enable main" in refused.told) == (4, True), refused

    shop.program.run("account", "enable", "main").expect(0)

    shop.issued()


def test_an_account_with_orders_stays_and_one_without_goes(shop: Shop) -> None:
    order = shop.issued()
    told = shop.program.run("account", "remove", "main").expect(1).told
    assert "1 orders belong" in told

    shop.program.run("order", "forget", str(order["id"])).expect(0)
    removed = shop.program.run("account", "remove", "main")

    assert removed.code == 0, removed
    assert shop.program.run("account", "list", "--json").expect(0).out == ""
    assert len(shop.certificates()) == 1, "the certificate stays"


def test_plain_http_to_another_machine_is_refused(shop: Shop) -> None:
    words = shop.tenant.add_words("far")
    words[words.index("--url") + 1] = "http://192.0.2.1/services/v2"

    told = shop.program.run(*words).expect(4).told

    assert "not safe to send a credential to" in told


def test_the_state_folder_is_private(shop: Shop) -> None:
    shop.issued()
    home = shop.program.home

    modes = {path.name: path.stat().st_mode & 0o077 for path in [home, *home.rglob("*")]}

    assert set(modes.values()) == {0}, modes
    with sqlite3.connect(home / "certwright.sqlite") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()
