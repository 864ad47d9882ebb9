"""A tenant of the sandbox's DigiCert as an operator adds it: exactly as ``GET /accounts`` tells it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.program import Program, Result
from tests.sandbox.tenant import Account, Sandbox

QUICK = ("--set", "call_seconds=2", "--set", "settle_seconds=2")
_numbers = itertools.count(1)


@dataclass
class Tenant:
    """An account at the sandbox, and what an operator needs to know of it."""

    account: Account
    folder: Path

    @property
    def name(self) -> str:
        """Its name at the sandbox."""
        return self.account.name

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
        words = ["account", "add", name, "--ca", "digicert", "--url", element["url"]]
        for field, value in element["settings"].items():
            words += ["--set", f"{field}={self.file(field, str(value))}"]
        for field, value in element["secrets"].items():
            words += ["--secret", f"{field}={self.file(field, str(value))}"]
        return [*words, *more]

    def file(self, name: str, content: str) -> str:
        """``@FILE`` with that content, which only its owner may read."""
        path = self.folder / f"{self.name}-{name}"
        path.touch(mode=0o600)
        path.write_text(content)
        return f"@{path}"

    def place_words(self, name: str, *more: str, account: str = "main", product: str = "ssl_basic") -> list[str]:
        """The usual order."""
        words = ["order", "place", "--account", account, "--product", product, "--name", name]
        return [*words, "--organization", self.organization, *more]

    def ledger(self, reference: str = "") -> list[dict[str, Any]]:
        """What was bought, of one reference or of all."""
        rows = self.account.ledger()
        return [row for row in rows if not reference or row["reference"] == reference]

    def requests(self, method: str = "") -> list[dict[str, Any]]:
        """The calls received from it."""
        answer = self.account.management.get(f"requests?ca=digicert&account={self.name}")
        return [row for row in answer["requests"] if not method or row["method"] == method]

    def fault(self, kind: str, /, **fields: object) -> int:
        """A fault rule for this tenant alone."""
        return self.account.management.fault(kind, account=self.name, **fields)


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


def open_shop(
    sandbox: Sandbox, program: Program, folder: Path, *settings: str, profile: str = "ready", **switches: object
) -> Shop:
    """A new tenant with those switches, added to the installation as ``main``."""
    tenant = Tenant(sandbox.account(profile, **switches), folder)
    program.run(*tenant.add_words("main", *QUICK, *settings)).expect(0)
    return Shop(tenant, program)
