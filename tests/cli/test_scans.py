"""``certwright scan`` with real servers: what is new, changed, vanished and back, and what is never connected to."""

from __future__ import annotations

from pathlib import Path

from tests.cli.discovery import (
    NewIdentity,
    changes,
    fingerprint,
    new_identity,
    scanner,
    served,
    servers,
    sightings,
    standing,
)
from tests.cli.program import Program
from tests.scan import faults
from tests.scan.conversations import CONVERSATIONS
from tests.scan.servers import Servers

__all__ = ["new_identity", "scanner", "servers"]


def test_a_scan_keeps_what_it_finds_with_place_address_protocol_and_chain(
    scanner: Program, new_identity: NewIdentity
) -> None:
    shop = new_identity("shop.meadow.example")
    with served(shop) as port:
        run = scanner.run("scan", "once", f"127.0.0.1:{port}", "--json").expect(0).json()

    assert (run["outcome"], run["looked"], run["found"], run["new"], run["failed"]) == ("done", 1, 1, 1, 0)
    (sighting,) = sightings(scanner)
    assert sighting["place"] == f"tls://127.0.0.1:{port}"
    assert (sighting["address"], sighting["protocol"]) == ("127.0.0.1", "TLSv1.3")
    assert sighting["fingerprint"] == fingerprint(shop)
    (listed,) = scanner.run("cert", "list", "--json").expect(0).lines()
    assert listed["fingerprint"] == fingerprint(shop)


def test_a_change_of_certificate_a_server_that_is_gone_and_its_return_are_told_apart(
    scanner: Program, new_identity: NewIdentity
) -> None:
    before, after = new_identity("before.meadow.example"), new_identity("after.meadow.example")
    with served(before) as port:
        first = scanner.run("scan", "add", "web", f"127.0.0.1:{port}", "--every", "1d", "--json").expect(0).json()
    place = f"tls://127.0.0.1:{port}"
    told = [changes(scanner, "web")]

    def again() -> dict[str, object]:
        run: dict[str, object] = scanner.run("scan", "run", "web", "--json").expect(0).json()
        told.append(changes(scanner, "web"))
        return run

    with served(after, port):
        changed = again()
    vanished = again()
    with served(after, port):
        back = again()
        same = again()

    assert first["last_run"]["new"] == 1
    assert (changed["changed"], changed["new"], changed["vanished"]) == (1, 1, 0)
    assert (vanished["vanished"], vanished["found"], vanished["failed"]) == (1, 0, 0)
    assert (back["new"], back["changed"], back["found"]) == (0, 0, 1)
    assert (same["new"], same["changed"], same["vanished"]) == (0, 0, 0)
    assert told == [[("new", place)], [("changed", place)], [("vanished", place)], [("new", place)], []]
    assert standing(scanner) == {place: fingerprint(after)}


def test_a_server_that_hangs_ages_with_its_trouble_and_is_not_gone(
    scanner: Program, new_identity: NewIdentity, servers: Servers
) -> None:
    shop = new_identity("shop.meadow.example")
    with served(shop) as port:
        words = ("scan", "add", "web", f"127.0.0.1:{port}", "--seconds", "1", "--every", "never")
        scanner.run(*words).expect(0)
        scanner.run("scan", "run", "web").expect(0)
    (seen,) = sightings(scanner)
    servers.plain(faults.never, port=port)

    told = scanner.run("scan", "run", "web").expect(0)

    assert "1 place could not be looked at" in told.out
    (aged,) = sightings(scanner)
    assert aged["trouble"] == "The server does not finish the TLS handshake in time."
    assert (aged["vanished_at"], aged["last_seen_at"]) == (None, seen["last_seen_at"])
    assert changes(scanner, "web") == []


def test_a_sighting_that_aged_is_as_before_once_its_server_answers_again(
    scanner: Program, new_identity: NewIdentity
) -> None:
    shop = new_identity("shop.meadow.example")
    with served(shop) as port:
        scanner.run("scan", "once", f"127.0.0.1:{port}").expect(0)
        scanner.environment.pop("CERTWRIGHT_SCAN_ALLOW")
        scanner.run("scan", "run", "scan").expect(1)
        scanner.environment["CERTWRIGHT_SCAN_ALLOW"] = "127.0.0.1"
        run = scanner.run("scan", "run", "scan", "--json").expect(0).json()

    assert (run["new"], run["changed"], run["found"]) == (0, 0, 1)
    (sighting,) = sightings(scanner)
    assert (sighting["trouble"], sighting["vanished_at"]) == ("", None)


def test_every_port_is_looked_at_except_what_is_excluded(
    scanner: Program, new_identity: NewIdentity, servers: Servers, tmp_path: Path
) -> None:
    context = new_identity("shop.meadow.example").context()
    wanted, other, spared = (servers.tls(context) for _ in range(3))
    targets = tmp_path / "targets.txt"
    targets.write_text(f"# ours\n127.0.0.1, localhost:{other}  # the old one\n")
    ports = [word for port in (wanted, spared) for word in ("--port", str(port))]

    scanner.run("scan", "once", "--file", str(targets), *ports, "--exclude", f"127.0.0.1:{spared}").expect(0)

    assert set(standing(scanner)) == {f"tls://127.0.0.1:{wanted}", f"tls://localhost:{other}"}
    assert [servers.heard(port) for port in (wanted, other, spared)] == [1, 1, 0]


def test_a_place_behind_starttls_is_named_by_its_protocol(
    scanner: Program, new_identity: NewIdentity, servers: Servers
) -> None:
    context = new_identity("mx.meadow.example").context()
    places = [f"{name}://127.0.0.1:{servers.plain(talk, context)}" for name, talk in CONVERSATIONS.items()]

    scanner.run("scan", "once", *places).expect(0)

    assert set(standing(scanner)) == set(places)


def test_without_permission_a_canary_on_loopback_hears_nothing(program: Program, servers: Servers) -> None:
    canary = servers.plain(faults.never)
    written = [f"127.0.0.1:{canary}", f"[::ffff:127.0.0.1]:{canary}", f"127.0.0.0/30:{canary}"]

    refused = [program.run("scan", "once", word) for word in written]
    looked_up = program.run("scan", "once", f"localhost:{canary}").expect(0)

    assert [result.code for result in refused] == [1, 1, 1]
    assert "127.0.0.1 is a loopback address. Allow its network if it shall be scanned." in looked_up.out
    assert servers.heard(canary) == 0


def test_a_network_without_permission_is_refused_in_one_sentence_before_anything_is_kept(program: Program) -> None:
    told = program.run("scan", "add", "lan", "10.20.0.0/16").expect(1)

    assert "10.20.0.0/16 is not scanned: Each address from 10.20.0.1 to 10.20.255.254 is a private address" in told.err
    assert "CERTWRIGHT_SCAN_ALLOW" in told.err
    assert program.run("scan", "list", "--json").out == ""


def test_a_network_is_scanned_only_where_permission_covers_all_of_it(
    program: Program, new_identity: NewIdentity, servers: Servers
) -> None:
    port = servers.tls(new_identity("shop.meadow.example").context())
    words = ("scan", "once", f"127.0.0.0/29:{port}", "--json")

    partly = program.run(*words, CERTWRIGHT_SCAN_ALLOW="127.0.0.0/30")
    wholly = program.run(*words, CERTWRIGHT_SCAN_ALLOW="127.0.0.0/30, 127.0.0.4/30")
    wrong = program.run(*words, CERTWRIGHT_SCAN_ALLOW="the lan")

    assert [partly.code, wholly.code, wrong.code] == [1, 0, 4]
    assert (wholly.json()["looked"], wholly.json()["found"]) == (6, 1)
    assert "'the lan' is no network" in wrong.err


def test_a_long_list_of_targets_is_shown_by_its_beginning(program: Program, tmp_path: Path) -> None:
    targets = tmp_path / "targets.txt"
    targets.write_text("\n".join(f"host-{number}.invalid" for number in range(1000)))
    program.run("scan", "add", "all", "--file", str(targets), "--disabled").expect(0)

    shown = program.run("scan", "show", "all").expect(0)

    assert "host-19.invalid and 980 more" in shown.out
    assert len(program.run("scan", "show", "all", "--json").json()["settings"]["targets"]) == 1000
