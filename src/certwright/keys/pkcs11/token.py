"""One token: found by label and serial, logged in once per process, found again after it was gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pkcs11
from pkcs11 import TokenFlag
from pkcs11.exceptions import PKCS11Error, TokenNotPresent, TokenNotRecognised

from certwright.keys.pkcs11 import module as modules
from certwright.keys.pkcs11.errors import SESSION_LOST, translate
from certwright.keys.pkcs11.login import log_in
from certwright.keys.pkcs11.module import LOCK, Login, Module
from certwright.keys.pkcs11.pin import PinSource
from certwright.keys.pkcs11.pin_attempts import PinAttempts
from certwright.keys.pkcs11.profile import TokenProfile
from certwright.model.errors import Misconfigured, Unavailable


class Token:
    """The adapter around one token. Safe to use from several threads, and after a fork.

    Every use goes through ``session``; nothing of a session may be kept when its block ends.
    """

    def __init__(self, profile: TokenProfile, pin: PinSource, attempts: PinAttempts) -> None:
        """Describe the token; nothing is loaded before the first use."""
        self.profile = profile
        self._pin = pin
        self._attempts = attempts

    @contextmanager
    def session(self, doing: str, *, one_more_login: bool = False) -> Iterator[Login]:
        """Yield the logged-in session while holding the process's PKCS#11 lock.

        ``doing`` says what for, in errors ("generating a key"). ``one_more_login`` is an operator's word that
        the PIN is right although the token counts failures. A session that was lost before is opened anew;
        one lost inside the block raises Unavailable and is opened anew next time. Raises Misconfigured for
        PIN and set-up errors, Unavailable while the token is away, Refused for what the token will not do.
        """
        with LOCK:
            login = self._current(doing, one_more_login=one_more_login)
            try:
                yield login
            except PKCS11Error as error:
                if isinstance(error, SESSION_LOST):
                    self._module().distrust()
                raise translate(error, self.profile.description, doing) from error

    def find(self) -> pkcs11.Token:
        """Return the one token that fits the profile, freshly read, without logging in.

        Raises Unavailable when it is not there, Misconfigured when several fit.
        """
        with LOCK:
            module = self._module()
            try:
                found = self._matching(module)
                if not found:
                    module.distrust()  # some libraries list their slots once, at C_Initialize
                    found = self._matching(module)
            except PKCS11Error as error:
                module.distrust()
                raise translate(error, self.profile.description, "looking for the token") from error
        if not found:
            raise Unavailable(
                f"No token {self.profile.description} is present.",
                advice="Connect it, or correct its label and serial number. No other key takes its place.",
                code="NoSuchToken",
            )
        if len(found) > 1:
            raise Misconfigured(
                f"{len(found)} tokens fit {self.profile.description}.",
                advice="Name both label and serial number.",
            )
        return found[0]

    def close(self) -> None:
        """Log out and close; repeatable. Whoever uses the token next, here or elsewhere, opens it anew."""
        with LOCK:
            module = modules.loaded(self.profile.module)
            login = module.logins.pop(self._name, None) if module else None
            if module and login and module.still_stands(login):
                with suppress(PKCS11Error):  # a token lost this instant is closed as well
                    login.session.close()
                module.distrust()  # C_Logout ended every other session on the token too

    @property
    def _name(self) -> str:
        return f"{self.profile.label}\0{self.profile.serial}"

    def _module(self) -> Module:
        return modules.load(self.profile.module, self.profile.init_string, self.profile.environment)

    def _matching(self, module: Module) -> list[pkcs11.Token]:
        tokens = []
        for slot in module.slots():
            with suppress(TokenNotPresent, TokenNotRecognised):
                tokens.append(slot.get_token())
        return [token for token in tokens if self._fits(token)]

    def _fits(self, token: pkcs11.Token) -> bool:
        label, serial = self.profile.label, self.profile.serial
        if not token.flags & TokenFlag.TOKEN_INITIALIZED:
            return False
        return (not label or token.label == label) and (not serial or serial_of(token) == serial)

    def _current(self, doing: str, *, one_more_login: bool) -> Login:
        module = self._module()
        login = module.logins.get(self._name)
        if login is None or not module.still_stands(login):
            if login is not None:
                module.distrust()
            login = module.logins[self._name] = self._open(doing, one_more_login=one_more_login)
        return login

    def _open(self, doing: str, *, one_more_login: bool) -> Login:
        token = self.find()
        module = self._module()
        try:
            session = log_in(token, self.profile, self._pin, self._attempts, one_more_login=one_more_login)
        except PKCS11Error as error:
            module.distrust()  # the binding leaks the session of a failed login; a restart ends it
            raise translate(error, self.profile.description, f"logging in for {doing}") from error
        needed = bool(token.flags & TokenFlag.LOGIN_REQUIRED)
        return Login(session, token.label, serial_of(token), module.generation, logged_in=needed)


def serial_of(token: pkcs11.Token) -> str:
    """The serial number as text; CK_CHAR[16] padded with blanks, by some tokens with NULs."""
    return re.sub(r"[\0 ]+$", "", token.serial.decode("utf-8", "replace"))
