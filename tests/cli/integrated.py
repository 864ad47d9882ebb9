"""An integration as an operator adds it: a read-only key to a DigiCert account that has orders of the past."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from tests.cli.program import Program, Result
from tests.cli.tenant import Tenant
from tests.sandbox.tenant import Account, Sandbox

NAME = "certcentral"
UNHURRIED = ("--set", "requests_per_5_seconds=100000", "--set", "requests_per_3_minutes=100000")
PATIENCE = 60.0


@dataclass
class Reader(Tenant):
    """A key that may only read, and the calls received from it since :meth:`forget`."""

    owner: Any = None  # the Account that the key belongs to, with a key that may do anything
    _forgotten: int = field(default=0, init=False)

    @classmethod
    def at(cls, sandbox: Sandbox, folder: Path, profile: str = "ready", **switches: object) -> Self:
        """A read-only key of a new account with those switches."""
        owner = sandbox.account(profile, rate_limit=False, **switches)
        element = sandbox.management.post(
            "accounts", ca="digicert", of=owner.name, key_role="view_only", rate_limit=False
        )
        return cls(Account(sandbox.management, element), folder, owner)

    def switch(self, **switches: object) -> None:
        """What happens to the key at the CA, or to this machine's address."""
        self.account.switch(**switches)

    def staff(self, order_id: object, act: str, **more: object) -> Any:
        """Have the CA's staff, or somebody in its console, act on an order."""
        return self.management.post("staff", ca="digicert", order_id=int(str(order_id)), act=act, **more)

    def calls(self, part: str = "") -> list[str]:
        """Method and path of each call with ``part`` (a regular expression) in it."""
        rows = self.requests()[self._forgotten :]
        called = [f"{row['method']} {row['path'].removeprefix('/services/v2/')}" for row in rows]
        return [one for one in called if re.search(part, one)]

    def forget(self) -> None:
        """Count from here on."""
        self._forgotten = len(self.requests())


@dataclass
class Integration:
    """An installation, and the CA account that it is to read."""

    program: Program
    reader: Reader
    held: int = 0  # the fault rule that holds a call of its

    def add_words(self, *more: str, name: str = NAME) -> list[str]:
        """``integration add`` with the CA's own settings and the key from a file."""
        _, _, *words = self.reader.add_words(name)
        return ["integration", "add", *words, "--reference", "1204455", *UNHURRIED, *more]

    def add(self, *more: str, name: str = NAME) -> Result:
        """Add it."""
        return self.program.run(*self.add_words(*more, name=name))

    def run(self, *more: str) -> dict[str, Any]:
        """``integration run``, which must succeed: the run."""
        found: dict[str, Any] = self.program.run("integration", "run", NAME, "--json", *more).expect(0).json()
        return found

    def shown(self) -> dict[str, Any]:
        """``integration show``."""
        found: dict[str, Any] = self.program.run("integration", "show", NAME, "--json").expect(0).json()
        return found

    def certificates(self, *filters: str) -> list[dict[str, Any]]:
        """``cert list``."""
        return self.program.run("cert", "list", "--json", *filters).expect(0).lines()

    def known(self, fingerprints: Iterable[str]) -> list[dict[str, Any]]:
        """``cert show`` of each."""
        results = self.program.session([["cert", "show", one, "--json"] for one in fingerprints])
        return [result.expect(0).json() for result in results]

    def told(self, order_id: object, certificate_id: object = "") -> dict[str, Any]:
        """What is known of a CA order's certificate, its primary one unless another is named."""
        wanted = str(certificate_id or self.reader.owner.info(order_id)["certificate"]["id"])
        (row,) = [one for one in self.certificates() if one["ca_certificate_id"] == wanted]
        (told,) = self.known([row["fingerprint"]])
        (ca_order,) = told["ca_orders"]
        assert ca_order["ca_order_id"] == str(order_id)
        return {**told, "ca_order": ca_order}

    @cached_property
    def in_force(self) -> list[str]:
        """Ids of CA orders whose only certificate is valid, as the CA has them."""
        orders = [self.reader.owner.info(row["order_id"]) for row in self.reader.owner.ledger()]
        alone = [one for one in orders if not one["duplicates_count"] and not one["reissues_count"]]
        return [
            str(one["id"])
            for one in alone
            if one["status"] == "issued"
            and one["certificate"].get("status") == "issued"
            and date.fromisoformat(one["certificate"]["valid_till"]) > self.reader.management.now().date()
        ]

    def until(self, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """``integration show`` once that is so."""
        latest = time.monotonic() + PATIENCE
        while not is_so(shown := self.shown()):
            assert time.monotonic() < latest, shown
            time.sleep(0.2)
        return shown

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Read, or change, what is stored."""
        connection = sqlite3.connect(self.program.home / "certwright.sqlite")
        try:
            with connection:
                return connection.execute(statement, values).fetchall()
        finally:
            connection.close()


def succeeded(shown: dict[str, Any]) -> bool:
    """Whether the last run of an integration is over, and went well."""
    last = shown["last_run"]
    return bool(last and last["outcome"] == "done")
