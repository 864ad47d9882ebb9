"""emSign's codes turned into our family, in its own words with a sentence on what to do (§8)."""

from __future__ import annotations

import shlex

from certwright.model.errors import CertwrightError, Misconfigured, NotFound, Refused, Unavailable, Unknown

NOT_OPEN_YET = "EMS-956"
PROVEN_ALREADY = "EMS-1080"
AGREED_ALREADY = "EMS-1082"
CSR_USED = "EMS-1099"
_NOT_FOUND = frozenset({"EMS-913", "EMS-943"})
_WENT_WRONG = "EMS-939"
_INACTIVE = "inactive account user"
_ADVICE = {
    "EMS-918": "Give a comment, or --set remarks=.",
    "EMS-1073": "See the account's organizations: certwright account sync ACCOUNT",
    "EMS-1091": "Give a public address: --set signer_ip=",
    "EMS-1099": "Make a new CSR: emSign takes each one once.",
    "EMS-1162": "See what the account may order: certwright account sync ACCOUNT",
    "EMS-1180": "Name the organization: --organization",
    "EMS-1269": "The product belongs to another group: --set group_number=",
}
CHECK_LOGIN = (
    "Check the account number, the access key (the portal shows it once; it must not be one of OAuth mode), what its "
    "user may do, whether the account takes calls from this address, the base URL of your region, and this machine's "
    "clock. One command tells more: with status 1 the login works, and only the call that failed is not allowed; its "
    "ts shows how far the clocks differ; what is refused here and not from another machine is the address; what is not "
    "found, the base URL. With the file of the access key for KEY_FILE:"
)
_TEST_LOGIN = (
    "(ts=$(date -u +%Y-%m-%dT%H:%M:%S+00:00); txn=$(date +%s)$$; "
    'sum=$(printf %s%s%s "$(cat KEY_FILE)" $ts $txn | openssl dgst -sha256 -r | cut -c1-64); '
    'printf \'{{"meta":{{"ver":"1.0","ts":"%s","txn":"%s","accountNumber":"{number}","authKey":"%s"}}}}\' '
    "$ts $txn $sum | curl -sS -H 'Content-Type: application/json' --data-binary @- {address})"
)


def is_inactive(message: str) -> bool:
    """Whether it is the text that means either an inactive account or too many orders at once; it has no code."""
    return _INACTIVE in message.lower()


def failure(endpoint: str, code: str, message: str, txn: str, *, change: bool) -> CertwrightError:
    """The error that a failed ``meta`` means; ``change`` tells whether the call could have had an effect."""
    told = f"emSign refused {endpoint}: {message or 'It gives no reason.'} [{code or 'no code'}]"
    # Not in what happened, which is the same each time, but in what to do: emSign finds the call by it.
    asking = f"emSign knows the call as {txn}. " if txn else ""
    if code == _WENT_WRONG:
        return (Unknown if change else Unavailable)(told, code=code, advice=asking.rstrip())
    if code == NOT_OPEN_YET:
        return Unavailable(told, code=code, advice=f"{asking}It opens by itself, within seconds or hours.")
    if code in _NOT_FOUND:
        return NotFound(told, code=code, advice=f"{asking}It does not exist, or belongs to another account.")
    return Refused(told, code=code, advice=f"{asking}{_ADVICE.get(code, '')}".rstrip())


def is_known(code: str) -> bool:
    """Whether a code is one that documents or measurements explain; any other may be about the login."""
    return code in _NOT_FOUND | {_WENT_WRONG, NOT_OPEN_YET, PROVEN_ALREADY, AGREED_ALREADY, *_ADVICE}


def login_failed(code: str, message: str, status: int, *, url: str, account_number: str) -> Misconfigured:
    """What any failure of the test login means, with the command that tries it; ``url`` is the base URL.

    In the command only what the shell does by itself sees the access key, so that it is in no list of processes.
    """
    said = f"{message} [{code}]" if code else message
    command = _TEST_LOGIN.format(number=account_number, address=shlex.quote(f"{url}/ValidateCredentials"))
    advice = f"{CHECK_LOGIN} {command}"
    return Misconfigured(f"emSign refused the login: {said or f'HTTP {status}'}", advice=advice, code=code)


def wrong_address(path: str) -> Misconfigured:
    """There is no such endpoint at that address."""
    return Misconfigured(
        f"There is no emSign API at this address: {path} was not found (404).",
        code="404",
        advice="Set the account's URL to the base URL of your region; it ends in emSignHub-API.",
    )
