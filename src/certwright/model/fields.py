"""What a person can set of a CA, an order or a target: always given as text, by name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

Value = str | int | bool | date | list[Any]
_YES, _NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a person can set, always given as text.

    ``type`` is ``text``, ``integer``, ``boolean``, ``date``, ``choice``, ``pem`` or ``json`` (a list);
    ``default`` and ``choices`` are text too, empty when there is none.
    """

    name: str
    help: str
    type: str = "text"
    default: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()

    def parse(self, text: str) -> Value:
        """The value that ``text`` stands for; raises ValueError with a sentence when it stands for none."""
        text = text.strip()
        if self.type == "integer":
            return self._integer(text)
        if self.type == "boolean":
            return self._boolean(text)
        if self.type == "date":
            return self._date(text)
        if self.type == "json":
            return self._list(text)
        if self.choices and text not in self.choices:
            raise ValueError(f"{self.name} must be one of: {', '.join(self.choices)}.")
        return text

    def _integer(self, text: str) -> int:
        if not text.removeprefix("-").isdecimal() or len(text) > 18:
            raise ValueError(f"{self.name} must be a whole number.")
        return int(text)

    def _boolean(self, text: str) -> bool:
        if text.lower() not in _YES | _NO:
            raise ValueError(f"{self.name} must be true or false.")
        return text.lower() in _YES

    def _date(self, text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{self.name} must be a date such as 2027-05-01.") from None

    def _list(self, text: str) -> list[Any]:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, list):
            raise ValueError(f"{self.name} must be a list in JSON.")  # noqa: TRY004 - a value, not a type, is wrong
        return value


def read_fields(table: Mapping[str, Mapping[str, Any]]) -> tuple[Field, ...]:
    """The fields of a table of an ``about.toml``, in its order."""
    return tuple(
        Field(name=name, **{**entry, "choices": tuple(entry.get("choices", ()))}) for name, entry in table.items()
    )


def parse_fields(
    fields: Sequence[Field], given: Mapping[str, str], what: str, *, with_defaults: bool
) -> dict[str, Value]:
    """What was given by name, else (``with_defaults``) the default; fields with neither are absent.

    ``what`` is the word for such a field. Raises ValueError, with a sentence, for a name that does not exist or a
    value that does not fit.
    """
    by_name = {field.name: field for field in fields}
    if unknown := sorted(set(given) - set(by_name)):
        raise ValueError(f"There is no {what} {unknown[0]!r}. There are: {', '.join(by_name)}.")
    values: dict[str, Value] = {}
    for name, field in by_name.items():
        text = given.get(name, "")
        if not text.strip() and with_defaults:
            text = field.default
        if text.strip():
            values[name] = field.parse(text)
    return values
