"""The one error of this room: an input that cannot be what it is given as."""

from __future__ import annotations


class Invalid(ValueError):
    """A name, key, CSR, certificate or file that we cannot or must not use.

    ``detail`` says what is wrong, in one sentence that quotes no secret. ``advice`` is one sentence on what
    to do next; empty when the detail says it all.
    """

    def __init__(self, detail: str, *, advice: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.advice = advice

    def __str__(self) -> str:
        """Detail and advice as one readable text."""
        return f"{self.detail} {self.advice}".strip()
