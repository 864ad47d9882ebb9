"""Which function answers which endpoint, and how its block looks in a failure that shows it blank (emsign.md §4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from certwright_sandbox.emsign import ending, listing, looking, ordering, proving, reporting
from certwright_sandbox.emsign.call import Call
from certwright_sandbox.emsign.office import Office

Answer = dict[str, Any]
Deed = Callable[[Office, Call], Answer | Awaitable[Answer]]
NO_ROWS: list[Any] = []


@dataclass(frozen=True)
class Endpoint:
    """What is done, the block of the answer beside `meta` (empty for none), and that block when it is blank.

    A look-up is what `stale` and `slow_recording` speak of.
    """

    deed: Deed
    block: str = ""
    blank: Any = field(default_factory=dict)
    is_look_up: bool = False


def _nothing(office: Office, call: Call) -> Answer:
    """An answer of `meta` alone."""
    _ = office, call
    return {}


def _blank(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "")


STATUSES = ("orderStatusId", "orderStatus", "certificateStatusId", "certificateStatus")
CERTIFICATES = ("endEntityCertificate", "caCertificate", "rootCertificate")
COUNTERS = ("noOfPages", "totalNoOfResults", "pageSize", "currentPage")

ENDPOINTS: Mapping[str, Endpoint] = {
    "ValidateCredentials": Endpoint(_nothing),
    "GetGroupDetails": Endpoint(listing.groups, "groupDetails", NO_ROWS),
    "GetGroupDetailsV2": Endpoint(listing.groups, "groupDetails", NO_ROWS),
    "GetOrganizationDetails": Endpoint(listing.organizations, "organizationDetails", NO_ROWS),
    "GetDomainDetails": Endpoint(listing.domains, "domainDetails", NO_ROWS),
    "GetProductDetails": Endpoint(listing.products, "productDetails", NO_ROWS),
    "GetFieldDetails": Endpoint(listing.fields, "fieldDetails", NO_ROWS),
    "GenerateOrderSSL": Endpoint(ordering.place, "orderDetails", _blank("requestNumber", "orderNumber", "trackingURL")),
    "SubmitCSR": Endpoint(ordering.submit_csr),
    "SubmitDocument": Endpoint(_nothing),
    "AgreementAcceptance": Endpoint(ordering.accept_agreement),
    "GetDcv": Endpoint(proving.get, "dcvDetails", _blank("token", "fileName", "fileContent", "dcvEmails")),
    "VerifyDcv": Endpoint(proving.verify),
    "TrackOrder": Endpoint(looking.track, "orderDetails", _blank("trackingUrl", *STATUSES), is_look_up=True),
    "GetCertificate": Endpoint(
        looking.certificate,
        "certificateDetails",
        _blank(*CERTIFICATES, "expiryDate", "ceritficateSerialNumber"),
        is_look_up=True,
    ),
    "GetOrderReport": Endpoint(
        reporting.report, "orderDetails", {**_blank(*COUNTERS), "ordersArray": NO_ROWS}, is_look_up=True
    ),
    "RevokeOrder": Endpoint(ending.revoke),
    "RejectOrder": Endpoint(ending.reject_order),
    "RejectRequest": Endpoint(ending.reject_request),
}
