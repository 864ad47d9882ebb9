"""DecodeCSR: contract tests 16 to 20 of the CA's reference, and its section 4."""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from tests.sandbox import wire
from tests.sandbox.certificates import csr_pem, new_key, openssl, rsa_key
from tests.sandbox.sectigo_tenant import NewReseller
from tests.sandbox.sectigo_wire import (
    FORM,
    TEXT,
    VECTOR_CSR,
    VECTOR_MD5,
    VECTOR_SHA1,
    VECTOR_SHA256,
    Told,
    der_of,
    form,
    post,
)
from tests.sandbox.tenant import Sandbox

HASHES = [f"md5={VECTOR_MD5}", f"sha1={VECTOR_SHA1}", f"sha256={VECTOR_SHA256}"]
NOTHING = dict.fromkeys(["showErrorCodes", "showErrorMessages", "showFieldNames", "showEmptyFields"], "N")
NOTHING |= dict.fromkeys(["showCN", "showAddress", "showPublicKey", "showKeySize", "showSANDNSNames"], "N")
NOTHING |= dict.fromkeys(["showCSR", "showCSRHashes", "showSignatureAlgorithm"], "N")


def _decode(sandbox: Sandbox, csr: str, **flags: object) -> Told:
    return post(sandbox.url, "DecodeCSR", form({"csr": csr, **flags}))


def _pem(der: bytes) -> str:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{body}-----END CERTIFICATE REQUEST-----\n"


def broken_signature(csr: str) -> str:
    """The CSR with one bit of its signature changed."""
    der = der_of(csr)
    return _pem(der[:-1] + bytes([der[-1] ^ 1]))


def _upper(told: Told) -> list[str]:
    """The lines with hash values in upper case: the case of sha256 is not told."""
    return [re.sub(r"(?<=^sha256=).*", lambda found: found[0].upper(), line) for line in told.lines]


def test_16_with_everything_else_hidden_the_hashes_are_lines_2_to_4(resellers: Sandbox) -> None:
    told = _decode(resellers, VECTOR_CSR, **NOTHING, showCSRHashes2="Y")

    assert _upper(told) == ["0", *HASHES]
    assert told.media == TEXT


def test_16_the_first_flag_shows_two_hashes_and_no_third(resellers: Sandbox) -> None:
    told = _decode(resellers, VECTOR_CSR, **{**NOTHING, "showCSRHashes": "Y"})

    assert told.lines == ["0", *HASHES[:2]]


def test_the_example_of_the_document_is_answered_line_by_line(resellers: Sandbox) -> None:
    told = _decode(resellers, VECTOR_CSR, showCSRHashes2="Y", showSANDNSNames="Y", showKeySize="Y")

    assert _upper(told) == [
        "0", "CN=shop.example.com", "OU=", "O=Example Sandbox Ltd", "POBox=", "STREET=", "STREET=", "STREET=",
        "L=Bengaluru", "S=Karnataka", "PostalCode=", "C=IN", "Email=", "Phone=", "Key Size=256",
        "dnsName(s)=shop.example.com,www.shop.example.com", *HASHES,
    ]  # fmt: skip


def test_empty_fields_and_addresses_can_be_hidden(resellers: Sandbox) -> None:
    no_empty = _decode(resellers, VECTOR_CSR, showEmptyFields="N").lines
    no_address = _decode(resellers, VECTOR_CSR, showAddress="N").lines
    no_cn = _decode(resellers, VECTOR_CSR, showCN="N").lines

    assert "L=Bengaluru" in no_empty
    assert not [line for line in no_empty if line.endswith("=")]
    assert "CN=shop.example.com" in no_address
    assert not [line for line in no_address if line.startswith(("L=", "S=", "C=", "STREET="))]
    assert not [line for line in no_cn if line.startswith("CN=")]


def test_17_no_login_is_needed_and_one_is_tolerated(resellers: Sandbox) -> None:
    without = _decode(resellers, VECTOR_CSR)
    with_login = _decode(resellers, VECTOR_CSR, loginName="somebody", loginPassword="wrong")

    assert without.lines[0] == "0"
    assert with_login.text == without.text


@pytest.mark.parametrize("garbage", ["!!!! not base64 !!!!", base64.b64encode(b"no PKCS#10 at all").decode()])
def test_17_garbage_is_one_error(garbage: str, resellers: Sandbox) -> None:
    told = _decode(resellers, garbage)

    assert told.lines[0] == "1"
    assert told.lines[1].split(" ")[0] in ("-9", "-10")


@pytest.mark.parametrize("csr", ["!!!!", csr_pem("shop.example", rsa_key(1024))], ids=["garbage", "small-key"])
def test_17_codes_and_messages_can_be_hidden_apart(csr: str, resellers: Sandbox) -> None:
    both = _decode(resellers, csr).lines[1]
    code, _, message = both.partition(" ")

    assert message
    assert _decode(resellers, csr, showErrorMessages="N").lines[:2] == ["1", code]
    assert _decode(resellers, csr, showErrorCodes="N").lines[:2] == ["1", message]


def test_18_a_small_rsa_key_is_error_13(resellers: Sandbox) -> None:
    told = _decode(resellers, csr_pem("shop.example", rsa_key(1024)))

    assert told.lines[0] == "1"
    assert told.lines[1].startswith("-13 ")


@pytest.mark.parametrize("bits", [2048, 3072])
def test_18_a_large_rsa_key_is_none(bits: int, resellers: Sandbox) -> None:
    told = _decode(resellers, csr_pem("shop.example", rsa_key(bits)), showKeySize="Y")

    assert told.lines[0] == "0"
    assert f"Key Size={bits}" in told.lines


@pytest.mark.parametrize(
    ("name", "code"),
    [("http://x.example", -23), ("https://x.example", -24), ("x y.example", -25)],
)
def test_19_a_common_name_that_is_no_name_has_its_own_error(name: str, code: int, resellers: Sandbox) -> None:
    told = _decode(resellers, csr_pem(name))

    assert int(told.lines[0]) >= 1
    assert [line for line in told.lines[1:] if line.startswith(f"{code} ")]


def test_20_two_names_are_one_line(resellers: Sandbox) -> None:
    csr = csr_pem("a.example", names=["a.example", "b.example"])

    assert "dnsName(s)=a.example,b.example" in _decode(resellers, csr, showSANDNSNames="Y").lines


def test_20_response_format_2_is_json_and_1_is_xml(resellers: Sandbox) -> None:
    as_json = _decode(resellers, VECTOR_CSR, responseFormat=2, showCSRHashes2="Y")
    as_xml = _decode(resellers, VECTOR_CSR, responseFormat=1, showCSRHashes2="Y")

    assert as_json.media == "application/json"
    assert VECTOR_MD5 in json.dumps(json.loads(as_json.text))
    assert "xml" in as_xml.media
    assert VECTOR_MD5 in ET.tostring(ET.fromstring(as_xml.text)).decode()


@pytest.mark.parametrize("label", ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", "ANYTHING", None])
def test_a_csr_comes_with_any_armour_or_none(label: str | None, resellers: Sandbox) -> None:
    body = base64.b64encode(der_of(VECTOR_CSR)).decode()
    csr = f"-----BEGIN {label}-----\n{body}\n-----END {label}-----" if label else body

    assert _decode(resellers, csr, **{**NOTHING, "showCSRHashes": "Y"}).lines == ["0", *HASHES[:2]]


def test_a_plus_that_became_a_blank_is_repaired(resellers: Sandbox) -> None:
    """§1.2: an unescaped `+` of a form is a blank."""
    body = base64.b64encode(der_of(VECTOR_CSR))
    assert b"+" in body
    raw = b"showCSRHashes=Y&csr=" + body

    told = Told(wire.send(resellers.url, "POST", "products/!DecodeCSR", raw, {"Content-Type": FORM}))

    assert f"md5={VECTOR_MD5}" in told.lines


def test_a_broken_signature_is_error_12(resellers: Sandbox) -> None:
    told = _decode(resellers, broken_signature(VECTOR_CSR))

    assert told.lines[1].startswith("-12 ")


def old_csr(digest: str, tmp_path: Path) -> str:
    """A CSR signed with RSA and an old digest, which only openssl still makes."""
    key, csr = tmp_path / "key.pem", tmp_path / "csr.pem"
    key.write_bytes(
        rsa_key(2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    arguments = ["-new", f"-{digest}", "-key", str(key), "-subj", "/CN=shop.example", "-out", str(csr)]
    made = openssl("req", *arguments)
    assert made.returncode == 0, made.stderr
    return csr.read_text()


@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_an_old_signature_algorithm_is_error_11(digest: str, resellers: Sandbox, tmp_path: Path) -> None:
    assert _decode(resellers, old_csr(digest, tmp_path)).lines[1].startswith("-11 ")


def test_a_csr_without_a_common_name_tells_no_names_either(resellers: Sandbox) -> None:
    """§4: a known quirk of the CA."""
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Meadow")])
    sans = x509.SubjectAlternativeName([x509.DNSName("a.example")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject).add_extension(sans, critical=False)
    csr = builder.sign(new_key(), hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    told = _decode(resellers, csr, showSANDNSNames="Y")

    assert not [line for line in told.lines if line.startswith("dnsName(s)=a")]


@pytest.mark.parametrize(
    ("product", "name", "code"),
    [(287, "*.shop.example", -5), (289, "shop.example", -6), (289, "*.*.example", -6)],
)
def test_the_rules_of_a_product_are_applied(product: int, name: str, code: int, resellers: Sandbox) -> None:
    told = _decode(resellers, csr_pem(name), product=product)

    assert [line for line in told.lines[1:] if line.startswith(f"{code} ")]


def test_the_key_and_its_signature_algorithm_are_shown_when_asked(reseller: NewReseller, resellers: Sandbox) -> None:
    plain = _decode(resellers, VECTOR_CSR).lines
    told = _decode(resellers, VECTOR_CSR, showPublicKey="Y", showSignatureAlgorithm="Y", showCSR="Y").lines

    assert not [line for line in plain if line.startswith(("Public Key=", "Key Size=", "md5=", "dnsName(s)="))]
    assert [line for line in told if line.startswith("Public Key=")]
    assert len(told) >= len(plain) + 3
