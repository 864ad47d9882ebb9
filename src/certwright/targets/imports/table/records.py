"""The records of a CSV file (RFC 4180), with the line that each begins at; a broken one costs no other."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, TextIO

from certwright.model.errors import Misconfigured

DELIMITERS = (",", ";", "\t", "|")
_LONGEST_LINE = 1024 * 1024  # characters
_MOST_RECOVERIES = 1000  # from quotes that are never closed; each costs reading one cell's length again
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_EXCEL = re.compile(r"sep=([^\w\s\"]|\t)\r?\n?", re.IGNORECASE)
_LOST = "\N{REPLACEMENT CHARACTER}"
_WORDS = {
    "unexpected end of data": "a quotation mark is never closed",
    "field larger than field limit (131072)": "a cell is too long, or a quotation mark is never closed",
}


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one record, and the number of the line that it begins at (1 is the first of the file).

    ``trouble`` is why there are no cells.
    """

    line: int
    cells: tuple[str, ...] = ()
    trouble: str = ""


def as_text(file: BinaryIO, encoding: str = "") -> TextIO:
    """The file as text: UTF-16 where it begins or looks so, else UTF-8, unless an ``encoding`` is named.

    Bytes that are none of it become U+FFFD. Raises Misconfigured for an encoding that does not exist.
    """
    buffered = file if isinstance(file, io.BufferedReader) else io.BufferedReader(file)  # type: ignore[type-var]
    try:
        found = codecs.lookup(encoding).name if encoding else _encoding_of(buffered.peek(4096)[:4096])
        return io.TextIOWrapper(buffered, found, errors="replace", newline="")
    except LookupError:
        raise Misconfigured(f"There is no encoding {encoding!r}.", advice="Name utf-8, utf-16 or cp1252.") from None


def _encoding_of(beginning: bytes) -> str:
    for mark, encoding in _BOMS:
        if beginning.startswith(mark):
            return encoding
    if beginning[1::2].count(0) > len(beginning) // 4:  # every second byte of Latin text
        return "utf-16-le"
    return "utf-16-be" if beginning[::2].count(0) > len(beginning) // 4 else "utf-8"


def records(text: TextIO, delimiter: str = "") -> Iterator[Record]:
    """Every record that is not empty, headings first; a broken one with its trouble.

    The delimiter is the one of ``, ; TAB |`` that the first line has most of outside quotation marks, or what a first
    line ``sep=;`` of Excel's says, unless it is named. Raises Misconfigured for a delimiter that can be none, and when
    quotation marks are broken all over.
    """
    if len(delimiter) > 1 or delimiter in {'"', "\r", "\n"}:
        raise Misconfigured("A delimiter is one character, and no quotation mark or line break.")
    feed = _Feed(text)
    delimiter = delimiter or _delimiter(feed)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    recoveries = 0
    while True:
        feed.taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            (line, _), *rest = feed.taken
            yield Record(line, trouble=_why(problem))
            recoveries += bool(rest)
            if recoveries > _MOST_RECOVERIES:
                raise Misconfigured("The quotation marks of the CSV file are broken all over.") from None
            feed.put_back(rest)
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
            continue
        if any(cells):
            yield _record(feed.taken[0][0], cells)


def _record(line: int, cells: list[str]) -> Record:
    if any(_LOST in cell for cell in cells):
        return Record(line, trouble="it has bytes that are not of the file's encoding; name the encoding.")
    return Record(line, tuple(cells))


def _why(problem: csv.Error) -> str:
    said = str(problem)
    if "expected after" in said:
        return "something stands behind a closing quotation mark."
    return f"{_WORDS.get(said, said)}."


def _delimiter(feed: _Feed) -> str:
    """The delimiter by the first line, which stays to be read unless it is Excel's own mark."""
    first = feed.peek()
    if (match := _EXCEL.fullmatch(first)) is not None:
        next(feed)
        return match[1]
    outside = _QUOTED.sub("", first)
    return max(DELIMITERS, key=outside.count)


class _Feed:
    """The lines of the text, numbered; those of a broken record can be put back."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._number = 0
        self._waiting: deque[tuple[int, str]] = deque()
        self.taken: list[tuple[int, str]] = []

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        number, line = self._waiting.popleft() if self._waiting else self._read()
        if not line:
            raise StopIteration
        self.taken.append((number, line))
        if len(line) >= _LONGEST_LINE:
            raise csv.Error("the line is too long")
        return line

    def peek(self) -> str:
        """The next line, which stays the next; empty at the end."""
        if not self._waiting:
            self._waiting.append(self._read())
        return self._waiting[0][1]

    def put_back(self, lines: list[tuple[int, str]]) -> None:
        """Let these lines come again."""
        self._waiting.extendleft(reversed(lines))

    def _read(self) -> tuple[int, str]:
        """The next line; of one that is too long only the beginning."""
        self._number += 1
        line = part = self._text.readline(_LONGEST_LINE)
        while len(part) >= _LONGEST_LINE and not part.endswith("\n"):
            part = self._text.readline(_LONGEST_LINE)
        return self._number, line
