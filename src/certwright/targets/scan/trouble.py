"""Why a look at a target showed no certificate."""

from __future__ import annotations

_LONGEST_SHOWN = 100


class NoCertificate(Exception):
    """No certificate was presented. ``why`` is one sentence.

    ``absent`` tells that somebody answered for the place and has none, so it is no longer served there; otherwise it
    could not be looked at, and what was seen there before may still be served.
    """

    def __init__(self, why: str, *, absent: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.absent = absent


class Unreachable(NoCertificate):
    """Nothing was said: there is no connection to this address; another address of the host may have one."""


class NoHandshake(NoCertificate):
    """The TLS handshake ended before a certificate came; another first word may fare better."""


def quoted(words: bytes) -> str:
    """What a server said, harmless to show: printable ASCII, in quotes, and not much of it."""
    text = words.decode("ascii", "replace").strip()
    shown = "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in text[:_LONGEST_SHOWN])
    return f'"{shown}"'
