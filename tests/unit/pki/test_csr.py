"""CSRs: what we make is what we read, however it was pasted; what is wrong is refused in time."""

from __future__ import annotations

import base64
import ipaddress
import random
import shutil
import subprocess
import time
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from certwright.pki import csr, keys, names
from certwright.pki.errors import Invalid
from tests.cases.authority import root
from tests.unit.pki.test_names import DNS_NAME

KEY = ec.generate_private_key(ec.SECP256R1())
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl judges this")


def pem_of(der: bytes) -> bytes:
    return csr.decode(der).pem.encode()


def signed(*sans: x509.GeneralName, subject: str = "", extra: list[x509.NameAttribute[str]] | None = None) -> bytes:
    """A CSR that our own builder would not make."""
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, subject)] if subject else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([*attributes, *(extra or [])]))
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName(sans), critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@settings(deadline=None, max_examples=60)
@given(st.lists(DNS_NAME | st.ip_addresses().map(str).map(names.normalise), min_size=1, max_size=12, unique=True))
def test_what_is_built_is_decoded(wanted: list[str]) -> None:
    read = csr.decode(csr.build(KEY, wanted))
    assert set(read.names) == set(wanted)
    assert read.common_name == next((name for name in wanted if len(name) <= 64), None)
    assert read.public_key_sha256 == keys.public_key_sha256(KEY.public_key())


@pytest.mark.parametrize("spec", [keys.KeySpec.RSA_2048, keys.KeySpec.EC_P256, keys.KeySpec.EC_P384])
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_every_kind_of_key_and_hash_signs(spec: keys.KeySpec, digest: str) -> None:
    read = csr.decode(csr.build(keys.generate(spec), ["meadow.example"], hash=digest))
    assert (read.key_spec, read.signature_hash) == (spec, digest)


def test_names_are_normalised_and_stand_once() -> None:
    read = csr.decode(csr.build(KEY, ["Bücher.example", "xn--bcher-kva.example.", "*.Meadow.example", "192.0.2.1"]))
    assert read.names == ("xn--bcher-kva.example", "*.meadow.example", "192.0.2.1")


def test_a_long_first_name_leaves_the_common_name_to_the_next() -> None:
    long = f"{'a' * 60}.meadow.example"
    assert csr.decode(csr.build(KEY, [long, "b.example"])).common_name == "b.example"
    assert csr.decode(csr.build(KEY, [long])).common_name is None


def test_the_given_common_name_is_a_san_too() -> None:
    read = csr.decode(csr.build(KEY, ["a.example"], common_name="B.example"))
    assert (read.common_name, read.names) == ("b.example", ("b.example", "a.example"))


def test_a_given_common_name_that_is_too_long_is_refused() -> None:
    with pytest.raises(Invalid, match="64"):
        csr.build(KEY, [], common_name=f"{'a' * 60}.meadow.example")


def test_the_organization_stands_in_the_subject() -> None:
    read = csr.decode(
        csr.build(KEY, ["a.example"], organization="Meadow Works, Ltd", locality="Leeds", state="WY", country="gb")
    )
    assert read.subject == "CN=a.example,O=Meadow Works\\, Ltd,L=Leeds,ST=WY,C=GB"


@pytest.mark.parametrize(
    "wrong",
    [
        {"wanted": []},
        {"wanted": ["a b"]},
        {"wanted": ["a.example"], "country": "GBR"},
        {"wanted": ["a.b"], "hash": "md5"},
    ],
)
def test_what_cannot_be_asked_for_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        csr.build(KEY, wrong.pop("wanted"), **wrong)


class WrongToken(ec.EllipticCurvePrivateKey):
    """A token that says OK and signs with another key: what a defect of firmware looks like."""

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return KEY.public_key()

    def sign(self, data: bytes, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        return ec.generate_private_key(ec.SECP256R1()).sign(data, signature_algorithm)

    curve = KEY.curve
    key_size = KEY.key_size
    exchange = private_numbers = private_bytes = __copy__ = __deepcopy__ = None  # type: ignore[assignment]


def test_a_wrong_signature_of_a_token_is_noticed() -> None:
    with pytest.raises(Invalid, match="does not verify"):
        csr.build(WrongToken(), ["a.example"])


def test_every_way_of_pasting_gives_the_same_csr() -> None:
    der = csr.build(KEY, ["a.example"])
    pem = pem_of(der)
    body = base64.b64encode(der)
    pasted = [
        der,
        pem,
        pem.replace(b"\n", b"\r\n"),
        pem.replace(b"\n", b" "),
        pem.replace(b"\n", b""),
        pem.replace(b"\n", b"\\n"),
        pem.replace(b"\n", b"\\r\\n"),
        pem.replace(b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST"),
        b"\xef\xbb\xbf" + pem,
        b"Certificate Request:\n    Data:\n" + pem + b"\nthat's it\n",
        b"  \n\n" + pem.strip(),
        body,
        b"\n".join(body[i : i + 50] for i in range(0, len(body), 50)),
    ]
    assert [csr.decode(one).der for one in pasted] == [der] * len(pasted)


def test_bytes_after_the_csr_are_refused() -> None:
    der = csr.build(KEY, ["a.example"])
    for data in (der + b"\0", base64.b64encode(der + b"\0"), der[:-1]):
        with pytest.raises(Invalid):
            csr.decode(data)


def test_a_broken_signature_is_refused() -> None:
    der = bytearray(csr.build(KEY, ["a.example"]))
    der[-1] ^= 1
    with pytest.raises(Invalid, match="signature"):
        csr.decode(bytes(der))


def test_two_csrs_are_refused() -> None:
    with pytest.raises(Invalid, match="2 CSRs"):
        csr.decode(pem_of(csr.build(KEY, ["a.example"])) * 2)


def test_a_private_key_is_refused_with_a_warning() -> None:
    pem = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with pytest.raises(Invalid) as refused:
        csr.decode(pem + pem_of(csr.build(KEY, ["a.example"])))
    assert "compromised" in refused.value.advice


def test_a_certificate_is_no_csr() -> None:
    with pytest.raises(Invalid, match="CERTIFICATE"):
        csr.decode(root().certificate.pem.encode())
    with pytest.raises(Invalid):
        csr.decode(root().certificate.der)


@pytest.mark.parametrize(
    "hostile",
    [
        b"", b" ", b"hello", b"<html>", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80" * 20_000,
        b"\x30\x82\x7f\xff" * 16_000, b"-----BEGIN CERTIFICATE REQUEST-----", b"MII=", b"MIIB" * 10_000,
        b"-----BEGIN CERTIFICATE REQUEST-----\n!!!\n-----END CERTIFICATE REQUEST-----",
        b"-----BEGIN CERTIFICATE REQUEST-----" * 1800,
    ],
)  # fmt: skip
def test_hostile_bytes_are_refused_at_once(hostile: bytes) -> None:
    started = time.perf_counter()
    with pytest.raises(Invalid):
        csr.decode(hostile)
    assert time.perf_counter() - started < 1


def test_a_large_csr_is_refused_unread() -> None:
    with pytest.raises(Invalid, match="larger than"):
        csr.decode(b"\x30" * 65_537)
    with pytest.raises(Invalid, match="larger than 10 bytes"):
        csr.decode(csr.build(KEY, ["a.example"]), maximum=10)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_mutated_csrs_are_invalid_and_nothing_else() -> None:
    der = csr.build(KEY, ["a.example", "192.0.2.1"], organization="Meadow")
    chance = random.Random(7)
    for _ in range(1500):
        mutated = bytearray(der)
        for _ in range(chance.randint(1, 4)):
            mutated[chance.randrange(len(mutated))] = chance.randrange(256)
        try:
            csr.decode(bytes(mutated))
        except Invalid:
            continue
        assert mutated == der


def test_an_address_as_dns_name_is_refused() -> None:
    with pytest.raises(Invalid, match=r"192\.0\.2\.1"):
        csr.decode(signed(x509.DNSName("192.0.2.1")))


@pytest.mark.parametrize("name", ["a\x00.example", "a b.example", "*.*.example", "a" * 64 + ".example"])
def test_a_san_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        csr.decode(signed(x509.DNSName(name)))


def test_a_common_name_that_is_no_name_is_kept_out_of_the_names() -> None:
    read = csr.decode(signed(x509.DNSName("a.example"), subject="Meadow Works Ltd"))
    assert (read.common_name, read.names) == ("Meadow Works Ltd", ("a.example",))


def test_other_sans_are_counted_and_units_listed() -> None:
    unit = x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Mowing")
    network = x509.IPAddress(ipaddress.ip_network("192.0.2.0/24"))
    read = csr.decode(signed(x509.RFC822Name("a@b.example"), network, subject="a.example", extra=[unit]))
    assert (read.other_names, read.organizational_units) == (2, ("Mowing",))


def test_a_csr_without_any_name_is_read() -> None:
    assert csr.decode(signed()).names == ()


@pytest.mark.parametrize("key", [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP521R1())])
def test_keys_that_we_do_not_make_are_described(key: Any) -> None:
    read = csr.decode(csr.build(key, ["a.example"]))
    assert read.key_spec is None
    assert read.key_description in ("Ed25519", "EC secp521r1")


def test_an_rsa_1024_csr_is_read_so_that_policy_can_say_why_not() -> None:
    read = csr.decode(csr.build(rsa.generate_private_key(65537, 1024), ["a.example"]))
    assert (read.key_spec, read.key_description) == (None, "RSA 1024")


@needs_openssl
def test_openssl_verifies_our_csr_and_reads_the_same_names() -> None:
    der = csr.build(KEY, ["*.meadow.example", "bücher.example", "192.0.2.1", "2001:db8::1"], organization="Müller")
    command = ["openssl", "req", "-inform", "DER", "-verify", "-noout", "-text", "-nameopt", "utf8"]
    seen = subprocess.run(command, input=der, capture_output=True, check=True)
    text = seen.stdout.decode()
    assert b"verify OK" in seen.stderr + seen.stdout
    assert "DNS:*.meadow.example, DNS:xn--bcher-kva.example, IP Address:192.0.2.1" in text
    assert "Müller" in text


@needs_openssl
def test_openssls_own_csr_is_read(tmp_path: Any) -> None:
    command = (
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout key.pem -text"
        " -subj /C=GB/O=Meadow/CN=a.example -addext subjectAltName=DNS:a.example,DNS:B.example,IP:192.0.2.9"
    )
    seen = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=True)
    read = csr.decode(seen.stdout)
    assert read.names == ("a.example", "b.example", "192.0.2.9")
    assert read.subject == "CN=a.example,O=Meadow,C=GB"
