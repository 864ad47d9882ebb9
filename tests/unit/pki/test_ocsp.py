"""OCSP: the question, and when an answer must not be believed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509 import ocsp as library

from certwright.pki import ocsp
from certwright.pki.certificate import Certificate
from certwright.pki.crl import TOLERANCE, Revoked
from certwright.pki.errors import Invalid
from certwright.pki.ocsp import Standing
from tests.cases.authority import NOW, Authority, root
from tests.unit.pki.revoking import DER, MADE, WHEN, answer, responder

MINUTE = timedelta(minutes=1)
Status = library.OCSPCertStatus


@cache
def authority() -> Authority:
    return root().intermediate()


@cache
def leaf() -> Certificate:
    return authority().issue()


def read(data: bytes, **oddity: Any) -> ocsp.Answer:
    return ocsp.read(data, leaf().parsed.serial_number, authority().certificate, NOW, **oddity)


def test_a_question_names_the_certificate_as_the_rfc_wants_it() -> None:
    ours = library.load_der_ocsp_request(ocsp.request(leaf().parsed.serial_number, authority().certificate))
    theirs = library.OCSPRequestBuilder().add_certificate(leaf().parsed, authority().certificate.parsed, hashes.SHA1())
    assert ours.public_bytes(DER) == theirs.build().public_bytes(DER)


def test_a_good_certificate_is_good() -> None:
    assert read(answer(authority(), leaf())) == ocsp.Answer(Standing.GOOD, MADE)


def test_a_certificate_that_the_responder_does_not_know_is_unknown() -> None:
    assert read(answer(authority(), leaf(), standing=Status.UNKNOWN)).standing is Standing.UNKNOWN


@pytest.mark.parametrize("reason", [x509.ReasonFlags.key_compromise, x509.ReasonFlags.certificate_hold])
def test_a_revoked_certificate_is_revoked_since_then_for_that(reason: x509.ReasonFlags) -> None:
    assert read(answer(authority(), leaf(), revoked=reason)) == ocsp.Answer(
        Standing.REVOKED, MADE, Revoked(WHEN, reason.value)
    )


def test_a_responder_that_the_issuer_appointed_is_believed() -> None:
    for named in library.OCSPResponderEncoding:
        said = answer(authority(), leaf(), by=responder(authority()), named=named)
        assert read(said).standing is Standing.GOOD


def stranger() -> Authority:
    return responder(root().intermediate())


SIGNERS: dict[str, Callable[[], Authority]] = {
    "appointed by another of the same name": stranger,
    "a server's certificate": lambda: responder(authority(), usages=(x509.ExtendedKeyUsageOID.SERVER_AUTH,)),
    "for anything": lambda: responder(authority(), usages=(x509.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)),
    "without usages": lambda: responder(authority(), usages=None),
    "expired": lambda: responder(authority(), not_after=NOW - timedelta(minutes=6)),
    "not yet valid": lambda: responder(authority(), not_before=NOW + timedelta(minutes=6)),
    "appointed one step too far": lambda: responder(authority().intermediate("Below")),
}


@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS)
def test_nobody_else_is_believed(signer: Callable[[], Authority]) -> None:
    with pytest.raises(Invalid, match="neither by the issuer nor by a responder that it appointed"):
        read(answer(authority(), leaf(), by=signer()))


def test_an_answer_in_the_issuers_name_by_another_key_is_not_believed() -> None:
    with pytest.raises(Invalid, match="neither by the issuer"):
        read(answer(authority(), leaf(), by=root().intermediate(), named=library.OCSPResponderEncoding.NAME, sent=[]))


def test_an_appointed_responder_that_is_not_sent_along_is_not_believed() -> None:
    with pytest.raises(Invalid, match="neither by the issuer"):
        read(answer(authority(), leaf(), by=responder(authority()), sent=[authority().certificate]))


def test_an_answer_about_another_certificate_or_issuer_is_not_believed() -> None:
    other = root().intermediate()  # has the same name
    for said in (answer(authority(), authority().issue()), answer(other, other.issue())):
        with pytest.raises(Invalid, match="about another certificate"):
            read(said)


def test_an_answer_with_the_hashes_of_another_algorithm_than_was_asked_for_is_not_taken() -> None:
    with pytest.raises(Invalid, match="about another certificate"):
        read(answer(authority(), leaf(), hashed=hashes.SHA256()))


@pytest.mark.parametrize(
    ("dates", "why"),
    [
        ({"due": NOW - TOLERANCE}, ""),
        ({"due": NOW - TOLERANCE - MINUTE}, "out of date: it was good until 2026-11-21 11:54 UTC"),
        ({"made": NOW + TOLERANCE}, ""),
        ({"made": NOW + TOLERANCE + MINUTE}, "of 2026-11-21 12:06 UTC, which is yet to come"),
        ({"due": None}, ""),
        ({"due": None, "made": NOW - ocsp.MAXIMUM_AGE - TOLERANCE - MINUTE}, "out of date"),
    ],
)
def test_an_answer_is_believed_while_it_is_current(dates: dict[str, Any], why: str) -> None:
    said = answer(authority(), leaf(), **dates)
    if not why:
        assert read(said).standing is Standing.GOOD
        return
    with pytest.raises(Invalid, match=why):
        read(said)


@pytest.mark.parametrize("key", ["rsa", "p384", "ed25519"])
def test_answers_are_believed_whatever_sound_kind_of_key_signed_them(key: str) -> None:
    keys: dict[str, Any] = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }
    signer = responder(authority(), key=keys[key]())
    used = None if key == "ed25519" else hashes.SHA256()
    assert read(answer(authority(), leaf(), by=signer, signed_with=used)).standing is Standing.GOOD


def test_an_answer_signed_with_a_weak_hash_is_not_believed() -> None:
    with pytest.raises(Invalid, match="signed with sha224"):
        read(answer(authority(), leaf(), signed_with=hashes.SHA224()))


def test_a_nonce_ties_an_answer_to_its_question() -> None:
    ours, another = b"n" * 32, b"o" * 32
    question = library.load_der_ocsp_request(
        ocsp.request(leaf().parsed.serial_number, authority().certificate, nonce=ours)
    )
    assert question.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == ours
    echoed = answer(authority(), leaf(), extra=[(x509.OCSPNonce(ours), False)])
    assert read(echoed, nonce=ours).standing is Standing.GOOD
    assert read(answer(authority(), leaf()), nonce=ours).standing is Standing.GOOD
    with pytest.raises(Invalid, match="another question"):
        read(echoed, nonce=another)


def test_a_critical_extension_that_nobody_knows_is_not_passed_over() -> None:
    strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    with pytest.raises(Invalid, match=r"not understood: 1\.2\.3\.4"):
        read(answer(authority(), leaf(), extra=[(strange, True)]))


@pytest.mark.parametrize("status", [each for each in library.OCSPResponseStatus if each.value])
def test_a_responder_that_does_not_answer_says_why(status: library.OCSPResponseStatus) -> None:
    said = library.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(DER)
    with pytest.raises(Invalid, match=f"The OCSP responder answers {status.name.lower()}"):
        read(said)


@pytest.mark.parametrize("junk", [b"", b"<html>", b"\x30\x03\x0a\x01\x00", b"\x30" * 50_000, leaf().der])
def test_what_is_no_answer_is_invalid(junk: bytes) -> None:
    with pytest.raises(Invalid):
        read(junk)


def test_an_answer_over_the_largest_size_is_not_even_parsed() -> None:
    with pytest.raises(Invalid, match="larger than 64 KiB"):
        read(b"\x30" + bytes(ocsp.MAXIMUM_SIZE))


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # odd serials
def test_an_answer_cut_off_anywhere_is_invalid_and_no_bit_of_what_it_says_can_be_turned() -> None:
    good = answer(authority(), leaf(), revoked=x509.ReasonFlags.superseded, by=responder(authority()))
    expected = read(good)
    for position in range(len(good)):
        turned = bytearray(good)
        turned[position] ^= 1 << position % 8
        with pytest.raises(Invalid):
            read(good[:position])
        try:
            assert read(bytes(turned)) == expected, position  # turned in what is not signed and says nothing
        except Invalid:
            continue
