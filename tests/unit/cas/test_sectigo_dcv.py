"""What proves control of a name at Sectigo: computed from the CSR and the value that came back (§7)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certwright.cas.sectigo import dcv
from certwright.model.errors import Refused
from certwright.model.words import DCVMethod
from certwright.pki import csr
from tests.client.sectigo import CSR_PEM, MD5, SHA256, UNIQUE

DER = csr.decode(CSR_PEM.encode()).der
TOKEN = dcv.Token(DER, UNIQUE)


def test_37_the_cname_of_the_published_vector_comes_out() -> None:
    proof = TOKEN.proof("shop.example.com", dcv.Way(DCVMethod.DNS_CNAME))
    assert proof.where == "_1638c451bedff204f6e8cc8330802812.shop.example.com"
    assert proof.value == "283da9763af5d1246203dc2c50d4be7a.63e8df59b24545d53c44a6ec25ed5a45.Qx7a9B2kLm.sectigo.com"


@pytest.mark.parametrize(("method", "scheme"), [(DCVMethod.HTTP, "http"), (DCVMethod.HTTPS, "https")])
def test_37_the_file_of_the_published_vector_comes_out(method: DCVMethod, scheme: str) -> None:
    proof = TOKEN.proof("shop.example.com", dcv.Way(method))
    assert proof.where == f"{scheme}://shop.example.com/.well-known/pki-validation/{MD5}.txt"
    assert proof.value.split() == [SHA256, "sectigo.com", UNIQUE]


def test_without_a_value_of_the_ca_the_proof_has_two_parts() -> None:
    token = dcv.Token(DER, "")
    assert token.proof("a.example", dcv.Way(DCVMethod.HTTP)).value.split() == [SHA256, "sectigo.com"]
    target = token.proof("a.example", dcv.Way(DCVMethod.DNS_CNAME)).value
    assert target == f"{SHA256[:32]}.{SHA256[32:]}.sectigo.com"


def test_a_wildcard_is_proven_at_its_base() -> None:
    proof = TOKEN.proof("*.meadow.example", dcv.Way(DCVMethod.DNS_CNAME))
    assert (proof.name, proof.where) == ("*.meadow.example", f"_{MD5.lower()}.meadow.example")


def test_a_name_and_its_www_are_proven_by_one_record_where_both_are_in_the_certificate() -> None:
    way = dcv.Way(DCVMethod.DNS_CNAME)
    places = {TOKEN.proof(name, way, with_www=True).where for name in ("meadow.example", "www.meadow.example")}
    assert places == {f"_{MD5.lower()}.meadow.example"}
    assert TOKEN.proof("www.co.uk", way, with_www=True).where == f"_{MD5.lower()}.www.co.uk"
    assert TOKEN.proof("www.meadow.example", way).where == f"_{MD5.lower()}.www.meadow.example"


def test_an_e_mail_goes_to_its_address_and_has_nothing_to_publish() -> None:
    proof = TOKEN.proof("meadow.example", dcv.Way.parse("email:admin@meadow.example"))
    assert (proof.where, proof.value) == ("admin@meadow.example", "")


@pytest.mark.parametrize("text", ["email", "email:", "email:nobody", "dns-txt-token", "carrier-pigeon", ""])
def test_a_method_that_sectigo_has_not_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        dcv.Way.parse(text)


@given(st.text(min_size=1))
def test_the_value_we_send_is_the_same_for_a_reference_and_fits(reference: str) -> None:
    value = dcv.unique_value(reference)
    assert re.fullmatch(r"[0-9a-z]{20}", value)
    assert value == dcv.unique_value(reference)


def test_two_references_have_two_values() -> None:
    assert len({dcv.unique_value(f"clm-{number}") for number in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("status", "proven"),
    [
        ("Validated", True),
        (" validated ", True),
        ("VALIDATED", True),
        ("Not Validated", False),
        ("NOTVALIDATED", False),
        ("Awaiting Brand Validation", False),
        ("", False),
    ],
)
def test_47_not_validated_is_not_read_as_validated(status: str, *, proven: bool) -> None:
    assert dcv.is_validated(status) is proven


@pytest.mark.parametrize(
    ("word", "ours"),
    [
        ("EMAIL", DCVMethod.EMAIL),
        ("Email", DCVMethod.EMAIL),
        ("HTTP CSR Hash", DCVMethod.HTTP),
        ("HTTP_CSR_HASH", DCVMethod.HTTP),
        ("HTTPSCSRHASH", DCVMethod.HTTPS),
        ("CNAME CSR Hash", DCVMethod.DNS_CNAME),
        ("Smoke Signal", "Smoke Signal"),
    ],
)
def test_methods_are_understood_in_every_spelling_of_sectigo(word: str, ours: str) -> None:
    assert dcv.method_of(word) == ours
