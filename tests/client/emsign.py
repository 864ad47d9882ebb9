"""emSign for the tests of its client: literal answers of its description, and an account at the real sandbox."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from certwright.cas.emsign import EmSign
from certwright.model.ca import CAOrder, Issued, Pending, Placement, Progress, Proof
from certwright.pki import csr
from certwright.pki.keys import public_key_sha256
from tests.client.conftest import Script, Server, answer
from tests.client.sandbox import PATIENCE, Sandbox, Wish

ACCOUNT = "4000000017"
ACCESS_KEY = "AK-demo-0123456789abcdef"
KEY, KEY_OF_ANOTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
# What an account tells of the people who order, and what keeps tests from waiting.
PEOPLE: Mapping[str, str] = {
    "requestor_name": "Mara Lind",
    "requestor_email": "mara.lind@example.org",
    "requestor_isd_code": "+49",
    "requestor_mobile_number": "4215550100",
    "requestor_designation": "Platform engineer",
    "signer_place": "Bremen",
    "signer_ip": "203.0.113.9",
}
QUICK: Mapping[str, str] = {"requests_per_minute": "1000000", "seconds_between_orders": "0"}
ORDER = CAOrder("6625262451", request_id="3812046759")
YEARS = {"1 Year": {"cost": "12.0"}, "2 Years": {"cost": "22.0"}}
# §6.5, one product of each type that tests order.
PRODUCTS = [
    {"productCode": "838", "productName": "emSign DV", "productTypeID": "13", "subscriptionPrice": YEARS},
    {"productCode": "839", "productName": "emSign DV WC", "productTypeID": "14", "subscriptionPrice": YEARS},
    {"productCode": "840", "productName": "emSign DV UCC", "productTypeID": "15", "subscriptionPrice": YEARS},
    {"productCode": "841", "productName": "emSign DV WC UCC", "productTypeID": "21", "subscriptionPrice": YEARS},
    {"productCode": "842", "productName": "emSign OV", "productTypeID": "16", "subscriptionPrice": YEARS},
]
OTHERS = [{"productCode": "825", "productName": "Natural person", "productTypeID": "31", "price": "40.0"}]
CATALOGUE = {
    "productDetails": [
        {"categoryName": "SSL/TLS Certificates", "categoryID": "3", "currencyType": "USD", "products": PRODUCTS},
        {"categoryName": "Private PKI", "categoryID": "8", "products": OTHERS},
    ]
}
PLACED = {"orderDetails": {"requestNumber": "3812046759", "orderNumber": "6625262451", "trackingURL": "https://t"}}


def body(block: Mapping[str, Any], *, status: str = "1", code: str = "", message: str = "") -> bytes:
    """An answer's body: ``meta`` and what follows."""
    meta = {"ver": "1.0", "ts": "2026-11-20T09:30:01+05:30", "txn": "1", "status": status}
    return json.dumps({"meta": {**meta, "errorCode": code, "errorMessage": message}, **block}).encode()


def ok(block: Mapping[str, Any] | None = None, /, **named: Any) -> Script:
    """A success."""
    return answer(body=body({**(block or {}), **named}))


def no(code: str, message: str = "Something.", *, status: str = "0", block: Mapping[str, Any] | None = None) -> Script:
    """A failure, which is HTTP 200 (§3.4)."""
    return answer(body=body(block or {}, status=status, code=code, message=message))


PRODUCT_LIST = ok(CATALOGUE)


def tracked(**changes: Any) -> dict[str, Any]:
    """TrackOrder's ``orderDetails`` (§6.12): an order whose one name is proven, with CSR and agreement."""
    return {
        "trackingUrl": "https://t",
        "orderStatusId": "2",
        "orderStatus": "Order Accepted",
        "certificateStatusId": "24",
        "certificateStatus": "Pending for Approver",
        "certificateExpiryDate": None,
        "requestorInformation": {"requestorName": "Mara Lind", "requestorEmail": "mara.lind@example.org"},
        "domainVerification": {"status": "1", "shop.example.org": name_entry("1")},
        "subscriberAgreement": {"status": "1", "consentSentTo": "mara.lind@example.org"},
        "revocationDetails": None,
        "csr": placement_csr_pem(),
        **changes,
    }


def track(**changes: Any) -> Script:
    """An answer to TrackOrder."""
    return ok(orderDetails=tracked(**changes))


def name_entry(dcv_status: str, *, method: str = "", caa: str = "1") -> dict[str, str]:
    """One name of ``domainVerification``."""
    return {"dcvMethod": method, "dcvStatus": dcv_status, "status": "1", "verifiedDate": "", "caaStatus": caa}


def row(**changes: Any) -> dict[str, Any]:
    """A row of GetOrderReport (§6.14)."""
    return {
        "orderNumber": "6625262451",
        "requestNumber": "3812046759",
        "orderStatusId": "6",
        "orderStatus": "Order Fulfilled",
        "certificateStatusId": "9",
        "certificateStatus": "Certificate Downloaded",
        "domainName": "shop.example.org",
        "organizationName": "Example Foods GmbH",
        "groupNumber": "4000000017",
        "productCode": "844",
        "certificateSerialNumber": "234",
        "certificateExpiryDate": "2027-06-05 07:43:10",
        "issuerCA": "emSign …",
        "certificateTrustType": "1",
        "orderDate": "2026-11-20 09:31:02",
        "expiresWithin": "",
        "tags": [],
        "customFields": [],
        "countryName": "Germany",
        **changes,
    }


def report(rows: Sequence[Mapping[str, Any]], *, page: int = 1, pages: int | None = 1, total: Any = None) -> Script:
    """An answer to GetOrderReport: ``currentPage`` is a text where the other counters are numbers (§3.5)."""
    counted = {} if pages is None else {"noOfPages": pages, "totalNoOfResults": len(rows) if total is None else total}
    return ok(orderDetails={**counted, "pageSize": 100, "currentPage": str(page), "ordersArray": list(rows)})


@dataclass(frozen=True)
class Received:
    """One call as the server saw it."""

    method: str
    target: str
    head: str
    body: Mapping[str, Any]

    @property
    def endpoint(self) -> str:
        """The last piece of the path."""
        return self.target.rpartition("/")[2]

    @property
    def meta(self) -> Mapping[str, str]:
        """The block that signs it."""
        found: Mapping[str, str] = self.body["meta"]
        return found

    @property
    def block(self) -> Mapping[str, Any]:
        """The only other block; empty when there is none."""
        rest = [value for key, value in self.body.items() if key != "meta"]
        assert len(rest) < 2, rest
        return rest[0] if rest else {}


def received(server: Server) -> list[Received]:
    """Every call, in order."""
    found = []
    for request in filter(None, server.requests):  # a connection over which nothing was sent is no call
        head, _, content = request.decode().partition("\r\n\r\n")
        method, target, _ = head.split("\r\n")[0].split(" ")
        found.append(Received(method, target, head, json.loads(content)))
    return found


def endpoints(server: Server) -> list[str]:
    """The endpoints that were called, in order."""
    return [call.endpoint for call in received(server)]


def client(server: Server, **changes: Any) -> EmSign:
    """A client of the scripted server."""
    settings = {"account_number": ACCOUNT, **PEOPLE, **QUICK, **changes.pop("settings", {})}
    values: dict[str, Any] = {"access_key": ACCESS_KEY, "timeout": 5.0, **changes}
    return EmSign(settings=settings, **{"url": f"http://127.0.0.1:{server.port}/emSignHub-API/", **values})


def placement(**changes: Any) -> Placement:
    """A DV order for one name."""
    names = changes.pop("names", ("shop.example.org",))
    values: dict[str, Any] = {
        "reference": "clm-000042",
        "csr": csr.build(KEY, names, common_name=names[0]) if "csr" not in changes else b"",
        "names": names,
        "common_name": names[0],
        "product": "838",
        **changes,
    }
    return Placement(**values)


PLACEMENT = placement()


def placement_csr_pem(key: ec.EllipticCurvePrivateKey = KEY) -> str:
    """The CSR of ``PLACEMENT`` as emSign shows it, or one like it with another key."""
    der = PLACEMENT.csr if key is KEY else csr.build(key, PLACEMENT.names)
    return csr.decode(der).pem


def pending(progress: Progress) -> Pending:
    """The progress, which must be pending."""
    assert isinstance(progress, Pending), progress
    return progress


@dataclass
class Hub:
    """One account at the sandbox, made for one test."""

    sandbox: Sandbox
    name: str
    url: str
    access_key: str
    settings: Mapping[str, str]
    account: Mapping[str, Any]
    clients: list[EmSign] = field(default_factory=list)
    numbers: int = 0

    @property
    def domain(self) -> str:
        """A domain of the account's own."""
        return f"{self.name}.example"

    def product(self, kind: str) -> str:
        """The code of the product of that productTypeID."""
        return str(next(one["code"] for one in self.account["products"] if one["type"] == kind))

    def ca(self, **changes: Any) -> EmSign:
        """A client with this account; ``settings`` are added to its own."""
        people = {**PEOPLE, "requestor_email": self.account["requestor_email"]}
        settings = {**self.settings, **people, **QUICK, **changes.pop("settings", {})}
        values: dict[str, Any] = {"url": self.url, "access_key": self.access_key, "timeout": 10.0, **changes}
        self.clients.append(EmSign(settings=settings, **values))
        return self.clients[-1]

    def wish(self, *names: str, kind: str = "13", **changes: Any) -> Wish:
        """A placement with a fresh key, for a host nobody ordered yet unless names are given."""
        self.numbers += 1
        private = changes.pop("private", None) or ec.generate_private_key(ec.SECP256R1())
        wanted = names or (f"h{self.numbers}.{self.domain}",)
        values: dict[str, Any] = {
            "reference": f"ours-{self.name}-{self.numbers}",
            "csr": csr.build(private, wanted, common_name=wanted[0]),
            "names": wanted,
            "common_name": wanted[0],
            "product": self.product(kind),
            **changes,
        }
        return Wish(Placement(**values), public_key_sha256(private.public_key()))

    def organization(self) -> str:
        """The number of the account's organization."""
        return self.ca().organizations()[0].ca_id

    def ledger(self) -> list[Any]:
        """What was billed to the account."""
        found: list[Any] = self.sandbox.get("/ledger", account=self.name)["orders"]
        return found

    def requests(self, endpoint: str = "") -> list[Any]:
        """The calls received from the account, all or those of one endpoint."""
        found: list[Any] = self.sandbox.get("/requests", account=self.name)["requests"]
        return [one for one in found if one["path"].endswith(endpoint)]

    def fault(self, fault: str, /, **more: object) -> int:
        """Add a fault rule for this account."""
        answered = self.sandbox.post("/faults", {"ca": "emsign", "account": self.name, "fault": fault, **more})
        return int(answered["id"])

    def switch(self, **switches: object) -> None:
        """Change switches of the account."""
        self.sandbox.patch(f"/accounts/{self.name}", switches)

    def staff(self, ca_order: CAOrder, act: str, **more: object) -> None:
        """A person at the CA acts on the order."""
        number = ca_order.order_id or ca_order.request_id
        self.sandbox.post("/staff", {"ca": "emsign", "order_id": number, "act": act, **more})

    def publish(self, proof: Proof) -> None:
        """Publish a proof where the sandbox's validators look."""
        if "://" in proof.where:
            file = self.sandbox.files.joinpath(*proof.where.split("/")[3:])
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(proof.value)
        else:
            self.sandbox.post("/dns", {"name": proof.where, "type": "TXT", "value": proof.value})


def make_hub(sandbox: Sandbox, profile: str, **switches: object) -> Hub:
    """A new account at the sandbox."""
    made = sandbox.post("/accounts", {"ca": "emsign", "profile": profile, **switches})
    settings = {name: str(value) for name, value in made["settings"].items()}
    return Hub(sandbox, made["name"], made["url"], made["secrets"]["access_key"], settings, made)


def until_issued(ca: EmSign, ca_order: CAOrder, key: str) -> Issued:
    """Poll until issued; the sandbox finishes in its own time."""
    end = time.monotonic() + PATIENCE
    while isinstance(progress := ca.collect(ca_order, public_key_sha256=key), Pending):
        assert time.monotonic() < end, progress
        threading.Event().wait(0.05)
    assert isinstance(progress, Issued), progress
    return progress
