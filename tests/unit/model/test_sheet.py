"""Certificates as CSV: what a spreadsheet opens, and what it must not take for a formula."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certwright.model.ca import CAOrder
from certwright.model.errors import Refused
from certwright.model.inventory import Severity, Summary
from certwright.model.sheet import COLUMNS, columns, csv_lines, harmless
from certwright.model.words import CertificateState

MOMENT = datetime(2026, 11, 21, 12, tzinfo=UTC)
ONE = Summary(
    id=1,
    fingerprint="ab" * 32,
    serial="7f",
    common_name="*.meadow.example",
    names=("*.meadow.example", "meadow.example"),
    issuer="CN=Meadow CA,O=Meadow\\, Ltd",
    organization='Meadow "Works", Ltd',
    validation="ov",
    key_spec="ec-p256",
    public_key_sha256="cd" * 32,
    not_before=MOMENT,
    not_after=MOMENT,
    state=CertificateState.VALID,
    account="main",
    ca="digicert",
    ca_order=CAOrder("1", "2"),
    product="ssl_basic",
    order_id=None,
    key=None,
    replaces="",
    replaced_by="",
    revoked_at=None,
    revocation_reason="",
    owner="web\nteam",
    tags=("a", "b"),
    fields={"cost centre": "=1+1"},
    severity=Severity.WARNING,
    recorded_at=MOMENT,
)


def rows(*certificates: Summary, names: tuple[str, ...] = ()) -> list[dict[str, str]]:
    """What a reader of CSV finds."""
    text = "".join(csv_lines(certificates, columns(names)))
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_a_reader_of_csv_finds_every_column_with_its_value() -> None:
    (row,) = rows(ONE)
    assert list(row) == list(COLUMNS)
    assert (row["organization"], row["owner"], row["issuer"]) == (ONE.organization, ONE.owner, ONE.issuer)
    assert (row["names"], row["tags"], row["severity"]) == ("*.meadow.example meadow.example", "a b", "warning")
    assert (row["not_after"], row["revoked_at"], row["order"]) == ("2026-11-21T12:00:00+00:00", "", "")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_what_may_begin_a_formula_gets_an_apostrophe(begin: str) -> None:
    (row,) = rows(replace(ONE, owner=f"{begin}cmd|' /C calc'!A0"), names=("owner",))
    assert row["owner"] == f"'{begin}cmd|' /C calc'!A0"


@given(st.text(max_size=50))
def test_no_cell_begins_with_what_a_spreadsheet_computes(text: str) -> None:
    assert not harmless(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert harmless(text).removeprefix("'") == text.removeprefix("'")


def test_chosen_columns_stand_in_their_order_and_a_custom_field_is_one() -> None:
    (row,) = rows(ONE, names=("owner", "field:cost centre", "serial", "field:nothing"))
    assert row == {"owner": "web\nteam", "field:cost centre": "'=1+1", "serial": "7f", "field:nothing": ""}


def test_a_column_that_there_is_not_is_refused_with_those_there_are() -> None:
    with pytest.raises(Refused, match=r"'colour'.*fingerprint"):
        columns(("serial", "colour"))
