"""What the rules find in CA certificates on which leaf certificates in force hang."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from certwright.model.inventory import Severity
from certwright.pki.certificate import Certificate
from certwright.policy.findings import AUTHORITIES, AUTHORITY, authority_findings
from certwright.policy.judged import Judged
from tests.cases import odd
from tests.cases.authority import NOW, Authority, root
from tests.unit.policy.judging import RSA_KEY, TOP

DAY = timedelta(days=1)


def found(certificate: Certificate, at: timedelta = timedelta(0), **known: Any) -> list[str]:
    every = authority_findings(Judged(certificate, issuer=TOP.certificate, **known), NOW + at)
    assert all(one.rule.startswith(AUTHORITY) and one.advice.endswith(".") and one.source for one in every)
    return [one.rule.removeprefix(AUTHORITY) for one in every]


def test_a_sound_intermediate_has_none() -> None:
    assert found(TOP.intermediate().certificate) == []


def test_its_end_is_told_half_a_year_ahead_and_when_it_has_come_unless_a_successor_is_there() -> None:
    ending = TOP.intermediate(not_after=NOW + 200 * DAY).certificate
    assert found(ending) == []
    assert found(ending, 20 * DAY) == ["ends_soon"]
    assert found(ending, 200 * DAY) == ["ends_soon"]
    assert found(ending, 201 * DAY) == ["expired"]
    assert found(ending, 20 * DAY, replaced=True) == found(ending, 201 * DAY, replaced=True) == []


def test_one_that_was_revoked_is_an_error_that_says_when_and_why() -> None:
    known = {"revoked_at": NOW - DAY, "revocation_reason": "cACompromise"}
    assert found(TOP.intermediate().certificate, **known) == ["revoked"]
    (one,) = authority_findings(Judged(TOP.intermediate().certificate, **known), NOW)  # type: ignore[arg-type]
    assert one.severity is Severity.ERROR
    assert "2026-11-20 (cACompromise)" in one.detail


def test_a_forgeable_signature_counts_in_an_intermediate_and_not_in_a_root() -> None:
    old = Authority(TOP.certificate, RSA_KEY)
    assert found(odd.signed_with(old.intermediate().certificate, "sha1")) == ["broken_signature"]
    assert found(odd.signed_with(root(key=RSA_KEY).certificate, "sha1")) == []


def test_a_small_key_counts_in_a_root_too() -> None:
    assert found(root(key=rsa.generate_private_key(65537, 1024)).certificate) == ["small_key"]


def test_each_has_a_name_of_its_own() -> None:
    assert len({rule.check.__name__ for rule in AUTHORITIES}) == len(AUTHORITIES)
