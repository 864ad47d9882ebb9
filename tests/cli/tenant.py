"""A tenant of one of the sandbox's CAs as an operator adds it: exactly as ``GET /accounts`` tells it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from tests.cli.program import Program, Result
from tests.sandbox.sectigo_tenant import Reseller
from tests.sandbox.tenant import Management, Sandbox

QUICK = ("--set", "call_seconds=2", "--set", "settle_seconds=2")
# As often as one likes: nobody has to wait, and the sandbox does not mind.
OFTEN = ("--set", "poll_seconds=0.2,0.5,1", "--set", "requests_per_minute=100000")
AT_ONCE = ("--set", "seconds_between_orders=0")
_numbers = itertools.count(1)


@dataclass
class Tenant:
    """An account at the sandbox's DigiCert, and what an operator needs to know of it."""

    account: Any  # an Account, or what a subclass says
    folder: Path
    ca: ClassVar[str] = "digicert"
    product: ClassVar[str] = "ssl_basic"
    withdrawn: ClassVar[str] = "canceled"  # what the ledger calls an order that was cancelled

    @classmethod
    def at(cls, sandbox: Sandbox, folder: Path, profile: str = "ready", **switches: object) -> Self:
        """A new account with those switches."""
        return cls(sandbox.account(profile, **switches), folder)

    @property
    def name(self) -> str:
        """Its name at the sandbox."""
        return str(self.account.name)

    @property
    def management(self) -> Management:
        """The sandbox's management door."""
        management: Management = self.account.management
        return management

    @property
    def organization(self) -> str:
        """The name of its first organization."""
        return str(self.account.element["organizations"][0])

    @property
    def domain(self) -> str:
        """A prevalidated domain."""
        return str(self.account.element["domains"][0])

    def fresh_name(self) -> str:
        """A name below the prevalidated domain that nobody has used."""
        return f"n{next(_numbers)}.{self.domain}"

    def unproven_name(self) -> str:
        """A name that nobody has used in a domain that nobody has validated."""
        return f"www.unproven{next(_numbers)}.example"

    def add_words(self, name: str = "main", *more: str) -> list[str]:
        """``account add`` with url, settings and secrets of the sandbox's own list, secrets and PEM from files."""
        element = self.account.element
        words = ["account", "add", name, "--ca", self.ca, "--url", element["url"]]
        for field, value in element["settings"].items():
            words += ["--set", f"{field}={self.file(field, str(value))}"]
        for field, value in element["secrets"].items():
            words += ["--secret", f"{field}={self.file(field, str(value))}"]
        return [*words, *more]

    def file(self, name: str, content: str) -> str:
        """``@FILE`` with that content, which only its owner may read."""
        path = self.folder / f"{self.name}-{name}"
        if not path.exists() or path.read_text() != content:  # another thread's program may be reading it
            path.touch(mode=0o600)
            path.write_text(content)
        return f"@{path}"

    def place_words(self, name: str, *more: str, account: str = "main", product: str = "") -> list[str]:
        """The usual order."""
        words = ["order", "place", "--account", account, "--product", product or self.product, "--name", name]
        return [*words, "--organization", self.organization, *more]

    def ledger(self, reference: str = "") -> list[dict[str, Any]]:
        """What was bought, of one reference or of all."""
        rows: list[dict[str, Any]] = self.account.ledger()
        return [row for row in rows if not reference or row["reference"] == reference]

    def requests(self, method: str = "") -> list[dict[str, Any]]:
        """The calls received from it."""
        answer = self.management.get(f"requests?ca={self.ca}&account={self.name}")
        return [row for row in answer["requests"] if not method or row["method"] == method]

    def fault(self, kind: str, /, **fields: object) -> int:
        """A fault rule for this tenant alone."""
        return self.management.fault(kind, ca=self.ca, account=self.name, **fields)


class SectigoTenant(Tenant):
    """A reseller login at the sandbox's Sectigo. It has no organizations and no domains: an order says all of that."""

    account: Reseller
    ca: ClassVar[str] = "sectigo"
    product: ClassVar[str] = "287"
    withdrawn: ClassVar[str] = "rejected"

    @classmethod
    def at(cls, sandbox: Sandbox, folder: Path, profile: str = "ready", **switches: object) -> Self:
        """A new login with those switches."""
        return cls(Reseller.at(sandbox, profile, **switches), folder)

    @property
    def domain(self) -> str:
        """A domain that nobody else uses."""
        return f"{self.name}.example"

    def place_words(self, name: str, *more: str, account: str = "main", product: str = "") -> list[str]:
        """The usual order: for a domain alone."""
        words = ["order", "place", "--account", account, "--product", product or self.product]
        return [*words, *(["--name", name] if name else []), *more]

    def calls(self, api: str) -> int:
        """How often that API was called."""
        return sum(row["path"].split("?")[0].endswith(api) for row in self.requests())

    def target_words(self, name: str = "dns", *domains: str) -> list[str]:
        """``target add`` for the sandbox's own DNS server, which its validators ask."""
        served = self.management.get("dns")
        host, _, port = served["address"].rpartition(":")
        key = served["update_key"]
        words = ["target", "add", name, "--kind", "rfc2136"]
        for domain in domains or (self.domain,):
            words += ["--domain", domain]
        words += ["--set", f"server={host}", "--set", f"port={port}", "--set", f"key_name={key['name']}"]
        return [*words, "--secret", f"key_secret={self.file('dns-key', key['secret'])}"]

    def records(self, part: str = "") -> list[dict[str, Any]]:
        """What stands in the sandbox's DNS below a name, this tenant's domain by default."""
        wanted = part or self.domain
        return [row for row in self.management.get("dns")["records"] if wanted in row["name"]]


@dataclass
class HubAccount:
    """An account at the sandbox's emSign, as its management door tells of it."""

    management: Management
    element: dict[str, Any]

    @property
    def name(self) -> str:
        """Its name at the sandbox."""
        return str(self.element["name"])

    def ledger(self) -> list[dict[str, Any]]:
        """What was bought with it."""
        rows: list[dict[str, Any]] = self.management.get(f"ledger?ca=emsign&account={self.name}")["orders"]
        return rows


class EmSignTenant(SectigoTenant):
    """An account at the sandbox's emSign, with the people that its orders name."""

    account: Any
    ca: ClassVar[str] = "emsign"
    withdrawn: ClassVar[str] = "cancelled"

    @classmethod
    def at(cls, sandbox: Sandbox, folder: Path, profile: str = "ready", **switches: object) -> Self:
        """A new account with those switches."""
        element = sandbox.management.post("accounts", ca="emsign", profile=profile, **switches)
        return cls(HubAccount(sandbox.management, element), folder)

    def code(self, kind: str = "13") -> str:
        """The account's code of the product of that type; 13 is DV for one name."""
        return str(next(row["code"] for row in self.account.element["products"] if row["type"] == kind))

    def add_words(self, name: str = "main", *more: str) -> list[str]:
        """``account add``, with the requestor and the signer that orders name."""
        people = {
            "requestor_name": "Mara Lind",
            "requestor_email": self.account.element["requestor_email"],
            "requestor_isd_code": "49",
            "requestor_mobile_number": "4215550100",
            "signer_place": "Bremen",
            "signer_ip": "203.0.113.9",
        }
        words = super().add_words(name)
        for field, value in people.items():
            words += ["--set", f"{field}={value}"]
        return [*words, *more]

    def place_words(self, name: str, *more: str, account: str = "main", product: str = "") -> list[str]:
        """The usual order: DV for one name."""
        return super().place_words(name, *more, account=account, product=product or self.code())

    def staff(self, order_id: object, act: str, **more: object) -> Any:
        """Have the CA's staff, or somebody in its portal, act on an order."""
        return self.management.post("staff", ca="emsign", order_id=str(order_id), act=act, **more)


@dataclass
class Shop:
    """An installation with one CA account, ``main``, at a tenant of its own."""

    tenant: Tenant
    program: Program

    def place(self, *more: str, name: str = "") -> Result:
        """Order the usual certificate and wait for it."""
        return self.program.run(
            *self.tenant.place_words(name or self.tenant.fresh_name(), "--wait", "30", "--json", *more)
        )

    def issued(self, *more: str, name: str = "") -> dict[str, Any]:
        """The same; the order, which must be issued."""
        order: dict[str, Any] = self.place(*more, name=name).expect(0).json()
        assert order["state"] == "issued", order
        return order

    def pending(self, *more: str) -> dict[str, Any]:
        """An order that waits for control of its name."""
        name = self.tenant.unproven_name()
        order: dict[str, Any] = self.program.run(*self.tenant.place_words(name, "--json", *more)).expect(0).json()
        assert order["state"] == "pending", order
        return order

    def order(self, which: object) -> dict[str, Any]:
        """``order show``."""
        found: dict[str, Any] = self.program.run("order", "show", str(which), "--json").expect(0).json()
        return found

    def certificates(self) -> list[dict[str, Any]]:
        """``cert list``."""
        return self.program.run("cert", "list", "--json").expect(0).lines()


@dataclass
class ResellerShop(Shop):
    """The same at a reseller login."""

    tenant: SectigoTenant


@dataclass
class HubShop(Shop):
    """The same at emSign."""

    tenant: EmSignTenant


def open_hub_shop(
    sandbox: Sandbox, program: Program, folder: Path, *settings: str, profile: str = "ready", **switches: object
) -> HubShop:
    """The same at the sandbox's emSign, without a pause between orders."""
    tenant = EmSignTenant.at(sandbox, folder, profile, **switches)
    program.run(*tenant.add_words("main", *QUICK, *OFTEN, *AT_ONCE, *settings)).expect(0)
    return HubShop(tenant, program)


def open_shop(
    sandbox: Sandbox, program: Program, folder: Path, *settings: str, profile: str = "ready", **switches: object
) -> Shop:
    """A new tenant with those switches, added to the installation as ``main``."""
    tenant = Tenant.at(sandbox, folder, profile, **switches)
    program.run(*tenant.add_words("main", *QUICK, *settings)).expect(0)
    return Shop(tenant, program)


def open_reseller_shop(
    sandbox: Sandbox, program: Program, folder: Path, *settings: str, profile: str = "ready", **switches: object
) -> ResellerShop:
    """The same at the sandbox's Sectigo, which may be asked as often as one likes."""
    tenant = SectigoTenant.at(sandbox, folder, profile, **switches)
    program.run(*tenant.add_words("main", *QUICK, *OFTEN, *settings)).expect(0)
    return ResellerShop(tenant, program)
