"""The promises between the sandbox and a CA it plays: what a CA is given, and what it must be able to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from certwright_sandbox.agenda import Agenda
from certwright_sandbox.ca import Hierarchy, Revocation
from certwright_sandbox.clock import Clock
from certwright_sandbox.http import Request, Response
from certwright_sandbox.ledger import Ledger
from certwright_sandbox.mails import Mails
from certwright_sandbox.push import Push
from certwright_sandbox.state import State
from certwright_sandbox.validators import Validators

Switches = Mapping[str, Any]


@dataclass
class World:
    """What every CA is given to work with."""

    state: State
    clock: Clock
    agenda: Agenda
    hierarchy: Hierarchy
    ledger: Ledger
    validators: Validators
    push: Push
    mails: Mails
    url: str = ""  # the CA door's, http://127.0.0.1:PORT, known once it is open
    tls_url: str = ""  # the TLS door's, https://127.0.0.1:PORT; empty where there is none
    https_only: bool = False  # whether a CA that wants HTTPS insists on it
    seed: int = 0  # what orders of the past are made of


class NotPossible(Exception):
    """A wish of the management door that cannot be met, and why. `missing`: there is no such thing."""

    def __init__(self, reason: str, *, missing: bool = False) -> None:
        """`reason` is a sentence for a person."""
        super().__init__(reason)
        self.missing = missing


@dataclass(frozen=True)
class Twist:
    """What a fault asks of the CA itself, while it does its work as usual."""

    defect: str | None = None  # a name in `defects.DEFECTS`: certificates of this answer are wrong in that way
    hidden_seconds: float = 0.0  # an order placed by this call is hidden from look-ups and lists for so long
    stale: bool = False  # read what was true before the account's last change


PLAIN = Twist()


class Answering(Protocol):
    """Whatever answers requests on the CA door, well or, where a fault wants it so, badly."""

    name: str

    def owns(self, path: str) -> bool:
        """Whether requests for this path are answered here."""

    def is_read(self, request: Request) -> bool:
        """Whether the request only asks, so that a stale answer to it is possible."""

    async def answer(self, request: Request, twist: Twist) -> Response:
        """Do what the request asks and answer it. The caller commits the state."""

    def rate_limited(self, request: Request) -> Response:
        """What too many requests are answered."""


class PlayedCA(Answering, Protocol):
    """A CA on the sandbox's port."""

    def account_of(self, request: Request) -> str | None:
        """The name of the account whose credential the request shows; None where there is none such."""

    def lane(self, request: Request) -> str | None:
        """What the request must have for itself while it is under way; None: it may overlap with any other."""

    def shown(self, request: Request) -> str:
        """The request's target as the log of calls may show it: without secrets."""

    def accounts(self) -> list[dict[str, Any]]:
        """Each account as `GET /accounts` shows it."""

    def add_account(self, profile: str, switches: Switches) -> dict[str, Any]:
        """Make an account; its element of `accounts`. Raises NotPossible."""

    def change_account(self, name: str, switches: Switches) -> dict[str, Any]:
        """Change switches of an account; its element of `accounts`. Raises NotPossible."""

    async def decide(self, wish: Switches, *, approve: bool) -> dict[str, Any]:
        """Approve or reject what `wish` names (order_id or request_id). Raises NotPossible."""

    async def validate(self, wish: Switches) -> dict[str, Any]:
        """Let the CA's validation staff act on a domain, an organization or an order. Raises NotPossible."""

    async def staff(self, wish: Switches) -> dict[str, Any]:
        """Let the CA's people, or a customer in its portal, act on one order. Raises NotPossible."""

    def expire(self, wish: Switches) -> dict[str, Any]:
        """End a prevalidation now. Raises NotPossible."""

    def has_issued(self, authority: str, serial: int) -> bool:
        """Whether an authority of the hierarchy has issued a certificate of this serial for this CA."""

    def revocations(self, authority: str) -> list[Revocation]:
        """What this CA has revoked among the certificates of an authority of the hierarchy."""
