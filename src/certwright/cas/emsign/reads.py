"""emSign's calls that only read. Every call is a POST of JSON, so it is the endpoint's name that tells.

Three that sound like reading are not here, and a read-only account sends none of them: GetDcv chooses the method and
has a token made, VerifyDcv has emSign look, after which an order may be issued, and GetFieldDetails is not used.
GetCertificate is here though emSign then shows a certificate as downloaded (§6.13): there is no other way to it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from certwright.cas.reading import ReadCall

_META = {"meta": ("ver", "ts", "txn", "accountNumber", "authKey")}
_CRITERIA = (
    *("productCode", "groupNumber", "domainName", "orderNumber", "requestorEmailId", "orderStatusId"),
    *("orderDateFrom", "orderDateTill", "certExpiryDateFrom", "certExpiryDateTill"),
    *("pageNumber", "pageSize", "certificateChain", "certificateTrustType"),
)
# Each endpoint with the objects that its body has beside ``meta``.
_ENDPOINTS: Mapping[str, Mapping[str, Collection[str]]] = {
    "ValidateCredentials": {},
    "GetGroupDetails": {},
    "GetGroupDetailsV2": {},
    "GetOrganizationDetails": {},
    "GetDomainDetails": {},
    "GetProductDetails": {"productDetails": ("groupNumber",)},
    "TrackOrder": {"orderDetails": ("orderNumber",)},
    "GetCertificate": {"orderDetails": ("orderNumber", "requestorEmail")},
    "GetOrderReport": {"searchCriteria": _CRITERIA},
}
READS = tuple(ReadCall("POST", name, blocks={**_META, **blocks}) for name, blocks in _ENDPOINTS.items())
