"""Files of certificates: what is written is read back, other programs agree, hostile files are refused in
time.
"""

from __future__ import annotations

import base64
import io
import random
import shutil
import stat
import struct
import subprocess
import time
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from certwright.pki import _pem, chain, csr, formats, keys
from certwright.pki.errors import Invalid
from tests.cases.authority import new_key, root

TOP = root()
CA = TOP.intermediate()
KEY = new_key()
LEAF = CA.issue("shop.meadow.example", key=KEY)
CHAIN = chain.Chain(LEAF, (CA.certificate,))
PASSWORD = b"correct horse"
PKCS8 = keys.private_key_to_pkcs8(KEY)
KEY_PEM = _pem.encode(PKCS8, "PRIVATE KEY").encode()
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl judges this")
needs_keytool = pytest.mark.skipif(shutil.which("keytool") is None, reason="Java's keytool judges this")


def key_bytes(contents: formats.Contents) -> list[bytes]:
    return [keys.private_key_to_pkcs8(key) for key in contents.private_keys]


def run(command: str, **options: object) -> bytes:
    return subprocess.run(command.split(), capture_output=True, check=True, **options).stdout  # type: ignore[call-overload,no-any-return]


def quick_pkcs12(rounds: int = 1000) -> bytes:
    """A PKCS#12 file with few rounds, for tests that read it often."""
    form = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(rounds)
    form = form.key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC).hmac_hash(hashes.SHA256())
    parsed = [CA.certificate.parsed]
    return pkcs12.serialize_key_and_certificates(b"shop", KEY, LEAF.parsed, parsed, form.build(PASSWORD))


@settings(deadline=None, max_examples=40)
@given(st.permutations([LEAF, CA.certificate, TOP.certificate]), st.integers(min_value=0, max_value=3))
def test_certificates_survive_every_format_that_keeps_their_order(order: list[object], count: int) -> None:
    some = tuple(order[:count]) or (LEAF,)
    assert formats.read(formats.to_pem(some)).certificates == some  # type: ignore[arg-type]
    assert set(formats.read(formats.to_pkcs7(some)).certificates) == set(some)  # type: ignore[arg-type]
    assert set(formats.read(formats.to_pkcs7(some, pem=True)).certificates) == set(some)  # type: ignore[arg-type]


def test_der_and_base64_of_it_are_read() -> None:
    for data in (formats.to_der(LEAF), base64.b64encode(LEAF.der), base64.encodebytes(LEAF.der)):
        assert formats.read(data).certificates == (LEAF,)
    assert formats.read(base64.b64encode(formats.to_pkcs7([LEAF]))).certificates == (LEAF,)


def test_pkcs12_gives_back_key_leaf_and_chain() -> None:
    read = formats.read(formats.to_pkcs12(LEAF, CHAIN.intermediates, KEY, PASSWORD), password=PASSWORD)
    assert read.certificates == CHAIN.certificates
    assert key_bytes(read) == [PKCS8]


def test_jks_gives_back_key_leaf_and_chain() -> None:
    read = formats.read(formats.to_jks(LEAF, CHAIN.intermediates, KEY, PASSWORD), password=PASSWORD)
    assert read.certificates == CHAIN.certificates
    assert key_bytes(read) == [PKCS8]


def test_zip_gives_back_the_chain_and_is_the_same_each_time() -> None:
    packed = formats.to_zip(CHAIN)
    assert packed == formats.to_zip(CHAIN)
    assert chain.build(formats.read(packed).certificates) == CHAIN


def test_a_zip_as_cas_send_it_is_read() -> None:
    packed = zipped(
        {
            "certs/shop_meadow_example.crt": LEAF.pem.replace("\n", "\r\n").encode(),
            "certs/DigiCertCA.crt": CA.certificate.der,
            "certs/TrustedRoot.crt": base64.b64encode(TOP.certificate.der),
            "certs/all.p7b": formats.to_pkcs7([LEAF, CA.certificate], pem=True),
            "README.txt": b"Install the files.",
            "INSTALL_INSTRUCTIONS.pdf": b"%PDF-1.4 \x00\x01",
        }
    )
    assert chain.build(formats.read(packed).certificates) == CHAIN


def test_a_private_key_and_certificates_in_one_pem_are_told_apart() -> None:
    request = csr.decode(csr.build(KEY, ["a.example"])).pem.encode()
    read = formats.read(KEY_PEM + request + CHAIN.pem.encode())
    assert (read.certificates, key_bytes(read)) == (CHAIN.certificates, [PKCS8])


def test_private_keys_alone_are_read_in_every_wrapping() -> None:
    encrypted = KEY.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(PASSWORD),
    )
    for data, password in ((PKCS8, None), (KEY_PEM, None), (encrypted, PASSWORD)):
        assert key_bytes(formats.read(data, password=password)) == [PKCS8]


def test_contents_never_show_a_key() -> None:
    assert repr(formats.read(KEY_PEM + LEAF.pem.encode())) == "Contents(1 certificates, 1 private keys)"


@pytest.mark.parametrize("password", [None, b"", b"wrong horse"])
def test_a_wrong_or_missing_password_is_refused(password: bytes | None) -> None:
    for data in (quick_pkcs12(), formats.to_jks(LEAF, [], KEY, PASSWORD)):
        with pytest.raises(Invalid, match="password") as refused:
            formats.read(data, password=password)
        assert "horse" not in str(refused.value)


def test_another_certificates_key_is_not_packed() -> None:
    for write in (formats.to_pkcs12, formats.to_jks):
        with pytest.raises(Invalid, match="does not belong"):
            write(LEAF, [], new_key(), PASSWORD)


def test_a_key_is_not_packed_without_a_password() -> None:
    for write in (formats.to_pkcs12, formats.to_jks):
        with pytest.raises(Invalid, match="password"):
            write(LEAF, [], KEY, b"")


def test_pkcs12_without_a_key_is_read() -> None:
    form = serialization.BestAvailableEncryption(PASSWORD)
    data = pkcs12.serialize_key_and_certificates(b"ca", None, None, [TOP.certificate.parsed], form)
    assert formats.read(data, password=PASSWORD).certificates == (TOP.certificate,)


@pytest.mark.parametrize("rounds", [10_000_000, 2**31 - 1])
def test_ten_million_rounds_of_key_derivation_are_refused_before_the_first(rounds: int) -> None:
    """The true count is patched into the file wherever it stands, so that making it costs nothing."""
    data = quick_pkcs12(rounds=1000)
    for position in [i for i in range(len(data) - 3) if data[i : i + 4] == b"\x02\x02\x03\xe8"]:
        assert_refused_quickly(patched_integer(data, position, rounds))


def patched_integer(data: bytes, position: int, value: int) -> bytes:
    """The file with the INTEGER of 2 octets at ``position`` replaced by one of 4, all lengths around it
    mended.
    """

    def rebuilt(piece: bytes, base: int) -> bytes:
        out, at = b"", 0
        while at < len(piece):
            tag, first = piece[at], piece[at + 1]
            begin = at + 2 + (first & 0x7F if first > 0x80 else 0)
            length = int.from_bytes(piece[at + 2 : begin], "big") if first > 0x80 else first
            content = piece[begin : begin + length]
            if base + at == position:
                content = value.to_bytes(4, "big")
            elif base + begin <= position < base + begin + length:
                content = rebuilt(content, base + begin)
            size = len(content)
            header = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
            out += bytes([tag]) + header + content
            at = begin + length
        return out

    return rebuilt(data, 0)


def assert_refused_quickly(data: bytes, password: bytes | None = PASSWORD) -> None:
    started = time.perf_counter()
    with pytest.raises(Invalid):
        formats.read(data, password=password)
    assert time.perf_counter() - started < 1


@needs_openssl
def test_rounds_are_seen_in_what_openssl_writes_too(tmp_path: Path) -> None:
    (tmp_path / "all.pem").write_bytes(KEY_PEM + CHAIN.pem.encode())
    run("openssl pkcs12 -export -in all.pem -out ok.p12 -passout pass:x -iter 100000", cwd=tmp_path)
    run("openssl pkcs12 -export -in all.pem -out costly.p12 -passout pass:x -iter 1100000", cwd=tmp_path)
    run("openssl pkcs8 -topk8 -in all.pem -out costly.key -passout pass:x -iter 3100000", cwd=tmp_path)
    assert key_bytes(formats.read((tmp_path / "ok.p12").read_bytes(), password=b"x")) == [PKCS8]
    assert_refused_quickly((tmp_path / "costly.p12").read_bytes(), b"x")
    assert_refused_quickly((tmp_path / "costly.key").read_bytes(), b"x")


@needs_openssl
def test_the_old_pkcs12_of_windows_is_read(tmp_path: Path) -> None:
    """RC2-40 and 3DES with SHA-1, as Windows Server 2012 and OpenSSL 1.1 wrote it."""
    (tmp_path / "all.pem").write_bytes(KEY_PEM + CHAIN.pem.encode())
    run("openssl pkcs12 -export -legacy -in all.pem -out old.p12 -passout pass:x", cwd=tmp_path)
    read = formats.read((tmp_path / "old.p12").read_bytes(), password=b"x")
    assert (set(read.certificates), key_bytes(read)) == (set(CHAIN.certificates), [PKCS8])


@needs_openssl
def test_openssl_opens_our_pkcs12_and_pkcs7_and_verifies_our_chain(tmp_path: Path) -> None:
    (tmp_path / "our.p12").write_bytes(formats.to_pkcs12(LEAF, CHAIN.intermediates, KEY, PASSWORD))
    (tmp_path / "our.p7b").write_bytes(formats.to_pkcs7(CHAIN.certificates))
    (tmp_path / "root.pem").write_text(TOP.certificate.pem)
    (tmp_path / "password").write_bytes(PASSWORD)
    command = "openssl pkcs12 -info -in our.p12 -passin file:password -noenc -out out.pem"
    seen = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=True)
    assert b"AES-256-CBC" in seen.stderr
    assert b"MAC: sha256" in seen.stderr
    assert key_bytes(formats.read((tmp_path / "out.pem").read_bytes())) == [PKCS8]
    run("openssl pkcs7 -inform DER -in our.p7b -print_certs -out certs.pem", cwd=tmp_path)
    assert set(formats.read((tmp_path / "certs.pem").read_bytes()).certificates) == set(CHAIN.certificates)
    verify = "openssl verify -CAfile root.pem -untrusted certs.pem -attime 1795262400 out.pem"
    assert run(verify, cwd=tmp_path).strip() == b"out.pem: OK"


@needs_keytool
def test_javas_keytool_lists_our_jks(tmp_path: Path) -> None:
    (tmp_path / "our.jks").write_bytes(formats.to_jks(LEAF, CHAIN.intermediates, KEY, PASSWORD))
    (tmp_path / "password").write_bytes(PASSWORD)
    listing = run("keytool -J-Duser.language=en -list -v -keystore our.jks -storepass:file password", cwd=tmp_path)
    assert b"Entry type: PrivateKeyEntry" in listing
    assert b"Certificate chain length: 2" in listing


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_a_zip_bomb_is_refused() -> None:
    assert_refused_quickly(zipped({"a.crt": b"\0" * 900_000}))
    assert_refused_quickly(zipped({"a.crt": b"\0" * 50_000_000}))


def test_a_zip_that_lies_about_its_sizes_is_refused() -> None:
    honest = zipped({"a.crt": bytes(random.Random(1).randbytes(1_500_000))}, zipfile.ZIP_STORED)
    size = struct.pack("<I", 1_500_000)
    assert_refused_quickly(honest.replace(size, struct.pack("<I", 1000)))


def test_too_many_members_are_refused() -> None:
    assert_refused_quickly(zipped({f"{i}.crt": b"" for i in range(20_000)}))


@pytest.mark.parametrize("name", ["../a.crt", "/a.crt", "a/../../b.crt", "..\\a.crt", "C:\\a.crt", "\\a.crt"])
def test_a_member_that_leaves_its_folder_is_refused(name: str) -> None:
    assert_refused_quickly(zipped({name: LEAF.der}))


def test_a_symbolic_link_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        link = zipfile.ZipInfo("a.crt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert_refused_quickly(packed.getvalue())


def test_a_wrong_checksum_is_refused() -> None:
    packed = bytearray(zipped({"a.crt": LEAF.der}, zipfile.ZIP_STORED))
    packed[packed.index(LEAF.der) + 100] ^= 1
    assert_refused_quickly(bytes(packed))


def test_a_truncated_zip_is_refused() -> None:
    packed = formats.to_zip(CHAIN)
    for length in (4, 30, len(packed) // 2, len(packed) - 1):
        assert_refused_quickly(packed[:length])


def test_other_compressions_are_refused() -> None:
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        assert_refused_quickly(zipped({"a.crt": LEAF.der}, method))


def test_a_zip_without_certificates_is_refused() -> None:
    with pytest.raises(Invalid, match="neither"):
        formats.read(zipped({"README.txt": b"hello"}))


def test_protected_files_in_a_zip_are_refused_unopened() -> None:
    encrypted = keys.private_key_to_pem(KEY, PASSWORD)
    for member in (quick_pkcs12(), base64.b64encode(quick_pkcs12()), encrypted):
        assert_refused_quickly(zipped({f"{i}.bin": member for i in range(50)}))


def test_two_leaves_in_a_zip_are_told_apart_by_the_key() -> None:
    other = CA.issue("shop.meadow.example")
    packed = zipped({"1.crt": other.der, "2.crt": LEAF.der, "ca.crt": CA.certificate.der})
    found = formats.read(packed).certificates
    assert chain.build(found, public_key_sha256=LEAF.public_key_sha256) == CHAIN


def test_a_jks_that_claims_two_billion_entries_is_refused() -> None:
    assert_refused_quickly(bytes.fromhex("feedfeed00000002ffffffff") + b"\0" * 1000)


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (b"<!doctype html><html>Login</html>", "HTML"),
        (b"", "empty"),
        (bytes.fromhex("cececece00000002"), "JCEKS"),
        (b"hello", "Give PEM"),
    ],
)
def test_the_usual_mistakes_are_named(data: bytes, advice: str) -> None:
    with pytest.raises(Invalid) as refused:
        formats.read(data)
    assert advice in refused.value.advice


def test_a_csr_echoed_in_place_of_the_certificate_is_refused() -> None:
    request = csr.build(KEY, ["a.example"])
    for data in (request, csr.decode(request).pem.encode()):
        with pytest.raises(Invalid):
            formats.read(data)


def test_large_files_are_refused_unread() -> None:
    with pytest.raises(Invalid, match="4 MiB"):
        formats.read(b"x" * (formats.MAXIMUM_SIZE + 1))


def test_200_000_begin_lines_are_refused_in_linear_time() -> None:
    assert_refused_quickly(b"-----BEGIN CERTIFICATE-----" * 150_000)
    assert_refused_quickly(b"-----BEGIN A\n" * 200_000)


def test_ten_megabytes_of_comment_are_refused() -> None:
    assert_refused_quickly(b"#" * 10_000_000 + LEAF.pem.encode())


def test_many_costly_keys_in_one_pem_are_refused() -> None:
    assert_refused_quickly(KEY_PEM * 5)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", ["der", "pem", "p7b", "p12", "zip", "jks", "key"])
def test_mutated_files_are_invalid_or_readable_and_nothing_else(kind: str) -> None:
    samples = {
        "der": LEAF.der,
        "pem": formats.to_pem(CHAIN.certificates),
        "p7b": formats.to_pkcs7(CHAIN.certificates),
        "p12": quick_pkcs12(),
        "zip": formats.to_zip(CHAIN),
        "jks": formats.to_jks(LEAF, CHAIN.intermediates, KEY, PASSWORD),
        "key": PKCS8,
    }
    chance = random.Random(kind)
    for _ in range(300):
        mutated = bytearray(samples[kind])
        for _ in range(chance.randint(1, 4)):
            mutated[chance.randrange(len(mutated))] = chance.randrange(256)
        try:
            formats.read(bytes(mutated), password=PASSWORD)
        except Invalid:
            continue


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=300))
def test_random_bytes_are_invalid_and_nothing_else(data: bytes) -> None:
    for start in (
        b"",
        b"\x30\x82",
        b"PK\x03\x04",
        b"\xfe\xed\xfe\xed",
        b"MII",
        b"-----BEGIN CERTIFICATE-----",
    ):
        with pytest.raises(Invalid):
            formats.read(start + data, password=PASSWORD)
