"""The kinds of targets as ``about.toml`` tells them: what each serves, and what may be set of it."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from certwright.model.errors import Misconfigured
from certwright.model.fields import Field, Value, parse_fields, read_fields
from certwright.model.words import DCVMethod


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of target: the DCV methods it ``serves``, its settings and secrets; the rest is for people."""

    name: str
    title: str
    about: str
    serves: frozenset[DCVMethod]
    settings: tuple[Field, ...]
    secrets: tuple[Field, ...]

    @classmethod
    def load(cls, name: str) -> Kind:
        """The kind of that name; raises Misconfigured when there is none."""
        if name not in kinds():
            raise Misconfigured(f"There is no kind of target called {name!r}.", advice=f"Known: {', '.join(kinds())}.")
        return kinds()[name]

    def parse_settings(self, given: Mapping[str, str]) -> dict[str, Value]:
        """Every setting by name: what was given, else its default; those with neither are absent.

        Raises Misconfigured for a name that does not exist, a value that does not fit, or one that lacks.
        """
        try:
            parsed = parse_fields(self.settings, given, "setting", with_defaults=True)
        except ValueError as error:
            raise Misconfigured(str(error), advice=f"See the settings of {self.name}.") from None
        self._require(self.settings, parsed)
        return parsed

    def check_secrets(self, given: Collection[str]) -> None:
        """Raise Misconfigured for the name of a secret that does not exist, or one that lacks."""
        if unknown := sorted(set(given) - {field.name for field in self.secrets}):
            raise Misconfigured(f"A target of the kind {self.name} has no secret {unknown[0]!r}.")
        self._require(self.secrets, given)

    def _require(self, fields: Sequence[Field], given: Collection[str]) -> None:
        for field in fields:
            if field.required and field.name not in given:
                raise Misconfigured(f"A target of the kind {self.name} needs {field.name}.", advice=field.help)


@cache
def kinds() -> Mapping[str, Kind]:
    """All kinds by name, in the order of the file."""
    content = tomllib.loads((files(__package__) / "about.toml").read_text(encoding="utf-8"))
    return {
        name: Kind(
            name=name,
            title=table["title"],
            about=table["about"],
            serves=frozenset(map(DCVMethod, table["serves"])),
            settings=read_fields(table.get("settings", {})),
            secrets=read_fields(table.get("secrets", {})),
        )
        for name, table in content.items()
    }
