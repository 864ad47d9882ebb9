"""Sectigo as the sandbox plays it: the promises of `playing.PlayedCA`, kept by the rooms of this folder."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any
from urllib.parse import unquote

from certwright_sandbox.ca import Revocation
from certwright_sandbox.http import HTML, Request, Response
from certwright_sandbox.playing import NotPossible, Switches, Twist, World
from certwright_sandbox.sectigo import accounts, aging, decoding, staff
from certwright_sandbox.sectigo.call import Call, Raw, Reply
from certwright_sandbox.sectigo.errors import NOT_HTTPS, POST_ONLY, TOO_MANY_CALLS, Refusal, missing, unrecognised
from certwright_sandbox.sectigo.framing import refused, wants_pairs, write
from certwright_sandbox.sectigo.gate import PASSWORD, check_presence, enter, shown_account
from certwright_sandbox.sectigo.office import CA_NAME, Office
from certwright_sandbox.sectigo.parameters import APIS, Api
from certwright_sandbox.sectigo.routes import ROUTES
from certwright_sandbox.sectigo.signing import serial_text
from certwright_sandbox.sectigo.wishes import check_values

BASE_PATH = "/products/"
DOWNLOAD_FOLDER = "download"
MASK = "***"
NOT_FOUND = Response(404, b"<!DOCTYPE html><html><body><h1>Not Found</h1></body></html>\n", HTML)
JOINED = "ordernumber"  # a repeated one is a list (sectigo.md §1.2)


class Sectigo:
    """The reseller APIs on this machine."""

    name = CA_NAME

    def __init__(self, world: World) -> None:
        """Open the office, and make the ready-made accounts when it is new."""
        self._office = Office(world)
        aging.teach(self._office)
        accounts.ready_made(self._office)

    def owns(self, path: str) -> bool:
        """Everything below /products."""
        return path.lower().startswith(BASE_PATH)

    def account_of(self, request: Request) -> str | None:
        """The name of the account whose login the request shows."""
        account = shown_account(self._office, request)
        return str(account.id) if account is not None else None

    def is_read(self, request: Request) -> bool:
        """Calls that only ask are POSTs here, too."""
        api = _api_of(request)
        return api is not None and api.is_read

    def lane(self, request: Request) -> str | None:
        """Two CollectSSL calls of one account may not overlap (sectigo.md §1.5)."""
        api = _api_of(request)
        return self.account_of(request) if api is not None and api.lane else None

    def shown(self, request: Request) -> str:
        """The target with the password masked, however it is spelled."""
        path, mark, query = request.target.partition("?")
        return path + mark + "&".join(map(_masked, query.split("&")))

    async def answer(self, request: Request, twist: Twist) -> Response:
        """Find the API, let the call in, and write what it replies; errors are HTTP 200, too."""
        api = _api_of(request)
        if api is None:
            return NOT_FOUND
        values = _values(request)
        pairs = wants_pairs(api, values)
        try:
            return write(await self._reply(api, request, values, twist), pairs=pairs)
        except Refusal as refusal:
            return write(refused(refusal), pairs=pairs and not _is_text(api, values))

    def rate_limited(self, request: Request) -> Response:
        """The -42 of sectigo.md §1.5."""
        api = _api_of(request)
        return NOT_FOUND if api is None else write(refused(TOO_MANY_CALLS), pairs=wants_pairs(api, _values(request)))

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
        """Staff lets an order pass, or rejects it."""
        return await staff.decide(self._office, wish, approve=approve)

    async def validate(self, wish: Switches) -> dict[str, Any]:
        """Validation staff acts."""
        return await staff.validate(self._office, wish)

    async def staff(self, wish: Switches) -> dict[str, Any]:
        """The CA itself revokes; there are no acts beside that, approving and validating."""
        return staff.act(self._office, wish)

    def expire(self, wish: Switches) -> dict[str, Any]:
        """There is nothing to expire."""
        raise NotPossible(f"this CA prevalidates nothing that could expire: {sorted(wish)}")

    def has_issued(self, authority: str, serial: int) -> bool:
        """Whether a certificate of this serial is an authority's."""
        found = self._office.orders_by_serial.find(serial_text(serial))
        return any(order.authority == authority for order in found)

    def revocations(self, authority: str) -> list[Revocation]:
        """What was revoked of an authority's certificates."""
        return [
            Revocation(int(order.serial, 16), order.revoked_at, order.revocation_reason)
            for order in self._office.revoked_by.find(authority)
            if order.revoked_at is not None
        ]

    async def _reply(self, api: Api, request: Request, values: dict[str, str], twist: Twist) -> Reply | Raw:
        """The checks in the order of sectigo.md §1.6, then the API's own."""
        https_only = self._office.world.https_only
        if not api.has_login:
            return decoding.answer(values, is_tls=request.is_tls, https_only=https_only)
        if https_only and not request.is_tls:
            raise NOT_HTTPS
        if request.method != "POST":
            raise POST_ONLY
        for name in values:
            if name not in api.spelled:
                raise unrecognised(_as_sent(request, name))
        check_presence(api, request, values)
        for name in api.required:
            if not values.get(name.lower(), "").strip():
                raise missing(name)
        account = enter(self._office, request, values)
        call = Call(api, request, account, twist, values)
        check_values(call)
        if twist.stale:
            with self._office.world.state.rewound(account.id):
                reply = ROUTES[api.name](self._office, call)
        else:
            reply = ROUTES[api.name](self._office, call)
        return await reply if isinstance(reply, Awaitable) else reply


def _api_of(request: Request) -> Api | None:
    """The API of a path: compared without regard to case, `!` as it is or as %21."""
    parts = [part.lower() for part in request.segments[1:]]
    if parts[:1] == [DOWNLOAD_FOLDER]:
        parts = parts[1:]
        return APIS.get(parts[0]) if parts == ["collectssl"] else None
    return APIS.get(parts[0]) if len(parts) == 1 and parts[0].startswith("!") else None


def _values(request: Request) -> dict[str, str]:
    """Query and body together by lower-case names; the last of a repeated one counts, order numbers are joined."""
    values: dict[str, str] = {}
    for name, value in request.form:
        key = name.lower()
        values[key] = f"{values[key]},{value}" if key == JOINED and key in values else value
    return values


def _as_sent(request: Request, name: str) -> str:
    return next(sent for sent, _ in request.form if sent.lower() == name)


def _is_text(api: Api, values: dict[str, str]) -> bool:
    """GetDCVEmailAddressList speaks in lines unless JSON is wanted."""
    return api.name == "!GetDCVEmailAddressList" and values.get("responseformat", "").strip() != "2"


def _masked(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}{equals}{MASK}" if unquote(name).lower() == PASSWORD and equals else pair
