"""What a token answers, in our family of errors.

The type alone tells the caller what to do, so the groups below are the whole policy. A token that is gone,
busy or confused is Unavailable: the order pauses and goes on when it returns. CKR_GENERAL_ERROR is in that
group too: SoftHSM says it for nearly everything, so it is kept as text and never branched on.
"""

from __future__ import annotations

from pkcs11 import exceptions as answers
from pkcs11.exceptions import PKCS11Error

from certwright.model.errors import CertwrightError, Misconfigured, Refused, Unavailable

SESSION_LOST: tuple[type[PKCS11Error], ...] = (
    answers.DeviceError,
    answers.DeviceRemoved,
    answers.FunctionFailed,
    answers.GeneralError,
    answers.HostMemory,
    answers.OperationActive,
    answers.SessionClosed,
    answers.SessionHandleInvalid,
    answers.SlotIDInvalid,
    answers.TokenNotPresent,
    answers.TokenNotRecognised,
    answers.UserNotLoggedIn,
)
"""After one of these the session is dropped and the library initialised again before the next use."""

_PIN = (
    answers.PinExpired,
    answers.PinIncorrect,
    answers.PinInvalid,
    answers.PinLenRange,
    answers.PinLocked,
    answers.PinTooWeak,
    answers.UserPinNotInitialized,
)
_OURS_TO_MEND = (
    answers.AnotherUserAlreadyLoggedIn,
    answers.DeviceMemory,
    answers.MultipleTokensReturned,
    answers.SessionReadOnly,
    answers.SessionReadOnlyExists,
    answers.TokenWriteProtected,
    answers.UserTooManyTypes,
)
_WILL_NOT_DO = (
    answers.ArgumentsBad,
    answers.AttributeReadOnly,
    answers.AttributeSensitive,
    answers.AttributeTypeInvalid,
    answers.AttributeValueInvalid,
    answers.DataInvalid,
    answers.DataLenRange,
    answers.DomainParamsInvalid,
    answers.FunctionNotSupported,
    answers.FunctionRejected,
    answers.KeySizeRange,
    answers.KeyTypeInconsistent,
    answers.MechanismInvalid,
    answers.MechanismParamInvalid,
    answers.TemplateIncomplete,
    answers.TemplateInconsistent,
)

_PIN_ADVICE = {
    answers.PinIncorrect: "Correct the PIN in its source; the refused one is not tried again.",
    answers.PinLocked: "The token's administrator has to unlock the PIN.",
    answers.PinExpired: "Change the PIN with the token's own tools, then in its source here.",
    answers.UserPinNotInitialized: "The token's administrator has to set a user PIN first.",
}


def is_about_token(error: PKCS11Error) -> bool:
    """Whether an answer says that the token or session is lost, not that this one call was unwelcome.

    CKR_GENERAL_ERROR and CKR_FUNCTION_FAILED can mean either, so they do not count as proof.
    """
    return isinstance(error, SESSION_LOST) and not isinstance(error, answers.GeneralError | answers.FunctionFailed)


def translate(error: PKCS11Error, token: str, doing: str) -> CertwrightError:
    """Turn the binding's ``error`` into ours; ``token`` and ``doing`` tell where ("generating a key").

    The code is the answer's name in the binding (``DeviceRemoved``), the detail carries any text it came
    with.
    """
    code = type(error).__name__
    text = f" ({error})" if str(error) else ""
    detail = f"Token {token} answered {code}{text} while {doing}."
    if isinstance(error, _PIN):
        return Misconfigured(detail, advice=_PIN_ADVICE.get(type(error), "Set a PIN the token allows."), code=code)
    if isinstance(error, _OURS_TO_MEND):
        return Misconfigured(detail, advice="See the token's manual; its state or our settings must change.", code=code)
    if isinstance(error, _WILL_NOT_DO):
        return Refused(detail, advice="Choose another key spec or adapt the token's profile.", code=code)
    return Unavailable(detail, advice="It goes on by itself once the token answers again.", code=code)
