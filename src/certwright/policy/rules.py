"""The dated industry rules of ``rules.toml``, typed, as they stand on a given day."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from importlib import resources
from typing import Any

_DISTRUSTED = "distrusted"  # the one table of the file that is no rule but a list


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force for a certificate issued on one day; ``rules.toml`` has each one's source.

    Days are of 86,400 seconds. ``banned_dcv_methods`` are section numbers of the Baseline Requirements.
    """

    max_lifetime_days: int
    advised_lifetime_days: int
    dcv_reuse_days: int
    persistent_dcv_reuse_days: int
    identity_reuse_days: int
    short_lived_days: int
    network_perspectives: int
    banned_dcv_methods: frozenset[str]
    dnssec_required: bool
    caa_binding_required: bool
    client_auth_allowed: bool
    reverse_zones_allowed: bool
    organizational_unit_allowed: bool
    sha1_allowed: bool
    apple_max_lifetime_days: int
    scts_expected: bool
    scts_of_short_lives: int
    scts_of_long_lives: int
    certificate_profiles: bool


@dataclass(frozen=True, slots=True)
class Distrust:
    """A CA of which a browser refuses what it issued later than ``after`` (aware UTC), by the earliest SCT.

    ``organizations`` are what its issuing CAs and roots have there in their subjects, as it is spelled in them.
    """

    organizations: frozenset[str]
    after: datetime
    source: str


@lru_cache(maxsize=1024)
def on(day: date) -> Rules:
    """The rules for a certificate issued on ``day`` (UTC)."""
    if not isinstance(day, date) or hasattr(day, "hour"):
        raise TypeError("Rules change at midnight UTC: give a date, not a datetime.")
    values = {name: _value_on(table, day) for name, table in _tables().items()}
    values["banned_dcv_methods"] = frozenset(values["banned_dcv_methods"])
    return Rules(**values)


def changes() -> tuple[date, ...]:
    """Every date on which any rule changes, in order."""
    return tuple(sorted({step["from"] for table in _tables().values() for step in table["steps"]}))


@cache
def since(rule: str, *, value: object) -> date:
    """The first day on which the rule of that name has that value. Raises LookupError when it never has."""
    steps = _tables()[rule]["steps"]
    begun: list[date] = [step["from"] for step in steps if step["value"] == value]
    if not begun:
        raise LookupError(f"{rule} never becomes {value!r}.")
    return begun[0]


@cache
def distrusted() -> tuple[Distrust, ...]:
    """The CAs that browsers distrust from a date on."""
    return tuple(
        Distrust(frozenset(entry["organizations"]), entry["after"].astimezone(UTC), str(entry["source"]))
        for entry in _file()[_DISTRUSTED]
    )


def source_of(rule: str) -> str:
    """Where the rule of that name is written down. Raises KeyError for a rule that is none."""
    return str(_tables()[rule]["source"])


@cache
def _file() -> Mapping[str, Any]:
    return tomllib.loads(resources.files("certwright.policy").joinpath("rules.toml").read_text("utf-8"))


@cache
def _tables() -> Mapping[str, Any]:
    """The rules of the parsed file; raises ValueError when they and the fields of Rules are not the same."""
    tables = {name: table for name, table in _file().items() if name != _DISTRUSTED}
    expected = {field.name for field in fields(Rules)}
    if tables.keys() != expected:
        raise ValueError(f"rules.toml and Rules differ in {sorted(tables.keys() ^ expected)}.")
    for name, table in tables.items():
        dates = [step["from"] for step in table["steps"]]
        if dates != sorted(set(dates)):
            raise ValueError(f"The steps of {name} in rules.toml are not in order.")
    return tables


def _value_on(table: Mapping[str, Any], day: date) -> Any:  # as typed as TOML: an int, a bool or a list
    """The value of the last step that has begun by ``day``; of the first when none has."""
    steps = table["steps"]
    begun = [step["value"] for step in steps if step["from"] <= day]
    return begun[-1] if begun else steps[0]["value"]
