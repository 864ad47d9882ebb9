"""Paths from a leaf to a pinned root. Each docstring is the claim and its clause; the body builds only the
oddity.
"""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from certwright.pki import _pem, certificate, csr, keys
from certwright.pki.certificate import Certificate
from certwright.pki.chain import Chain
from certwright.pki.verify import verify_path
from tests.cases.authority import NAME, NOW, Authority, foreign_signature, new_key, root


def objections(leaf, *intermediates: Authority, to: Authority, at=NOW) -> str:
    chain = Chain(leaf, tuple(ca.certificate for ca in intermediates))
    return " ".join(verify_path(chain, [to.certificate], at=at))


def signed_by_openssl(by: Authority, digest: str, folder: Path) -> Certificate:
    """A leaf signed with a hash that cryptography refuses to sign with."""
    (folder / "ca.pem").write_text(by.certificate.pem)
    (folder / "ca.key").write_bytes(_pem.encode(keys.private_key_to_pkcs8(by.key), "PRIVATE KEY").encode())
    (folder / "leaf.csr").write_bytes(csr.build(new_key(), [NAME]))
    (folder / "leaf.cnf").write_text(f"subjectAltName=DNS:{NAME}\nextendedKeyUsage=serverAuth\n")
    command = "openssl x509 -req -inform DER -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial"
    options = f"-days 3650 -extfile leaf.cnf -outform DER -out leaf.der -{digest}"
    subprocess.run([*command.split(), *options.split()], cwd=folder, check=True, capture_output=True)
    return certificate.from_der((folder / "leaf.der").read_bytes())


def test_a_sound_path_verifies() -> None:
    """leaf → intermediate → root verifies (RFC 5280 §6.1)."""
    top = root()
    ca = top.intermediate()
    assert objections(ca.issue(), ca, to=top) == ""


def test_a_leaf_directly_below_the_root_verifies() -> None:
    """leaf → root verifies: no intermediate is needed (RFC 5280 §6.1)."""
    top = root()
    assert objections(top.issue(), to=top) == ""


def test_three_intermediates_verify() -> None:
    """leaf → three intermediates → root verifies when no path length forbids it (RFC 5280 §4.2.1.9)."""
    top = root()
    a = top.intermediate("A")
    b = a.intermediate("B")
    c = b.intermediate("C")
    assert objections(c.issue(), c, b, a, to=top) == ""


def test_a_wildcard_leaf_verifies() -> None:
    """A leaf whose only SAN is a wildcard can be verified (RFC 9525 §6.3)."""
    top = root()
    assert objections(top.issue("*.meadow.example"), to=top) == ""


def test_an_address_leaf_verifies() -> None:
    """A leaf whose only SAN is an iPAddress can be verified (RFC 5280 §4.2.1.6)."""
    top = root()
    assert objections(top.issue("192.0.2.1"), to=top) == ""


def test_a_root_without_pins_verifies_nothing() -> None:
    """No trust anchor, no trust (RFC 5280 §6.1.1 d)."""
    top = root()
    assert verify_path(Chain(top.issue()), [], at=NOW) == ("No root is pinned to verify the certificate against.",)


def test_a_path_to_another_root_does_not_verify() -> None:
    """leaf → intermediate → a root that is not pinned does not verify (RFC 5280 §6.1.1 d)."""
    ca = root("Somebody Else").intermediate()
    assert "No pinned root signed the chain" in objections(ca.issue(), ca, to=root())


def test_a_root_of_the_same_name_and_another_key_does_not_verify() -> None:
    """An issuer is a key, not a name (RFC 5280 §6.1.3 a 1)."""
    ca = root().intermediate()
    assert "No pinned root signed the chain" in objections(ca.issue(), ca, to=root())


def test_a_missing_intermediate_does_not_verify() -> None:
    """leaf → (nothing) → root does not verify; nothing is fetched to mend it (RFC 5280 §6.1)."""
    top = root()
    assert "No pinned root signed the chain" in objections(top.intermediate().issue(), to=top)


def test_a_broken_signature_of_the_leaf_does_not_verify() -> None:
    """One flipped bit in the leaf's signature (RFC 5280 §6.1.3 a 1)."""
    top = root()
    ca = top.intermediate()
    assert "is not signed by" in objections(foreign_signature(ca.issue()), ca, to=top)


def test_a_broken_signature_of_the_intermediate_does_not_verify() -> None:
    """One flipped bit in the intermediate's signature (RFC 5280 §6.1.3 a 1)."""
    top = root()
    ca = top.intermediate()
    broken = Authority(foreign_signature(ca.certificate), ca.key)
    assert "No pinned root signed the chain" in objections(ca.issue(), broken, to=top)


def test_an_expired_leaf_does_not_verify() -> None:
    """One second after not_after (RFC 5280 §4.1.2.5)."""
    top = root()
    leaf = top.issue(not_after=NOW - timedelta(seconds=1))
    assert "expired" in objections(leaf, to=top)


def test_a_leaf_is_good_in_its_last_second() -> None:
    """not_after itself belongs to the lifetime (RFC 5280 §4.1.2.5)."""
    top = root()
    assert objections(top.issue(not_after=NOW), to=top) == ""


def test_a_leaf_is_good_in_its_first_second() -> None:
    """not_before itself belongs to the lifetime (RFC 5280 §4.1.2.5)."""
    top = root()
    assert objections(top.issue(not_before=NOW), to=top) == ""


def test_a_leaf_of_the_future_does_not_verify() -> None:
    """One second before not_before (RFC 5280 §4.1.2.5)."""
    top = root()
    leaf = top.issue(not_before=NOW + timedelta(seconds=1))
    assert "is not valid before" in objections(leaf, to=top)


def test_an_expired_intermediate_does_not_verify() -> None:
    """Every certificate of the path must be current (RFC 5280 §6.1.3 a 2)."""
    top = root()
    ca = top.intermediate("Old CA", not_after=NOW - timedelta(days=1))
    found = objections(ca.issue(), ca, to=top)
    assert "Old CA" in found
    assert "expired" in found


def test_an_expired_root_does_not_verify() -> None:
    """We hold a pinned root to its dates too, as browsers do."""
    top = root(not_after=NOW - timedelta(days=1))
    assert "expired" in objections(top.issue(), to=top)


def test_a_leaf_cannot_issue() -> None:
    """basicConstraints without cA: its signatures make no certificates (RFC 5280 §6.1.4 k)."""
    top = root()
    impostor = top.intermediate(ca=False)
    assert "may not issue certificates" in objections(impostor.issue(), impostor, to=top)


def test_a_ca_without_key_cert_sign_cannot_issue() -> None:
    """keyUsage without keyCertSign (RFC 5280 §6.1.4 n)."""
    top = root()
    ca = top.intermediate(cert_sign=False)
    assert "may not issue certificates" in objections(ca.issue(), ca, to=top)


def test_a_path_length_of_zero_forbids_a_ca_below() -> None:
    """pathLenConstraint 0 on a CA that has a CA below it (RFC 5280 §4.2.1.9)."""
    top = root()
    a = top.intermediate("A", path_length=0)
    b = a.intermediate("B")
    assert "allows 0 CAs below it and has 1" in objections(b.issue(), b, a, to=top)


def test_a_path_length_of_zero_allows_leaves() -> None:
    """pathLenConstraint 0 on the CA that signs the leaf (RFC 5280 §4.2.1.9)."""
    top = root()
    ca = top.intermediate(path_length=0)
    assert objections(ca.issue(), ca, to=top) == ""


def test_the_path_length_of_the_root_counts() -> None:
    """pathLenConstraint 0 on the root, two CAs below (RFC 5280 §4.2.1.9)."""
    top = root(path_length=0)
    ca = top.intermediate()
    assert "allows 0 CAs below it" in objections(ca.issue(), ca, to=top)


def test_a_leaf_without_usages_does_not_verify() -> None:
    """extendedKeyUsage must be there and name serverAuth (BR 7.1.2.7.10)."""
    top = root()
    assert "serverAuth" in objections(top.issue(usages=None), to=top)


def test_a_client_leaf_does_not_verify() -> None:
    """clientAuth alone is not for servers (BR 7.1.2.7.10)."""
    top = root()
    assert "serverAuth" in objections(top.issue(usages=[ExtendedKeyUsageOID.CLIENT_AUTH]), to=top)


def test_an_intermediate_for_mail_does_not_issue_for_servers() -> None:
    """A CA's own extendedKeyUsage bounds what it may issue for (BR 7.1.2.10.6)."""
    top = root()
    ca = top.intermediate(usages=[ExtendedKeyUsageOID.EMAIL_PROTECTION])
    assert "may not issue certificates for TLS servers" in objections(ca.issue(), ca, to=top)


def test_an_intermediate_for_any_usage_issues_for_servers() -> None:
    """anyExtendedKeyUsage includes serverAuth (RFC 5280 §4.2.1.12)."""
    top = root()
    ca = top.intermediate(usages=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
    assert objections(ca.issue(), ca, to=top) == ""


def test_an_unknown_critical_extension_does_not_verify() -> None:
    """What is critical and not understood must be refused (RFC 5280 §4.2)."""
    top = root()
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    assert "does not verify" in objections(top.issue(extra=[(odd, True)]), to=top)


def test_an_unknown_extension_that_is_not_critical_verifies() -> None:
    """What is not critical may be passed over (RFC 5280 §4.2)."""
    top = root()
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    assert objections(top.issue(extra=[(odd, False)]), to=top) == ""


def test_a_name_outside_the_constraints_does_not_verify() -> None:
    """nameConstraints of the CA permit another domain (RFC 5280 §4.2.1.10)."""
    top = root()
    constraint = x509.NameConstraints([x509.DNSName("brook.example")], None)
    ca = top.intermediate(extra=[(constraint, True)])
    assert "does not verify" in objections(ca.issue(), ca, to=top)


def test_a_name_inside_the_constraints_verifies() -> None:
    """nameConstraints of the CA permit the leaf's domain (RFC 5280 §4.2.1.10)."""
    top = root()
    constraint = x509.NameConstraints([x509.DNSName("meadow.example")], None)
    ca = top.intermediate(extra=[(constraint, True)])
    assert objections(ca.issue(), ca, to=top) == ""


def test_a_leaf_without_names_does_not_verify() -> None:
    """The common name is no name (BR 7.1.2.7.12; RFC 9525 §2)."""
    top = root()
    assert "no SAN" in objections(top.issue(sans=[]), to=top)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to sign with a broken hash")
@pytest.mark.parametrize("weak", ["sha1", "md5"])
def test_a_signature_with_a_broken_hash_does_not_verify(weak: str, tmp_path: Path) -> None:
    """SHA-1 and MD5 can be forged (BR 7.1.3.2)."""
    top = root(key=rsa.generate_private_key(65537, 2048))
    leaf = signed_by_openssl(top, weak, tmp_path)
    assert f"signed with {weak}" in objections(leaf, to=top)


def test_an_rsa_1024_intermediate_does_not_verify() -> None:
    """A key that short can be broken (BR 6.1.5)."""
    top = root()
    ca = top.intermediate(key=rsa.generate_private_key(65537, 1024))
    assert "does not verify" in objections(ca.issue(), ca, to=top)


def test_a_cross_signed_ca_verifies_to_the_older_root() -> None:
    """The same CA, certified by another root: the path goes over the cross-certificate (RFC 5280 §3.2)."""
    old, young = root("Old Root"), root("Young Root")
    cross = old.intermediate("Young Root", key=young.key)
    ca = young.intermediate()
    assert objections(ca.issue(), ca, cross, to=old) == ""


def test_an_expired_cross_certificate_above_the_pinned_root_is_no_objection() -> None:
    """What a CA sends above the trust anchor is not part of the path (RFC 5280 §6.1)."""
    old, young = root("Old Root"), root("Young Root")
    cross = old.intermediate("Young Root", key=young.key, not_after=NOW - timedelta(days=1))
    ca = young.intermediate()
    assert objections(ca.issue(), ca, cross, to=young) == ""


def test_a_pinned_intermediate_is_a_trust_anchor() -> None:
    """A trust anchor is a name and a key; it need not be self-signed (RFC 5280 §6.1.1 d)."""
    ca = root().intermediate()
    assert objections(ca.issue(), ca, to=ca) == ""


def test_a_self_signed_server_certificate_does_not_verify() -> None:
    """A certificate that vouches for itself proves nothing (RFC 5280 §6.1)."""
    lone = root("shop.meadow.example", ca=False, key=new_key())
    assert "No pinned root" in objections(lone.certificate, to=root())
