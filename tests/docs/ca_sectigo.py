"""What the page of Sectigo says beside its ``about.toml``. What no program tells is in ``ca_sectigo.md``."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

from certwright.cas.sectigo import Sectigo, collecting, errors, wire
from certwright.cas.sectigo.products import products
from certwright.cas.sectigo.reads import READS
from certwright.model.errors import CertwrightError, Misconfigured, Refused, Unavailable
from tests.docs.ca_reads import read_calls
from tests.docs.markdown import code, parts, table
from tests.docs.page_ca import CAPage

_PARTS = parts(Path(__file__).with_suffix(".md"))
_COSTS = (
    "Counted in calls of the API, by method of `certwright.cas.sectigo.Sectigo`. A DV order that a "
    "[target](targets.md) proves costs six: DecodeCSR, AutoApplySSL, GetMDCDomainDetails twice with AutoUpdateDCV "
    "between them, CollectSSL."
)

# Each API, and by which command a person has it called.
_APIS = {
    "DecodeCSR": "before every order; `csr decode --account`",
    "AutoApplySSL": "`order place`, `cert renew` (AutoApplyOrder with the setting `endpoint`)",
    "CollectSSL": "while an order waits; `order check`, `cert revoke`, `account import --certificates`",
    "AutoReplaceSSL": "`cert reissue`",
    "AutoRevokeSSL": "`cert revoke`, `order cancel`",
    "AutoUpdateDCV": "once our proof is seen; `order check`, `order dcv --method`",
    "GetDCVEmailAddressList": "`account addresses`",
    "GetMDCDomainDetails": "once our proof is seen; `order check`, `order dcv`",
    "ResendDCVEmail": "`order dcv --resend`",
    "AutoRemoveMDCDomain": "`order remove-name`",
    "UpdateUserOvCallback": "`order call-back`",
    "UpdateUserEvClickThrough": "`order click-through`",
    "WebHostReport": "`account test`, `account import`, `order report`; the search after a lost call",
}


def _after() -> str:
    reading = f"{_PARTS['read_only']}{read_calls(READS)}{_PARTS['tells']}"
    return f"{_apis()}{_states()}{_codes()}{reading}{_PARTS['limits']}{_products()}{_PARTS['unsure']}"


def _apis() -> str:
    content = tomllib.loads((files("certwright.cas.sectigo") / "parameters.toml").read_text(encoding="utf-8"))
    rows = [(code(name), _APIS[name]) for name in content]
    return "\n## When each API is called\n\n" + table(("API", "by"), rows)


def _states() -> str:
    flags = [(code(name), code("pending"), code(what)) for name, what in collecting._FLAGS]
    ended = [(f"code {errors.REJECTED}", code("rejected"), ""), (f"code {errors.REVOKED}", code("failed"), "")]
    ended += [(f"status beginning with “{word}”", code("failed"), "") for word in collecting._FAILED]
    rows = [
        *((f"{flag} is not completed", *more) for flag, *more in flags),
        (f"code {errors.AWAITING_PAYMENT}", code("pending"), code("payment")),
        (f"code {errors.BEING_ISSUED}", code("pending"), code("processing")),
        (f"code {errors.AVAILABLE} or {errors.ATTACHED}", code("issued"), "once the certificate is verified"),
        *ended,
    ]
    told = table(("CollectSSL", "state", "waiting_for"), rows)
    return (
        "\n## States\n\nWhat CollectSSL says of an order, and ours. Of several open flags the first in this order is "
        f"`waiting_for`; `order show` lists all.\n\n{told}"
    )


def _codes() -> str:
    rows = [
        (code(str(number)), meaning, _family(number)[0], _family(number)[1])
        for number, meaning in sorted(errors._MEANING.items(), reverse=True)
    ]
    told = table(("code", "meaning", "ours", "advice"), rows)
    return f"\n## Error codes\n{_PARTS['codes']}\n{told}"


def _family(number: int) -> tuple[str, str]:
    """Our error for a code, and its advice."""
    error = errors.refusal(wire.Form(number, "", "", {}), change=False)
    kinds: tuple[tuple[type[CertwrightError], str], ...] = (
        (Misconfigured, "misconfigured"),
        (Unavailable, "unavailable"),
        (Refused, "refused"),
    )
    return next(word for kind, word in kinds if isinstance(error, kind)), error.advice


def _products() -> str:
    rows = [(code(one.code), one.name, one.validation.upper(), one.kind) for one in products().values()]
    return f"\n## Products\n{_PARTS['products']}\n" + table(("--product", "name", "validation", "kind"), rows)


PAGE = CAPage("sectigo", Sectigo, _PARTS["before"], _COSTS, _after)
