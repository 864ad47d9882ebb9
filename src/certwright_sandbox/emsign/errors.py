"""Refusals: the codes of emsign.md §8, and those of the sandbox's own (docs/reference/sandbox.md)."""

from __future__ import annotations


class Refusal(Exception):
    """A business failure: HTTP 200 with a code and a text in `meta`."""

    def __init__(self, code: str, message: str) -> None:
        """`code` is empty where emSign has none."""
        super().__init__(message)
        self.code = code
        self.message = message


class HTTPRefusal(Exception):
    """A failure that HTTP tells by its status, without a body of JSON."""

    def __init__(self, status: int) -> None:
        """`status` is 400 or 401."""
        super().__init__(str(status))
        self.status = status


# Known (emsign.md §8).
ADDITIONAL_MISSING = ("EMS-918", "Additional Information cannot be empty")
ORDER_UNKNOWN = ("EMS-943", "Order not found")
NOT_OPEN = ("EMS-956", "Invalid Request for this API")
ORGANIZATION_UNKNOWN = ("EMS-1073", "Invalid Organization Number")
PROVEN_ALREADY = ("EMS-1080", "Domain is already verified")
AGREED_ALREADY = ("EMS-1082", "Agreement already signed")
SIGNER_IP = ("EMS-1091", "Invalid Signer IP")
CSR_USED = ("EMS-1099", "Duplicate CSR")
PRODUCT_UNKNOWN = ("EMS-1162", "Invalid Product Code")
ORGANIZATION_MISSING = ("EMS-1180", "Organization Name cannot be empty")
NOT_IN_GROUP = ("EMS-1269", "Product is not mapped to this group number")
INACTIVE = ("", "Inactive Account User.")
# Invented.
LOGIN = ("EMS-901", "Invalid Credentials")
TXN_USED = ("EMS-902", "Duplicate Transaction")
META = ("EMS-903", "Invalid Meta")
NOT_ISSUED = ("EMS-1010", "Certificate is not available")
DCV_FAILED = ("EMS-1085", "DCV verification failed")
CANNOT_CANCEL = ("EMS-1086", "Order cannot be rejected")
CANNOT_REVOKE = ("EMS-1087", "Order cannot be revoked")
REVOKE_REASON = ("EMS-1088", "Invalid Revoke Reason ID")
REVOKE_REMARKS = ("EMS-1089", "Invalid Revoke Remarks")
REQUESTOR = ("EMS-1090", "Invalid Requestor Information")
DOMAIN = ("EMS-1092", "Invalid Domain Name")
AGREEMENT = ("EMS-1093", "Invalid Agreement")
SUBSCRIPTION = ("EMS-1094", "Invalid Subscription")
CSR = ("EMS-1098", "Invalid CSR")
NO_RECORDS = ("EMS-1011", "No records found")
SEARCH = ("EMS-1097", "Invalid Search Criteria")


def refuse(what: tuple[str, str]) -> Refusal:
    """The Refusal for one of the pairs above."""
    return Refusal(*what)
