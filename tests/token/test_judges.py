"""OpenSC's and GnuTLS's own tools, which share no code with us, judge what is in the token."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certwright.keys.pkcs11 import Pkcs11Keys, TokenKeyReference
from certwright.pki import csr
from certwright.pki.keys import KeySpec
from tests.token.authority import NAME, Authority, pem
from tests.token.conftest import RealToken
from tests.token.programs import alone, program


def judge(token: RealToken, *command: str | Path) -> str:
    """Run an outside program on the token and return what it says; the PIN travels in the environment."""
    ran = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **token.environment, "TOKEN_PIN": token.pin, "GNUTLS_PIN": token.pin},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def pkcs11_tool(token: RealToken, *arguments: str | Path) -> str:
    """Run OpenSC's pkcs11-tool, logged in."""
    tool = program("pkcs11-tool", "opensc")
    return judge(
        token,
        tool,
        "--module",
        token.module,
        "--token-label",
        token.label,
        "--login",
        "--pin",
        "env:TOKEN_PIN",
        *arguments,
    )


@pytest.fixture(params=[KeySpec.EC_P256, KeySpec.RSA_2048])
def pair(request: pytest.FixtureRequest, keys: Pkcs11Keys, authority: Authority) -> TokenKeyReference:
    """A key with its chain stored."""
    reference = keys.generate(request.param, label="shop", cka_id=keys.new_id())
    keys.store_chain(reference, authority.issue(keys.public_key(reference)), authority.cas, "shop")
    return reference


def test_pkcs11_tool_sees_the_pair_its_leaf_and_a_key_that_cannot_leave(
    token: RealToken, pair: TokenKeyReference
) -> None:
    objects = pkcs11_tool(token, "--list-objects")

    private = objects.split("Private Key Object")[1].split(" Object;")[0]
    assert f"ID:         {pair.cka_id}" in private
    assert "sensitive, always sensitive, never extractable, local" in private
    assert objects.count(f"ID:         {pair.cka_id}") == 3
    assert objects.count("Certificate Object") == 2


def test_openssl_verifies_a_signature_that_pkcs11_tool_made_with_our_key(
    token: RealToken, keys: Pkcs11Keys, pair: TokenKeyReference, tmp_path: Path
) -> None:
    public = keys.public_key(pair)
    key_file, message, signature = tmp_path / "public.pem", tmp_path / "message", tmp_path / "signature"
    key_file.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    message.write_bytes(b"message")
    mechanism = ["--mechanism", "SHA256-RSA-PKCS"]
    to_sign = message
    if isinstance(public, ec.EllipticCurvePublicKey):
        to_sign = tmp_path / "digest"
        to_sign.write_bytes(hashlib.sha256(b"message").digest())
        mechanism = ["--mechanism", "ECDSA", "--signature-format", "openssl"]

    pkcs11_tool(token, "--sign", "--id", pair.cka_id, *mechanism, "--input-file", to_sign, "--output-file", signature)

    openssl = program("openssl", "openssl")
    verdict = judge(token, openssl, "dgst", "-sha256", "-verify", key_file, "-signature", signature, message)
    assert verdict.strip() == "Verified OK"


def test_p11tool_reads_the_leaf_by_our_uri_and_cannot_export_the_key(
    token: RealToken, keys: Pkcs11Keys, pair: TokenKeyReference, tmp_path: Path
) -> None:
    tool = program("p11tool", "gnutls-bin")
    uri = keys.key_uri(pair)
    token = replace(token, environment=alone(token.environment, tmp_path))

    leaf = judge(token, tool, "--provider", token.module, "--export", uri.replace("type=private", "type=cert"))
    listed = judge(token, tool, "--provider", token.module, "--login", "--list-all-privkeys", uri)

    assert x509.load_pem_x509_certificate(leaf.encode()).public_bytes(Encoding.DER) == keys.stored_chain(pair)[0]
    assert listed.count("Type: Private key") == 1
    assert "CKA_NEVER_EXTRACTABLE" in listed
    assert "CKA_SENSITIVE" in listed


def test_openssl_verifies_the_csr_and_the_stored_chain(
    token: RealToken, keys: Pkcs11Keys, pair: TokenKeyReference, authority: Authority, tmp_path: Path
) -> None:
    openssl = program("openssl", "openssl")
    request, root, chain, leaf = (tmp_path / name for name in ("request.der", "root.pem", "chain.pem", "leaf.pem"))
    request.write_bytes(csr.build(keys.private_key(pair), [NAME], common_name=NAME))
    stored = keys.stored_chain(pair)
    root.write_bytes(authority.root_pem)
    leaf.write_bytes(pem(stored[:1]))
    chain.write_bytes(pem(stored[1:]))

    # `openssl req -verify` ends with 0 on a bad signature as well: only its words count.
    said = subprocess.run(
        [openssl, "req", "-inform", "DER", "-in", request, "-verify", "-noout"],
        capture_output=True,
        text=True,
    ).stderr
    assert "verify OK" in said
    assert judge(token, openssl, "verify", "-CAfile", root, "-untrusted", chain, leaf).strip() == f"{leaf}: OK"


def test_openssl_reads_the_uri_file_as_what_the_provider_expects(
    token: RealToken, keys: Pkcs11Keys, pair: TokenKeyReference, tmp_path: Path
) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(keys.uri_pem(pair))

    parsed = judge(token, program("openssl", "openssl"), "asn1parse", "-in", file)

    assert "VISIBLESTRING     :PKCS#11 Provider URI v1.0" in parsed
    assert f"UTF8STRING        :{keys.key_uri(pair)}" in parsed
    assert token.pin not in keys.key_uri(pair)
