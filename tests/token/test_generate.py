"""Generating keys in two independent tokens, and what a crash or a lying token does to it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from pkcs11 import Attribute
from pkcs11.exceptions import PKCS11Error

from certwright.keys.pkcs11 import Pkcs11Keys, objects
from certwright.keys.pkcs11.generate import make_pair
from certwright.keys.pkcs11.module import Login
from certwright.model.errors import Misconfigured, NotFound, Refused
from certwright.pki import csr
from certwright.pki.keys import KeySpec, spec_of
from tests.token import children
from tests.token.authority import NAME, Authority
from tests.token.conftest import RealToken


@pytest.mark.parametrize("spec", [KeySpec.RSA_2048, KeySpec.EC_P256, KeySpec.EC_P384])
def test_a_key_made_in_the_token_signs_a_valid_csr(any_keys: Pkcs11Keys, spec: KeySpec) -> None:
    reference = any_keys.generate(spec, label="shop", cka_id=any_keys.new_id())

    der = csr.build(any_keys.private_key(reference), [NAME], common_name=NAME)

    request = x509.load_der_x509_csr(der)
    assert request.is_signature_valid
    assert spec_of(request.public_key()) is spec


def test_a_generated_key_is_not_extractable_by_the_tokens_own_words(any_keys: Pkcs11Keys) -> None:
    reference = any_keys.generate(KeySpec.EC_P256, label="shop", cka_id=any_keys.new_id())

    policy = any_keys.policy(reference)

    assert (policy.sensitive, policy.always_sensitive, policy.never_extractable) == (True, True, True)
    assert policy.extractable is False
    assert policy.not_reported == ()


def test_the_private_half_cannot_be_read_out_of_the_token(any_keys: Pkcs11Keys) -> None:

    reference = any_keys.generate(KeySpec.RSA_2048, label="shop", cka_id=any_keys.new_id())

    with any_keys._token.session("reading a secret") as login:
        private = objects.the_private_key(login, reference.id_bytes)
        for attribute in (Attribute.PRIVATE_EXPONENT, Attribute.PRIME_1):
            with pytest.raises(PKCS11Error):
                _ = private[attribute]
        with pytest.raises(PKCS11Error):
            private[Attribute.EXTRACTABLE] = True


def test_generating_twice_under_one_id_gives_the_same_key(any_keys: Pkcs11Keys) -> None:
    cka_id = any_keys.new_id()

    first = any_keys.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id)
    public = any_keys.public_key(first)
    again = any_keys.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id)

    assert again == first
    assert any_keys.public_key(again) == public
    assert [key.cka_id for key in any_keys.list()].count(cka_id.hex()) == 1


@pytest.mark.parametrize("lost", ["private_keys", "public_keys"])
def test_half_a_pair_is_cleaned_up_and_made_anew(any_keys: Pkcs11Keys, lost: str) -> None:

    cka_id = any_keys.new_id()
    reference = any_keys.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id)
    before = any_keys.public_key(reference)
    with any_keys._token.session("losing half a pair") as login:
        for item in getattr(objects, lost)(login.session, cka_id):
            item.destroy()

    any_keys.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id)

    assert any_keys.public_key(reference) != before
    assert next(key for key in any_keys.list() if key.cka_id == cka_id.hex()).complete


def test_a_key_with_a_certificate_is_never_replaced_silently(keys: Pkcs11Keys, authority: Authority) -> None:

    cka_id = keys.new_id()
    reference = keys.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id)
    keys.store_chain(reference, authority.issue(keys.public_key(reference)), authority.cas, "shop")
    with keys._token.session("losing the private key") as login:
        objects.the_private_key(login, cka_id).destroy()

    with pytest.raises(Refused, match="not its whole key pair"):
        keys.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id)


def test_an_id_taken_by_another_key_is_refused_and_that_key_kept(keys: Pkcs11Keys) -> None:
    cka_id = keys.new_id()
    reference = keys.generate(KeySpec.EC_P256, label="theirs", cka_id=cka_id)
    public = keys.public_key(reference)

    with pytest.raises(Refused, match="taken by a key of another kind"):
        keys.generate(KeySpec.EC_P384, label="ours", cka_id=cka_id)

    assert keys.public_key(reference) == public


def test_half_a_pair_of_somebody_else_is_left_alone(keys: Pkcs11Keys) -> None:

    cka_id = keys.new_id()
    keys.generate(KeySpec.EC_P256, label="theirs", cka_id=cka_id)
    with keys._token.session("losing the public key") as login:
        objects.public_keys(login.session, cka_id)[0].destroy()

    with pytest.raises(Refused, match="a key we did not make"):
        keys.generate(KeySpec.EC_P256, label="ours", cka_id=cka_id)

    assert keys.find(cka_id) is not None


def test_two_keys_with_one_id_are_refused_by_every_use(keys: Pkcs11Keys) -> None:

    cka_id = keys.new_id()
    reference = keys.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id)
    key = keys.private_key(reference)
    with keys._token.session("doubling an id") as login:
        make_pair(
            login.session,
            keys.profile,
            KeySpec.EC_P256,
            identity={Attribute.ID: cka_id, Attribute.LABEL: "x"},
        )

    uses: list[Callable[[], Any]] = [
        lambda: keys.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id),
        lambda: keys.public_key(reference),
        lambda: keys.private_key(reference),
        lambda: csr.build(key, [NAME], common_name=NAME),
        lambda: keys.destroy(reference),
    ]
    for use in uses:
        with pytest.raises(Refused):
            use()
    assert next(found for found in keys.list() if found.cka_id == cka_id.hex()).private_keys == 2


def test_a_missing_key_is_not_found_and_no_other_takes_its_place(keys: Pkcs11Keys) -> None:
    other = keys.generate(KeySpec.EC_P256, label="shop", cka_id=keys.new_id())
    gone = keys.generate(KeySpec.EC_P256, label="shop", cka_id=keys.new_id())
    key = keys.private_key(gone)
    keys.destroy(gone)

    assert keys.find(gone.id_bytes) is None
    with pytest.raises(NotFound):
        keys.private_key(gone)
    with pytest.raises(NotFound):
        csr.build(key, [NAME], common_name=NAME)
    assert keys.find(other.id_bytes) == other


def test_a_reference_to_another_token_is_refused(keys: Pkcs11Keys) -> None:

    reference = keys.generate(KeySpec.EC_P256, label="shop", cka_id=keys.new_id())

    with pytest.raises(Refused, match="lives in token"):
        keys.private_key(replace(reference, token_serial="feedfacefeedface"))


class LyingSession:
    """A real session whose private keys claim, at the binding's edge, what the token never said."""

    def __init__(self, real: Any, lies: dict[Attribute, bool], *, break_signatures: bool = False) -> None:
        self._real, self._lies, self._break = real, lies, break_signatures

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def create_domain_parameters(self, *arguments: Any, **settings: Any) -> Any:
        domain = self._real.create_domain_parameters(*arguments, **settings)
        return LyingSession(domain, self._lies, break_signatures=self._break)

    def generate_keypair(self, *arguments: Any, **settings: Any) -> Any:
        public, private = self._real.generate_keypair(*arguments, **settings)
        return public, LyingKey(private, self._lies, break_signatures=self._break)

    def get_objects(self, template: Any) -> Any:
        for item in self._real.get_objects(template):
            yield LyingKey(item, {}, break_signatures=self._break)


class LyingKey:
    """One key of a ``LyingSession``."""

    def __init__(self, real: Any, lies: dict[Attribute, bool], *, break_signatures: bool) -> None:
        self._real, self._lies, self._break = real, lies, break_signatures

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __getitem__(self, attribute: Attribute) -> Any:
        return self._lies[attribute] if attribute in self._lies else self._real[attribute]

    def sign(self, *arguments: Any, **settings: Any) -> bytes:
        signature = bytes(self._real.sign(*arguments, **settings))
        return signature[:-1] + bytes([signature[-1] ^ 1]) if self._break else signature


def lie(keys: Pkcs11Keys, lies: dict[Attribute, bool], *, break_signatures: bool = False) -> None:
    """Make the adapter's open session lie from now on."""
    with keys._token.session("lying") as login:
        made: Login = login
        made.session = LyingSession(made.session, lies, break_signatures=break_signatures)  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        (Attribute.EXTRACTABLE, True),
        (Attribute.SENSITIVE, False),
        (Attribute.ALWAYS_SENSITIVE, False),
        (Attribute.NEVER_EXTRACTABLE, False),
    ],
)
def test_a_key_that_could_leave_is_destroyed_and_refused(keys: Pkcs11Keys, attribute: Attribute, value: bool) -> None:
    cka_id = keys.new_id()
    keys.list()
    lie(keys, {attribute: value})

    with pytest.raises(Refused, match=f"CKA_{attribute.name} is {str(value).lower()}"):
        keys.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id)

    assert keys.list() == []


@pytest.mark.parametrize("spec", [KeySpec.RSA_2048, KeySpec.EC_P256])
def test_a_wrong_signature_never_leaves(keys: Pkcs11Keys, spec: KeySpec) -> None:
    key = keys.private_key(keys.generate(spec, label="shop", cka_id=keys.new_id()))
    lie(keys, {}, break_signatures=True)

    with pytest.raises(Misconfigured, match="does not fit the public key"):
        csr.build(key, [NAME], common_name=NAME)


KILLED_WHILE_GENERATING = """
keys = open_keys()
keys.list()
print("ready", flush=True)
sys.stdin.readline()
keys.generate(KeySpec.EC_P256, label="shop", cka_id=bytes.fromhex(settings["cka_id"]))
print("done", flush=True)
"""


def test_a_process_killed_while_generating_leaves_one_key_after_the_repeat(token: RealToken) -> None:
    keys = token.open()
    ids = [keys.new_id() for _ in range(10)]
    for number, cka_id in enumerate(ids):
        child = children.start(KILLED_WHILE_GENERATING, {**token.settings, "cka_id": cka_id.hex()})
        assert child.stdin
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
        child.stdin.write("\n")
        child.stdin.flush()
        time.sleep(number * 0.0012)  # the instant of the kill is what varies, not a wait for something
        child.kill()
        child.communicate()

        keys.generate(KeySpec.EC_P256, label="shop", cka_id=cka_id)

    found = keys.list()
    keys.close()
    assert sorted(key.cka_id for key in found) == sorted(cka_id.hex() for cka_id in ids)
    assert all(key.complete for key in found)


def test_wishes_the_profile_excludes_are_refused_before_the_token_is_touched(token: RealToken) -> None:

    profile = replace(token.profile, key_specs=("ec-p256",), label_pattern="[A-Za-z0-9_-]{1,63}", module="/nowhere")
    keys = Pkcs11Keys(replace(profile, module=token.module), lambda: token.pin.encode(), token.refused_pins)

    with pytest.raises(Refused, match="makes no rsa-2048"):
        keys.generate(KeySpec.RSA_2048, label="shop", cka_id=keys.new_id())
    with pytest.raises(Refused, match="takes no key label"):
        keys.generate(KeySpec.EC_P256, label="a shop", cka_id=keys.new_id())
    with pytest.raises(Refused, match="2 bytes does not fit"):
        keys.generate(KeySpec.EC_P256, label="shop", cka_id=secrets.token_bytes(2))
    keys.close()
