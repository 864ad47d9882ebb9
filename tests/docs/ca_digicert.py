"""What the page of DigiCert says beside its ``about.toml``."""

from __future__ import annotations

from certwright.cas.digicert import DigiCert, wire
from tests.docs.markdown import code, table
from tests.docs.page_ca import CAPage

_BEFORE = """\
It must end in `services/v2`, and a key works only at the instance that gave it.

A key that is restricted to reading belongs into an account with `--read-only`: then nothing but GET leaves Certwright.
"""
_COSTS = (
    "Counted in calls of the API, by method of `certwright.cas.digicert.DigiCert`. An order whose names and "
    "organization are prevalidated costs one call in all: `place` brings the certificate."
)


def _states() -> str:
    waiting = [(code(word), code("pending"), code(ours)) for word, ours in wire._WAITING.items()]
    open_ones = [
        (code(word), code("pending"), "`domain_control`, `organization` or `processing`, as its validation tells")
        for word in sorted(wire._UNFINISHED)
    ]
    ended = [(code(word), code(ours), "") for word, ours in wire._ENDED.items()]
    rows = [*waiting, *open_ones, (code(wire.ISSUED), code("issued"), "once the certificate is verified"), *ended]
    rows.append(("any other", code("pending"), "`processing`, and a warning in the log"))
    told = table(("DigiCert", "state", "waiting_for"), rows)
    return f"\n## States\n\nDigiCert's status of an order, and ours.\n\n{told}"


PAGE = CAPage("digicert", DigiCert, _BEFORE, _COSTS, _states)
