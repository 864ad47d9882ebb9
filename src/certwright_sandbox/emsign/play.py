"""emSign as the sandbox plays it: the promises of `playing.PlayedCA`, kept by the rooms of this folder."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from certwright_sandbox.ca import Revocation
from certwright_sandbox.emsign import (
    accounts,
    aging,
    ending,
    errors,
    gate,
    listing,
    looking,
    ordering,
    proving,
    reporting,
    staff,
)
from certwright_sandbox.emsign.call import Call, block_of, text
from certwright_sandbox.emsign.errors import HTTPRefusal, Refusal, refuse
from certwright_sandbox.emsign.office import CA_NAME, Office
from certwright_sandbox.emsign.records import Account
from certwright_sandbox.http import Request, Response, json_response
from certwright_sandbox.playing import NotPossible, Switches, Twist, World

Answer = dict[str, Any]
Route = Callable[[Office, Call], Answer | Awaitable[Answer]]


def _nothing(office: Office, call: Call) -> Answer:
    """An answer of `meta` alone."""
    _ = office, call
    return {}


ROUTES: Mapping[str, Route] = {
    "ValidateCredentials": _nothing,
    "GetGroupDetails": listing.groups,
    "GetGroupDetailsV2": listing.groups,
    "GetOrganizationDetails": listing.organizations,
    "GetDomainDetails": listing.domains,
    "GetProductDetails": listing.products,
    "GetFieldDetails": listing.fields,
    "GenerateOrderSSL": ordering.place,
    "SubmitCSR": ordering.submit_csr,
    "SubmitDocument": _nothing,
    "AgreementAcceptance": ordering.accept_agreement,
    "GetDcv": proving.get,
    "VerifyDcv": proving.verify,
    "TrackOrder": looking.track,
    "GetCertificate": looking.certificate,
    "GetOrderReport": reporting.report,
    "RevokeOrder": ending.revoke,
    "RejectOrder": ending.reject_order,
    "RejectRequest": ending.reject_request,
}
# The block beside `meta`, and what is in it when a failure shows it blank.
BLOCKS: Mapping[str, str] = {
    "GetGroupDetails": "groupDetails",
    "GetGroupDetailsV2": "groupDetails",
    "GetOrganizationDetails": "organizationDetails",
    "GetDomainDetails": "domainDetails",
    "GetProductDetails": "productDetails",
    "GetFieldDetails": "fieldDetails",
    "GenerateOrderSSL": "orderDetails",
    "GetDcv": "dcvDetails",
    "TrackOrder": "orderDetails",
    "GetCertificate": "certificateDetails",
    "GetOrderReport": "orderDetails",
}
BLANK = {"requestNumber": "", "orderNumber": ""}
LOOK_UPS = ("TrackOrder", "GetCertificate", "GetOrderReport")
BASE = "emSignHub-API"
SUCCESS = "1"


class EmSign:
    """The classic API on this machine."""

    name = CA_NAME

    def __init__(self, world: World) -> None:
        """Open the office, and make the ready-made accounts when it is new."""
        self._office = Office(world)
        aging.teach(self._office)
        accounts.ready_made(self._office)

    def owns(self, path: str) -> bool:
        """Everything below /emSignHub-API."""
        return path.strip("/").partition("/")[0] == BASE

    def account_of(self, request: Request) -> str | None:
        """The name of the account whose number the call shows."""
        account = gate.shown_account(self._office, request.body)
        return str(account.id) if account is not None else None

    def is_read(self, request: Request) -> bool:
        """Look-ups are POSTs, too."""
        return _endpoint(request) in LOOK_UPS

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
        if endpoint not in ROUTES or request.method != "POST":
            return self._not_found(request)
        try:
            body = gate.read_body(request.body)
        except HTTPRefusal as refusal:
            return Response(refusal.status)
        shown = gate.shown_account(self._office, request.body)
        try:
            account = gate.enter(self._office, body)
            if endpoint == ("GetGroupDetails" if account.group_details == "v2" else "GetGroupDetailsV2"):
                return self._not_found(request)
            return self._success(body, await self._done(Call(endpoint, account, body, twist)))
        except HTTPRefusal as refusal:
            return Response(refusal.status)
        except Refusal as refusal:
            return self._failure(endpoint, body, shown, refusal)

    async def _done(self, call: Call) -> Answer:
        route = ROUTES[call.endpoint]
        if call.twist.stale:
            with self._office.world.state.rewound(call.account.id):
                answer = route(self._office, call)
        else:
            answer = route(self._office, call)
        return await answer if isinstance(answer, Awaitable) else answer

    def _meta(self, body: Mapping[str, Any], status: str, code: str = "", message: str = "") -> Answer:
        asked = block_of(body, "meta")
        return {
            "ver": "1.0",
            "ts": self._office.now().replace(microsecond=0).isoformat(),
            "txn": text(asked, "txn"),
            "status": status,
            "errorCode": code,
            "errorMessage": message,
        }

    def _success(self, body: Mapping[str, Any], answer: Answer) -> Response:
        return json_response(200, {"meta": self._meta(body, SUCCESS), **answer})

    def _failure(self, endpoint: str, body: Mapping[str, Any], account: Account | None, refusal: Refusal) -> Response:
        """A failure; the other block is absent, null or blank."""
        status = account.failure_status if account is not None else "0"
        answer: Answer = {"meta": self._meta(body, status, refusal.code, refusal.message)}
        style = account.failure_block if account is not None else "absent"
        if style != "absent" and endpoint in BLOCKS:
            answer[BLOCKS[endpoint]] = None if style == "null" else dict(BLANK)
        return json_response(200, answer)

    def _not_found(self, request: Request) -> Response:
        """The host's own answer, without `meta` (emsign.md §2)."""
        at = self._office.now().isoformat(timespec="milliseconds")
        path = "/" + "/".join(request.segments[1:])
        return json_response(404, {"timestamp": at, "status": 404, "error": "Not Found", "path": path})

    def rate_limited(self, request: Request) -> Response:
        """The limit that calls itself an inactive account (emsign.md §9)."""
        try:
            body = gate.read_body(request.body)
        except HTTPRefusal:
            body = {}
        shown = gate.shown_account(self._office, request.body)
        return self._failure(_endpoint(request), body, shown, refuse(errors.INACTIVE))

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

    def revocations(self, authority: str) -> list[Revocation]:
        """What was revoked of an authority's certificates."""
        return [
            Revocation(int(order.serial), order.revoked_at, _crl_reason(order.reason_id))
            for order in self._office.revoked_by.find(authority)
            if order.revoked_at is not None
        ]


def _endpoint(request: Request) -> str:
    parts = request.segments
    return parts[1] if len(parts) == 2 else ""


def _crl_reason(reason_id: str) -> str:
    return ending.REASONS.get(reason_id, "unspecified")
