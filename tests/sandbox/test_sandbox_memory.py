"""The sandbox's tables: what was assigned is found, kept and, for stale reads, taken back."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from certwright_sandbox.agenda import Agenda
from certwright_sandbox.clock import Clock
from certwright_sandbox.state import Id, Record, State


@dataclass(frozen=True)
class Part:
    name: str
    at: datetime | None = None


@dataclass(eq=False)
class Thing(Record):
    colour: str
    holder: int
    parts: tuple[Part, ...] = ()

    @property
    def owner(self) -> Id:
        return self.holder


def test_an_index_finds_a_record_by_what_it_is_now() -> None:
    state = State()
    table = state.table("thing", Thing)
    by_colour = table.index(lambda thing: thing.colour)
    thing = table.add(Thing(1, "red", 7))

    thing.colour = "blue"
    state.commit()

    assert by_colour.find("red") == []
    assert by_colour.find("blue") == [thing]


def test_a_removed_record_is_found_nowhere() -> None:
    state = State()
    table = state.table("thing", Thing)
    by_colour = table.index(lambda thing: thing.colour)
    thing = table.add(Thing(1, "red", 7))
    state.commit()

    table.remove(thing)
    state.commit()

    assert (table.get(1), by_colour.find("red"), len(table)) == (None, [], 0)


def test_rewound_shows_an_owners_things_as_before_their_last_change_and_puts_them_back() -> None:
    state = State()
    table = state.table("thing", Thing)
    mine, other = table.add(Thing(1, "red", 7)), table.add(Thing(2, "red", 8))
    state.commit()
    mine.colour, other.colour = "blue", "blue"
    newer = table.add(Thing(3, "green", 7))
    state.commit()

    with state.rewound(7):
        inside = (mine.colour, other.colour, table.get(3))

    assert inside == ("red", "blue", None)
    assert (mine.colour, table.get(3)) == ("blue", newer)


@settings(deadline=None, max_examples=25)  # each example opens a file twice
@given(
    colours=st.lists(st.text(max_size=20), min_size=1, max_size=5),
    names=st.lists(st.text(max_size=10), max_size=3),
    at=st.datetimes(timezones=st.just(UTC)),
)
def test_a_reopened_file_holds_the_last_committed_values(
    tmp_path_factory: object, colours: list[str], names: list[str], at: datetime
) -> None:
    file = tmp_path_factory.mktemp("state") / "file"  # type: ignore[attr-defined]
    state = State(file)
    thing = state.table("thing", Thing).add(Thing(1, "", 7))
    for colour in colours:
        thing.colour = colour
        state.commit()
    thing.parts = tuple(Part(name, at) for name in names)
    state.commit()
    thing.colour = "never committed"
    state.close()

    again = State(file).table("thing", Thing)[1]

    assert (again.colour, again.holder) == (colours[-1], 7)
    assert again.parts == tuple(Part(name, at) for name in names)


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    State(tmp_path / "state").close()

    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o600


def test_appointments_are_kept_in_their_order_once_and_after_a_restart(tmp_path: Path) -> None:
    def open_agenda(done: list[Id]) -> tuple[State, Clock, Agenda]:
        state = State(tmp_path / "state")
        clock = Clock(state)
        agenda = Agenda(state, clock)
        agenda.teach("note", done.append)
        return state, clock, agenda

    first: list[Id] = []
    state, clock, agenda = open_agenda(first)
    for number, hours in ((1, 3), (2, 1), (3, 2)):
        agenda.add(clock.now().replace(year=clock.now().year + 1, month=1, hour=hours), "note", number)
    agenda.keep()
    state.commit()
    state.close()

    second: list[Id] = []
    _, clock, agenda = open_agenda(second)
    clock.advance(400 * 86400)
    agenda.keep()
    agenda.keep()

    assert (first, second) == ([], [2, 3, 1])
