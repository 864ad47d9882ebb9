"""Which function answers which API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from certwright_sandbox.sectigo import (
    applying,
    collecting,
    dcv_addresses,
    dcv_updates,
    domains,
    replacing,
    report,
    revoking,
    updates,
)
from certwright_sandbox.sectigo.call import Call, Raw, Reply
from certwright_sandbox.sectigo.office import Office

Answered = Reply | Raw
ROUTES: dict[str, Callable[[Office, Call], Answered | Awaitable[Answered]]] = {
    "!AutoApplySSL": applying.apply,
    "!AutoApplyOrder": applying.apply,
    "CollectSSL": collecting.collect,
    "!WebHostReport": report.report,
    "!GetDCVEmailAddressList": dcv_addresses.list_addresses,
    "!AutoUpdateDCV": dcv_updates.update,
    "!GetMDCDomainDetails": domains.show,
    "!ResendDCVEmail": domains.resend,
    "!AutoReplaceSSL": replacing.replace_certificate,
    "!AutoRevokeSSL": revoking.revoke,
    "!AutoRemoveMDCDomain": domains.remove,
    "!UpdateUserOvCallback": updates.update_call_back,
    "!UpdateUserEvClickThrough": updates.update_click_through,
}
