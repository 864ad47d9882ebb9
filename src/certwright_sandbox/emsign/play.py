"""emSign as the sandbox plays it: the promises of `playing.PlayedCA`, kept by the rooms of this folder."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from certwright_sandbox.ca import Revocation
from certwright_sandbox.emsign import accounts, aging, errors, gate, staff
from certwright_sandbox.emsign.call import Block, Call, block_of, text
from certwright_sandbox.emsign.ending import REASONS
from certwright_sandbox.emsign.errors import HTTPRefusal, Refusal, refuse
from certwright_sandbox.emsign.office import CA_NAME, Office
from certwright_sandbox.emsign.records import Account
from certwright_sandbox.emsign.routes import ENDPOINTS, Answer
from certwright_sandbox.http import Request, Response, json_response
from certwright_sandbox.playing import NotPossible, Switches, Twist, World

BASE = "emSignHub-API"
SUCCESS, FAILURE = "1", "0"
# Of the two calls for groups this one is missing, by the account's switch `group_details`.
MISSING = {"v2": "GetGroupDetails"}


class EmSign:
    """The classic API on this machine."""

    name = CA_NAME

    def __init__(self, world: World) -> None:
        """Open the office, and make the ready-made accounts when it is new."""
        self._office = Office(world)
        aging.teach(self._office)
        accounts.ready_made(self._office)

    def owns(self, path: str) -> bool:
        """Everything below /emSignHub-API, and its endpoints where a wrong base URL looks for them."""
        parts = [part for part in path.split("/") if part]
        return bool(parts) and (parts[0].lower() == BASE.lower() or parts[-1] in ENDPOINTS)

    def account_of(self, request: Request) -> str | None:
        """The name of the account whose access key has signed the call."""
        account = gate.signed_account(self._office, request)
        return str(account.id) if account is not None else None

    def is_read(self, request: Request) -> bool:
        """Look-ups are POSTs here, too."""
        endpoint = ENDPOINTS.get(_endpoint(request))
        return endpoint is not None and endpoint.is_look_up

    def lane(self, request: Request) -> str | None:
        """Calls may overlap."""
        _ = request
        return None

    def shown(self, request: Request) -> str:
        """The target; nothing secret is in it."""
        return request.target

    async def answer(self, request: Request, twist: Twist) -> Response:
        """Let the call in and write what it answers; business failures are HTTP 200."""
        endpoint = _endpoint(request)
        if endpoint not in ENDPOINTS:
            return self._not_found(request)
        body: Block = {}
        try:
            body = gate.read_body(request)
            account = gate.enter(self._office, body)
            if endpoint == MISSING.get(account.group_details):
                return self._not_found(request)
            answer = await self._done(Call(endpoint, account, body, twist))
            return json_response(200, {"meta": self._meta(body, SUCCESS), **answer})
        except HTTPRefusal as refusal:
            return Response(refusal.status)
        except Refusal as refusal:
            return self._failure(endpoint, body, refusal)

    async def _done(self, call: Call) -> Answer:
        deed = ENDPOINTS[call.endpoint].deed
        if call.twist.stale:
            with self._office.world.state.rewound(call.account.id):
                answer = deed(self._office, call)
        else:
            answer = deed(self._office, call)
        return await answer if isinstance(answer, Awaitable) else answer

    def _meta(self, body: Block, status: str, code: str = "", message: str = "") -> Answer:
        return {
            "ver": "1.0",
            "ts": self._office.now().isoformat(timespec="seconds"),
            "txn": text(block_of(body, "meta"), "txn"),
            "status": status,
            "errorCode": code,
            "errorMessage": message,
        }

    def _failure(self, endpoint: str, body: Block, refusal: Refusal) -> Response:
        """A failure; the other block is absent, null or blank."""
        account: Account | None = gate.named_account(self._office, body)
        status, style = (account.failure_status, account.failure_block) if account else (FAILURE, "absent")
        answer: Answer = {"meta": self._meta(body, status, refusal.code, refusal.message)}
        failed = ENDPOINTS.get(endpoint)
        if style != "absent" and failed is not None and failed.block:
            answer[failed.block] = None if style == "null" else failed.blank
        return json_response(200, answer)

    def _not_found(self, request: Request) -> Response:
        """The host's own answer, without `meta` (emsign.md §2)."""
        at = self._office.now().isoformat(timespec="milliseconds")
        return json_response(404, {"timestamp": at, "status": 404, "error": "Not Found", "path": request.path})

    def rate_limited(self, request: Request) -> Response:
        """The limit that calls itself an inactive account (emsign.md §9)."""
        try:
            body = gate.read_body(request)
        except HTTPRefusal:
            body = {}
        return self._failure(_endpoint(request), body, refuse(errors.INACTIVE))

    def accounts(self) -> list[dict[str, Any]]:
        """Each account."""
        return [accounts.element(self._office, account) for account in self._office.accounts]

    def add_account(self, profile: str, switches: Switches) -> dict[str, Any]:
        """Make an account of its own."""
        return accounts.element(self._office, accounts.add(self._office, profile, switches))

    def change_account(self, name: str, switches: Switches) -> dict[str, Any]:
        """Change switches."""
        return accounts.element(self._office, accounts.change(self._office, name, switches))

    async def decide(self, wish: Switches, *, approve: bool) -> dict[str, Any]:
        """Staff says yes or no to an order."""
        return await staff.decide(self._office, wish, approve=approve)

    async def validate(self, wish: Switches) -> dict[str, Any]:
        """Validation staff acts."""
        return await staff.validate(self._office, wish)

    async def staff(self, wish: Switches) -> dict[str, Any]:
        """Staff, or a customer in the portal, acts on an order."""
        return await staff.act(self._office, wish)

    def expire(self, wish: Switches) -> dict[str, Any]:
        """A prevalidation ends."""
        if "domain" not in wish:
            raise NotPossible("say which domain")
        return staff.expire(self._office, wish)

    def has_issued(self, authority: str, serial: int) -> bool:
        """Whether a certificate of this serial is an authority's; one that was renewed under its order is forgotten."""
        found = self._office.orders_by_serial.find(str(serial))
        return any(order.authority == authority for order in found)

    def revocations(self, authority: str) -> list[Revocation]:
        """What was revoked of an authority's certificates."""
        return [
            Revocation(int(order.serial), order.revoked_at, REASONS[order.reason_id])
            for order in self._office.revoked_by.find(authority)
            if order.revoked_at is not None
        ]


def _endpoint(request: Request) -> str:
    """The endpoint that a POST to the right path names; empty for anything else."""
    parts = request.path.split("/")
    is_right = request.method == "POST" and parts[:2] == ["", BASE] and len(parts) == len(("", BASE, "endpoint"))
    return parts[-1] if is_right else ""
