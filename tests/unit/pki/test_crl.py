"""CRLs: what they say, and when they must not be believed."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from certwright.model.words import RevocationReason
from certwright.pki import crl
from certwright.pki.crl import Revoked
from certwright.pki.errors import Invalid
from tests.cases.authority import NOW, Authority, Extra, new_key, root
from tests.unit.pki import revoking
from tests.unit.pki.revoking import DUE, MADE, WHEN, because, entry, long_crl, scope

URL = "http://crl.meadow.example/one.crl"
SERIAL = 0xC0FFEE


@cache
def authority() -> Authority:
    return root().intermediate()


def read(*listed: int | x509.RevokedCertificate, **oddity: Any) -> crl.RevocationList:
    return crl.read(revoking.crl(authority(), *listed, **oddity))


def objection(**oddity: Any) -> str | None:
    return read(SERIAL, **oddity).objection(authority().certificate, NOW)


def test_a_listed_certificate_is_revoked_and_another_is_not() -> None:
    there = read(SERIAL, 7)
    assert there.objection(authority().certificate, NOW) is None
    assert there.find([SERIAL]) == {SERIAL: Revoked(WHEN, "unspecified")}
    assert there.find([8]) == {}
    assert (there.this_update, there.next_update) == (MADE, DUE)


def test_an_empty_list_has_nobody_in_it() -> None:
    assert read().find(range(1, 100)) == {}


@pytest.mark.parametrize("reason", [each for each in x509.ReasonFlags if each is not x509.ReasonFlags.remove_from_crl])
def test_a_reason_is_spelt_as_in_our_words_where_those_have_it(reason: x509.ReasonFlags) -> None:
    found = read(entry(SERIAL, because(reason))).find([SERIAL])[SERIAL].reason
    assert found == reason.value
    known = {"certificateHold", "cACompromise", "aACompromise"} | set(RevocationReason)
    assert found in known


def test_a_reason_that_cannot_be_read_does_not_hide_the_revocation() -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    assert read(entry(SERIAL, (odd, True))).find([SERIAL]) == {SERIAL: Revoked(WHEN, "unspecified")}


def test_many_sought_at_once_are_found_as_each_alone() -> None:
    there = crl.read(long_crl(authority(), range(1, 100_000, 2)))
    assert there.objection(authority().certificate, NOW) is None
    found = there.find(range(50_001, 150_000))
    assert sorted(found) == list(range(50_001, 100_000, 2))
    assert there.find([99_999]) == {99_999: found[99_999]} == {99_999: Revoked(WHEN, "keyCompromise")}


def test_the_list_of_another_issuer_is_not_believed() -> None:
    other = root().intermediate("Another Intermediate")
    assert "is of another issuer, 'CN=Meadow" in str(read().objection(other.certificate, NOW))


def test_a_list_that_another_key_signed_in_the_issuers_name_is_not_believed() -> None:
    assert objection(key=new_key()) == "The CRL is not signed with the issuer's key."


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # odd serials
def test_no_bit_of_what_a_list_says_can_be_turned_without_being_noticed() -> None:
    good = revoking.crl(authority(), SERIAL, extra=[scope(URL)])
    said = crl.read(good).parsed.tbs_certlist_bytes
    for position in range(len(good)):
        turned = bytearray(good)
        turned[position] ^= 1 << position % 8
        try:
            there = crl.read(bytes(turned))
        except Invalid:
            continue
        # the count of unused bits before the signature may be turned: it says nothing
        assert there.objection(authority().certificate, NOW) or there.parsed.tbs_certlist_bytes == said, position


def test_an_issuer_that_may_not_sign_crls_is_not_believed() -> None:
    usage = x509.KeyUsage(True, False, False, False, False, True, False, False, False)
    key = new_key()
    made = authority().issue(sans=[], common_name="No CRLs", ca=True, usages=None, key=key, extra=[(usage, True)])
    there = crl.read(revoking.crl(Authority(made, key)))
    assert there.objection(made, NOW) == "The issuer's certificate does not let its key sign CRLs."


@pytest.mark.parametrize("key", ["rsa", "p384", "ed25519"])
def test_lists_are_believed_whatever_sound_kind_of_key_signed_them(key: str) -> None:
    keys: dict[str, Any] = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }
    one = authority().intermediate(key=keys[key]())
    signing = {"algorithm": None} if key == "ed25519" else {}
    assert crl.read(revoking.crl(one, **signing)).objection(one.certificate, NOW) is None
    assert crl.read(revoking.crl(one, **signing)).objection(authority().intermediate().certificate, NOW)


def test_a_list_signed_with_pss_is_believed() -> None:
    one = authority().intermediate(key=rsa.generate_private_key(65537, 2048))
    padded = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    assert crl.read(revoking.crl(one, rsa_padding=padded)).objection(one.certificate, NOW) is None


def test_a_list_signed_with_a_weak_hash_is_not_believed() -> None:
    good = revoking.crl(authority(), SERIAL)
    weak = good.replace(bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06072a8648ce3d040100"))
    with pytest.raises(Invalid):  # a length that no longer fits is not read at all
        crl.read(weak)
    assert objection(algorithm=hashes.SHA224()) == "The CRL is signed with sha224."


@pytest.mark.parametrize(
    ("made", "due", "why"),
    [
        (MADE, NOW, None),
        (MADE, NOW - crl.TOLERANCE, None),
        (MADE, NOW - crl.TOLERANCE - timedelta(seconds=1), "out of date: the next one was due on 2026-11-21 11:54 UTC"),
        (NOW + crl.TOLERANCE, DUE, None),
        (NOW + crl.TOLERANCE + timedelta(seconds=1), DUE, "of 2026-11-21 12:05 UTC, which is yet to come"),
    ],
)
def test_a_list_is_believed_from_its_making_until_the_next_is_due(
    made: datetime, due: datetime, why: str | None
) -> None:
    found = objection(made=made, due=due)
    assert found is None if why is None else why in str(found)


def test_a_list_that_never_ends_is_not_believed() -> None:
    there = crl.read(long_crl(authority(), [SERIAL], due=None))
    assert there.next_update is None
    assert there.objection(authority().certificate, NOW) == "The CRL does not say when the next one is due."


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        ((x509.DeltaCRLIndicator(4), True), "a delta"),
        (scope(indirect_crl=True), "an indirect one"),
        ((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True), "not understood: 1.2.3.4"),
    ],
)
def test_a_list_that_does_not_speak_for_the_issuer_alone_is_not_believed(extra: Extra, why: str) -> None:
    assert why in str(objection(extra=[extra]))


def test_a_list_of_other_issuers_without_saying_so_is_not_believed() -> None:
    elsewhere = x509.CertificateIssuer([x509.DirectoryName(root("Elsewhere").certificate.parsed.subject)])
    there = read(entry(SERIAL, (elsewhere, True)))
    assert "an indirect one" in str(there.objection(authority().certificate, NOW))


def test_extensions_that_change_nothing_are_no_objection() -> None:
    known = [
        (x509.CRLNumber(7), True),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(authority().key.public_key()), False),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), False),
    ]
    assert objection(extra=known) is None


@pytest.mark.parametrize(
    ("extra", "is_ca", "why"),
    [
        (scope(URL), False, None),
        (scope("http://crl.meadow.example/two.crl"), False, "name another place"),
        (scope(only_contains_user_certs=True), False, None),
        (scope(only_contains_user_certs=True), True, "of another kind"),
        (scope(only_contains_ca_certs=True), True, None),
        (scope(only_contains_ca_certs=True), False, "of another kind"),
        (scope(only_contains_attribute_certs=True), False, "of another kind"),
        (scope(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})), False, "some reasons alone"),
        (
            scope(full_name=[x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")]))]),
            False,
            "name another place",
        ),
        (
            scope(relative_name=x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])),
            False,
            "not understood",
        ),
    ],
)
def test_silence_means_good_only_for_those_whom_the_list_is_for(extra: Extra, is_ca: bool, why: str | None) -> None:
    there = read(SERIAL, extra=[extra])
    assert there.objection(authority().certificate, NOW) is None
    found = there.silence([URL], is_ca=is_ca)
    assert found is None if why is None else why in str(found)


def test_a_list_without_a_scope_is_for_all() -> None:
    assert read().silence([], is_ca=False) is None


def test_a_list_in_pem_is_read_as_in_der() -> None:
    der = revoking.crl(authority(), SERIAL)
    pem = x509.load_der_x509_crl(der).public_bytes(serialization.Encoding.PEM)
    assert crl.read(pem).parsed == crl.read(der).parsed


GOOD = revoking.crl(authority(), SERIAL)


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"<html><body>Sign in to the hotel's network</body></html>",
        gzip.compress(GOOD),
        GOOD + b"\x00",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30" * 100_000,
        b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
        b"-----BEGIN X509 CRL-----\n" * 1000,
        authority().certificate.der,
        authority().certificate.pem.encode(),
    ],
    ids=[
        "nothing",
        "a page",
        "compressed",
        "a byte too many",
        "a length",
        "a tower",
        "no Base64",
        "begins again and again",
        "a certificate",
        "its PEM",
    ],
)
def test_what_is_no_list_is_invalid(junk: bytes) -> None:
    with pytest.raises(Invalid):
        crl.read(junk)


def test_a_list_cut_off_anywhere_is_invalid() -> None:
    for length in range(len(GOOD)):
        with pytest.raises(Invalid):
            crl.read(GOOD[:length])


def test_a_list_over_the_largest_size_is_not_even_parsed() -> None:
    with pytest.raises(Invalid, match="larger than 64 MiB"):
        crl.read(b"\x30" + bytes(crl.MAXIMUM_SIZE))
    pem = x509.load_der_x509_crl(GOOD).public_bytes(serialization.Encoding.PEM)
    with pytest.raises(Invalid):
        crl.read(b" " * crl.MAXIMUM_TEXT + pem)
