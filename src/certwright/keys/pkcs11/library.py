"""A vendor's PKCS#11 library, started the way threads need it.

The binding as it ships starts the library with pInitArgs NULL, which promises single-thread use, and then
releases the GIL: several threads crashed SoftHSM and damaged its store. So C_Initialize and C_Finalize are
called here, with CKF_OS_LOCKING_OK; C_GetSessionInfo, which the binding lacks, is called here too.
"""

from __future__ import annotations

import ctypes
from typing import Any, Self

from pkcs11 import _pkcs11
from pkcs11.exceptions import PKCS11Error

CKR_OK = 0x0
CKR_CRYPTOKI_ALREADY_INITIALIZED = 0x191
CKF_OS_LOCKING_OK = 0x2
CKS_RW_USER_FUNCTIONS = 3

# Places in CK_FUNCTION_LIST, whose order PKCS #11 fixes.
_INITIALIZE, _FINALIZE, _SESSION_INFO = 0, 1, 15


class _InitializeArguments(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS; ``more`` is NSS's extra field, its string sits where others have pReserved."""

    _fields_ = [
        ("create_mutex", ctypes.c_void_p),
        ("destroy_mutex", ctypes.c_void_p),
        ("lock_mutex", ctypes.c_void_p),
        ("unlock_mutex", ctypes.c_void_p),
        ("flags", ctypes.c_ulong),
        ("reserved", ctypes.c_char_p),
        ("more", ctypes.c_void_p),
    ]


class _SessionInformation(ctypes.Structure):
    """CK_SESSION_INFO."""

    _fields_ = [
        ("slot", ctypes.c_ulong),
        ("state", ctypes.c_ulong),
        ("flags", ctypes.c_ulong),
        ("device_error", ctypes.c_ulong),
    ]


class _FunctionList(ctypes.Structure):
    """The head of CK_FUNCTION_LIST, as far as it is used here."""

    _fields_ = [("version", ctypes.c_ubyte * 2), ("functions", ctypes.c_void_p * 16)]


class Library(_pkcs11.lib):
    """The binding's library with a start, a stop and a question of our own."""

    _functions: list[int] | None

    def __new__(cls, path: str, init_string: str) -> Self:  # noqa: ARG004 - the binding's part takes the path only
        """Load the library; raises OSError or AttributeError for a file that is none."""
        functions = _shared_functions(path)
        made: Self = super().__new__(cls, path)  # type: ignore[call-arg]  # its stub has no __cinit__
        made._functions = functions
        return made

    def __init__(self, path: str, init_string: str) -> None:
        """Start the library; raises PKCS11Error when it does not start."""
        self._init_string = init_string.encode()
        self._running = False
        super().__init__(path)

    @property
    def is_shared(self) -> bool:
        """Whether all callers in this process share the library's state, as PKCS #11 means it.

        p11-kit's client gives each caller a function list, a connection and a login of its own; then only the
        binding can start its list, and its locking does not matter: our own lock is all that uses it.
        """
        return self._functions is not None

    def initialize(self) -> None:
        """Start the library; one that another part of the process has started already is taken as it is."""
        if self._functions is None:
            super().initialize()
        elif not self._running:
            arguments = _InitializeArguments(flags=CKF_OS_LOCKING_OK, reserved=self._init_string or None)
            answer = _call(self._functions[_INITIALIZE], ctypes.byref(arguments))
            if answer not in {CKR_OK, CKR_CRYPTOKI_ALREADY_INITIALIZED}:
                raise PKCS11Error(f"C_Initialize answered {answer:#x}")
            self._running = True

    def finalize(self) -> None:
        """Stop the library; every session and object handle of the process ends with it."""
        if self._functions is None:
            super().finalize()
        elif self._running:
            self._running = False
            answer = _call(self._functions[_FINALIZE], None)
            if answer != CKR_OK:
                raise PKCS11Error(f"C_Finalize answered {answer:#x}")

    def session_state(self, handle: int) -> int | None:
        """Return the CKS_ state of a session; None when the library does not know it (any more)."""
        if self._functions is None:
            return None
        answer = _SessionInformation()
        if _call(self._functions[_SESSION_INFO], handle, ctypes.byref(answer)) != CKR_OK:
            return None
        return int(answer.state)


def _call(function: int, *arguments: Any) -> int:
    prototype = ctypes.CFUNCTYPE(ctypes.c_ulong, *([ctypes.c_void_p] * len(arguments)))
    return int(prototype(function)(*arguments))


def _shared_functions(path: str) -> list[int] | None:
    """The function list that the binding sees too; None when the library makes a new one for each caller.

    C_GetFunctionList is the one symbol every library exports; NSS exports no other.
    """
    library = ctypes.CDLL(path)
    first, second = (_function_list(library) for _ in range(2))
    if ctypes.addressof(first) != ctypes.addressof(second):
        return None
    return list(first.functions)


def _function_list(library: ctypes.CDLL) -> _FunctionList:
    pointer = ctypes.POINTER(_FunctionList)()
    answer = library.C_GetFunctionList(ctypes.byref(pointer))
    if answer != CKR_OK:
        raise PKCS11Error(f"C_GetFunctionList answered {answer:#x}")
    return pointer.contents
