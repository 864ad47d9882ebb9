"""Sectigo's codes turned into our family, in its own words with a sentence on what to do (§2)."""

from __future__ import annotations

import re
import shlex

from certwright.cas.sectigo.parameters import place
from certwright.cas.sectigo.wire import Form
from certwright.model.errors import CertwrightError, Misconfigured, NotFound, Refused, Unavailable, Unknown

PAYMENT_PENDING, ATTACHED, AVAILABLE, SUCCESS = 1, 2, 1, 0
VALUE_INVALID, UNKNOWN_ERROR, LOGIN = -4, -14, -16
REJECTED, REVOKED, AWAITING_PAYMENT, BEING_ISSUED = -20, -21, -22, -26
CALL_LIMIT = -42

LIMIT_SECONDS = 60.0
FOUR_CAUSES = (
    "Four things cause this, and Sectigo does not tell them apart: login name or password are wrong (both are "
    "case-sensitive); the account is locked; the password has expired; this machine's address is not on the account's "
    "allow-list. The same comes where the account is not enabled for an API."
)
_ONE_COMMAND = (
    "One command, run here and on another machine, tells more. Answered with errorCode=0 there alone, it is the "
    "address; answered nowhere, though the same login opens Sectigo's portal, the API is not enabled; else it is the "
    "login. With"
)
# curl reads the login from its standard input (-K -), so that it is in no list of processes.
_FIRST = '1s/.*/data-urlencode = "loginName=&"/'
_SECOND = '2s/.*/data-urlencode = "loginPassword=&"/'
_ESCAPED = 's/["\\\\]/\\\\&/g'
_REPORT = "-d firstResultNo=1 -d lastResultNo=1"
_MEANING = {
    -1: "The request was not made over HTTPS.",
    -2: "A parameter is not known.",
    -3: "A parameter is missing.",
    -4: "A parameter's value is invalid.",
    -5: "The common name of the CSR may not contain a wildcard.",
    -6: "The common name of the CSR must contain one wildcard.",
    -7: "It is not a country.",
    -8: "The CSR lacks a field.",
    -9: "The CSR is not base64.",
    -10: "The CSR cannot be decoded.",
    -11: "The CSR uses an algorithm that is not supported.",
    -12: "The signature of the CSR is invalid.",
    -13: "The key size of the CSR is not supported.",
    -14: "An unknown error occurred.",
    -15: "There is not enough credit.",
    -16: "The login was refused.",
    -17: "The request method is wrong.",
    -18: "The common name may not be a full domain name.",
    -19: "It may not be a public IP address.",
    -20: "The order has been rejected.",
    -21: "The certificate has been revoked.",
    -22: "The order awaits payment.",
    -23: "The common name must not begin with http://.",
    -24: "The common name must not begin with https://.",
    -25: "The common name has a character that is not allowed.",
    -26: "The certificate is being issued.",
    -35: "The common name may not be an IP address.",
    -36: "The certificate has expired.",
    -37: "It is an internal name or address.",
    -40: "The key of the CSR is known to be compromised.",
    -41: "The key of the CSR is invalid.",
    -42: "The limit of calls is reached.",
}
_ADVICE = {
    -1: "Use an https URL.",
    -5: "Order a wildcard product, or a name without one.",
    -6: "Order a product for single names, or a name with one wildcard.",
    -7: "Give the country by two letters (ISO 3166).",
    -15: "Add credit at Sectigo, then place the order again: nothing was ordered.",
    -20: "Place a new order.",
    -21: "Place a new order.",
    -36: "Place a new order.",
    -40: "Make a new key.",
    -41: "Make a new key.",
    **dict.fromkeys((-8, -9, -10, -11, -12, -13), "Make a new CSR."),
}


def words(code: int, message: str, item: str = "") -> str:
    """One sentence in Sectigo's words, ours where it gives none, with its code."""
    text = message.strip() or _MEANING.get(code, "It gives no reason.")
    about = f" ({item})" if item and item not in text else ""
    return f"{text[:1000]}{about} [{code}]"


def refusal(form: Form, *, change: bool) -> CertwrightError:
    """The error that a negative code means; ``change`` tells whether the call could have had an effect."""
    code, text = form.code, f"Sectigo refused: {words(form.code, form.message, form.item)}"
    if code == LOGIN:
        return Misconfigured(text, advice=FOUR_CAUSES, code=str(code))
    if code == CALL_LIMIT:
        return Unavailable(text, code=str(code), retry_after=LIMIT_SECONDS)
    if code == BEING_ISSUED:
        return Unavailable(text, code=str(code), advice="It is done when the certificate is there.")
    if code == UNKNOWN_ERROR:
        kind = Unknown if change else Unavailable
        return kind(text, code=str(code))
    if code == VALUE_INVALID and names(form, "orderNumber", "certificateID", "baseOrderNumber", "serialNumber"):
        return NotFound(text, advice="It does not exist, or belongs to another account.", code=str(code))
    advice = _ADVICE.get(code, "")
    if code == VALUE_INVALID and names(form, "dcvEmailAddress"):  # or a longer name that begins so, or ends
        advice = "Sectigo takes an address for 24 hours after it was listed: certwright account addresses ACCOUNT NAME"
    return Refused(text, advice=advice, code=str(code))


def login_refused(form: Form, url: str, *, by_certificate: bool) -> Misconfigured:
    """What to check when the login is turned away (-16), with the command that tells more; ``url`` is the base URL."""
    if by_certificate:
        files = "the files of login name, client certificate and its key for the words in capitals:"
        login, more = f"sed '{_ESCAPED};{_FIRST}' NAME_FILE", "--cert CERTIFICATE_FILE --key KEY_FILE "
    else:
        files = "the files of login name and password for the words in capitals:"
        login, more = f"sed '{_ESCAPED};{_FIRST};{_SECOND}' NAME_FILE PASSWORD_FILE", ""
    address = f"{url}/{place('WebHostReport')}"
    command = f"{login} | curl -sS -K - {more}{_REPORT} {shlex.quote(address)}"
    error = refusal(form, change=False)
    return Misconfigured(error.detail, advice=f"{FOUR_CAUSES} {_ONE_COMMAND} {files} {command}", code=error.code)


def refusal_of_order(form: Form) -> CertwrightError:
    """As :func:`refusal`, of a call that orders under our reference.

    What Sectigo answers to a reference that it has already is not documented (§5.7). A refused value that is said or
    could be it therefore tells nothing: an earlier call may have brought the order, which is looked up.
    """
    error = refusal(form, change=True)
    if form.code == VALUE_INVALID and (names(form, "foreignOrderNumber") or not _names_any(form)):
        return Unknown(f"{error.detail} An order with this reference may be there already.", code=error.code)
    return error


def _names_any(form: Form) -> bool:
    """Whether an error is about a parameter that it names."""
    return bool(form.item or re.search(r"'\w+'", form.message))


def names(form: Form, *parameters: str) -> bool:
    """Whether an error is about one of these parameters."""
    about = f"{form.item} {form.message}".lower()
    return any(parameter.lower() in about for parameter in parameters)
