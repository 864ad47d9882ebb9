"""What is wrong with a certificate? Each rule speaks of its own fault, and a sound certificate meets none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import gmpy2
import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certwright.model.inventory import Severity
from certwright.policy import rules
from certwright.policy.faults.naming import MANY_NAMES
from certwright.policy.findings import ANY, AUTHORITIES, KEYS, LEAVES, PUBLIC_LEAVES, SERVED, key_findings
from tests.cases import odd
from tests.cases.authority import NOW, Authority
from tests.cases.odd import day
from tests.unit.policy.judging import (
    BOTH,
    CA,
    RSA_KEY,
    TOP,
    WELL,
    finding,
    found,
    judged,
    leaf,
)


def test_a_sound_certificate_meets_no_finding_served_or_not() -> None:
    assert found(leaf()) == []
    assert found(leaf(), served=WELL) == []
    assert found(leaf(), public=False, served=WELL) == []


def test_every_rule_has_a_name_of_its_own_an_advice_and_a_source() -> None:
    table = [*ANY, *LEAVES, *PUBLIC_LEAVES, *SERVED, *KEYS]
    assert len({rule.check.__name__ for rule in table}) == len(table)
    every = [*table, *AUTHORITIES]
    assert all(rule.advice.endswith(".") and rule.source and rule.check.__doc__ for rule in every)


def test_of_what_is_over_and_served_nowhere_there_is_nothing_to_say() -> None:
    old = leaf(not_before=NOW - timedelta(days=30), not_after=NOW - timedelta(days=1), names=("a_b.local",))
    assert found(old, compromised=True) == []
    assert found(leaf(usages=BOTH), revoked_at=NOW - timedelta(days=1), compromised=True) == []


# --- dates


def test_expired_and_still_served_is_an_error() -> None:
    old = leaf(not_before=NOW - timedelta(days=30), not_after=NOW - timedelta(seconds=1))
    assert found(old, served=WELL) == ["expired_but_served"]
    assert finding("expired_but_served", old, served=WELL).severity is Severity.ERROR
    assert "expired_but_served" not in found(old, at=old.not_after, served=WELL)


def test_an_end_is_soon_when_a_quarter_of_the_life_is_left() -> None:
    made = leaf(not_before=NOW, not_after=NOW + timedelta(days=100) - timedelta(seconds=1))
    assert found(made, at=NOW + timedelta(days=75) - timedelta(seconds=1)) == []
    assert found(made, at=NOW + timedelta(days=75)) == ["ends_soon"]
    assert found(made, at=NOW + timedelta(days=75), replaced=True) == []


def test_the_end_of_a_long_life_is_soon_two_months_before() -> None:
    made = leaf(not_before=NOW, not_after=NOW + timedelta(days=3650), by=TOP)
    asked: dict[str, Any] = {"public": False, "issuer": TOP.certificate}
    assert "ends_soon" not in found(made, at=made.not_after - timedelta(days=61), **asked)
    assert "ends_soon" in found(made, at=made.not_after - timedelta(days=59), **asked)


def test_a_certificate_of_tomorrow_is_an_error() -> None:
    made = leaf(not_before=NOW + timedelta(days=1))
    assert found(made) == ["not_yet_valid"]
    assert found(made, at=made.not_before) == []


def test_a_certificate_that_ends_before_it_begins_is_never_valid() -> None:
    made = leaf(not_before=day(2027, 1, 1), not_after=day(2027, 1, 2))
    turned = odd.changed(made, b"270102000000Z", b"260102000000Z")
    assert found(turned, at=day(2026, 1, 1)) == ["ends_before_it_begins", "not_yet_valid"]


@pytest.mark.parametrize(
    ("begin", "days"),
    [
        (day(2026, 3, 14), 398),
        (day(2026, 3, 15), 200),
        (day(2027, 3, 14), 200),
        (day(2027, 3, 15), 100),
        (day(2029, 3, 14), 100),
        (day(2029, 3, 15), 47),
    ],
)
def test_a_life_is_too_long_by_the_rules_of_its_day_of_issue(begin: datetime, days: int) -> None:
    whole = leaf(not_before=begin, not_after=begin + timedelta(days=days) - timedelta(seconds=1))
    longer = leaf(not_before=begin, not_after=begin + timedelta(days=days))
    assert "too_long" not in found(whole, at=begin)
    assert "too_long" in found(longer, at=begin)
    assert "too_long" not in found(longer, at=begin, public=False)


def test_apple_refuses_826_days_under_any_root_since_july_2019() -> None:
    def lives(days: int, begin: datetime) -> list[str]:
        made = leaf(not_before=begin, not_after=begin + timedelta(days=days) - timedelta(seconds=1), by=TOP)
        return found(made, at=begin, public=False, issuer=TOP.certificate)

    assert "too_long_for_apple" not in lives(825, day(2019, 7, 1))
    assert "too_long_for_apple" in lives(826, day(2019, 7, 1))
    assert "too_long_for_apple" not in lives(826, day(2019, 6, 30))


def test_an_issuer_that_ends_first_ends_the_certificate() -> None:
    short = TOP.intermediate(not_after=NOW + timedelta(days=10))
    assert found(leaf(by=short), issuer=short.certificate) == ["issuer_ends_first"]


# --- keys and signatures


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        (rsa.generate_private_key(65537, 1024), "small_key"),
        (ec.generate_private_key(ec.SECP224R1()), "small_key"),
        (dsa.generate_private_key(2048), "small_key"),
        (ed25519.Ed25519PrivateKey.generate(), "unusual_key"),
        (ec.generate_private_key(ec.SECP521R1()), "unusual_key"),
        (ec.generate_private_key(ec.SECP256K1()), "unusual_key"),
        (rsa.generate_private_key(3, 2048), "small_exponent"),
        (rsa.RSAPublicNumbers(65537, (1 << 8999) + 1).public_key(), "unusual_key"),
        (rsa.RSAPublicNumbers(65537, (1 << 2049) + 1).public_key(), "odd_modulus"),
    ],
)
def test_each_kind_of_bad_key_is_found_by_its_own_rule(key: Any, rule: str) -> None:
    assert rule in found(leaf(key=key))


def test_an_exponent_of_one_is_no_key_at_all() -> None:
    """The library builds no such key, so the bytes of a sound one are changed."""
    key = rsa.generate_private_key(65537, 2048)
    broken = odd.changed(leaf(key=key), b"\x02\x03\x01\x00\x01", b"\x02\x03\x00\x00\x01")
    assert {"broken_exponent", "unreadable_key"} & set(found(broken))


def test_a_key_of_an_unknown_kind_is_told() -> None:
    ec_public_key = bytes.fromhex("06072a8648ce3d0201")
    unknown = odd.changed(leaf(), ec_public_key, bytes.fromhex("06072a8648ce3d0209"))
    assert found(unknown) == ["unreadable_key"]


@pytest.mark.parametrize("algorithm", ["sha1", "md5"])
def test_a_forgeable_signature_is_an_error_and_a_self_signature_none(algorithm: str) -> None:
    old = Authority(TOP.certificate, RSA_KEY)
    assert "broken_signature" in found(odd.signed_with(leaf(by=old), algorithm))
    own = leaf(by=old, subject=[(NameOID.COMMON_NAME, "A")], issuer=odd.name("A"))
    assert "broken_signature" not in found(odd.signed_with(own, algorithm))


def test_a_compromised_and_a_shared_key_are_told() -> None:
    assert found(leaf(), compromised=True) == ["compromised_key"]
    assert found(leaf(), sharing_key=1) == ["shared_key"]
    assert finding("shared_key", leaf(), sharing_key=1).detail.startswith("Another certificate uses")
    assert finding("shared_key", leaf(), sharing_key=7).detail.startswith("7 other certificates use")


def test_a_key_that_can_be_computed_is_found_by_the_costly_rule_alone() -> None:
    p = RSA_KEY.private_numbers().p
    close = rsa.RSAPublicNumbers(65537, int(gmpy2.next_prime(p)) * p).public_key()
    made = leaf(key=close)
    assert found(made) == []
    assert [one.rule for one in key_findings(judged(made), NOW)] == ["weak_key"]
    assert key_findings(judged(leaf()), NOW) == ()


# --- names and subject


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        (["intranet"], "internal_name"),
        (["mail.corp"], "internal_name"),
        (["shop.meadow.example"], "internal_name"),
        (["a_b.meadow.com"], "underscore"),
        (["*.co.uk"], "wildcard_on_public_suffix"),
        (["192.0.2.1"], "malformed_name"),
        (["shop.meadow.com."], "malformed_name"),
        (["a.*.meadow.com"], "malformed_name"),
        (["shop\x00.meadow.com"], "malformed_name"),
    ],
)
def test_names_that_no_public_ca_may_certify_are_found_in_public_certificates_alone(
    names: Sequence[str], rule: str
) -> None:
    assert found(leaf(names=names)) == [rule]
    assert found(leaf(names=names), public=False) == []
    assert found(leaf(names=names), public=None) == []


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "192.0.2.1", "fe80::1"])
def test_a_reserved_address_is_internal(address: str) -> None:
    assert "internal_name" in found(CA.issue(address))
    assert "internal_name" not in found(CA.issue("8.8.8.8"))


def test_a_sandbox_may_certify_reserved_names() -> None:
    assert found(leaf(names=["shop.meadow.example"]), reserved_names_allowed=True) == []


def test_reverse_zones_are_banned_on_their_day() -> None:
    names = ["1.2.0.192.in-addr.arpa"]
    before = leaf(names=names, not_before=day(2026, 3, 14), not_after=day(2026, 9, 1))
    after = leaf(names=names, not_before=day(2026, 3, 15), not_after=day(2026, 9, 1))
    assert "reverse_zone" not in found(before, at=day(2026, 4, 1))
    assert "reverse_zone" in found(after, at=day(2026, 4, 1))


def test_an_organizational_unit_is_banned_on_its_day() -> None:
    unit = [(NameOID.ORGANIZATIONAL_UNIT_NAME, "Shop")]
    before = leaf(subject=unit, not_before=day(2022, 8, 31), not_after=day(2023, 8, 31))
    after = leaf(subject=unit, not_before=day(2022, 9, 1), not_after=day(2023, 8, 31))
    assert "organizational_unit" not in found(before, at=day(2022, 10, 1))
    assert "organizational_unit" in found(after, at=day(2022, 10, 1))
    assert "organizational_unit" not in found(after, at=day(2022, 10, 1), public=False)


def test_a_common_name_must_stand_among_the_names_of_a_public_certificate() -> None:
    assert found(leaf(subject=[(NameOID.COMMON_NAME, "Shop.Meadow.COM")])) == []
    elsewhere = leaf(subject=[(NameOID.COMMON_NAME, "other.meadow.com")])
    assert found(elsewhere) == ["common_name_elsewhere"]
    assert found(elsewhere, public=False) == []


def test_a_certificate_for_servers_needs_a_name_and_one_for_people_does_not() -> None:
    assert "no_names" in found(leaf(names=()))
    assert found(leaf(names=(), usages=[ExtendedKeyUsageOID.EMAIL_PROTECTION], extra=()), public=False) == []


def test_very_many_names_are_a_notice() -> None:
    assert found(leaf(names=[f"n{n}.meadow.com" for n in range(MANY_NAMES)])) == []
    assert found(leaf(names=[f"n{n}.meadow.com" for n in range(MANY_NAMES + 1)])) == ["many_names"]


# --- the tables


def test_since_gives_the_day_of_a_change_and_fails_for_a_value_that_never_comes() -> None:
    assert str(rules.since("client_auth_allowed", value=False)) == "2027-03-15"
    with pytest.raises(LookupError, match="never becomes"):
        rules.since("client_auth_allowed", value="perhaps")


def test_every_rule_that_a_test_can_provoke_is_named_in_one() -> None:
    """A rule without a test of its own is a rule that nobody has seen speak."""
    text = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_findings*.py"))
    table = [*ANY, *AUTHORITIES, *LEAVES, *PUBLIC_LEAVES, *SERVED, *KEYS]
    assert [rule.check.__name__ for rule in table if f'"{rule.check.__name__}"' not in text] == []
