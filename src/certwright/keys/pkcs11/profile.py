"""What differs from token to token, as settings: one frozen profile per token."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from certwright.model.errors import Misconfigured

Template = Mapping[str, bool | int | str]
"""Attribute name (``VERIFY``) or number (``0x80000101``) → value to add to what we send."""


@dataclass(frozen=True, slots=True)
class TokenProfile:
    """How to reach one token and what it can take. The defaults suit most tokens.

    The token is found by ``label``, ``serial`` or both, and they must match exactly one. Slot numbers are not
    a setting: they move when a token is added or the machine restarts.
    """

    module: str
    """Path of the vendor's PKCS#11 library."""
    label: str = ""
    serial: str = ""
    init_string: str = ""
    """Given to C_Initialize as pReserved; NSS needs one, YubiHSM takes one."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables the vendor's library reads, set in this process before the library is loaded."""
    minimum_pin_length: int = 4
    """Bytes. A shorter PIN is refused here: tokens count an empty or too short PIN as a wrong try."""
    pin_pattern: str = ""
    """Regular expression the whole PIN must match, for example ``[^:]+:.+`` where it is ``user:password``."""
    id_length: int = 16
    """Bytes of a new CKA_ID; YubiHSM takes 2."""
    label_pattern: str = ".{1,127}"
    """Regular expression a key's label must match as a whole."""
    key_specs: tuple[str, ...] = ()
    """Key specs the token can make; empty means all."""
    public_template_add: Template = field(default_factory=dict)
    public_template_omit: tuple[str, ...] = ()
    private_template_add: Template = field(default_factory=dict)
    private_template_omit: tuple[str, ...] = ()
    certificate_template_add: Template = field(default_factory=dict)
    certificate_template_omit: tuple[str, ...] = ()
    store_certificates: bool = True
    """False for a token without C_CreateObject."""
    largest_certificate: int = 32 * 1024
    """Bytes of DER that the token takes as CKA_VALUE."""

    def __post_init__(self) -> None:
        """Refuse what cannot work, before the library is touched; raises Misconfigured."""
        if not self.module:
            raise Misconfigured("The token profile names no PKCS#11 module.")
        if not (self.label or self.serial):
            raise Misconfigured(
                "The token profile names neither a label nor a serial number.",
                advice="p11tool --list-tokens shows both.",
            )
        if not 1 <= self.id_length <= 128:
            raise Misconfigured("id_length must lie between 1 and 128 bytes.")
        for pattern in (self.pin_pattern, self.label_pattern):
            try:
                re.compile(pattern)
            except re.error as error:
                raise Misconfigured(f"{pattern!r} is not a regular expression: {error}.") from error

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any]) -> TokenProfile:
        """Build a profile from settings (a TOML table); raises Misconfigured for what does not fit."""
        known = [item.name for item in fields(cls)]
        unknown = sorted(set(settings) - set(known))
        if unknown:
            raise Misconfigured(f"Unknown token setting: {', '.join(unknown)}.", advice=f"Known: {', '.join(known)}.")
        try:
            return TypeAdapter(cls).validate_python(dict(settings))
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            raise Misconfigured(f"The token setting {name} does not fit: {first['msg']}.") from error

    @classmethod
    def from_toml(cls, text: str) -> TokenProfile:
        """Build a profile from the text of a TOML file; raises Misconfigured for what does not fit."""
        try:
            return cls.from_mapping(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise Misconfigured(f"The token profile is not TOML: {error}.") from error

    @property
    def description(self) -> str:
        """The token as people know it, for messages."""
        label = f"'{self.label}'" if self.label else ""
        serial = f"with serial {self.serial}" if self.serial else ""
        return f"{label} {serial}".strip()
