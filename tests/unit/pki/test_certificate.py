"""Certificates: every property read from the DER, strange ones included; hostile ones refused in time."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from certwright.pki import certificate, keys
from certwright.pki.errors import Invalid
from tests.cases.authority import NOW, SERVER, new_key, root

TOP = root()


def test_every_property_is_read_from_the_der() -> None:
    key = new_key()
    made = TOP.issue("b.example", "A.example", "192.0.2.1", key=key)
    read = certificate.from_der(made.der)
    assert read == made
    assert hash(read) == hash(made)
    assert read.names == ("b.example", "a.example", "192.0.2.1")
    assert read.common_name == "b.example"
    assert read.subject == "CN=b.example"
    assert read.issuer == "CN=Meadow Test Root"
    assert read.issuer_der == TOP.certificate.subject_der
    assert read.not_before == NOW - timedelta(hours=1)
    assert read.not_after.tzinfo is UTC
    assert read.public_key_sha256 == keys.public_key_sha256(key.public_key())
    assert (read.key_spec, read.signature_hash) == (keys.KeySpec.EC_P256, "sha256")
    assert read.extended_key_usage == tuple(usage.dotted_string for usage in SERVER)
    assert (read.is_ca, read.is_precertificate, read.is_self_issued) == (False, False, False)
    assert read.authority_key_id == TOP.certificate.subject_key_id


def test_a_root_is_a_self_issued_ca() -> None:
    assert TOP.certificate.is_ca
    assert TOP.certificate.is_self_issued
    assert TOP.certificate.names == ()


def test_serial_and_fingerprint_are_plain_lower_case_hex() -> None:
    made = TOP.issue()
    assert int(made.serial, 16) == made.parsed.serial_number
    assert made.serial == made.serial.lower().lstrip("0")
    assert len(made.fingerprint) == 64


def test_emails_and_uris_are_no_names() -> None:
    sans = [
        x509.RFC822Name("a@b.example"),
        x509.UniformResourceIdentifier("https://b.example/"),
        x509.DNSName("c.example"),
    ]
    assert TOP.issue(sans=sans).names == ("c.example",)


def test_pem_comes_back_from_any_text_around_it() -> None:
    first, second = TOP.issue("a.example"), TOP.issue("b.example")
    stranger = "-----BEGIN X-----\nAA==\n-----END X-----"
    text = "\r\n".join(["hello", *first.pem.splitlines(), stranger, *second.pem.splitlines()])
    assert certificate.parse_pem_many(text.encode()) == [first, second]


@pytest.mark.parametrize(
    "text", [b"", b"<html></html>", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_what_holds_no_certificate_is_refused(text: bytes) -> None:
    with pytest.raises(Invalid):
        certificate.parse_pem_many(text)


def test_200_000_begin_lines_are_refused_in_linear_time() -> None:
    started = time.perf_counter()
    with pytest.raises(Invalid):
        certificate.parse_pem_many(b"-----BEGIN CERTIFICATE-----" * 150_000)
    with pytest.raises(Invalid):
        certificate.parse_pem_many(b"-----BEGIN \n" * 200_000, maximum=10**9)
    assert time.perf_counter() - started < 2


def test_sizes_are_capped_before_parsing() -> None:
    with pytest.raises(Invalid, match="64 KiB"):
        certificate.from_der(b"\x30" * (certificate.MAXIMUM_SIZE + 1))
    with pytest.raises(Invalid, match="4 MiB"):
        certificate.parse_pem_many(b"x" * (certificate.MAXIMUM_TEXT + 1))
    with pytest.raises(Invalid, match="more than 2"):
        certificate.parse_pem_many(TOP.certificate.pem.encode() * 3, maximum=2)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_mutated_certificates_are_invalid_or_readable_to_the_last_property() -> None:
    der = TOP.issue("a.example", "192.0.2.1", extra=[(x509.PrecertPoison(), True)]).der
    properties = [
        name for name in dir(certificate.Certificate) if isinstance(getattr(certificate.Certificate, name), property)
    ]
    chance = random.Random(11)
    for _ in range(1500):
        mutated = bytearray(der)
        for _ in range(chance.randint(1, 3)):
            mutated[chance.randrange(len(mutated))] = chance.randrange(256)
        try:
            read = certificate.from_der(bytes(mutated))
        except Invalid:
            continue
        for name in properties:
            try:
                getattr(read, name)
            except Invalid:
                assert name in ("public_key", "public_key_sha256")


def test_an_empty_usage_list_is_read() -> None:
    """step-ca's CVE-2026-40097: an empty extendedKeyUsage crashed a CA."""
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.37"), b"\x30\x00")
    try:
        made = TOP.issue(usages=None, extra=[(odd, False)])
    except Invalid:
        return
    assert made.extended_key_usage == ()


def test_the_year_2050_and_beyond_is_read() -> None:
    made = TOP.issue(not_after=datetime(2120, 2, 29, tzinfo=UTC))
    assert made.not_after == datetime(2120, 2, 29, tzinfo=UTC)


def test_a_repr_is_short_and_holds_no_bytes() -> None:
    assert len(repr(TOP.issue())) < 200


def test_parsing_stays_near_the_speed_of_the_library() -> None:
    """A million rows must feel instant: 2,000 certificates with what a list shows in well under a second."""
    der = TOP.issue("a.example", "b.example").der
    started = time.perf_counter()
    for _ in range(2000):
        one = certificate.from_der(der)
        _ = (
            one.fingerprint,
            one.serial,
            one.subject,
            one.issuer,
            one.names,
            one.not_after,
            one.public_key_sha256,
        )
    assert time.perf_counter() - started < 1


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl judges this")
def test_openssl_agrees_on_serial_fingerprint_and_dates() -> None:
    made = TOP.issue()
    command = "openssl x509 -noout -serial -fingerprint -sha256 -startdate -dateopt iso_8601"
    seen = subprocess.run(command.split(), input=made.pem.encode(), capture_output=True, check=True).stdout.decode()
    assert seen.lower().replace(":", "").replace("serial=0", "serial=").splitlines() == [
        f"serial={made.serial}",
        f"sha256 fingerprint={made.fingerprint}",
        f"notbefore={made.not_before:%Y-%m-%d %H%M%S}z",
    ]
