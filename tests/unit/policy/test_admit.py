"""May this be ordered? Each rule objects to its own fault and to nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from certwright.pki import csr
from certwright.policy import admit
from certwright.policy.admit import Wish
from tests.cases.authority import NOW

KEY = ec.generate_private_key(ec.SECP256R1())
GOOD = Wish(names=("shop.meadow.co.uk", "*.meadow.co.uk"), common_name="shop.meadow.co.uk", term_days=365)


def rules_against(wish: Wish, at: datetime = NOW) -> list[str]:
    return [objection.rule for objection in admit.objections(wish, at)]


def request(*names: str, key: Any = KEY, hash: str = "sha256") -> csr.CSR:  # noqa: A002
    return csr.decode(csr.build(key, names, hash=hash))


def test_a_good_wish_meets_no_objection() -> None:
    assert rules_against(GOOD) == []
    assert rules_against(replace(GOOD, csr=request(*GOOD.names), public_key=KEY.public_key())) == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"names": ()}, "no_name"),
        ({"names": ("a b.co.uk",)}, "malformed_name"),
        ({"names": ("a" * 64 + ".co.uk",)}, "malformed_name"),
        ({"names": ("a\x00.co.uk",)}, "malformed_name"),
        ({"names": ("a\u202e.co.uk",)}, "malformed_name"),
        ({"names": ("010.0.0.1",)}, "malformed_name"),
        ({"names": tuple(f"n{i}.meadow.co.uk" for i in range(251))}, "too_many_names"),
        ({"names": ("a.co.uk", "A.co.uk.")}, "duplicate_name"),
        ({"names": ("intranet",)}, "internal_name"),
        ({"names": ("nas.local",)}, "internal_name"),
        ({"names": ("10.0.0.1",)}, "internal_name"),
        ({"names": ("shop.meadow.example",)}, "internal_name"),
        ({"names": ("*.co.uk",)}, "wildcard_on_public_suffix"),
        ({"names": ("*.com",)}, "wildcard_on_public_suffix"),
        ({"names": ("4.3.2.1.in-addr.arpa",)}, "reverse_zone"),
        ({"names": ("a_b.co.uk",)}, "underscore"),
        ({"names": ("ab--c.meadow.co.uk",)}, "reserved_label"),
        ({"common_name": "other.co.uk", "names": ("a.co.uk",)}, "common_name_elsewhere"),
        ({"common_name": "Meadow Works", "names": ("a.co.uk",)}, "common_name_elsewhere"),
        ({"public_key": rsa.generate_private_key(65537, 1024).public_key()}, "weak_key"),
        ({"public_key": ec.generate_private_key(ec.SECP256K1()).public_key()}, "weak_key"),
        ({"organizational_units": ("Mowing",)}, "organizational_unit"),
        ({"term_days": 0}, "impossible_term"),
    ],
)
def test_each_fault_meets_its_rule_alone(change: dict[str, Any], rule: str) -> None:
    wish = Wish(**{"names": GOOD.names, **change})
    assert rules_against(wish) == [rule]


def test_every_objection_has_a_reason_and_an_advice() -> None:
    for objection in admit.objections(Wish(names=("a b", "*.com", "x_y.co.uk"), term_days=-1), NOW):
        assert objection.reason.endswith(".")
        assert objection.advice.endswith(".")


def test_reserved_names_pass_where_a_sandbox_is_asked() -> None:
    wish = Wish(names=("shop.meadow.example", "*.a.test", "192.0.2.1"), reserved_names_allowed=True)
    assert rules_against(wish) == []


def test_a_private_ca_certifies_internal_names() -> None:
    wish = Wish(names=("intranet", "nas.local", "10.0.0.1", "a_b.local"), public_trust=False)
    assert rules_against(replace(wish, organizational_units=("Mowing",))) == []


def test_a_weak_key_is_refused_for_a_private_ca_too() -> None:
    weak = rsa.generate_private_key(65537, 1024).public_key()
    assert rules_against(Wish(names=("nas.local",), public_trust=False, public_key=weak)) == ["weak_key"]


def test_the_limit_of_names_is_the_products() -> None:
    assert rules_against(replace(GOOD, maximum_names=1)) == ["too_many_names"]


def test_a_csr_may_ask_for_fewer_names_but_not_for_others() -> None:
    assert rules_against(replace(GOOD, csr=request("shop.meadow.co.uk"))) == []
    assert rules_against(replace(GOOD, csr=request(*GOOD.names, "evil.co.uk"))) == ["csr_with_other_names"]


def test_a_csr_with_mail_addresses_is_refused() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, GOOD.names[0])])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name("a@b.co.uk")]), critical=False)
    der = builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    assert rules_against(replace(GOOD, csr=csr.decode(der))) == ["csr_with_other_names"]


def test_a_csr_of_another_key_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    assert rules_against(replace(GOOD, csr=request(*GOOD.names), public_key=other)) == ["csr_of_another_key"]


def test_a_csr_with_a_weak_key_is_refused() -> None:
    weak = request(*GOOD.names, key=rsa.generate_private_key(65537, 1024))
    assert rules_against(replace(GOOD, csr=weak)) == ["weak_key"]


@pytest.mark.parametrize(("digest", "refused"), [("md5", True), ("sha1", True), ("sha256", False)])
def test_a_csr_signed_with_a_broken_hash_is_refused(digest: str, refused: bool) -> None:
    signed = replace(request(*GOOD.names), signature_hash=digest)
    assert rules_against(replace(GOOD, csr=signed)) == (["csr_hash"] if refused else [])


def test_rules_hold_from_their_day_on() -> None:
    reverse = Wish(names=("4.3.2.1.in-addr.arpa",))
    assert rules_against(reverse, datetime(2026, 3, 14, 23, 59, 59, tzinfo=UTC)) == []
    assert rules_against(reverse, datetime(2026, 3, 15, tzinfo=UTC)) == ["reverse_zone"]


def test_an_internationalised_name_is_ordered_by_its_a_label() -> None:
    assert rules_against(Wish(names=("bücher.de",), common_name="xn--bcher-kva.de")) == []


def test_a_common_name_too_long_for_its_field_is_refused() -> None:
    long = f"{'a' * 60}.meadow.co.uk"
    assert rules_against(Wish(names=(long,), common_name=long)) == ["common_name_elsewhere"]
