"""What the page of emSign says beside its ``about.toml``. What no program tells is in ``ca_emsign.md``."""

from __future__ import annotations

from pathlib import Path

from certwright.cas.emsign import EmSign, errors, standing
from certwright.cas.emsign.reads import READS
from certwright.model.errors import CertwrightError, Misconfigured, NotFound, Unavailable, Unknown
from certwright.model.words import OrderState
from tests.docs.ca_reads import read_calls
from tests.docs.markdown import code, parts, table
from tests.docs.page_ca import CAPage

_PARTS = parts(Path(__file__).with_suffix(".md"))
_COSTS = (
    "Counted in calls of the API, by method of `certwright.cas.emsign.EmSign`. An order whose names are proven costs "
    "three: GenerateOrderSSL, TrackOrder, GetCertificate."
)

# Each endpoint, and by which command a person has it called.
_ENDPOINTS = {
    "ValidateCredentials": "`account test`, `account add`; and to tell a limit from an inactive account",
    "GetGroupDetails": "`account sync`",
    "GetOrganizationDetails": "`account sync`",
    "GetDomainDetails": "`account sync`",
    "GetProductDetails": "`account sync`; before an order, at most once in ten minutes",
    "GenerateOrderSSL": "`order place`, `cert renew`",
    "SubmitCSR": "`order submit-csr`",
    "AgreementAcceptance": "`order agree`",
    "GetDcv": "when an order waits for control of its names; `order dcv`",
    "VerifyDcv": "once our proof is seen; `order check`",
    "TrackOrder": "while an order waits; `order check`, `order cancel`, `cert revoke`",
    "GetCertificate": "when TrackOrder shows that there may be one; `account import`",
    "GetOrderReport": "`account import`, `order report`; a draft; the search after a lost call",
    "RevokeOrder": "`cert revoke`",
    "RejectOrder": "`order cancel`",
    "RejectRequest": "`order cancel` of a draft",
}
_CODES = ("EMS-913", "EMS-918", "EMS-939", "EMS-943", "EMS-956", "EMS-1073", "EMS-1091", "EMS-1099", "EMS-1162",
          "EMS-1180", "EMS-1269")  # fmt: skip
_TAKEN_FOR_SUCCESS = ("EMS-1080", "EMS-1082")


def _after() -> str:
    reading = f"{_PARTS['read_only']}{read_calls(READS)}{_PARTS['tells']}"
    return f"{_endpoints()}{_states()}{_codes()}{reading}{_PARTS['limits']}{_PARTS['unsure']}"


def _endpoints() -> str:
    rows = [(code(name), by) for name, by in _ENDPOINTS.items()]
    return "\n## When each endpoint is called\n\n" + table(("endpoint", "by"), rows)


def _states() -> str:
    head = (
        "\n## What its states become\n\nThe `certificateStatusId` decides; a status that is not here is `pending`.\n\n"
    )
    rows = []
    for number in range(1, 28):
        state, certificate = standing.order_state(None, number), standing.certificate_state(number)
        if number in standing.MAYBE_ISSUED:
            rows.append((str(number), code(OrderState.PENDING), "a download is tried"))
        elif state is not OrderState.PENDING:
            rows.append((str(number), code(state), f"certificate {code(certificate)}" if certificate else ""))
    return head + table(("certificateStatusId", "state", ""), rows)


def _codes() -> str:
    rows = [(code(one), _kind(one), errors.failure("", one, "", "", change=True).advice) for one in _CODES]
    rows += [(code(one), "success", "it is done already") for one in _TAKEN_FOR_SUCCESS]
    return f"\n## Its codes\n{_PARTS['codes']}\n" + table(("code", "becomes", "advice"), rows)


def _kind(one: str) -> str:
    found: CertwrightError = errors.failure("", one, "", "", change=True)
    if one == errors.CSR_USED:
        return "*refused*; of an order, the order that has the CSR is looked for"
    for kind, word in ((Unknown, "unknown"), (Unavailable, "unavailable"), (Misconfigured, "misconfigured")):
        if isinstance(found, kind):
            return f"*{word}*"
    return "*not found*" if isinstance(found, NotFound) else "*refused*"


PAGE = CAPage("emsign", EmSign, _PARTS["before"], _COSTS, _after)
