"""A reseller login at the sandbox's Sectigo, and what it buys, all over plain HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from tests.sandbox import wire
from tests.sandbox.certificates import PrivateKey, certificates_in, csr_pem
from tests.sandbox.sectigo_wire import Proof, Told, form, post
from tests.sandbox.tenant import Management, Sandbox

# §5.6: the parameters of its first example, without the CSR.
SINGLE: Mapping[str, object] = {
    "product": 287,
    "days": 365,
    "serverSoftware": -1,
    "isCustomerValidated": "N",
    "dcvMethod": "CNAME_CSR_HASH",
    "showCertificateID": "Y",
    "responseFormat": 1,
}
# §5.2: an organization and the person who speaks for it.
ORGANIZATION: Mapping[str, object] = {
    "organizationName": "Meadow Works Ltd",
    "streetAddress1": "1 Long Lane",
    "localityName": "Oxford",
    "stateOrProvinceName": "Oxfordshire",
    "postalCode": "OX1 1AA",
    "countryName": "GB",
    "appRepForename": "Ada",
    "appRepSurname": "Marsh",
    "appRepEmailAddress": "ada@meadow.example",
    "appRepTelephone": "+44 1865 000000",
}
# §5.2: what EV asks beyond that.
INCORPORATION: Mapping[str, object] = {
    "joiLocalityName": "Oxford",
    "joiStateOrProvinceName": "Oxfordshire",
    "joiCountryName": "GB",
    "companyNumber": "01234567",
    "businessCategory": "Private Organization",
    "dateOfIncorporation": "2001-02-03",
}
OV, EV = 7, 337


@dataclass(frozen=True)
class Bought:
    """An accepted order: what the answer told, and the CSR it is for."""

    number: str
    certificate_id: str
    cost: str
    csr: str
    proof: Proof


class Reseller:
    """One reseller login, called with its own password."""

    def __init__(self, management: Management, element: dict[str, Any]) -> None:
        """`element` is what POST /accounts answered."""
        self.management = management
        self.element = element
        self.name = str(element["name"])
        self.url = str(element["url"])
        self.login = {
            "loginName": str(element["secrets"]["login_name"]),
            "loginPassword": str(element["secrets"]["login_password"]),
        }

    @classmethod
    def at(cls, sandbox: Sandbox, profile: str = "ready", **switches: object) -> Reseller:
        """A new login of its own, with any switch of the reference page."""
        return cls(sandbox.management, sandbox.management.post("accounts", ca="sectigo", profile=profile, **switches))

    def call(self, api: str, /, **fields: object) -> Told:
        """POST a form; the login is added where the fields do not give another (None: leave it out)."""
        return post(self.url, api, form({**self.login, **fields}))

    def switch(self, **switches: object) -> None:
        """Change switches of this account."""
        answer = self.management.call("PATCH", f"accounts/{self.name}", switches)
        assert answer.status == 200, answer

    def apply(self, name: str, key: PrivateKey | None = None, /, **fields: object) -> Told:
        """AutoApplySSL for one name with the parameters of the document's example and any others."""
        return self.call("AutoApplySSL", **{**SINGLE, "csr": csr_pem(name, key), **fields})

    def buy(self, name: str, key: PrivateKey | None = None, /, **fields: object) -> Bought:
        """AutoApplySSL that must be accepted."""
        csr = str(fields.pop("csr", None) or csr_pem(name, key))
        told = self.apply(name, csr=csr, **fields)
        assert told.code in (0, 1), told
        return self.bought(told, csr)

    def buy_multi(self, names: list[str], proofs: list[str] | None = None, /, **fields: object) -> Bought:
        """Order a multi-domain certificate with one proof token per name (CNAME for all if none are given)."""
        tokens = proofs or ["CNAMECSRHASH"] * len(names)
        given = {"product": 279, "dcvMethod": None, "domainNames": ",".join(names), **fields}
        return self.buy(names[0], dcvEmailAddresses=",".join(tokens), **given)

    def bought(self, told: Told, csr: str) -> Bought:
        """What a URL-encoded answer of AutoApplySSL told."""
        proof = Proof.of(csr, told["uniqueValue"])
        return Bought(told["orderNumber"], told["certificateID"], told["totalCost"], csr, proof)

    def collect(self, order: Bought | str, /, query: int = 0, **fields: object) -> Told:
        """CollectSSL by order number."""
        number = order.number if isinstance(order, Bought) else order
        return self.call("CollectSSL", orderNumber=number, queryType=query, **fields)

    def leaf(self, order: Bought | str) -> x509.Certificate:
        """The certificate of an order that must be issued."""
        told = self.collect(order, 2)
        assert told.code == 2, told
        (leaf,) = certificates_in(told.answer.body)
        return leaf

    def replace(self, order: Bought | str, csr: str, /, **fields: object) -> Told:
        """AutoReplaceSSL with a new CSR, proven by CNAME."""
        number = order.number if isinstance(order, Bought) else order
        given = {"dcvMethod": "CNAME_CSR_HASH", "showCertificateID": "Y", "responseFormat": 1, **fields}
        return self.call("AutoReplaceSSL", orderNumber=number, csr=csr, **given)

    def leaf_of(self, certificate_id: str) -> x509.Certificate:
        """The certificate of this id, replaced or not."""
        told = self.call("CollectSSL", certificateID=certificate_id, queryType=2)
        assert told.code == 2, told
        (leaf,) = told.certificates
        return leaf

    def becomes(self, order: Bought | str, code: int) -> None:
        """Wait until CollectSSL answers this code."""
        wire.until(lambda: self.collect(order).code, lambda found: found == code)

    def plant(self, order: Bought, name: str) -> None:
        """Publish the CNAME that proves a name for an order."""
        self.management.post("dns", name=order.proof.owner(name), type="CNAME", value=order.proof.target)

    def look_again(self, order: Bought, method: str, **fields: object) -> None:
        """AutoUpdateDCV: the CA looks at once, if its own look has not been faster and the order is issued."""
        told = self.call("AutoUpdateDCV", orderNumber=order.number, newMethod=method, **fields)
        assert told.text.rstrip("\n") == "errorCode=0" or self.collect(order).code == 1, told

    def names(self, order: Bought | str) -> dict[str, tuple[str, str]]:
        """GetMDCDomainDetails: the method and the status of each name."""
        number = order.number if isinstance(order, Bought) else order
        told = self.call("GetMDCDomainDetails", orderNumber=number)
        assert told.code == 0, told
        values = [value for name, value in told.fields if name != "errorCode"]
        return {name: (how, state) for name, how, state in zip(*[iter(values)] * 3, strict=True)}

    def report(self, **fields: object) -> list[dict[str, str]]:
        """WebHostReport: one dictionary per row, items with their number in the name (`1_domain`)."""
        told = self.call("WebHostReport", **fields)
        assert told.code == 0, told
        rows: dict[str, dict[str, str]] = {}
        for name, value in told.fields:
            number, _, rest = name.partition("_")
            if number.isdigit():
                assert rest not in rows.setdefault(number, {}), (name, told)
                rows[number][rest] = value
        return list(rows.values())

    def validate(self, order: Bought, **fields: object) -> None:
        """The CA's staff validates something of an order."""
        self.management.post("validate", ca="sectigo", order_id=int(order.number), **fields)

    def mails(self, about: str) -> list[str]:
        """To whom mails about something were sent, of all accounts."""
        return [mail["to"] for mail in self.management.get("mails")["mails"] if mail["about"] == about]

    def ledger(self) -> list[dict[str, Any]]:
        """What was billed to this account, as the management door tells it."""
        orders: list[dict[str, Any]] = self.management.get(f"ledger?ca=sectigo&account={self.name}")["orders"]
        return orders


NewReseller = Callable[..., Reseller]
