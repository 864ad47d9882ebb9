"""The PKCS#11 libraries of this process: one lock around all of them, restarts after a loss, and forks.

The lock keeps every call apart: SoftHSM's file store is not clean under threads even with operating-system
locking, and the lock cost nothing in measurements.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pkcs11 import Session, Slot
from pkcs11.exceptions import PKCS11Error

from certwright.keys.pkcs11.library import CKS_RW_USER_FUNCTIONS, Library
from certwright.model.errors import Misconfigured, Unavailable


@dataclass(slots=True)
class Login:
    """One open read-write session, logged in unless the token asks for no login."""

    session: Session
    label: str
    serial: str
    generation: int
    logged_in: bool


class Module:
    """One loaded library of this process. Every use holds ``LOCK``; get one from ``load``."""

    def __init__(self, library: Library, init_string: str) -> None:
        """Wrap a started library."""
        self.init_string = init_string
        self._library = library
        self._stale = False
        self.logins: dict[str, Login] = {}
        """Open logins by token; one per token and process, because C_Logout ends all of them at once."""
        self.generation = 0
        """Grows with every restart of the library: a session from an older generation no longer exists."""

    def slots(self) -> list[Slot]:
        """All slots, after a restart of the library if one is due; raises the binding's errors."""
        self._restart_if_due()
        return self._library.get_slots()

    def still_stands(self, login: Login) -> bool:
        """Whether the session exists and nothing has logged the process out meanwhile.

        Asked before every use, because a token that sees us logged out does not object to a search: it hides
        the private keys, and we would take a key for missing.
        """
        if login.generation != self.generation:
            return False
        if not self._library.is_shared:
            return True  # nobody else can log out what nobody else can reach
        state = self._library.session_state(cast("Any", login.session).handle)
        return state == CKS_RW_USER_FUNCTIONS if login.logged_in else state is not None

    def distrust(self) -> None:
        """Have the library restarted before its next use: the token was lost, or we are in a forked child."""
        self._stale = True
        self.generation += 1

    def _restart_if_due(self) -> None:
        if not self._stale:
            return
        try:
            self._library.reinitialize()
        except PKCS11Error:
            # In a forked child, and after some losses, the library has already forgotten that it ran.
            self._library.initialize()
        self._stale = False


LOCK = threading.RLock()
"""Held around every call into any PKCS#11 library of this process."""

_loaded: dict[str, Module] = {}


def load(path: str, init_string: str, environment: Mapping[str, str]) -> Module:
    """Return the library at ``path``, loaded and started once per process; call it with ``LOCK`` held.

    ``environment`` is set first and only for the first load (C libraries read it then). Raises Misconfigured
    when the file is no PKCS#11 library, Unavailable when it does not start (a networked token may be away).
    """
    module = _loaded.get(path)
    if module is not None and module.init_string != init_string:
        raise Misconfigured(f"Two token profiles start {path} with different strings; a process starts it once.")
    if module is None:
        if not Path(path).is_file():
            raise Misconfigured(f"There is no PKCS#11 module at {path}.", advice="Install the token's software.")
        os.environ.update(environment)
        try:
            module = Module(Library(path, init_string), init_string)
        except (OSError, AttributeError) as error:
            raise Misconfigured(
                f"{path} is not a PKCS#11 module: {error}.", advice="Correct the path in the token's profile."
            ) from error
        except PKCS11Error as error:
            raise Unavailable(
                f"The PKCS#11 module {path} does not start: {type(error).__name__} {error}".strip() + ".",
                advice="It is tried again. If that does not help, see the module's own settings and log.",
            ) from error
        _loaded[path] = module
    return module


def loaded(path: str) -> Module | None:
    """Return the module of ``path`` if this process has loaded it."""
    return _loaded.get(path)


def _in_child() -> None:
    """After fork the parent's sessions are not ours: forget them, restart the library on next use."""
    for module in _loaded.values():
        module.distrust()
    LOCK.release()


# The lock is taken before the fork, so no thread is inside a library whose locks the child would inherit.
os.register_at_fork(before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=_in_child)
