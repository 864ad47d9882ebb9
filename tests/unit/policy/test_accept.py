"""May this be recorded? Each rule objects to its own fault in what a CA delivered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from certwright.pki.certificate import Certificate
from certwright.pki.chain import Chain
from certwright.policy import accept
from tests.cases.authority import NAME, NOW, new_key, root

TOP = root()
CA = TOP.intermediate()
KEY = new_key()
GOOD = CA.issue(NAME, key=KEY)


def rules_against(leaf: Certificate, **change: Any) -> list[str]:
    asked: dict[str, Any] = {
        "wanted_names": [NAME],
        "public_key_sha256": GOOD.public_key_sha256,
        "roots": [TOP.certificate],
        "at": NOW,
        "ordered_at": NOW - timedelta(minutes=5),
        "public_trust": True,
    }
    found = accept.objections(change.pop("chain", Chain(leaf, (CA.certificate,))), **{**asked, **change})
    assert all(objection.reason.endswith(".") and objection.advice.endswith(".") for objection in found)
    return [objection.rule for objection in found]


def test_what_was_ordered_meets_no_objection() -> None:
    assert rules_against(GOOD) == []


def test_a_certificate_for_another_key_is_refused() -> None:
    assert rules_against(CA.issue(NAME)) == ["other_key"]


@pytest.mark.parametrize("names", [("other.meadow.example",), (NAME, "evil.example"), ("*.meadow.example",)])
def test_missing_foreign_and_wider_names_are_refused(names: tuple[str, ...]) -> None:
    assert rules_against(CA.issue(*names, key=KEY)) == ["other_names"]


def test_a_name_in_the_common_name_alone_is_refused() -> None:
    assert rules_against(CA.issue(common_name=NAME, sans=[], key=KEY)) == ["other_names", "unverified_path"]


def test_the_www_sibling_is_accepted() -> None:
    assert rules_against(CA.issue(NAME, f"www.{NAME}", key=KEY)) == []


def test_an_expired_certificate_is_refused() -> None:
    leaf = CA.issue(NAME, key=KEY, not_after=NOW - timedelta(minutes=1))
    assert rules_against(leaf) == ["not_current", "unverified_path"]


def test_a_certificate_of_the_future_is_refused() -> None:
    leaf = CA.issue(NAME, key=KEY, not_before=NOW + timedelta(hours=1))
    assert rules_against(leaf) == ["not_current", "unverified_path"]


def test_a_certificate_with_an_hour_left_is_refused() -> None:
    leaf = CA.issue(NAME, key=KEY, not_before=NOW - timedelta(days=1), not_after=NOW + timedelta(hours=1))
    assert rules_against(leaf) == ["nearly_over"]


def test_201_days_are_too_long_for_public_trust_alone() -> None:
    leaf = CA.issue(NAME, key=KEY, not_before=NOW, not_after=NOW + timedelta(days=200))
    assert rules_against(leaf) == ["too_long"]
    assert rules_against(leaf, public_trust=False) == []


def test_the_cap_is_that_of_the_day_of_issue() -> None:
    at = NOW.replace(year=2027, month=3, day=20)
    leaf = CA.issue(NAME, key=KEY, not_before=at, not_after=at + timedelta(days=150))
    assert rules_against(leaf, at=at, ordered_at=at) == ["too_long"]


def test_a_certificate_for_clients_is_refused() -> None:
    leaf = CA.issue(NAME, key=KEY, usages=[ExtendedKeyUsageOID.CLIENT_AUTH])
    assert rules_against(leaf) == ["not_for_servers", "unverified_path"]


def test_a_precertificate_is_refused() -> None:
    leaf = CA.issue(NAME, key=KEY, extra=[(x509.PrecertPoison(), True)])
    assert rules_against(leaf) == ["precertificate", "unverified_path"]


def test_a_ca_certificate_is_refused() -> None:
    assert rules_against(CA.issue(NAME, key=KEY, ca=True)) == ["ca_certificate"]


def test_another_cas_certificate_is_refused() -> None:
    other = root("Another Root")
    assert rules_against(other.issue(NAME, key=KEY), chain=Chain(other.issue(NAME, key=KEY))) == ["unverified_path"]


def test_the_certificate_of_before_asks_for_patience() -> None:
    """After a reissue with a new key, the CA still shows the old certificate."""
    old = CA.issue(NAME, not_before=NOW - timedelta(days=30))
    assert rules_against(old)[0] == accept.OLDER_THAN_ORDER


def test_a_known_certificate_asks_for_patience_however_young() -> None:
    assert rules_against(GOOD, earlier=[GOOD.fingerprint]) == ["older_than_order"]


def test_backdating_to_midnight_is_no_sign_of_age() -> None:
    assert rules_against(CA.issue(NAME, key=KEY, not_before=NOW - timedelta(hours=47))) == []
    old = CA.issue(NAME, key=KEY, not_before=NOW - timedelta(hours=49))
    assert rules_against(old) == ["older_than_order"]
