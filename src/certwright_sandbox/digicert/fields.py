"""Reading request bodies as this API does: ids may be texts, booleans 1, and unknown fields are ignored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from certwright_sandbox.digicert.errors import invalid_value

WHOLE_NUMBER = re.compile(r"\s*-?\d{1,18}\s*\Z", re.ASCII)
NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # what XML 1.0 cannot hold (§2.2)
TRUE = (True, 1, "1", "true", "True")
FALSE = (False, 0, "0", "false", "False", "")


def whole_number(text: str) -> int | None:
    """A whole number written in at most 18 digits, so that it can be an id; None for anything else."""
    return int(text) if WHOLE_NUMBER.match(text) else None


class Fields:
    """An object of a request body; `path` is where it stands, for error codes."""

    def __init__(self, values: Any, path: str = "") -> None:
        """Anything but an object counts as an empty one."""
        self._values: Mapping[str, Any] = values if isinstance(values, Mapping) else {}
        self._path = path

    def __contains__(self, name: str) -> bool:
        """Whether the field is there with a value."""
        return self._values.get(name) not in (None, "", [], {})

    def object(self, name: str) -> Fields:
        """The object in a field; an empty one when absent."""
        return Fields(self._values.get(name), self._name(name))

    def objects(self, name: str) -> list[Fields]:
        """The objects of an array."""
        value = self._values.get(name)
        return [Fields(item, self._name(name)) for item in value] if isinstance(value, list) else []

    def text(self, name: str) -> str:
        """A text without surrounding space; empty when absent. Raises Refusal for anything but a scalar."""
        value = self._values.get(name)
        if value is None:
            return ""
        if isinstance(value, bool | dict | list) or NOT_TEXT.search(str(value)):
            raise invalid_value(self._name(name))
        return str(value).strip()

    def texts(self, name: str) -> tuple[str, ...]:
        """The texts of an array; a single text counts as an array of one. Raises Refusal."""
        value = self._values.get(name)
        if value in (None, ""):
            return ()
        items = value if isinstance(value, list) else [value]
        if any(not isinstance(item, str | int) or NOT_TEXT.search(str(item)) for item in items):
            raise invalid_value(self._name(name))
        return tuple(text for text in (str(item).strip() for item in items) if text)

    def number(self, name: str) -> int | None:
        """A whole number, also as a text; None when absent. Raises Refusal."""
        value = self._values.get(name)
        if value in (None, ""):
            return None
        number = whole_number(str(value)) if isinstance(value, int | str) else None
        if number is None or isinstance(value, bool):
            raise invalid_value(self._name(name))
        return number

    def count(self, name: str) -> int:
        """A switch that may also be a number of days: 0, 1, more; 0 when absent. Raises Refusal."""
        value = self._values.get(name)
        return int(value) if isinstance(value, bool) else (self.number(name) or 0)

    def flag(self, name: str) -> bool:
        """A boolean in any of its spellings; false when absent. Raises Refusal."""
        value = self._values.get(name)
        if value is None:
            return False
        if isinstance(value, list | dict) or (value not in TRUE and value not in FALSE):
            raise invalid_value(self._name(name))
        return value in TRUE

    def day(self, name: str) -> date | None:
        """A day as YYYY-MM-DD; None when absent or a zero date, which some clients send. Raises Refusal."""
        text = self.text(name)
        if not text or text.startswith(("0000", "0001-01-01")):
            return None
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            raise invalid_value(name) from None

    def _name(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name
