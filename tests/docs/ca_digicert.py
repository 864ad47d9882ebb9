"""What the page of DigiCert says beside its ``about.toml``. What no program tells is in ``ca_digicert.md``."""

from __future__ import annotations

from pathlib import Path

from certwright.cas.digicert import DigiCert, wire
from certwright.cas.digicert.reads import READS
from tests.docs.ca_reads import read_calls
from tests.docs.markdown import code, parts, table
from tests.docs.page_ca import CAPage

_PARTS = parts(Path(__file__).with_suffix(".md"))
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


def _after() -> str:
    return f"{_states()}{_PARTS['read_only']}{read_calls(READS)}{_PARTS['tells']}"


PAGE = CAPage("digicert", DigiCert, _PARTS["before"], _COSTS, _after)
