"""Logging in without ever costing a token its PIN tries."""

from __future__ import annotations

import re

import pkcs11
from pkcs11 import TokenFlag
from pkcs11.exceptions import PinIncorrect, PinInvalid, PinLenRange, PKCS11Error, UserAlreadyLoggedIn
from pkcs11.types import PROTECTED_AUTH

from certwright.keys.pkcs11.attributes import Mapper
from certwright.keys.pkcs11.pin import PinSource, ProtectedPath
from certwright.keys.pkcs11.pin_attempts import PinAttempts
from certwright.keys.pkcs11.profile import TokenProfile
from certwright.model.errors import Misconfigured


def log_in(
    token: pkcs11.Token,
    profile: TokenProfile,
    pin: PinSource,
    attempts: PinAttempts,
    *,
    one_more_login: bool = False,
) -> pkcs11.Session:
    """Open the read-write user session of ``token``, whose flags must have been read just now.

    The PIN is asked for only if the token wants a login. Raises Misconfigured, without a try spent, when the
    token counts failures (``one_more_login`` overrides), is locked, has refused this PIN before, or cannot
    take a PIN of that shape; raises the binding's errors for what the token answers.
    """
    if not token.flags & TokenFlag.LOGIN_REQUIRED:
        return token.open(rw=True, attribute_mapper=Mapper())
    _respect_flags(token, one_more_login=one_more_login)
    value = pin()
    if isinstance(value, ProtectedPath):
        return token.open(rw=True, user_pin=PROTECTED_AUTH, attribute_mapper=Mapper())
    text = _checked_shape(value, profile)
    name = f"{token.label}:{token.serial.hex()}"
    with attempts.attempt(name, value, despite_refusal=one_more_login) as attempt:
        try:
            session = token.open(rw=True, user_pin=text, attribute_mapper=Mapper())
        except (PinIncorrect, PinInvalid, PinLenRange):
            attempt.refused()
            raise
        except UserAlreadyLoggedIn:
            # Another part of this process logged in; sessions opened now share that.
            attempt.not_made()
            return token.open(rw=True, attribute_mapper=Mapper())
        except PKCS11Error:
            attempt.not_made()
            raise
        attempt.succeeded()
        return session


def _respect_flags(token: pkcs11.Token, *, one_more_login: bool) -> None:
    if token.flags & TokenFlag.USER_PIN_LOCKED:
        raise Misconfigured(
            f"The PIN of token {token.label} is locked.",
            advice="The token's administrator has to unlock it.",
            code="PinLocked",
        )
    if token.flags & (TokenFlag.USER_PIN_COUNT_LOW | TokenFlag.USER_PIN_FINAL_TRY) and not one_more_login:
        raise Misconfigured(
            f"Somebody gave token {token.label} a wrong PIN and tries are running out, so we do not log in.",
            advice="Make sure that the configured PIN is right, then run the token check with the option "
            "--one-more-login (certwright token check NAME --one-more-login); a right PIN sets the count back.",
            code="PinCountLow",
        )


def _checked_shape(pin: bytes, profile: TokenProfile) -> str:
    """Refuse here what the token would count as a wrong try; returns the PIN as text."""
    try:
        text = pin.decode("utf-8")
    except UnicodeDecodeError:
        raise Misconfigured("The token PIN is not UTF-8, which PKCS#11 requires.") from None
    if len(pin) < profile.minimum_pin_length:
        raise Misconfigured(
            f"The token PIN is empty or shorter than {profile.minimum_pin_length} bytes; it was not tried.",
            advice="Check where the PIN comes from.",
        )
    if profile.pin_pattern and not re.fullmatch(profile.pin_pattern, text):
        raise Misconfigured(
            "The token PIN does not have the shape its profile demands; it was not tried.",
            advice=f"It must match {profile.pin_pattern}.",
        )
    return text
