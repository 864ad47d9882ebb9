"""Certificates as CSV (RFC 4180) that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from certwright.model.errors import Refused
from certwright.model.inventory import Summary

FIELD = "field:"  # begins the name of a column that is a custom field
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS: dict[str, Callable[[Summary], str]] = {
    "fingerprint": lambda one: one.fingerprint,
    "serial": lambda one: one.serial,
    "common_name": lambda one: one.common_name,
    "names": lambda one: " ".join(one.names),
    "issuer": lambda one: one.issuer,
    "organization": lambda one: one.organization,
    "validation": lambda one: one.validation,
    "key_spec": lambda one: one.key_spec,
    "public_key_sha256": lambda one: one.public_key_sha256,
    "not_before": lambda one: _moment(one.not_before),
    "not_after": lambda one: _moment(one.not_after),
    "state": lambda one: one.state,
    "ca": lambda one: one.ca,
    "account": lambda one: one.account,
    "ca_order_id": lambda one: one.ca_order.order_id,
    "ca_certificate_id": lambda one: one.ca_order.certificate_id,
    "product": lambda one: one.product,
    "order": lambda one: str(one.order_id or ""),
    "replaces": lambda one: one.replaces,
    "replaced_by": lambda one: one.replaced_by,
    "revoked_at": lambda one: _moment(one.revoked_at),
    "revocation_reason": lambda one: one.revocation_reason,
    "owner": lambda one: one.owner,
    "tags": lambda one: " ".join(one.tags),
    "severity": lambda one: one.severity or "",
    "recorded_at": lambda one: _moment(one.recorded_at),
}


def columns(names: Sequence[str]) -> tuple[str, ...]:
    """The columns of those names, all of COLUMNS for none; raises Refused for one that there is not."""
    chosen = tuple(name.strip() for name in names if name.strip())
    for name in chosen:
        if name not in COLUMNS and not (name.startswith(FIELD) and name.removeprefix(FIELD)):
            raise Refused(
                f"There is no column {name!r}.", advice=f"There are {', '.join(COLUMNS)}, and {FIELD}NAME of a field."
            )
    return chosen or tuple(COLUMNS)


def csv_lines(certificates: Iterable[Summary], chosen: Sequence[str]) -> Iterator[str]:
    """The head and then a line for each certificate, each with its line end; ``chosen`` is of :func:`columns`."""
    cells = [_cells(name) for name in chosen]
    yield _line(chosen)
    for certificate in certificates:
        yield _line([of(certificate) for of in cells])


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: one that may begin one gets an apostrophe (OWASP)."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cells(name: str) -> Callable[[Summary], str]:
    return COLUMNS.get(name) or (lambda certificate: certificate.fields.get(name.removeprefix(FIELD), ""))


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([harmless(cell) for cell in cells])
    return written.getvalue()


def _moment(value: datetime | None) -> str:
    return value.astimezone(UTC).isoformat() if value else ""
