"""The formats and the chain of CollectSSL: contract tests 34, 54 and 55 of the CA's reference, and section 19."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.sandbox.certificates import (
    PrivateKey,
    certificates_in,
    has_key,
    names_of,
    new_key,
    openssl,
    rsa_key,
    write_pem,
)
from tests.sandbox.sectigo_tenant import EV, INCORPORATION, ORGANIZATION, OV, Bought, NewReseller, Reseller
from tests.sandbox.sectigo_wire import TEXT
from tests.sandbox.tenant import NewName

ZIP, NETSCAPE, PKCS7, SINGLY = 0, 1, 2, 3
KEY = {ZIP: "zipFile", NETSCAPE: "netscapeCertificateSequence", PKCS7: "pkcs7"}


def _from_netscape(blob: bytes, tmp_path: Path) -> list[x509.Certificate]:
    """What openssl finds in a Netscape certificate sequence."""
    path = tmp_path / "sequence.pem"
    body = base64.encodebytes(blob).decode()
    path.write_text(f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")
    shown = openssl("nseq", "-in", str(path))
    assert shown.returncode == 0, shown.stderr
    return certificates_in(shown.stdout)


def _from_zip(blob: bytes) -> list[x509.Certificate]:
    with zipfile.ZipFile(io.BytesIO(blob)) as archive:
        assert not [name for name in archive.namelist() if name.startswith("/") or ".." in name]
        return [found for name in archive.namelist() for found in certificates_in(archive.read(name))]


def _unpack(kind: int, blob: bytes, tmp_path: Path) -> list[x509.Certificate]:
    if kind == ZIP:
        return _from_zip(blob)
    return _from_netscape(blob, tmp_path) if kind == NETSCAPE else list(pkcs7.load_der_pkcs7_certificates(blob))


def _fingerprints(certificates: list[x509.Certificate]) -> set[bytes]:
    return {bytes(certificate.tbs_certificate_bytes) for certificate in certificates}


@pytest.mark.parametrize("kind", [ZIP, NETSCAPE, PKCS7])
@pytest.mark.parametrize("framing", [0, 1])
def test_55_every_response_type_holds_the_same_certificates(
    kind: int, framing: int, issued: tuple[Reseller, Bought], tmp_path: Path
) -> None:
    tenant, order = issued
    expected = _fingerprints(tenant.collect(order, 1, responseType=SINGLY).certificates)

    told = tenant.collect(order, 1, responseType=kind, responseFormat=framing)

    assert told.code == 2
    blob = told[KEY[kind]] if framing else "".join(told.lines[1:])
    assert _fingerprints(_unpack(kind, base64.b64decode(blob), tmp_path)) == expected


@pytest.mark.parametrize("kind", [ZIP, PKCS7])
@pytest.mark.parametrize("framing", [0, 1])
def test_54_a_binary_answer_is_only_the_data(
    kind: int, framing: int, issued: tuple[Reseller, Bought], tmp_path: Path
) -> None:
    tenant, order = issued
    expected = _fingerprints(tenant.collect(order, 1).certificates)

    told = tenant.collect(order, 1, responseType=kind, responseEncoding=1, responseFormat=framing)

    body = told.answer.body
    assert told.status == 200
    assert body.startswith(b"PK" if kind == ZIP else b"\x30")
    assert _fingerprints(_unpack(kind, body, tmp_path)) == expected


def test_54_the_same_request_for_a_pending_order_is_text(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(dcv="never")

    told = tenant.collect(tenant.buy(fresh()), 1, responseType=ZIP, responseEncoding=1)

    assert told.lines == ["0"]


@pytest.mark.parametrize(
    ("query", "kind", "encoding"),
    [
        *((1, kind, 1) for kind in (NETSCAPE, SINGLY)),
        *((query, kind, encoding) for query in (2, 3) for kind in (ZIP, NETSCAPE, PKCS7) for encoding in (0, 1)),
        *((query, SINGLY, 1) for query in (2, 3)),
        *((1, 4, 0), (1, SINGLY, 2)),
    ],
)
@pytest.mark.parametrize("framing", [0, 1])
def test_54_what_cannot_be_had_together_is_answered_4(
    query: int, kind: int, encoding: int, framing: int, issued: tuple[Reseller, Bought]
) -> None:
    """§6's table: ZIP, sequence and PKCS#7 with queryType 1 only; binary for ZIP and PKCS#7 only."""
    tenant, order = issued

    told = tenant.collect(order, query, responseType=kind, responseEncoding=encoding, responseFormat=framing)

    assert told.refuses(-4)
    assert told.is_form == bool(framing)


def test_the_zip_holds_the_leaf_and_a_bundle(issued: tuple[Reseller, Bought]) -> None:
    """§6.4: `<domain>.crt` and a `.ca-bundle`; `_` for dots and stars in the file's name."""
    tenant, order = issued
    body = tenant.collect(order, 1, responseType=ZIP, responseEncoding=1).answer.body

    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        names = archive.namelist()
        (leaf,) = certificates_in(archive.read(next(name for name in names if name.endswith(".crt"))))

    assert sorted(name.rpartition(".")[2] for name in names) == ["ca-bundle", "crt"]
    assert "read.meadow.example" in names_of(leaf)


def test_a_mime_type_can_be_asked_for_and_only_data_has_it(issued: tuple[Reseller, Bought]) -> None:
    tenant, order = issued

    given = {"responseType": ZIP, "responseEncoding": 1, "responseMimeType": "application/x-bundle"}

    assert tenant.collect(order, 1, **given).media == "application/x-bundle"
    assert tenant.collect("999999999", 1, **given).media == TEXT


def test_a_mime_type_adds_no_header(issued: tuple[Reseller, Bought]) -> None:
    tenant, order = issued
    mime = "application/zip\r\nX-Planted: 1"

    told = tenant.collect(order, 1, responseType=ZIP, responseEncoding=1, responseMimeType=mime)

    assert "x-planted" not in told.answer.headers


@pytest.mark.parametrize("key", [new_key(), rsa_key(2048)], ids=["ec", "rsa"])
@pytest.mark.parametrize("product", [287, OV, EV])
def test_the_chain_has_the_shape_of_the_public_one(
    product: int, key: PrivateKey, reseller: NewReseller, fresh: NewName, tmp_path: Path
) -> None:
    """§19: RSA and ECC variants; plainly fake names; server authentication alone (§18)."""
    tenant = reseller()
    order = tenant.buy(fresh(), key, **{**ORGANIZATION, **INCORPORATION, "product": product})

    chain = tenant.collect(order, 1).certificates

    leaf, issuer = chain[-1], chain[-2]
    assert has_key(leaf, key)
    assert isinstance(issuer.public_key(), ec.EllipticCurvePublicKey if key is not rsa_key(2048) else rsa.RSAPublicKey)
    names = [c.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value for c in chain[:-1]]
    assert all("sandbox" in str(name).lower() for name in names), names
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    roots = tmp_path / "roots.pem"
    roots.write_text(tenant.element["settings"]["roots"])
    rest = write_pem(tmp_path / "rest.pem", chain[1:-1])
    end = write_pem(tmp_path / "leaf.pem", [leaf])
    judged = openssl("verify", "-x509_strict", "-CAfile", str(roots), "-untrusted", rest, end)
    assert judged.returncode == 0, judged.stderr


def test_34_a_test_certificate_verifies_to_no_root(reseller: NewReseller, fresh: NewName, tmp_path: Path) -> None:
    tenant = reseller(test_allowed=True)
    chain = tenant.collect(tenant.buy(fresh(), test="Y"), 1).certificates
    roots = tmp_path / "roots.pem"
    roots.write_text(tenant.element["settings"]["roots"] + tenant.management.call("GET", "roots").body.decode())

    rest, leaf = write_pem(tmp_path / "rest.pem", chain[:-1]), write_pem(tmp_path / "leaf.pem", chain[-1:])

    assert openssl("verify", "-CAfile", str(roots), "-untrusted", rest, leaf).returncode != 0
