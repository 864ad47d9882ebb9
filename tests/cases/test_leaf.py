"""What a delivered leaf must match before it is recorded. One function, one case."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509

from certwright.pki import verify
from tests.cases.authority import NAME, NOW, new_key, root

TOP = root()


def test_exactly_the_wanted_names_pass() -> None:
    """Order and case of the wanted names do not matter (RFC 4343)."""
    leaf = TOP.issue("a.meadow.example", "b.meadow.example")
    assert verify.carries_names(leaf, ["B.meadow.example", "a.meadow.example."]) is None


def test_a_missing_name_is_named() -> None:
    """A certificate for less than was ordered."""
    assert verify.carries_names(TOP.issue(NAME), [NAME, "b.meadow.example"]) == (
        "The certificate lacks b.meadow.example."
    )


def test_a_foreign_name_is_named() -> None:
    """A certificate that carries somebody else's name beside ours."""
    assert verify.carries_names(TOP.issue(NAME, "brook.example"), [NAME]) == (
        "The certificate carries brook.example, which nobody ordered."
    )


def test_a_wildcard_is_wider_than_the_name() -> None:
    """``*.meadow.example`` covers the wanted name and still was not ordered."""
    assert "lacks" in (verify.carries_names(TOP.issue("*.meadow.example"), [NAME]) or "")


def test_a_common_name_is_no_name() -> None:
    """The name stands in the common name alone (RFC 9525 §2)."""
    leaf = TOP.issue(common_name=NAME, sans=[x509.RFC822Name("post@meadow.example")])
    assert verify.carries_names(leaf, [NAME]) == f"The certificate lacks {NAME}."


def test_the_www_sibling_is_tolerated_and_listed() -> None:
    """CAs give ``www`` away with the base domain."""
    leaf = TOP.issue("meadow.example", "www.meadow.example")
    assert verify.carries_names(leaf, ["meadow.example"]) is None
    assert verify.added_variants(leaf, ["meadow.example"]) == {"www.meadow.example"}


def test_the_base_of_a_wildcard_is_tolerated() -> None:
    """CAs give the base domain away with the wildcard."""
    assert verify.carries_names(TOP.issue("*.meadow.example", "meadow.example"), ["*.meadow.example"]) is None


def test_the_www_sibling_can_be_refused() -> None:
    """Where nothing may be added, nothing is tolerated."""
    leaf = TOP.issue("meadow.example", "www.meadow.example")
    assert verify.carries_names(leaf, ["meadow.example"], allow_www_variants=False) is not None


def test_a_wanted_name_is_not_replaced_by_its_sibling() -> None:
    """``www.meadow.example`` in place of ``meadow.example`` is a wrong certificate."""
    assert "lacks meadow.example" in (verify.carries_names(TOP.issue("www.meadow.example"), ["meadow.example"]) or "")


def test_an_address_as_dns_name_is_not_the_address() -> None:
    """An iPAddress was ordered, a dNSName came (BR 7.1.2.7.12)."""
    leaf = TOP.issue(sans=[x509.DNSName("192.0.2.1")])
    assert leaf.names == ("dns:192.0.2.1",)
    assert "lacks 192.0.2.1" in (verify.carries_names(leaf, ["192.0.2.1"]) or "")


@pytest.mark.parametrize("spelling", ["shop.meadow.example\x00.evil.example", f" {NAME}", f"{NAME}.", f"{NAME}\n"])
def test_a_name_that_only_resembles_ours_is_another(spelling: str) -> None:
    """NUL, spaces and a trailing dot inside a dNSName make another name (CVE-2009-2408; BR 7.1.2.7.12)."""
    leaf = TOP.issue(sans=[x509.DNSName(spelling)])
    assert verify.carries_names(leaf, [NAME]) is not None
    assert all(character.isprintable() for name in leaf.names for character in name)


def test_another_key_is_refused() -> None:
    """A certificate for a key that is not ours (cert-manager #8414)."""
    ours, theirs = new_key(), new_key()
    leaf = TOP.issue(key=theirs)
    assert verify.carries_key(leaf, TOP.issue(key=ours).public_key_sha256) is not None
    assert verify.carries_key(leaf, TOP.issue(key=theirs).public_key_sha256) is None


def test_a_ca_certificate_is_no_leaf() -> None:
    """cA asserted on what was ordered for a server (BR 7.1.2.7.8)."""
    assert verify.is_end_entity(TOP.issue(ca=True)) == "The certificate is a CA certificate."
    assert verify.is_end_entity(TOP.issue()) is None


def test_a_precertificate_is_no_certificate() -> None:
    """The CT poison extension (RFC 6962 §3.1)."""
    leaf = TOP.issue(extra=[(x509.PrecertPoison(), True)])
    assert leaf.is_precertificate
    assert verify.is_not_precertificate(leaf) is not None


def test_200_days_to_the_second_are_within_200_days() -> None:
    """Both ends count, a day is 86,400 s (BR 6.3.2)."""
    leaf = TOP.issue(not_before=NOW, not_after=NOW + timedelta(days=200) - timedelta(seconds=1))
    assert leaf.lifetime == timedelta(days=200)
    assert verify.lifetime_within(leaf, 200) is None


def test_one_second_more_than_200_days_is_too_long() -> None:
    """not_after = not_before + 200 days is 200 days and one second (BR 6.3.2)."""
    leaf = TOP.issue(not_before=NOW, not_after=NOW + timedelta(days=200))
    assert "200 are allowed" in (verify.lifetime_within(leaf, 200) or "")
