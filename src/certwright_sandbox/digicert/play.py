"""DigiCert as the sandbox plays it: the promises of `playing.PlayedCA`, kept by the rooms of this folder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from certwright_sandbox.ca import Revocation
from certwright_sandbox.digicert import accounts, acts, aging, staff
from certwright_sandbox.digicert.call import Call, File, Reply
from certwright_sandbox.digicert.errors import Refusal, not_found, too_many_requests
from certwright_sandbox.digicert.formats import read_body, write, write_refusal
from certwright_sandbox.digicert.gate import RateLimits, check_key, check_only_views, check_right, key_of
from certwright_sandbox.digicert.office import CA_NAME, Office
from certwright_sandbox.digicert.records import ApiKey
from certwright_sandbox.digicert.routes import find_route
from certwright_sandbox.digicert.signing import serial_text
from certwright_sandbox.http import Request, Response
from certwright_sandbox.playing import Switches, Twist, World

BASE_PATH = "/services/v2"
BASE_SEGMENTS = 2


class DigiCert:
    """CertCentral on this machine."""

    name = CA_NAME

    def __init__(self, world: World) -> None:
        """Open the office, and make the ready-made accounts when it is new."""
        self._office = Office(world)
        self._limits = RateLimits()
        aging.teach(self._office)
        accounts.ready_made(self._office)

    def owns(self, path: str) -> bool:
        """Everything below /services/v2."""
        return path == BASE_PATH or path.startswith(BASE_PATH + "/")

    def account_of(self, request: Request) -> str | None:
        """The name of the key that the request shows."""
        key = key_of(self._office, request)
        return str(key.id) if key is not None else None

    async def answer(self, request: Request, twist: Twist) -> Response:
        """Let the call in, find its endpoint, and write what that replies."""
        key = key_of(self._office, request)
        xml = key is None or key.xml
        try:
            key = check_key(self._limits, key, self._office.now())
            return write(await self._reply(request, key, twist), request, xml=xml)
        except Refusal as refusal:
            return write_refusal(refusal, request, xml=xml)

    async def _reply(self, request: Request, key: ApiKey, twist: Twist) -> Reply | File:
        user, account = self._office.users[key.user_id], self._office.accounts[key.account_id]
        call = Call(request, key, user, account, twist)
        check_only_views(call)
        route, params = find_route(request.method, request.segments[BASE_SEGMENTS:])
        if route is None:
            raise not_found("route")
        check_right(call, route.area)
        call = replace(call, params=params, body=read_body(request, xml=key.xml))
        if twist.stale:
            with self._office.world.state.rewound(account.id):
                reply = route.reply(self._office, call)
        else:
            reply = route.reply(self._office, call)
        return reply if isinstance(reply, Reply | File) else await reply

    def is_read(self, request: Request) -> bool:
        """A GET."""
        return request.method == "GET"

    def lane(self, request: Request) -> str | None:  # noqa: ARG002 - calls may overlap as they like here
        """None: calls may overlap."""
        return None

    def shown(self, request: Request) -> str:
        """The target as it came: secrets travel in headers here."""
        return request.target

    def rate_limited(self, request: Request) -> Response:
        """The 429 of §1.6."""
        return write_refusal(too_many_requests(), request)

    def accounts(self) -> list[dict[str, Any]]:
        """Each key, with what exists in its account."""
        return [accounts.element(self._office, key) for key in self._office.keys]

    def add_account(self, profile: str, switches: Switches) -> dict[str, Any]:
        """Make an account of its own, or with `of` one more user and key in another's."""
        return accounts.element(self._office, accounts.add(self._office, profile, switches))

    def change_account(self, name: str, switches: Switches) -> dict[str, Any]:
        """Change switches."""
        return accounts.element(self._office, accounts.change(self._office, name, switches))

    async def decide(self, wish: Switches, *, approve: bool) -> dict[str, Any]:
        """An administrator acts on a request."""
        return await staff.decide(self._office, wish, approve=approve)

    async def validate(self, wish: Switches) -> dict[str, Any]:
        """Validation staff acts."""
        return await staff.validate(self._office, wish)

    async def staff(self, wish: Switches) -> dict[str, Any]:
        """Somebody acts on an order in the console, or the CA itself does."""
        return acts.act(self._office, wish)

    def expire(self, wish: Switches) -> dict[str, Any]:
        """A prevalidation ends."""
        return staff.expire(self._office, wish)

    def has_issued(self, authority: str, serial: int) -> bool:
        """Whether a certificate of this serial is an authority's."""
        found = self._office.certificates_by_serial.find(serial_text(serial))
        return any(certificate.authority == authority for certificate in found)

    def revocations(self, authority: str) -> list[Revocation]:
        """What was revoked of an authority's certificates."""
        return [
            Revocation(int(certificate.serial, 16), certificate.revoked_at, certificate.revocation_reason)
            for certificate in self._office.revoked_by.find(authority)
            if certificate.revoked_at is not None
        ]
