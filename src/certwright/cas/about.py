"""What a CA folder says of itself in ``about.toml``: the CLI, the forms and the docs are made from it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from certwright.model.errors import Misconfigured, Refused
from certwright.model.fields import Field, Value, parse_fields, read_fields
from certwright.model.words import RevocationReason


@dataclass(frozen=True, slots=True)
class Link:
    """A page worth reading."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class About:
    """One CA: its folder's ``name``, a ``title`` for people, its usual ``url``, what may be set and more.

    ``settings`` and ``secrets`` belong to an account, ``options`` to an order. ``abilities`` name the
    optional ports of ``model.ports`` that its adapter fits, ``revocation_reasons`` what it takes for one.
    """

    name: str
    title: str
    url: str
    urls: Mapping[str, str]
    settings: tuple[Field, ...]
    secrets: tuple[Field, ...]
    options: tuple[Field, ...]
    abilities: tuple[str, ...]
    revocation_reasons: tuple[RevocationReason, ...]
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

    def intermediates(self) -> bytes:
        """The CA's intermediates that mend a chain in which it leaves one out, as PEM; empty where none are pinned."""
        pinned = files(__package__) / self.name / "intermediates.pem"
        return pinned.read_bytes() if pinned.is_file() else b""

    def parse_settings(self, given: Mapping[str, str]) -> dict[str, Value]:
        """Every setting by name: what was given, else its default; those with neither are absent.

        Raises Misconfigured for a name that does not exist or a value that does not fit.
        """
        try:
            return parse_fields(self.settings, given, "setting", with_defaults=True)
        except ValueError as error:
            raise Misconfigured(str(error), advice=f"See the settings of {self.title}.") from None

    def parse_options(self, given: Mapping[str, str]) -> dict[str, Value]:
        """The options of an order by name, only those given; raises Refused for one that does not fit."""
        try:
            return parse_fields(self.options, given, "option", with_defaults=False)
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
        settings=read_fields(content.get("settings", {})),
        secrets=read_fields(content.get("secrets", {})),
        options=read_fields(content.get("options", {})),
        abilities=tuple(content.get("abilities", ())),
        revocation_reasons=tuple(map(RevocationReason, content.get("revocation_reasons", ()))),
        links=tuple(Link(**link) for link in content.get("links", ())),
    )
