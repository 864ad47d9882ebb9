"""How an operator tells Certwright about a token: a profile file, or a label and the default module."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from certwright.keys.pkcs11 import Pkcs11Keys, TokenProfile
from certwright.keys.pkcs11 import pin as pins
from certwright.model.errors import Misconfigured


def open_token(
    name: str,
    *,
    profile: Path,
    module: Path | None,
    pin: SecretStr | None,
    pin_file: Path | None,
    ask: Callable[[str], str] | None,
    refused_pins: Path,
) -> Pkcs11Keys:
    """The token that ``name`` means; nothing is loaded and no PIN is read before it is used.

    With a file at ``profile`` (TOML: the fields of TokenProfile, and ``pin_file``, or ``pin_pad = true`` where the PIN
    is typed at the token itself) the name is ours.
    Without one it is the token's own label, at ``module``. The PIN comes from the profile's file, the
    given file, the given value or the person at the terminal, in this order. Raises Misconfigured.
    """
    if profile.exists():
        content = tomllib.loads(profile.read_text(encoding="utf-8"))
        own_pin_file = content.pop("pin_file", None)
        source = (
            pins.from_token()
            if content.pop("pin_pad", False)
            else _pin(name, Path(own_pin_file) if own_pin_file else pin_file, pin, ask)
        )
        return Pkcs11Keys(TokenProfile.from_mapping(content), source, refused_pins)
    if module is None:
        raise Misconfigured(
            f"There is no token profile {name!r}.",
            advice=f"Make one: certwright token add {name} --module LIBRARY.so --pin-file FILE",
        )
    return Pkcs11Keys(TokenProfile(module=str(module), label=name), _pin(name, pin_file, pin, ask), refused_pins)


def _pin(name: str, file: Path | None, value: SecretStr | None, ask: Callable[[str], str] | None) -> pins.PinSource:
    if file is not None:
        return pins.from_file(file)
    if value is not None:
        return pins.from_value(value.get_secret_value())
    if ask is not None:
        question = f"PIN of token {name}: "
        return pins.from_prompt(lambda: ask(question))
    raise Misconfigured(
        f"There is no PIN for token {name}.", advice="Set CERTWRIGHT_PIN_FILE, or pin_file in its profile."
    )
