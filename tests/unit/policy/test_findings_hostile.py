"""No certificate that can be read at all makes a rule or the linter raise, however odd, and none takes long."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from certwright.model.inventory import Finding
from certwright.pki import certificate
from certwright.pki.certificate import Certificate
from certwright.pki.errors import Invalid
from certwright.policy.findings import findings, key_findings, lint_findings
from certwright.policy.judged import Judged, Served
from tests.cases import odd
from tests.cases.authority import NOW, root

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # the library's words on odd serials and names

TOP = root()
CA = TOP.intermediate()
KEYS = (
    rsa.generate_private_key(65537, 1024),
    rsa.generate_private_key(3, 2048),
    ec.generate_private_key(ec.SECP224R1()),
    ec.generate_private_key(ec.SECP521R1()),
    ec.generate_private_key(ec.BrainpoolP256R1()),
    dsa.generate_private_key(1024),
    ed25519.Ed25519PrivateKey.generate(),
    ed448.Ed448PrivateKey.generate(),
)
FIRST, LAST = datetime(1950, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
WHOLE = odd.issue(
    CA,
    names=("shop.meadow.com", "*.meadow.com"),
    subject=[(NameOID.COMMON_NAME, "shop.meadow.com"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "Shop")],
    extra=[odd.scts(b"a", b"b")],
)

times = st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None)).map(lambda at: at.replace(tzinfo=UTC))
texts = st.text(st.characters(min_codepoint=1, max_codepoint=0x7F), max_size=70)
oids = st.sampled_from([NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME])
subjects = st.lists(st.tuples(oids, texts.filter(lambda text: 0 < len(text) <= 64)), max_size=4)
usages = st.none() | st.lists(st.sampled_from(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "2.5.29.37.0"]), min_size=1)
places = st.sampled_from(["tls://shop.meadow.com:443", "smtp://[2001:db8::1]:25", "tls://\x00", "tls://[", "file:/a"])


@st.composite
def built(draw: Any) -> Certificate:
    """A certificate that a builder makes of odd parts."""
    begin = draw(times)
    end = draw(times.filter(lambda at: at >= begin))
    found = draw(usages)
    scts = draw(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.integers(0, 2**64 - 1)), max_size=4))
    return odd.issue(
        CA,
        names=draw(st.lists(texts, max_size=5)),
        subject=draw(subjects),
        serial=draw(st.integers(1, (1 << 159) - 1)),
        key=draw(st.sampled_from(KEYS)),
        usages=None if found is None else [x509.ObjectIdentifier(oid) for oid in found],
        not_before=begin,
        not_after=end,
        extra=[odd.scts_at(*scts)] if scts else [],
    )


@st.composite
def damaged(draw: Any) -> Certificate | None:
    """A certificate of which some octets were changed; None where it can then no longer be read."""
    der = bytearray(WHOLE.der)
    for _ in range(draw(st.integers(1, 4))):
        der[draw(st.integers(0, len(der) - 1))] = draw(st.integers(0, 255))
    try:
        return certificate.from_der(bytes(der))
    except Invalid:
        return None


def every(judged: Judged, at: datetime) -> tuple[Finding, ...]:
    """All findings, the linter's too; as the store wants them: each rule once, in sentences that can be printed."""
    found = (*findings(judged, at), *key_findings(judged, at), *lint_findings(judged, at))
    assert len({one.rule for one in found}) == len(found)
    assert all(one.detail.isprintable() and one.detail[-1] in ".:" for one in found), found
    assert all(len(one.detail) < 2000 and len(one.rule) <= 200 for one in found)
    return found


QUICKLY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICKLY
@given(built(), times, st.sampled_from([True, False, None]), places, st.booleans())
@example(odd.issue(CA, names=(), subject=()), NOW, True, "tls://shop.meadow.com:443", True)
@example(odd.issue(CA, not_after=LAST), LAST, False, "tls://shop.meadow.com:443", True)
@example(odd.issue(CA, extra=[odd.scts_at((b"a", 2**64 - 1))]), NOW, True, "file:/a", False)
def test_no_odd_certificate_makes_a_rule_raise(
    odd_one: Certificate, at: datetime, public: bool | None, place: str, known: bool
) -> None:
    above = (CA.certificate, odd_one, TOP.certificate)
    every(Judged(odd_one, public, CA.certificate if known else None, (Served(place, above),)), at)


@QUICKLY
@given(damaged())
def test_no_damaged_certificate_makes_a_rule_raise(damaged_one: Certificate | None) -> None:
    if damaged_one is not None:
        served = (Served("tls://shop.meadow.com:443", (damaged_one, CA.certificate)),)
        every(Judged(damaged_one, True, CA.certificate, served), NOW)
        every(Judged(CA.certificate, None, damaged_one, served), NOW)


def test_serials_that_are_none_do_not_make_a_rule_raise() -> None:
    negative = [odd.with_serial(CA, serial) for serial in (b"\xff" + bytes(15), b"\x80" + bytes(15))]
    for odd_one in (*negative, odd.with_serial_zero(CA)):
        assert "bad_serial" in {one.rule for one in every(Judged(odd_one, public=True), NOW)}


def test_a_certificate_of_two_thousand_names_is_judged_in_seconds() -> None:
    many = odd.issue(CA, names=[f"n{n}.meadow.com" for n in range(2000)])
    began = time.monotonic()
    found = {one.rule for one in every(Judged(many, public=True, issuer=CA.certificate), NOW)}
    assert "many_names" in found
    assert time.monotonic() - began < 5


def test_a_place_that_shows_very_many_certificates_is_judged_in_seconds() -> None:
    """Every one bears the name of the issuer, so that every signature has to be looked at."""
    twins = tuple(TOP.intermediate().certificate for _ in range(60))
    began = time.monotonic()
    judged = Judged(WHOLE, True, CA.certificate, (Served("tls://shop.meadow.com:443", twins),))
    assert "incomplete_chain" in {one.rule for one in findings(judged, NOW)}
    assert time.monotonic() - began < 2


def test_a_loop_of_cross_signatures_ends() -> None:
    one, other = root("One"), root("Other")
    one_by_other = other.intermediate("One", key=one.key).certificate
    other_by_one = one.intermediate("Other", key=other.key).certificate
    leaf = odd.issue(one)
    served = (Served("tls://shop.meadow.com:443", (one_by_other, other_by_one)),)
    assert findings(Judged(leaf, None, one_by_other, served), NOW + timedelta(days=1))
