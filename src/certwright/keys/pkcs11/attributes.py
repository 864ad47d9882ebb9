"""PKCS#11 attributes between Python values and the token's bytes, and the templates we send."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pkcs11 import Attribute
from pkcs11.attributes import AttributeMapper, handle_bool, handle_bytes, handle_ulong
from pkcs11.exceptions import PKCS11Error

from certwright.keys.pkcs11.errors import is_about_token
from certwright.model.errors import Misconfigured

_VENDOR = 0x80000000
_HANDLERS = {bool: handle_bool, int: handle_ulong, bytes: handle_bytes}


class Mapper(AttributeMapper):
    """The binding's mapper without its opinions.

    Its default templates made an extractable key on two of three tokens and fail on TPM2, so none are sent. A
    value it cannot read (an empty date, a vendor's own key type) becomes None instead of an exception.
    """

    def public_key_template(self, **_: Any) -> dict[Attribute, Any]:
        """Nothing: our template says it all."""
        return {}

    def private_key_template(self, **_: Any) -> dict[Attribute, Any]:
        """Nothing: our template says it all."""
        return {}

    def pack_attribute(self, key: Attribute, value: Any) -> bytes:
        """Return the bytes of an attribute; a vendor's own is packed by the type of its value."""
        if key >= _VENDOR:
            pack, _ = _HANDLERS[type(value)]
            return pack(value)
        return super().pack_attribute(key, value)

    def unpack_attributes(self, key: Attribute, value: bytes) -> Any:
        """Return the value of an attribute, None when it has no readable value."""
        try:
            return super().unpack_attributes(key, value)
        except ValueError:
            return None


def template(
    wanted: Mapping[Attribute, Any], add: Mapping[str, bool | int | str], omit: Iterable[str]
) -> dict[Attribute, Any]:
    """Return ``wanted`` with a profile's changes; raises Misconfigured for an unknown name."""
    changed = dict(wanted)
    changed.update({_attribute(name): _value(name, value) for name, value in add.items()})
    for name in omit:
        changed.pop(_attribute(name), None)
    return changed


def read(item: Any, attribute: Attribute) -> Any:
    """Return one attribute of a token object; None when the token does not report it.

    Losing the token while reading is an error and raised as such, not taken for "not reported".
    """
    try:
        return item[attribute]
    except PKCS11Error as error:
        if is_about_token(error):
            raise
        return None
    except IndexError:  # the binding's word for an attribute the token left out of its answer
        return None


def _attribute(name: str) -> Any:
    if name.lower().startswith("0x"):
        try:
            number = int(name, 16)
        except ValueError:
            number = 0
        if number >= _VENDOR:
            return number
    if name in Attribute.__members__:
        return Attribute[name]
    raise Misconfigured(
        f"The token profile names the attribute {name}, which PKCS#11 does not have.",
        advice="Write it without CKA_, or a vendor's own as a number from 0x80000000 up.",
    )


def _value(name: str, value: bool | int | str) -> Any:  # noqa: FBT001 - a setting's value, not a switch
    return value.encode() if isinstance(value, str) and name.lower().startswith("0x") else value
