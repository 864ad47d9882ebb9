"""Keys that never leave their PKCS#11 token, and the certificates stored beside them.

Importing this package costs nothing: the binding is loaded when ``Pkcs11Keys`` is first named, so that a
command that touches no token does not wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certwright.keys.pkcs11.profile import TokenProfile
from certwright.keys.pkcs11.reference import TokenKeyReference

if TYPE_CHECKING:
    from certwright.keys.pkcs11.adapter import Pkcs11Keys

__all__ = ["Pkcs11Keys", "TokenKeyReference", "TokenProfile"]


def __getattr__(name: str) -> Any:
    """Load the adapter, and with it the binding, on first use (PEP 562)."""
    if name == "Pkcs11Keys":
        from certwright.keys.pkcs11.adapter import Pkcs11Keys

        return Pkcs11Keys
    raise AttributeError(name)
