"""Reading the inventory: lists and their cursors, facets, saved queries, exports, remarks, and one certificate."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from certwright.pki.certificate import parse_pem_many
from tests.cli.estate import DOMAINS, ENDS_IN, Estate, found
from tests.cli.program import Program
from tests.cli.typing_at import at_a_terminal

VALID = [days for days in ENDS_IN if days > 0]


@pytest.fixture(scope="module")
def estate(blank: Program, tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """Some certificates, only to be read."""
    place = tmp_path_factory.mktemp("estate")
    (place / "certificates").mkdir()
    return found(blank.copy(place / "home"), place / "certificates")


@pytest.fixture
def mine(estate: Estate, tmp_path: Path) -> Estate:
    """The same, to be changed."""
    return estate.copy(tmp_path / "home")


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ((), len(ENDS_IN)),
        (("--state", "valid"), len(VALID)),
        (("--state", "expired"), 2),
        (("--name", "orchard"), 6),
        (("--issuer", "Meadow Test Intermediate"), len(ENDS_IN)),
        (("--key", "ec-p256"), len(ENDS_IN)),
        (("--key-spec", "rsa-2048"), 0),
        (("--source", "disk"), len(ENDS_IN)),
        (("--source", "elsewhere"), 0),
        (("--owner", "-"), len(ENDS_IN)),
        (("--owner", "web"), 0),
        (("--tag", "shop"), 0),
        (("--account", "main"), 0),
        (("--ca", "digicert"), 0),
        (("--organization", "Nobody"), 0),
        (("--product", "ssl_basic"), 0),
        (("--validation", "OV"), 0),
        (("--ends-within", "30d"), 2),
        (("--ends-within", "30d", "--name", "orchard"), 1),
        (("--ends-before", "2020-01-01"), 0),
        (("--ends-from", "2020-01-01"), len(ENDS_IN)),
        (("--recorded-from", "2999-01-01T12:00"), 0),
        (("--recorded-before", "2999-01-01T12:00+02:00"), len(ENDS_IN)),
    ],
)
def test_every_filter_leaves_those_that_meet_it(estate: Estate, words: tuple[str, ...], count: int) -> None:
    assert len(estate.list(*words)) == count
    assert estate.program.run("cert", "list", "--count", *words).expect(0).out == f"{count}\n"


def test_a_finding_and_how_bad_it_is_are_filters(estate: Estate) -> None:
    counts = estate.program.run("cert", "findings", "--json").expect(0).lines()
    assert counts, "the certificates of a CA that nobody knows have findings"
    for row in counts:
        assert len(estate.list("--finding", row["rule"])) == row["count"]
    by_severity = [len(estate.list("--severity", word)) for word in ("error", "warning", "notice")]
    assert by_severity == sorted(by_severity)
    assert by_severity[-1] == len([one for one in estate.list() if one["severity"]])


@pytest.mark.parametrize("sort", ["recorded", "ends", "name"])
@pytest.mark.parametrize("turned", [(), ("--descending",)])
def test_pages_by_their_cursors_are_the_whole_list_in_its_order(
    estate: Estate, sort: str, turned: tuple[str, ...]
) -> None:
    words = ("--sort", sort, *turned, "--state", "valid")
    whole, pieces, cursor = estate.names(*words), [], ()
    while True:
        page = estate.program.run("cert", "list", "--json", "--limit", "3", *words, *cursor).expect(0)
        pieces += [one["common_name"] for one in page.lines()]
        if "--after" not in page.err:
            break
        cursor = ("--after", page.err.split()[-1])
    assert pieces == whole
    if sort == "ends":
        assert whole == [estate_name for _, estate_name in sorted(_by_end(estate), reverse=bool(turned))]
    if sort == "name":
        assert whole == sorted(whole, reverse=bool(turned))


def _by_end(estate: Estate) -> list[tuple[str, str]]:
    return [(one["not_after"], one["common_name"]) for one in estate.list("--state", "valid")]


def test_the_table_says_how_to_go_on_and_the_cursor_does(estate: Estate) -> None:
    first = estate.program.run("cert", "list", "--limit", "5", "--sort", "name").expect(0)
    assert f"5 of {len(ENDS_IN)}. Go on with the same options and:" in first.told
    rest = estate.program.run("cert", "list", "--sort", "name", "--after", first.out.split()[-1]).expect(0)
    shown = [name for name in estate.names("--sort", "name") if name in first.out]
    assert len(shown) == 5
    assert all(name not in rest.out for name in shown)
    assert "Go on" not in rest.told


def test_the_cursor_of_another_list_is_refused(estate: Estate) -> None:
    words = ("cert", "list", "--json", "--limit", "3")
    cursor = estate.program.run(*words, "--state", "valid").expect(0).err.split()[-1]
    for wrong in (("--state", "expired"), ("--state", "valid", "--sort", "name"), ()):
        refused = estate.program.run(*words, *wrong, "--after", cursor).expect(1)
        assert "This cursor does not belong to this list." in refused.told
    for broken in (cursor[:-2], f"{cursor}AA", cursor.swapcase(), "x"):
        estate.program.run(*words, "--state", "valid", "--after", broken).expect(1)


def test_a_cursor_of_what_ends_soon_holds_though_time_goes_on(estate: Estate) -> None:
    words = ("cert", "list", "--json", "--ends-within", "60d", "--sort", "ends")
    first = estate.program.run(*words, "--limit", "1").expect(0)
    rest = estate.program.run(*words, "--after", first.err.split()[-1]).expect(0)
    assert [one["common_name"] for one in rest.lines()] == [f"n1.{DOMAINS[1]}", f"n2.{DOMAINS[0]}"]


@pytest.mark.parametrize(
    "words",
    [
        ("--ends-within", "soon"),
        ("--ends-from", "tomorrow"),
        ("--name", "ab"),
        ("--query", "nobody"),
        ("--limit", "1001"),
        ("--columns", "colour"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_in_words(estate: Estate, words: tuple[str, ...]) -> None:
    refused = estate.program.run("cert", "list", *words).expect(1)
    assert refused.err.startswith("error:")
    assert refused.out == ""


def test_facets_count_what_the_list_has(estate: Estate) -> None:
    rows = estate.program.run("cert", "facets", "--json", "--name", "orchard").expect(0).lines()
    counted = {(row["facet"], row["value"]): row["count"] for row in rows}
    assert (counted["state", "valid"], counted["state", "expired"]) == (5, 1)
    assert counted["issuer", "Meadow Test Intermediate"] == counted["owner", None] == 6
    assert not any(row["capped"] for row in rows)
    shown = estate.program.run("cert", "facets", "key", "state").expect(0)
    assert "ec-p256" in shown.out
    assert "█" in shown.out
    assert "issuer" not in shown.out
    estate.program.run("cert", "facets", "colour").expect(1)


def test_a_saved_query_is_used_narrowed_shown_and_removed(mine: Estate) -> None:
    run = mine.program.run
    run("cert", "query", "save", "soon", "--ends-within", "60d", "--sort", "ends", "--descending").expect(0)
    assert mine.names("--query", "soon") == [f"n2.{DOMAINS[0]}", f"n1.{DOMAINS[1]}", f"n0.{DOMAINS[0]}"]
    assert mine.names("--query", "soon", "--name", "orchard") == [f"n1.{DOMAINS[1]}"]
    assert mine.names("--query", "soon", "--sort", "name")[0] == f"n0.{DOMAINS[0]}"
    (kept,) = run("cert", "query", "list", "--json").expect(0).lines()
    assert kept["query"] == {"ends_within": 60 * 86_400, "sort": "ends", "descending": True}
    assert run("cert", "query", "show", "soon", "--json").expect(0).json()["count"] == 3
    assert "ends-within 60d" in run("cert", "query", "list").expect(0).told
    run("cert", "query", "remove", "soon").expect(0)
    run("cert", "list", "--query", "soon").expect(1)


def test_a_condition_that_contradicts_the_saved_query_is_refused(mine: Estate) -> None:
    mine.program.run("cert", "query", "save", "old", "--state", "expired").expect(0)
    refused = mine.program.run("cert", "list", "--query", "old", "--state", "valid").expect(1)
    assert "narrows a query" in refused.told


def test_remarks_of_named_certificates_are_listed_and_shown(mine: Estate) -> None:
    first, second = (f"n{number}.{DOMAINS[number]}" for number in (0, 1))
    words = ("--owner", "web", "--tag", "shop", "--tag", "eu", "--field", "cost centre=4711")
    assert mine.program.run("cert", "set", first, second, *words, "--json").expect(0).json() == {"changed": 2}
    assert sorted(mine.names("--owner", "web", "--tag", "eu")) == [first, second]
    mine.program.run("cert", "set", second, "--owner", "-", "--untag", "eu", "--field", "cost centre=").expect(0)
    one, two = (mine.program.run("cert", "show", name, "--json").expect(0).json() for name in (first, second))
    assert (one["owner"], one["tags"], one["fields"]) == ("web", ["eu", "shop"], {"cost centre": "4711"})
    assert (two["owner"], two["tags"], two["fields"]) == (None, ["shop"], {})
    assert "cost centre 4711" in mine.program.run("cert", "show", first).expect(0).told


def test_many_are_changed_only_when_somebody_agrees_to_how_many_they_are(mine: Estate) -> None:
    words = ("cert", "set", "--name", "orchard", "--owner", "mail")
    refused = mine.program.run(*words).expect(1)
    assert "This changes 6 certificates. Say that you mean it: --yes." in refused.told.replace("advice: ", "")
    no = at_a_terminal(mine.program, words, width=100, answers={"Go on?": "n"})
    assert "This changes 6 certificates." in no
    assert mine.names("--owner", "mail") == []
    yes = at_a_terminal(mine.program, words, width=100, answers={"Go on?": "y"})
    assert "6 certificates changed." in yes
    assert mine.program.run(*words[:2], "--with-owner", "mail", "--tag", "x", "--yes").expect(0).out == (
        "6 certificates changed.\n"
    )
    assert len(mine.names("--tag", "x")) == 6


@pytest.mark.parametrize(
    "words",
    [("--owner", "web"), ("--name", "orchard"), ("n0.meadow.example", "--name", "orchard", "--owner", "x", "--yes")],
)
def test_a_change_that_says_too_little_or_too_much_is_refused(estate: Estate, words: tuple[str, ...]) -> None:
    estate.program.run("cert", "set", *words, "--yes").expect(1)
    assert estate.names("--owner", "web") == []


def test_csv_is_whole_and_harmless_to_a_spreadsheet(mine: Estate, tmp_path: Path) -> None:
    mine.program.run("cert", "set", f"n0.{DOMAINS[0]}", "--owner", "=HYPERLINK(0)").expect(0)
    told = mine.program.run("cert", "list", "--format", "csv").expect(0).out
    rows = list(csv.DictReader(io.StringIO(told, newline=""), strict=True))
    assert [row["common_name"] for row in rows] == mine.names()
    assert {row["owner"] for row in rows} == {"", "'=HYPERLINK(0)"}
    target = tmp_path / "list.csv"
    words = ("--columns", "serial,owner", "--out", str(target), "--state", "valid")
    assert "10 certificates" in mine.program.run("cert", "list", *words).expect(0).told
    assert target.read_text().splitlines()[0] == "serial,owner"
    assert len(target.read_text().splitlines()) == 1 + len(VALID)
    assert target.stat().st_mode & 0o777 == 0o600


def test_pem_has_every_leaf_and_no_other_certificate(estate: Estate) -> None:
    told = estate.program.run("cert", "list", "--format", "pem", "--sort", "name").expect(0).out
    leafs = parse_pem_many(told.encode())
    assert [one.fingerprint for one in leafs] == [one["fingerprint"] for one in estate.list("--sort", "name")]


def test_a_file_that_cannot_be_finished_leaves_the_old_one_and_nothing_else(estate: Estate, tmp_path: Path) -> None:
    target = tmp_path / "list.csv"
    target.write_text("of yesterday")
    estate.program.run("cert", "list", "--format", "csv", "--query", "nobody", "--out", str(target)).expect(1)
    estate.program.run("cert", "list", "--format", "csv", "--out", str(tmp_path)).expect(1)
    assert target.read_text() == "of yesterday"
    assert [one.name for one in tmp_path.iterdir()] == ["list.csv"]


def test_whoever_stops_reading_a_list_gets_no_complaint(estate: Estate) -> None:
    command = f"set -o pipefail; {sys.executable} -m certwright cert list --json | true"
    done = subprocess.run(
        ["bash", "-c", command],
        env=estate.program.full_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_one_certificate_tells_what_is_known_and_from_where(estate: Estate) -> None:
    name = f"n0.{DOMAINS[0]}"
    shown = estate.program.run("cert", "show", name, "--json").expect(0).json()
    (sighting,) = shown["sightings"]
    assert (sighting["source"], sighting["kind"], sighting["vanished_at"]) == ("disk", "folder", None)
    assert sighting["place"].endswith(f"/{name}.pem")
    assert [one["fingerprint"] for one in shown["chain"]] == [estate.ca.certificate.fingerprint]
    assert [one["fingerprint"] for one in shown["lineage"]] == [shown["fingerprint"]]
    assert shown["findings"] == estate.program.run("cert", "findings", name, "--json").expect(0).lines()
    told = estate.program.run("cert", "show", name).expect(0).told
    for part in ("Seen at", "disk", "there", shown["findings"][0]["rule"]):
        assert part in told, part


def test_the_overview_has_the_same_figures_as_the_lists(estate: Estate) -> None:
    figures = estate.program.run("inventory", "--json").expect(0).json()
    assert figures["states"] == {"valid": len(VALID), "replaced": 0, "revoked": 0, "expired": 2}
    assert figures["ending"] == {"7": 1, "30": 2, "60": 3, "90": 4}
    assert sum(figures["weeks"].values()) == len(VALID)
    (source,) = figures["sources"]
    assert (source["name"], source["places"], source["last_run"]["outcome"]) == ("disk", len(ENDS_IN), "done")
    assert estate.program.run("inventory", "sources", "--json").expect(0).lines() == [source]


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(estate: Estate, width: int) -> None:
    name = f"n0.{DOMAINS[0]}"
    for words in (
        ("cert", "list"),
        ("cert", "facets"),
        ("cert", "lineage", name),
        ("inventory",),
        ("inventory", "sources"),
    ):
        lines = at_a_terminal(estate.program, words, width=width).splitlines()
        assert max(map(len, lines)) <= width, words
    table = at_a_terminal(estate.program, ("cert", "list", "--sort", "name"), width=width)
    for one in estate.list():
        assert one["fingerprint"][:12] in table
        assert one["common_name"] in table
        assert one["not_after"][:10] in table


def test_an_empty_inventory_says_so(program: Program) -> None:
    for words, told in (
        (("cert", "list"), "Certificates: none"),
        (("cert", "facets", "owner"), "owner: none"),
        (("cert", "findings"), "Findings: none"),
        (("cert", "query", "list"), "Saved queries: none"),
        (("inventory",), "Inventory: 0 certificates"),
    ):
        assert told in program.run(*words).expect(0).told
    assert json.loads(program.run("cert", "list", "--count", "--json").expect(0).out) == {"count": 0, "capped": False}
    header = program.run("cert", "list", "--format", "csv").expect(0).out
    assert header.startswith("fingerprint,serial,")
