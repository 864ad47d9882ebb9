"""The CA door: from a call's arrival to its answer, the same for every CA.

Log it, let what is due happen, see whether a fault strikes, let the CA do its work, commit, answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from certwright_sandbox.calls import CallLog
from certwright_sandbox.faults import Faults
from certwright_sandbox.http import HTML, Delivery, Request, Response, Whole, status_of
from certwright_sandbox.mischief import Holds, Struck, act
from certwright_sandbox.playing import PLAIN, Answering, PlayedCA, Twist, World
from certwright_sandbox.publication import Publication

NOT_FOUND = Response(404, b"<!DOCTYPE html><html><body><h1>404 Not Found</h1></body></html>\n", HTML)


class CADoor:
    """Answers the calls to every CA the sandbox plays."""

    def __init__(
        self,
        world: World,
        cas: Sequence[PlayedCA],
        publication: Publication,
        calls: CallLog,
        faults: Faults,
        holds: Holds,
    ) -> None:
        """A door to `cas` and to what they publish."""
        self._world = world
        self._cas = cas
        self._publication = publication
        self._calls = calls
        self._faults = faults
        self._holds = holds
        self._busy: set[tuple[str, str]] = set()

    async def answer(self, request: Request) -> Delivery:
        """What one request gets."""
        ca = next((ca for ca in self._cas if ca.owns(request.path)), None)
        account = ca.account_of(request) if ca is not None else None
        target = ca.shown(request) if ca is not None else request.target
        at = self._world.clock.now().isoformat()
        public = self._publication if ca is None and self._publication.owns(request.path) else None
        name = ca.name if ca is not None else public.name if public is not None else None
        call = self._calls.arrived(name, account, request.method, target, at)
        if ca is not None:
            delivery: Delivery = await self._alone(ca, account, request)
        elif public is not None:
            delivery = await self._through(public, None, request)
        else:
            delivery = Whole(NOT_FOUND)
        status = status_of(delivery)
        if call.status != status:
            call.status = status
        self._world.state.commit()
        return delivery

    async def _alone(self, ca: PlayedCA, account: str | None, request: Request) -> Delivery:
        """Let the call through unless another one is in its lane."""
        lane = ca.lane(request)
        if lane is None:
            return await self._through(ca, account, request)
        if (ca.name, lane) in self._busy:
            return Whole(ca.rate_limited(request))
        self._busy.add((ca.name, lane))
        try:
            return await self._through(ca, account, request)
        finally:
            self._busy.discard((ca.name, lane))

    async def _through(self, ca: Answering, account: str | None, request: Request) -> Delivery:
        self._world.agenda.keep()
        rule = self._faults.strike(ca.name, account, request)

        async def serve(twist: Twist = PLAIN) -> Response:
            try:
                return await ca.answer(request, twist)
            finally:
                self._world.state.commit()

        if rule is None:
            return Whole(await ca.answer(request, PLAIN))
        self._world.state.commit()
        return await act(Struck(rule, request, ca, serve, self._holds))
