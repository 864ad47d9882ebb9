"""What JSON on standard output is to a terminal, and to whoever parses it."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from certwright.doors.cli.terminal import json_line
from tests.cli.program import Program
from tests.imports.papers import intermediate, put

TURNED = "pay\u202egnp.exe"


@given(st.text())
def test_a_line_of_json_has_nothing_for_a_terminal_to_obey_and_is_the_same_text_once_parsed(text: str) -> None:
    line = json_line({text: [text]})
    assert line.removesuffix("\n").isprintable()
    assert json.loads(line) == {text: [text]}


def test_what_people_read_is_not_escaped() -> None:
    assert json_line({"name": "Bäckerei 麦"}) == '{"name": "Bäckerei 麦"}\n'


def test_a_name_that_turns_text_round_leaves_as_an_escape_in_json_and_as_it_is_in_csv(
    program: Program, tmp_path: Path
) -> None:
    leaf = intermediate().issue("shop.meadow.example", common_name=TURNED)
    program.run("cert", "import", str(put(tmp_path / "shop.pem", leaf.pem))).expect(0)

    as_json = program.run("cert", "list", "--json").expect(0)
    as_csv = program.run("cert", "list", "--format", "csv", "--columns", "common_name").expect(0)

    assert "\u202e" not in as_json.out
    assert [row["common_name"] for row in as_json.lines()] == [TURNED]
    assert TURNED in as_csv.out
