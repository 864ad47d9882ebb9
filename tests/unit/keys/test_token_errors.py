"""What a token answers, in our family of errors; and attributes as bytes."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import Attribute, exceptions
from pkcs11.exceptions import PKCS11Error
from pkcs11.mechanisms import KeyType

from certwright.keys.pkcs11.attributes import Mapper, read, template
from certwright.keys.pkcs11.errors import translate
from certwright.keys.pkcs11.objects import CURVES, public_key_of
from certwright.model.errors import CertwrightError, Misconfigured, Refused, Unavailable

ANSWERS = [each for each in vars(exceptions).values() if isinstance(each, type) and issubclass(each, PKCS11Error)]


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (exceptions.PinIncorrect, Misconfigured),
        (exceptions.PinLocked, Misconfigured),
        (exceptions.PinExpired, Misconfigured),
        (exceptions.SessionReadOnly, Misconfigured),
        (exceptions.DeviceMemory, Misconfigured),
        (exceptions.DeviceError, Unavailable),
        (exceptions.DeviceRemoved, Unavailable),
        (exceptions.TokenNotPresent, Unavailable),
        (exceptions.SessionHandleInvalid, Unavailable),
        (exceptions.SessionCount, Unavailable),
        (exceptions.ObjectHandleInvalid, Unavailable),
        (exceptions.GeneralError, Unavailable),
        (exceptions.PKCS11Error, Unavailable),
        (exceptions.MechanismInvalid, Refused),
        (exceptions.KeySizeRange, Refused),
        (exceptions.TemplateInconsistent, Refused),
    ],
)
def test_each_answer_tells_the_caller_what_to_do(answer: type[PKCS11Error], meaning: type[CertwrightError]) -> None:
    ours = translate(answer("more"), "'shop'", "signing")

    assert type(ours) is meaning
    assert ours.code == answer.__name__
    assert "'shop'" in ours.detail
    assert "(more) while signing" in ours.detail
    assert ours.advice


def test_every_answer_of_the_binding_has_a_translation() -> None:
    assert all(type(translate(answer(), "t", "x")) in {Misconfigured, Refused, Unavailable} for answer in ANSWERS)


class Fixed:
    """A token object with fixed attributes, at the binding's edge."""

    def __init__(self, attributes: dict[Attribute, Any]) -> None:
        self._attributes = attributes

    def __getitem__(self, attribute: Attribute) -> Any:
        value = self._attributes[attribute]
        if isinstance(value, Exception):
            raise value
        return value


@pytest.mark.parametrize(
    "silence",
    [exceptions.AttributeTypeInvalid(), exceptions.FunctionFailed(), exceptions.GeneralError(), IndexError()],
)
def test_an_attribute_the_token_keeps_to_itself_is_none(silence: Exception) -> None:
    assert read(Fixed({Attribute.LOCAL: silence}), Attribute.LOCAL) is None


def test_a_lost_token_is_not_taken_for_an_attribute_not_reported() -> None:
    with pytest.raises(PKCS11Error):
        read(Fixed({Attribute.LOCAL: exceptions.DeviceRemoved()}), Attribute.LOCAL)


@pytest.mark.parametrize("curve", list(CURVES.values()), ids=lambda curve: curve.name)
@pytest.mark.parametrize("wrapped", [False, True], ids=["raw", "octet string"])
def test_a_point_is_read_raw_or_wrapped_even_when_it_looks_like_the_other(
    curve: ec.EllipticCurve, wrapped: bool
) -> None:
    parameters = next(der for der, each in CURVES.items() if each is curve)
    for _ in range(20):
        public = ec.generate_private_key(curve).public_key()
        point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        value = bytes([0x04, len(point)]) + point if wrapped else point
        stored = Fixed({Attribute.KEY_TYPE: KeyType.EC, Attribute.EC_PARAMS: parameters, Attribute.EC_POINT: value})
        assert public_key_of(stored) == public


@pytest.mark.parametrize(
    "attributes",
    [
        {Attribute.KEY_TYPE: KeyType.EC_EDWARDS},
        {Attribute.KEY_TYPE: None},
        {Attribute.KEY_TYPE: KeyType.EC, Attribute.EC_PARAMS: bytes.fromhex("06052b8104000a")},
    ],
    ids=["ed25519", "vendor", "secp256k1"],
)
def test_a_key_of_another_kind_is_refused(attributes: dict[Attribute, Any]) -> None:
    with pytest.raises(Refused, match="neither RSA nor"):
        public_key_of(Fixed(attributes))


def test_a_template_takes_additions_and_omissions_by_name_or_number() -> None:
    changed = template({Attribute.TOKEN: True, Attribute.SIGN: True}, {"0x80000101": "RSA", "VERIFY": True}, ["SIGN"])

    assert changed == {Attribute.TOKEN: True, 0x80000101: b"RSA", Attribute.VERIFY: True}
    assert Mapper().pack_attribute(0x80000101, b"RSA") == b"RSA"  # type: ignore[arg-type]
    assert Mapper().pack_attribute(0x80000102, True) == b"\1"  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["CKA_SIGN", "SIGNED", "0x12", "0xzz"])
def test_an_attribute_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        template({}, {name: True}, [])


def test_a_value_the_binding_cannot_read_is_none() -> None:
    assert Mapper().unpack_attributes(Attribute.START_DATE, b"") is None
    assert Mapper().unpack_attributes(Attribute.KEY_TYPE, (0x80000001).to_bytes(8, "little")) is None
