"""The one family of errors: what went wrong, in whose words, and what to do about it.

A caller decides by the type alone: ``Refused`` is never repeated unchanged, ``Unavailable`` is repeated later,
``Misconfigured`` needs a person to mend our side. ``Unknown`` is the dangerous fourth: a call that changes
something went out and no answer tells whether it was carried out; it is looked up, never repeated blindly.
"""

from __future__ import annotations


class CertwrightError(Exception):
    """Base of the family.

    ``detail`` is what happened, in the other side's own words where it spoke. ``advice`` is one sentence on what
    to do next; empty when there is nothing to do. ``code`` is the other side's machine-readable code, if any.
    """

    def __init__(self, detail: str, *, advice: str = "", code: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.advice = advice
        self.code = code

    def __str__(self) -> str:
        """Detail and advice as one readable text."""
        return f"{self.detail} {self.advice}".strip()


class Refused(CertwrightError):
    """The other side said no for good: repeating the same call cannot help."""


class NotFound(Refused):
    """What was asked for does not exist, or is not ours to see (CAs do not tell the two apart)."""


class Unavailable(CertwrightError):
    """Nothing was done; the same call may work later.

    ``retry_after`` is the number of seconds the other side asked us to wait, None when it did not say.
    """

    def __init__(self, detail: str, *, advice: str = "", code: str = "", retry_after: float | None = None) -> None:
        super().__init__(detail, advice=advice, code=code)
        self.retry_after = retry_after


class Unknown(Unavailable):
    """A call that changes something went out and its outcome is unknown: look it up before anything else."""


class Misconfigured(CertwrightError):
    """A person must mend our side: a wrong credential, PIN, URL or file. The CA account pauses until then."""


class LostLease(Exception):
    """Somebody else has gone on with the order since: what this worker was about to write is void."""
