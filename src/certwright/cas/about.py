"""What a CA folder says of itself in ``about.toml``: the CLI, the forms and the docs are made from it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from certwright.model.errors import Misconfigured, Refused

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


@dataclass(frozen=True, slots=True)
class Link:
    """A page worth reading."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class About:
    """One CA: its folder's ``name``, a ``title`` for people, its usual ``url``, what may be set and more.

    ``settings`` and ``secrets`` belong to an account, ``options`` to an order. ``abilities`` name the
    optional ports of ``model.ports`` that its adapter fits.
    """

    name: str
    title: str
    url: str
    urls: Mapping[str, str]
    settings: tuple[Field, ...]
    secrets: tuple[Field, ...]
    options: tuple[Field, ...]
    abilities: tuple[str, ...]
    links: tuple[Link, ...]

    @classmethod
    def load(cls, name: str) -> About:
        """Read the ``about.toml`` of the CA folder ``name``; raises Misconfigured when there is none."""
        if name not in known_cas():
            raise Misconfigured(f"There is no CA called {name!r}.", advice=f"Known: {', '.join(known_cas())}.")
        return _load(name)

    def roots(self) -> bytes:
        """The trust anchors that the CA's certificates verify to, as PEM."""
        return (files(__package__) / self.name / "roots.pem").read_bytes()

    def parse_settings(self, given: Mapping[str, str]) -> dict[str, Value]:
        """Every setting by name: what was given, else its default; those with neither are absent.

        Raises Misconfigured for a name that does not exist or a value that does not fit.
        """
        try:
            return _parse(self.settings, given, "setting", with_defaults=True)
        except ValueError as error:
            raise Misconfigured(str(error), advice=f"See the settings of {self.title}.") from None

    def parse_options(self, given: Mapping[str, str]) -> dict[str, Value]:
        """The options of an order by name, only those given; raises Refused for one that does not fit."""
        try:
            return _parse(self.options, given, "option", with_defaults=False)
        except ValueError as error:
            raise Refused(str(error), advice=f"See the options of an order at {self.title}.") from None


@cache
def known_cas() -> tuple[str, ...]:
    """The names of all CA folders, in order."""
    folders = files(__package__).iterdir()
    return tuple(sorted(folder.name for folder in folders if (folder / "about.toml").is_file()))


@cache
def _load(name: str) -> About:
    content = tomllib.loads((files(__package__) / name / "about.toml").read_text(encoding="utf-8"))
    return About(
        name=name,
        title=content["title"],
        url=content["url"],
        urls=content.get("urls", {}),
        settings=_fields(content.get("settings", {})),
        secrets=_fields(content.get("secrets", {})),
        options=_fields(content.get("options", {})),
        abilities=tuple(content.get("abilities", ())),
        links=tuple(Link(**link) for link in content.get("links", ())),
    )


def _fields(table: Mapping[str, Mapping[str, Any]]) -> tuple[Field, ...]:
    return tuple(
        Field(name=name, **{**entry, "choices": tuple(entry.get("choices", ()))}) for name, entry in table.items()
    )


def _parse(fields: tuple[Field, ...], given: Mapping[str, str], what: str, *, with_defaults: bool) -> dict[str, Value]:
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
