"""An account number at the sandbox's emSign, and what it buys, all over plain HTTP."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cryptography import x509

from tests.sandbox import wire
from tests.sandbox.certificates import PrivateKey, certificates_in, csr_pem
from tests.sandbox.emsign_wire import ABSENT, BODIES, ORDER, Told, blank, edited, fill, meta, parsed, post
from tests.sandbox.tenant import Management, Sandbox

# §5: the types of products.
DV, DV_WILDCARD, DV_UCC, DV_WILDCARD_UCC = "13", "14", "15", "21"
OV, OV_WILDCARD, OV_UCC, OV_WILDCARD_UCC = "16", "17", "18", "22"
EV, EV_UCC = "19", "20"

# An OV or EV order whose organization was not vetted before.
UNVETTED = {"organizationDetails.preVetting": "0"}
# An account whose staff does nothing by itself, and whose DCV is really looked at.
PATIENT: dict[str, Any] = {"dcv": "look", "prove_seconds": None, "approve_seconds": None}


@dataclass(frozen=True)
class Bought:
    """An accepted order, or a draft, whose order number is empty."""

    number: str
    request: str
    csr: str


class Subscriber:
    """One account number, called with its own access key."""

    def __init__(self, management: Management, element: dict[str, Any]) -> None:
        """`element` is what POST /accounts answered."""
        self.management = management
        self.element = element
        self.name = str(element["name"])
        self.url = str(element["url"])
        self.number = str(element["settings"]["account_number"])
        self.access_key = str(element["secrets"]["access_key"])
        self.email = str(element["requestor_email"])
        self.group = str(element["group_number"])
        self.products = {str(row["type"]): str(row["code"]) for row in element["products"]}

    @classmethod
    def at(cls, sandbox: Sandbox, profile: str = "ready", **switches: object) -> Subscriber:
        """A new account of its own, with any switch of the reference page."""
        return cls(sandbox.management, sandbox.management.post("accounts", ca="emsign", profile=profile, **switches))

    @property
    def domain(self) -> str:
        """The first prevalidated domain of a ready account."""
        return str(self.element["domains"][0])

    @cached_property
    def organization(self) -> str:
        """The number of the account's organization."""
        return str(self.ask("GetOrganizationDetails")["organizationDetails"][0]["organizationNumber"])

    def meta(self, **other: str) -> str:
        """A fresh `meta` at the sandbox's time; `ts`, `txn`, `account` and `access_key` may be given."""
        given = {
            "account": self.number,
            "access_key": self.access_key,
            "ts": self.management.now().isoformat(timespec="seconds"),
            "txn": secrets.token_hex(16),
        }
        return meta(**{**given, **other})

    def ask(self, endpoint: str, **values: object) -> Told:
        """One call with the literal body of the reference, filled with these values and the account's."""
        given = {"meta": self.meta(), "email": self.email, "group": self.group, **values}
        return post(self.url, endpoint, fill(BODIES[endpoint], **given))

    def send(self, endpoint: str, **blocks: object) -> Told:
        """One call with blocks of one's own beside a good `meta`."""
        return post(self.url, endpoint, json.dumps({"meta": json.loads(self.meta()), **blocks}).encode())

    def switch(self, **switches: object) -> None:
        """Change switches of this account."""
        answer = self.management.call("PATCH", f"accounts/{self.name}", switches)
        assert answer.status == 200, answer

    def order(self, name: str, kind: str = DV, key: PrivateKey | None = None, /, **changes: object) -> dict[str, Any]:
        """The `orderDetails` of §6.7's example for one name, with the fields at dotted paths changed.

        A DV order names no organization. `extra` is the list of `additionalDomains`, which are left out without it.
        """
        extra = changes.pop("extra", ABSENT)
        filled = {"meta": "{}", "product": self.products[kind], "group": self.group, "email": self.email}
        csr = "" if "csr" in changes else csr_pem(name.removeprefix("*."), key)
        is_dv = kind in (DV, DV_WILDCARD, DV_UCC, DV_WILDCARD_UCC)
        number = "" if is_dv else self.organization
        block = parsed(ORDER, **filled, organization=number, name=name, extra="[]", csr=csr)["orderDetails"]
        block = edited(block, {"certificateInformation.additionalDomains": extra})
        return edited(edited(block, {"organizationDetails": ABSENT}) if is_dv else block, changes)

    def place(self, name: str, kind: str = DV, key: PrivateKey | None = None, /, **changes: object) -> Told:
        """GenerateOrderSSL with §6.7's example, changed."""
        return self.send("GenerateOrderSSL", orderDetails=self.order(name, kind, key, **changes))

    def buy(self, name: str, kind: str = DV, key: PrivateKey | None = None, /, **changes: object) -> Bought:
        """GenerateOrderSSL that must be accepted."""
        block = self.order(name, kind, key, **changes)
        told = self.send("GenerateOrderSSL", orderDetails=block)
        details = told["orderDetails"]
        return Bought(str(details.get("orderNumber") or ""), str(details["requestNumber"]), str(block.get("csr", "")))

    def issue(self, name: str, kind: str = DV, key: PrivateKey | None = None, /, **changes: object) -> Bought:
        """Order something that must be generated soon."""
        order = self.buy(name, kind, key, **changes)
        self.becomes(order, "20")
        return order

    def track(self, order: Bought | str) -> dict[str, Any]:
        """TrackOrder's `orderDetails`."""
        details: dict[str, Any] = self.ask("TrackOrder", order=_number(order))["orderDetails"]
        return details

    def standing(self, order: Bought | str) -> tuple[str, str]:
        """`orderStatusId` and `certificateStatusId` as TrackOrder tells them."""
        details = self.track(order)
        return details["orderStatusId"], details["certificateStatusId"]

    def becomes(self, order: Bought | str, certificate_status: str) -> None:
        """Wait until TrackOrder shows this certificateStatusId."""
        wire.until(lambda: self.standing(order)[1], lambda found: found == certificate_status)

    def names(self, order: Bought | str) -> dict[str, dict[str, str]]:
        """The objects of `domainVerification` by name; its scalars left out."""
        block = self.track(order)["domainVerification"] or {}
        return {name: value for name, value in block.items() if isinstance(value, dict)}

    def get_dcv(self, order: Bought, name: str, method: str = "1") -> Told:
        """GetDcv for one name."""
        return self.ask("GetDcv", order=order.number, name=name, method=method)

    def token(self, order: Bought, name: str) -> str:
        """The TXT token of one name."""
        return str(self.get_dcv(order, name)["dcvDetails"]["token"])

    def verify(self, order: Bought, name: str, method: str = "1", email: str = "") -> Told:
        """VerifyDcv for one name, with `dcvEmail` where one is given."""
        block = parsed(BODIES["VerifyDcv"], meta="{}", email=self.email, order=order.number, name=name, method=method)
        chosen = {"dcvEmail": email} if email else {}
        return self.send("VerifyDcv", dcvDetails={**block["dcvDetails"], **chosen})

    def certificate(self, order: Bought | str) -> Told:
        """GetCertificate."""
        return self.ask("GetCertificate", order=_number(order))

    def leaf(self, order: Bought | str) -> x509.Certificate:
        """The certificate of an order that must be generated."""
        return certificate_of(self.certificate(order)["certificateDetails"]["endEntityCertificate"])

    def submit_csr(self, order: Bought | str, csr: str) -> Told:
        """SubmitCSR."""
        return self.ask("SubmitCSR", order=_number(order), csr=csr)

    def agree(self, order: Bought | str, **other: object) -> Told:
        """AgreementAcceptance with the values of the example."""
        given = {"accept": "1", "signer": "Mara Lind", "address": "203.0.113.9", **other}
        return self.ask("AgreementAcceptance", order=_number(order), **given)

    def revoke(self, order: Bought | str, reason: str = "4", remarks: str = "Replaced") -> Told:
        """RevokeOrder."""
        return self.ask("RevokeOrder", order=_number(order), reason=reason, remarks=remarks)

    def reject(self, order: Bought | str) -> Told:
        """RejectOrder."""
        return self.ask("RejectOrder", order=_number(order), remarks="No longer wanted")

    def staff(self, order: Bought | str, act: str, **fields: object) -> Any:
        """A person at the CA acts on an order, or on a draft by its request number."""
        return self.management.post("staff", ca="emsign", order_id=_number(order), act=act, **fields)

    def page(self, **criteria: object) -> dict[str, Any]:
        """One page of GetOrderReport that must be a success: its `orderDetails`."""
        details: dict[str, Any] = self.send("GetOrderReport", searchCriteria=criteria)["orderDetails"]
        return details

    def report(self, **criteria: object) -> list[dict[str, Any]]:
        """The rows of one page of GetOrderReport; none where it tells that there are no records."""
        told = self.send("GetOrderReport", searchCriteria=criteria)
        if not told.is_success:
            assert "No records found" in told.text, told
            return []
        rows: list[dict[str, Any]] = told["orderDetails"]["ordersArray"]
        return rows

    def row(self, order: Bought) -> dict[str, Any]:
        """The one row of an order, or of a draft."""
        (row,) = [found for found in self.report() if found["requestNumber"] == order.request]
        return row

    def fault(self, kind: str, path: str, /, **fields: object) -> int:
        """Add a fault rule for this account's calls."""
        return self.management.fault(kind, ca="emsign", account=self.name, path=path, **fields)

    def ledger(self) -> list[dict[str, Any]]:
        """What was billed to this account, as the management door tells it."""
        orders: list[dict[str, Any]] = self.management.get(f"ledger?ca=emsign&account={self.name}")["orders"]
        return orders


NewSubscriber = Callable[..., Subscriber]


def _number(order: Bought | str) -> str:
    if isinstance(order, str):
        return order
    return order.number or order.request


def certificate_of(text: str) -> x509.Certificate:
    """A certificate given as PEM or as bare base64 (§6.13)."""
    if "BEGIN CERTIFICATE" in text:
        (found,) = certificates_in(text)
        return found
    return x509.load_der_x509_certificate(base64.b64decode(text, validate=True))


def is_missing(details: dict[str, Any], field: str) -> bool:
    """Whether a field is null, blank or absent (§3.5)."""
    return blank(details.get(field))
