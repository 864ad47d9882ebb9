"""Literal JSON bodies of emSign's classic API, the hash of its `meta`, and its answers, as its reference writes them.

Nothing here imports the product or its sandbox: a mistake that both share must still fail a test.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.sandbox import wire

# §3.1: the vector of the reference.
VECTOR_ACCESS_KEY = "AK-demo-0123456789abcdef"
VECTOR_TS = "2026-11-20T09:30:00+00:00"
VECTOR_TXN = "74120583916024417733"
VECTOR_AUTH_KEY = "f3deeb194a3c0633baf3b177cd3c685976747a4b072f3f91d8f7728e70317082"

# §6.7: its example, with the values an account fills in.
ORDER = """{"meta": $meta, "orderDetails": {
  "productCode":"$product","accountingModel":"2","saveAndHold":"0","emailNotifications":"1",
  "groupNumber":"$group","autoSecureWWW":"0",
  "requestorInformation":{"requestorName":"Mara Lind","requestorEmail":"$email","requestorIsdCode":"49",
     "requestorMobileNumber":"4215550100","requestorDesignation":"Platform engineer"},
  "organizationDetails":{"preVetting":"1","organizationNumber":"$organization"},
  "certificateInformation":{"domainName":"$name","additionalDomains":$extra},
  "subscriptionDetails":{"validity":"2","autoRenew":"1","renewCriteria":"30"},
  "csr":"$csr",
  "agreementDetails":{"acceptAgreement":"1","signerName":"Mara Lind","signerPlace":"Bremen","signerIP":"203.0.113.9"},
  "technicalPointOfContact":{"pocFirstName":"Ops","pocLastName":"Desk","pocEmail":"ops@example.org","pocIsdCode":"49",
     "pocMobileNumber":"4215550111"},
  "additionalInformation":{"remarks":"CLM order 42","tags":["team-shop"]}}}"""

# §6: what each call sends, in the order and spelling of the reference.
BODIES: Mapping[str, str] = {
    "ValidateCredentials": '{"meta":$meta}',
    "GetGroupDetails": '{"meta":$meta}',
    "GetGroupDetailsV2": '{"meta":$meta}',
    "GetOrganizationDetails": '{"meta":$meta}',
    "GetDomainDetails": '{"meta":$meta}',
    "GetProductDetails": '{"meta":$meta,"productDetails":{"groupNumber":"$group"}}',
    "GetFieldDetails": '{"meta":$meta,"productDetails":{"groupNumber":"$group","categoryID":"3",'
    '"productCode":"$product"}}',
    "SubmitCSR": '{"meta":$meta,"orderDetails":{"orderNumber":"$order","requestorEmail":"$email","csr":"$csr"}}',
    "AgreementAcceptance": '{"meta":$meta,"agreementDetails":{"requestorEmail":"$email","orderNumber":"$order",'
    '"acceptAgreement":"$accept","signerName":"$signer","signerPlace":"Bremen","signerIP":"$address"}}',
    "GetDcv": '{"meta":$meta,"dcvDetails":{"requestorEmail":"$email","orderNumber":"$order","domainName":"$name",'
    '"dcvMethod":"$method"}}',
    "VerifyDcv": '{"meta":$meta,"dcvDetails":{"requestorEmail":"$email","orderNumber":"$order","domainName":"$name",'
    '"dcvMethod":"$method"}}',
    "TrackOrder": '{"meta":$meta,"orderDetails":{"orderNumber":"$order"}}',
    "GetCertificate": '{"meta":$meta,"orderDetails":{"orderNumber":"$order","requestorEmail":"$email"}}',
    "RevokeOrder": '{"meta":$meta,"revocationDetails":{"orderNumber":"$order","requestorEmail":"$email",'
    '"revokeReasonId":"$reason","revokeRemarks":"$remarks"}}',
    "RejectOrder": '{"meta":$meta,"orderDetails":{"orderNumber":"$order","rejectRemarks":"$remarks"}}',
    "RejectRequest": '{"meta":$meta,"orderDetails":{"requestNumber":"$request","rejectRemarks":"$remarks"}}',
}

ABSENT = object()  # as a value of `edited`: the field is left out
HEADERS = {"Content-Type": wire.JSON, "Accept": wire.JSON}  # §3.3
INACTIVE = "Inactive Account User."  # §8: the text of both the limiter and an inactive user


def auth_key(access_key: str, ts: str, txn: str) -> str:
    """The `authKey` of §3.1: lower-case hex SHA-256 of the three texts, one behind the other."""
    return hashlib.sha256((access_key + ts + txn).encode()).hexdigest()


def meta(account: str, access_key: str, ts: str, txn: str) -> str:
    """The `meta` block of a request (§3.1) as literal JSON."""
    return (
        f'{{"ver":"1.0","ts":"{ts}","txn":"{txn}","accountNumber":"{account}",'
        f'"authKey":"{auth_key(access_key, ts, txn)}"}}'
    )


def edited(block: Mapping[str, Any], changes: Mapping[str, object]) -> dict[str, Any]:
    """A copy of a JSON block with the fields at dotted paths set, or left out where the value is ABSENT."""
    whole: dict[str, Any] = copy.deepcopy(dict(block))
    for path, value in changes.items():
        *outer, last = path.split(".")
        place = whole
        for name in outer:
            place = place.setdefault(name, {})
        if value is ABSENT:
            place.pop(last, None)
        else:
            place[last] = value
    return whole


@dataclass(frozen=True)
class Told:
    """An answer of the API: HTTP 200 with a `meta` and at most one more block."""

    answer: wire.Answer

    @property
    def body(self) -> dict[str, Any]:
        """The whole JSON object; business failures come with HTTP 200 too (§3.4)."""
        assert self.answer.status == 200, self
        whole: dict[str, Any] = self.answer.json()
        return whole

    @property
    def meta(self) -> dict[str, Any]:
        """The response `meta`."""
        block: dict[str, Any] = self.body["meta"]
        return block

    @property
    def is_success(self) -> bool:
        """Whether `meta.status` is "1"; a success has neither a code nor a text (§3.4)."""
        success = bool(self.meta["status"] == "1")
        if success:
            assert (self.meta["errorCode"], self.meta["errorMessage"]) == ("", ""), self
        return success

    @property
    def code(self) -> str:
        """`errorCode`; empty on success."""
        return str(self.meta["errorCode"] or "")

    @property
    def text(self) -> str:
        """`errorMessage`; empty on success."""
        return str(self.meta["errorMessage"] or "")

    def __getitem__(self, block: str) -> Any:
        """A block of a success."""
        assert self.is_success, self
        return self.body[block]

    def refuses(self, code: str, text: str = "") -> bool:
        """Check a failure: its code ("" for one without), and that its English text holds `text`."""
        assert not self.is_success, self
        assert self.code == code, self
        assert self.text, self
        assert text in self.text, self
        return True


def post(url: str, endpoint: str, body: bytes, timeout: float = wire.TIMEOUT_SECONDS) -> Told:
    """POST literal bytes to an endpoint."""
    return Told(wire.send(url, "POST", endpoint, body, HEADERS, timeout))


def fill(template: str, **values: object) -> bytes:
    """A literal body with its `$names` filled in."""
    return wire.fill(template, **values)


def blank(value: object) -> bool:
    """Whether a value is missing in one of the ways of §3.5."""
    return value is None or value == ""


def parsed(template: str, **values: object) -> dict[str, Any]:
    """A filled template as an object, to be edited."""
    whole: dict[str, Any] = json.loads(fill(template, **values))
    return whole
