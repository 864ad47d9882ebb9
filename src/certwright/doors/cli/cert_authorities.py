"""``certwright cert authorities``: the certificates of CAs, and how much hangs on each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from certwright.doors.cli.cert_list import WIDE, severity
from certwright.doors.cli.fitting import fitting_table
from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.terminal import cell, moment, out, print_json, state
from certwright.store.issuing import AuthorityLine

Used = Annotated[
    bool, typer.Option("--used", help="Only those that bear the name of the issuer of a leaf certificate in force.")
]


def list_authorities(used: Used = False, as_json: AsJSON = False) -> None:
    """List the certificates of CAs, roots and intermediates, in the order of their ends, and what hangs on each.

    How many leaf certificates in force name it as their issuer is counted by name: several certificates of one CA share
    them. What is wrong with one, and what to do, is told by cert findings with its fingerprint. One that a server shows
    as its own, or whose key lies beside it, is in cert list.
    """
    with opened() as certwright:
        lines = (one for one in certwright.findings.issuing().authorities() if one.leaves or not used)
        if as_json:
            for one in lines:
                print_json(_json(one))
            return
        columns = _WIDE_COLUMNS if out.width >= WIDE else _NARROW_COLUMNS
        rows = ([of(one) for of in columns.values()] for one in lines)
        fitting_table("CA certificates", tuple(columns), rows, giving="name")


def _json(one: AuthorityLine) -> dict[str, Any]:
    return {
        "fingerprint": one.fingerprint,
        "subject": one.subject,
        "issuer": one.issuer,
        "not_after": one.not_after,
        "state": one.state,
        "leaves": one.leaves,
        "severity": one.severity,
        "findings": list(one.findings),
    }


_NARROW_COLUMNS: dict[str, Callable[[AuthorityLine], str]] = {
    "fingerprint": lambda one: one.fingerprint[:12],
    "name": lambda one: cell(one.name),
    "valid until": lambda one: moment(one.not_after)[:10],
    "leaves": lambda one: f"{one.leaves:,}",
    "finding": lambda one: severity(one.severity),
}
_WIDE_COLUMNS: dict[str, Callable[[AuthorityLine], str]] = {
    "fingerprint": lambda one: one.fingerprint[:12],
    "name": lambda one: cell(one.name),
    "issuer": lambda one: cell(one.issuer_name),
    "valid until": lambda one: moment(one.not_after)[:10],
    "state": lambda one: state(one.state),
    "leaves": lambda one: f"{one.leaves:,}",
    "findings": lambda one: cell(", ".join(one.findings)),
}
