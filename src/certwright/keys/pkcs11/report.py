"""What ``token check`` found, and the profile it recommends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields

from certwright.keys.pkcs11.policy import KeyPolicy
from certwright.keys.pkcs11.profile import TokenProfile
from certwright.pki.keys import KeySpec


@dataclass(frozen=True, slots=True)
class KeyTrial:
    """How one key spec fared: ``detail`` says what failed; ``policy`` is None when no key was made."""

    spec: KeySpec
    works: bool
    detail: str
    policy: KeyPolicy | None = None


@dataclass(frozen=True, slots=True)
class TokenReport:
    """A token's own description, what worked on it, and the profile that fits."""

    label: str
    serial: str
    manufacturer: str
    model: str
    firmware: str
    flags: tuple[str, ...]
    mechanisms: tuple[str, ...]
    trials: tuple[KeyTrial, ...]
    stores_certificates: bool
    profile: TokenProfile

    @property
    def usable(self) -> bool:
        """Whether at least one kind of key works."""
        return any(trial.works for trial in self.trials)

    def profile_toml(self) -> str:
        """The profile as a TOML file, without the settings that stand at their default."""
        lines = []
        for item in fields(self.profile):
            value = getattr(self.profile, item.name)
            default = item.default if item.default_factory is MISSING else item.default_factory()
            if value != default:
                lines.append(f"{item.name} = {_toml(value)}\n")
        return "".join(lines)


def _toml(value: object) -> str:
    """One TOML value; JSON's strings, numbers, booleans and lists are TOML's too, tables are not."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_toml(each)}" for name, each in value.items()) + " }"
    return json.dumps(value)
