"""DigiCert's refusals turned into our family, with its own words and a sentence on what to do."""

from __future__ import annotations

import shlex

from pydantic import ValidationError

from certwright.cas.digicert.wire import Error, Errors
from certwright.cas.http import Answer
from certwright.cas.parse import READERS, Unreadable, format_of
from certwright.model.errors import CertwrightError, Misconfigured, NotFound, Refused, Unavailable

INVALID_APPROVER = "access_denied|invalid_approver"
MAY_NOT_SKIP_APPROVAL = frozenset({INVALID_APPROVER, "access_denied|missing_permission"})
RENEWAL_REFUSED = frozenset({"order_not_eligible_for_renewal", "order_renewed_already"})
PROOF_MISSING = frozenset({"invalid_dns_txt", "invalid_dns_cname", "file_random_value_not_found"})

_FOUR_CAUSES = (
    "Four things cause this: the API key is wrong, was revoked or belongs to the other instance (US, Europe); its "
    "user's role does not allow the call, or it needs an approver's key; the key itself is restricted, such as to View "
    "Only; this machine's address is not on the IP allow-list of the key or its user. One command tells them apart. "
    "Answered, it shows the role: then it is that or the key's restriction, which it is too when the code is "
    "missing_permission. Refused here and not from another machine, it is the address; refused everywhere, the key. "
    "With the file of the key for KEY_FILE:"
)
WRONG_URL = (
    "Check the account's URL: it must end in services/v2, as in https://www.digicert.com/services/v2 "
    "(https://certcentral.digicert.eu/services/v2 for accounts in Europe)."
)
_ADVICE = {
    "csr_invalid_cannot_parse": "Make a new CSR.",
    "cert_validity_exceeds_order_validity": "Ask for a certificate that ends before the order does.",
    "order_not_eligible_for_renewal": "Order without naming the order to renew.",
    "order_renewed_already": "Order without naming the order to renew.",
    "ambiguous_product": "Name the product itself instead of ssl.",
    "caa_check_failed": "Allow digicert.com in the domain's CAA records, then check again.",
    "caa_not_found": "DigiCert could not look up the domain's CAA records; mend its DNS, then check again.",
    "invalid_dns_txt": "Publish the TXT record that the order asks for, then check again.",
    "invalid_dns_cname": "Publish the CNAME record that the order asks for, then check again.",
    "file_random_value_not_found": "Publish the file that the order asks for, then check again.",
    "invalid_dcv_method": "Choose another way to prove control.",
    "time_frame_too_long": "DigiCert tells changes of at most seven days; read the list of orders instead.",
    "invalid_value": "Correct this value.",
    "missing_value": "Give this value.",
    "required": "Give this value.",
    "certificate_has_pending_reissue": "Cancel or finish the pending reissue first.",
    "pending_reissue_exists": "Cancel or finish the pending reissue first.",
}
_NOT_FOUND_ADVICE = "It does not exist, or this API key may not see it: DigiCert does not tell the two apart."


def four_causes(url: str) -> str:
    """What to check when DigiCert turns a key away, with the command that tells the causes apart.

    curl reads the header from its standard input (``-H @-``), so the key is in no list of processes. ``url`` is the
    base URL of the account.
    """
    command = f"sed -n '1s/^/X-DC-DEVKEY: /p' KEY_FILE | curl -sS -i -H @- {shlex.quote(f'{url}/user/me')}"
    return f"{_FOUR_CAUSES} {command}"


def refusal(answer: Answer) -> CertwrightError:
    """The error that a 4xx answer means. ``code`` is DigiCert's first code, or empty."""
    errors = _errors(answer)
    code = errors[0].code if errors else ""
    detail = f"{answer.title} refused ({answer.status}): {_words(errors)}"
    if code == "request_limit_exceeded":
        return Unavailable(detail, code=code)
    if answer.status in (401, 403):
        kind = Refused if code == INVALID_APPROVER else Misconfigured
        return kind(detail, advice=four_causes(answer.url), code=code)
    if answer.status == 404 and (not code.startswith("not_found") or code == "not_found|route"):
        return Misconfigured(detail, advice=WRONG_URL, code=code)
    if answer.status == 404:
        return NotFound(detail, advice=_NOT_FOUND_ADVICE, code=code)
    return Refused(detail, advice=_advice(code), code=code)


def _errors(answer: Answer) -> tuple[Error, ...]:
    """What DigiCert says; nothing when the answer is not its own (a proxy's page, an empty body)."""
    try:
        tree = READERS[format_of(answer.media_type, answer.body)](answer.body)
        return Errors.model_validate(tree).errors
    except (KeyError, Unreadable, ValidationError):
        return ()


def _words(errors: tuple[Error, ...]) -> str:
    if not errors:
        return "its answer gives no reason in its own form."
    sentences = (error.message or error.code for error in errors[:5])
    codes = ", ".join(filter(None, (error.code for error in errors[:5])))
    return f"{' '.join(sentences)[:1000]}" + (f" [{codes[:300]}]" if codes else "")


def _advice(code: str) -> str:
    for separator in ("|", ":"):
        code = code.partition(separator)[0]
    return _ADVICE.get(code, "")
