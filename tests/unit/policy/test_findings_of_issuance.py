"""What the CA made: usages, serials, SCTs, must-staple, and CAs that are unknown or distrusted."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from tests.cases import odd
from tests.cases.odd import day
from tests.unit.policy.judging import (
    BOTH,
    CA,
    ENOUGH,
    TOP,
    WELL,
    found,
    leaf,
)


def test_client_auth_is_a_notice_then_a_warning_then_forbidden() -> None:
    def rule(begin: datetime, end: datetime) -> list[str]:
        made = leaf(usages=BOTH, not_before=begin, not_after=end)
        return [one for one in found(made, at=begin) if one.startswith("client_auth")]

    assert rule(day(2026, 9, 1), day(2027, 3, 15) - timedelta(seconds=1)) == ["client_auth_left_over"]
    assert rule(day(2026, 9, 1), day(2027, 3, 15)) == ["client_auth_outlives"]
    assert rule(day(2027, 3, 14), day(2027, 6, 1)) == ["client_auth_outlives"]
    assert rule(day(2027, 3, 15), day(2027, 6, 1)) == ["client_auth_forbidden"]
    assert "client_auth_forbidden" not in found(
        leaf(usages=BOTH, not_before=day(2027, 3, 15), not_after=day(2027, 6, 1)), at=day(2027, 3, 16), public=False
    )


def test_a_served_certificate_must_be_for_servers() -> None:
    assert "not_for_servers" in found(leaf(usages=[ExtendedKeyUsageOID.CLIENT_AUTH]), public=False, served=WELL)
    assert found(leaf(usages=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), public=False, served=WELL) == []
    assert found(leaf(usages=None), public=False, served=WELL) == ["no_usages"]
    assert found(leaf(usages=None)) == ["no_server_auth"]


def test_must_staple_without_a_responder_is_a_warning() -> None:
    staple = (x509.TLSFeature([x509.TLSFeatureType.status_request]), False)
    responder = x509.AccessDescription(
        AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example")
    )
    access = (x509.AuthorityInformationAccess([responder]), False)
    assert found(leaf(extra=(ENOUGH, staple))) == ["must_staple_without_ocsp"]
    assert found(leaf(extra=(ENOUGH, staple, access))) == []


def test_scts_of_too_few_logs_are_told_since_april_2022() -> None:
    def rule(begin: datetime, days: int, *logs: bytes) -> bool:
        end = begin + timedelta(days=days) - timedelta(seconds=1)
        made = leaf(not_before=begin, not_after=end, extra=(odd.scts(*logs),))
        return "too_few_scts" in found(made, at=begin)

    begin = day(2022, 4, 15)
    assert not rule(begin, 180, b"a", b"b")
    assert rule(begin, 181, b"a", b"b")
    assert rule(begin, 180, b"a", b"a")
    assert not rule(begin, 181, b"a", b"b", b"c")
    assert not rule(begin - timedelta(days=1), 181, b"a")


def test_missing_scts_are_a_notice_of_public_certificates_since_may_2018() -> None:
    assert found(leaf(extra=())) == ["no_embedded_scts"]
    assert found(leaf(extra=()), public=False) == []
    begin = day(2018, 4, 30)
    assert "no_embedded_scts" not in found(leaf(extra=(), not_before=begin, not_after=day(2019, 1, 1)), at=begin)
    begin = day(2018, 5, 1)
    assert "no_embedded_scts" in found(leaf(extra=(), not_before=begin, not_after=day(2019, 1, 1)), at=begin)


def test_a_precertificate_is_no_certificate() -> None:
    assert found(leaf(extra=[(x509.PrecertPoison(), True)])) == ["precertificate"]


@pytest.mark.filterwarnings("ignore::UserWarning")  # the library's words on such serials
def test_serials_are_positive_long_enough_and_not_too_long() -> None:
    assert "bad_serial" in found(odd.with_serial(CA, b"\xff" + b"\x5b" * 15))
    assert "bad_serial" in found(odd.with_serial_zero(CA))
    assert found(leaf(serial=(1 << 159) - 1)) == []
    assert found(leaf(serial=1 << 39)) == []
    assert found(leaf(serial=(1 << 39) - 1)) == ["short_serial"]
    assert found(leaf(serial=1), public=False) == []


def test_an_issuer_that_nobody_knows_is_a_warning() -> None:
    assert found(leaf(), public=None, issuer=None) == ["unknown_issuer"]
    assert found(leaf(), public=None) == []
    assert found(leaf(), public=True, issuer=None) == []


@pytest.mark.parametrize(
    ("organization", "last"),
    [
        ("Entrust, Inc.", datetime.fromisoformat("2024-11-11T23:59:59+00:00")),
        ("Chunghwa Telecom Co., Ltd.", datetime.fromisoformat("2025-07-31T23:59:59+00:00")),
        ("NETLOCK Kft.", datetime.fromisoformat("2025-07-31T23:59:59+00:00")),
    ],
)
def test_a_distrusted_ca_is_refused_by_the_earliest_sct(organization: str, last: datetime) -> None:
    def rule(*seen: datetime, public: bool | None = True) -> list[str]:
        logged = odd.scts_at(*((bytes([n]), int(at.timestamp() * 1000)) for n, at in enumerate(seen)))
        made = leaf(
            issuer=odd.name("An Issuing CA", organization),
            extra=(logged,) if seen else (),
            not_before=last - timedelta(days=1),
            not_after=last + timedelta(days=300),
        )
        every = found(made, at=last, public=public, issuer=None)
        return [one for one in every if one in ("distrusted_issuer", "issuer_no_longer_trusted")]

    second = timedelta(seconds=1)
    assert rule(last, last + second, last + second) == ["issuer_no_longer_trusted"]
    assert rule(last + second, last + 2 * second, last + second) == ["distrusted_issuer"]
    assert rule(last + second, public=None) == ["distrusted_issuer"]
    assert rule() == ["issuer_no_longer_trusted"]
    assert rule(last + second, public=False) == []


def test_a_root_that_is_distrusted_is_seen_through_the_issuer() -> None:
    above = odd.issue(TOP, issuer=odd.name("Entrust Root Certification Authority - G2", "Entrust, Inc."))
    begin = day(2024, 11, 12)
    made = leaf(extra=(), not_before=begin, not_after=begin + timedelta(days=90))
    assert "distrusted_issuer" in found(made, at=begin, issuer=above)
    assert "distrusted_issuer" not in found(made, at=begin)
