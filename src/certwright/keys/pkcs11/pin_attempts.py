"""The durable memory of PINs a token refused, so that no restart and no second process spends another try.

Some tokens lock for good after three wrong PINs, and not all of them say that tries are running out (NSS has
no flag), so flags alone cannot protect a token from a service that restarts with a bad PIN.

The attempt is written down *before* the login and struck out when it succeeds: a disk that is full or a
process that dies in between can then never hide a wrong PIN. An attempt whose end nobody saw may be made once
more.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from certwright.keys.secret_files import locked, read_private, replace_private
from certwright.model.errors import Misconfigured

UNSEEN_ATTEMPTS = 2
"""How often a login may be tried without anyone seeing how it ended."""
SALT_LENGTH = 32


@dataclass(slots=True)
class Attempt:
    """One login about to be made; the caller says how it ended."""

    ended: str = ""

    def succeeded(self) -> None:
        """The token took the PIN."""
        self.ended = "succeeded"

    def refused(self) -> None:
        """The token said the PIN is wrong."""
        self.ended = "refused"

    def not_made(self) -> None:
        """The token did not look at the PIN, so no try was spent."""
        self.ended = "not made"


@dataclass(slots=True)
class _Memory:
    """Content of the file: a salt of its own, and per token the slow hash of each PIN → attempts left open.

    A refused PIN stands at UNSEEN_ATTEMPTS. The hash is scrypt, so the file does not give the PIN away to
    whoever finds a copy of it; only wrong PINs and, for the milliseconds of a login, the present one are in
    it.
    """

    salt: bytes = field(repr=False)
    tokens: dict[str, dict[str, int]] = field(repr=False)


class PinAttempts:
    """The memory in one 0600 file, shared by all processes that use the tokens of this installation."""

    def __init__(self, path: Path) -> None:
        """Use ``path``; it is created on the first attempt."""
        self._path = path

    @contextmanager
    def attempt(self, token: str, pin: bytes, *, despite_refusal: bool = False) -> Iterator[Attempt]:
        """Write down a login that is about to be made, run the block, then write down how it ended.

        ``token`` names the token (label and serial). Other processes wait meanwhile, so two that start
        together spend one try, not two. ``despite_refusal`` is an operator's explicit word that the PIN is
        right now. Raises Misconfigured when the token has refused this PIN before, Unavailable when the file
        cannot be written; the block then does not run.
        """
        with locked(self._path):
            memory = self._read()
            entry = _hash(memory.salt, token, pin)
            open_attempts = memory.tokens.setdefault(token, {})
            before = 0 if despite_refusal else open_attempts.get(entry, 0)
            if before >= UNSEEN_ATTEMPTS:
                raise _refused_before(token)
            open_attempts[entry] = before + 1
            self._write(memory)
            attempt = Attempt()
            try:
                yield attempt
            finally:
                self._close(memory, token, entry, before, attempt)

    def _close(self, memory: _Memory, token: str, entry: str, before: int, attempt: Attempt) -> None:
        match attempt.ended:
            case "succeeded":
                memory.tokens.pop(token)  # what the token refused earlier may have become its PIN: forget it all
            case "refused":
                memory.tokens[token][entry] = UNSEEN_ATTEMPTS
            case "not made":
                memory.tokens[token][entry] = before
            case _:
                return
        self._write(memory)

    def _read(self) -> _Memory:
        if not self._path.exists():
            return _Memory(secrets.token_bytes(SALT_LENGTH), {})
        try:
            content = json.loads(read_private(self._path))
            tokens = {
                str(token): {str(entry): int(count) for entry, count in entries.items()}
                for token, entries in content["tokens"].items()
            }
            return _Memory(base64.b64decode(content["salt"], validate=True), tokens)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Misconfigured(
                f"{self._path}, the memory of refused PINs, is damaged.",
                advice="Make sure that the configured PIN is right, then delete the file.",
            ) from error

    def _write(self, memory: _Memory) -> None:
        content = {"salt": base64.b64encode(memory.salt).decode(), "tokens": memory.tokens}
        replace_private(self._path, json.dumps(content).encode())


def _hash(salt: bytes, token: str, pin: bytes) -> str:
    """Slow keyed hash of one PIN for one token (scrypt, RFC 7914; about 10 ms)."""
    keyed = hmac.digest(salt, token.encode(), "sha256")
    return hashlib.scrypt(pin, salt=keyed, n=2**12, r=8, p=1, dklen=32).hex()


def _refused_before(token: str) -> Misconfigured:
    return Misconfigured(
        f"Token {token} has refused this PIN before; it is not tried again, so that the token does not lock.",
        advice="Correct the PIN in its source. If the token's PIN was set to this one, run the token check "
        "with: certwright token check NAME --one-more-login.",
        code="PinRefusedBefore",
    )
