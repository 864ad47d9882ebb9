"""What servers show: names that were asked for, chains, and what is over."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from cryptography.x509.oid import NameOID

from certwright.model.inventory import Severity
from certwright.pki.certificate import Certificate
from certwright.policy.findings import findings
from certwright.policy.judged import Served
from tests.cases import odd
from tests.cases.authority import NOW, Authority, new_key, root
from tests.unit.policy.judging import (
    CA,
    HOST,
    PLACE,
    RSA_KEY,
    TOP,
    WELL,
    finding,
    found,
    judged,
    leaf,
    served,
)


def test_revoked_and_still_served_is_an_error_that_tells_when_and_why() -> None:
    told = finding("revoked_but_served", leaf(), revoked_at=NOW, revocation_reason="keyCompromise", served=WELL)
    assert told.severity is Severity.ERROR
    assert re.search(rf"2026-11-21 \(keyCompromise\).*{PLACE}", told.detail)
    assert found(leaf(), at=NOW, revoked_at=NOW + timedelta(seconds=1), served=WELL) == []


@pytest.mark.parametrize(
    ("names", "place", "wrong"),
    [
        (["*.meadow.com"], PLACE, None),
        (["*.meadow.com"], "tls://a.b.meadow.com:443", "wrong_name"),
        (["*.meadow.com"], "tls://meadow.com:443", "wrong_name"),
        (["*.meadow.com"], "tls://*.meadow.com:443", None),
        ([HOST], "tls://SHOP.meadow.com.:8443", None),
        ([HOST], "tls://203.0.113.9:443", None),
        ([HOST], "tls://[2001:db8::1]:443", None),
        ([HOST], "smtp://mx.meadow.com:25", "wrong_name_seldom_asked"),
        ([HOST], "smtp://mx.meadow.com:587", "wrong_name"),
        ([HOST], "postgresql://db.meadow.com:5432", "wrong_name_seldom_asked"),
        ([HOST], "imap://mx.meadow.com:143", "wrong_name"),
    ],
)
def test_the_name_that_is_asked_for_must_be_covered(names: list[str], place: str, wrong: str | None) -> None:
    assert found(leaf(names=names), served=served(CA.certificate, at=place)) == ([wrong] if wrong else [])


def test_an_address_is_wrong_only_where_the_certificate_is_for_addresses() -> None:
    for_address = CA.issue("192.0.2.1")
    right, wrong = (served(CA.certificate, at=f"tls://192.0.2.{n}:443") for n in (1, 2))
    assert found(for_address, public=False, served=right) == []
    assert found(for_address, public=False, served=wrong) == ["wrong_name"]


def test_files_and_tokens_are_no_places_that_serve() -> None:
    apart = tuple(Served(place) for place in ("file:/etc/ssl/shop.pem", "pkcs11:token=main;id=%0a", "tls://[", ""))
    old = leaf(not_before=NOW - timedelta(days=30), not_after=NOW - timedelta(days=1))
    assert found(old, served=apart) == []


def test_a_chain_without_its_intermediate_is_incomplete() -> None:
    assert found(leaf(), served=served()) == ["incomplete_chain"]
    assert found(leaf(), issuer=None, served=served()) == ["incomplete_chain"]
    assert found(leaf(), served=(Served(PLACE),)) == []
    assert found(leaf(), public=None, served=served(), issuer=None) == ["unknown_issuer"]


def test_a_certificate_of_a_root_needs_no_intermediate() -> None:
    assert found(leaf(by=TOP), public=False, issuer=TOP.certificate, served=served()) == []


def test_an_intermediate_of_the_same_name_and_another_key_does_not_complete_the_chain() -> None:
    twin = TOP.intermediate()
    assert found(leaf(), served=served(twin.certificate)) == ["incomplete_chain", "foreign_in_chain"]


def test_a_chain_in_the_wrong_order_is_told_apart_from_a_wrong_chain() -> None:
    lower = CA.intermediate("Lower")
    made = leaf(by=lower)
    good = served(lower.certificate, CA.certificate)
    assert found(made, issuer=lower.certificate, served=good) == []
    turned = served(CA.certificate, lower.certificate)
    assert found(made, issuer=lower.certificate, served=turned) == ["disordered_chain"]


def test_strangers_repetitions_and_roots_in_a_chain_are_notices() -> None:
    stranger = root("Stranger").intermediate("Strange")
    assert found(leaf(), served=served(CA.certificate, stranger.certificate)) == ["foreign_in_chain"]
    assert found(leaf(), served=served(CA.certificate, CA.certificate)) == ["foreign_in_chain"]
    assert found(leaf(), served=served(CA.certificate, TOP.certificate)) == ["root_in_chain"]


def test_an_expired_or_forgeable_intermediate_is_told() -> None:
    old = TOP.intermediate(not_after=NOW - timedelta(days=1))
    assert "expired_in_chain" in found(leaf(by=old), issuer=old.certificate, served=served(old.certificate))
    by = Authority(TOP.certificate, RSA_KEY).intermediate()
    weakly = odd.signed_with(by.certificate, "sha1")
    assert found(leaf(by=by), issuer=weakly, served=served(weakly)) == ["broken_signature_in_chain"]


def test_a_revoked_intermediate_is_an_error_where_it_is_shown_on_the_way_up_and_nowhere_else() -> None:
    stranger = TOP.intermediate("Stranger").certificate
    above = (CA.certificate, stranger)

    def shown(*revoked: Certificate) -> list[str]:
        places = (Served(PLACE, above, frozenset(revoked)),)
        return [one for one in found(leaf(), issuer=CA.certificate, served=places) if one != "foreign_in_chain"]

    assert shown(CA.certificate) == ["revoked_in_chain"]
    assert shown(stranger) == shown() == []
    told = finding("revoked_in_chain", leaf(), served=(Served(PLACE, above, frozenset(above)),))
    assert told.severity is Severity.ERROR


def test_a_self_signed_certificate_is_an_error_where_it_is_served() -> None:
    key = new_key()
    own = leaf(by=Authority(TOP.certificate, key), key=key, subject=[(NameOID.COMMON_NAME, "A")], issuer=odd.name("A"))
    assert found(own, public=None, issuer=None) == ["self_signed"]
    assert found(own, public=None, issuer=None, served=served()) == ["self_signed_but_served"]


def test_a_ca_certificate_that_a_server_shows_is_an_error() -> None:
    shown = served(at=PLACE)
    assert "ca_certificate_served" in found(CA.certificate, public=True, issuer=TOP.certificate, served=shown)
    assert found(CA.certificate, public=True, issuer=TOP.certificate) == []


def test_the_same_fault_in_many_places_is_one_finding_that_names_ten() -> None:
    places = tuple(Served(f"tls://h{n:02}.meadow.com:443", (CA.certificate,)) for n in range(12))
    told = [one for one in findings(judged(leaf(), served=places), NOW) if one.rule == "wrong_name"]
    assert len(told) == 1
    assert told[0].detail.count("tls://") == 10
    assert "and 2 more" in told[0].detail
