"""One call inside an API: who asks and with which parameters, and the reply before it has its framing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from certwright_sandbox.http import Request
from certwright_sandbox.playing import Twist
from certwright_sandbox.sectigo.errors import invalid, missing
from certwright_sandbox.sectigo.parameters import Api
from certwright_sandbox.sectigo.records import Account

WHOLE = re.compile(r"-?\d{1,18}\Z", re.ASCII)
Pairs = list[tuple[str, object]]


@dataclass(frozen=True)
class Reply:
    """An answer that can be framed both ways: URL-encoded `pairs`, or `lines`."""

    pairs: Pairs = field(default_factory=lambda: [("errorCode", 0)])
    lines: tuple[str, ...] = ("0",)
    lines_type: str = ""  # of lines that hold certificates, where the call wants another than text/plain


@dataclass(frozen=True)
class Raw:
    """An answer whose framing is its own."""

    content: bytes
    content_type: str


@dataclass
class Call:
    """A call that the gate has let in. Parameter names are in lower case, values as sent."""

    api: Api
    request: Request
    account: Account
    twist: Twist
    values: Mapping[str, str]

    def text(self, name: str, default: str = "") -> str:
        """A parameter's value without blanks around it."""
        return self.values.get(name.lower(), "").strip() or default

    def wanted(self, name: str) -> str:
        """A parameter that must be there. Raises Refusal -3."""
        value = self.text(name)
        if not value:
            raise missing(name)
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A flag, Y or N. Raises Refusal -4."""
        value = self.text(name, "Y" if default else "N").upper()
        if value not in ("Y", "N"):
            raise invalid(name)
        return value == "Y"

    def number(self, name: str) -> int | None:
        """A whole number; None where the parameter is absent. Raises Refusal -4."""
        value = self.text(name)
        if not value:
            return None
        if WHOLE.match(value) is None:
            raise invalid(name)
        return int(value)

    def choice(self, name: str, allowed: Iterable[int], default: int) -> int:
        """A whole number out of a few. Raises Refusal -4."""
        number = self.number(name)
        if number is None:
            return default
        if number not in allowed:
            raise invalid(name)
        return number

    def moment(self, name: str) -> datetime | None:
        """A time in Unix seconds. Raises Refusal -4."""
        number = self.number(name)
        if number is None:
            return None
        try:
            return datetime.fromtimestamp(number, UTC)
        except (ValueError, OverflowError, OSError):
            raise invalid(name) from None

    def numbers(self, name: str) -> list[int]:
        """Whole numbers with commas between them. Raises Refusal -4."""
        parts = [part.strip() for part in self.text(name).split(",") if part.strip()]
        if any(WHOLE.match(part) is None for part in parts):
            raise invalid(name)
        return [int(part) for part in parts]


def seconds(at: datetime | None) -> int | None:
    """A time as the APIs write it: Unix seconds."""
    return None if at is None else int(at.timestamp())
