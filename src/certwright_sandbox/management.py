"""The management door: a test sees what was bought, plays the CA's people, and makes things go wrong.

JSON in, JSON out; docs/reference/sandbox.md is its specification.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from certwright_sandbox import ledger
from certwright_sandbox.calls import CallLog
from certwright_sandbox.dns_update import Updates
from certwright_sandbox.faults import Faults
from certwright_sandbox.http import Delivery, Request, Response, Whole, json_response
from certwright_sandbox.mischief import Holds
from certwright_sandbox.playing import NotPossible, PlayedCA, World
from certwright_sandbox.publication import Publication
from certwright_sandbox.switches import is_bool

Wish = Mapping[str, Any]


@dataclass
class ManagementDoor:
    """Answers the calls of tests."""

    world: World
    cas: Sequence[PlayedCA]
    publication: Publication
    calls: CallLog
    faults: Faults
    holds: Holds
    updates: Updates
    resolver: tuple[str, int]

    async def answer(self, request: Request) -> Delivery:
        """What one request gets; every change is durable before it is answered."""
        try:
            response = await self._route(request)
        except NotPossible as problem:
            response = json_response(404 if problem.missing else 400, {"error": str(problem)})
        except (ValueError, KeyError, TypeError) as problem:
            response = json_response(400, {"error": f"{type(problem).__name__}: {problem}"})
        finally:
            self.world.agenda.keep()
            self.world.state.commit()
        return Whole(response)

    async def _route(self, request: Request) -> Response:
        wish = json.loads(request.body) if request.body else {}
        if not isinstance(wish, dict):
            raise NotPossible("the body must be a JSON object")
        wish = {**dict(request.query), **wish}
        parts = request.segments
        if len(parts) == 2 and parts[0] == "crl" and request.method == "GET":
            return self._crl(parts[1])
        if len(parts) == 2 and parts[0] == "accounts" and request.method == "PATCH":
            return json_response(200, self._owner_of(parts[1]).change_account(parts[1], wish))
        routes: dict[tuple[str, str], Callable[[Wish], Response]] = {
            ("GET", "ledger"): self._ledger,
            ("GET", "requests"): self._requests,
            ("DELETE", "requests"): self._forget_requests,
            ("GET", "clock"): self._clock,
            ("POST", "clock"): self._set_clock,
            ("GET", "accounts"): lambda _: json_response(200, self._accounts()),
            ("POST", "accounts"): self._add_account,
            ("POST", "expire"): lambda wish: json_response(200, self._ca(wish).expire(wish)),
            ("GET", "dns"): self._dns,
            ("POST", "dns"): self._plant,
            ("DELETE", "dns"): self._uproot,
            ("GET", "faults"): lambda _: json_response(200, {"faults": self.faults.rows()}),
            ("POST", "faults"): lambda wish: json_response(200, {"id": self.faults.add(wish)}),
            ("DELETE", "faults"): self._no_faults,
            ("POST", "release"): self._release,
            ("GET", "roots"): self._roots,
            ("GET", "issuers"): self._issuers,
            ("GET", "publishing"): lambda _: self._publishing({}),
            ("POST", "publishing"): self._publishing,
            ("GET", "tls-roots"): self._tls_roots,
            ("GET", "mails"): lambda _: json_response(200, {"mails": self.world.mails.rows()}),
            ("GET", "webhooks"): lambda _: json_response(200, {"deliveries": self.world.push.rows()}),
            ("POST", "webhooks/redeliver"): self._redeliver,
        }
        if request.method == "POST" and parts in (("approve",), ("reject",)):
            return json_response(200, await self._ca(wish).decide(wish, approve=parts == ("approve",)))
        if request.method == "POST" and parts == ("validate",):
            return json_response(200, await self._ca(wish).validate(wish))
        if request.method == "POST" and parts == ("staff",):
            return json_response(200, await self._ca(wish).staff(wish))
        route = routes.get((request.method, "/".join(parts)))
        if route is None:
            raise NotPossible(f"there is no {request.method} {request.path}", missing=True)
        return route(wish)

    def _ca(self, wish: Wish) -> PlayedCA:
        name = wish.get("ca", self.cas[0].name)  # a wish that names no CA means the first
        for ca in self.cas:
            if ca.name == name:
                return ca
        raise NotPossible(f"there is no CA {name!r}")

    def _accounts(self) -> list[dict[str, Any]]:
        return [account for ca in self.cas for account in ca.accounts()]

    def _owner_of(self, account: str) -> PlayedCA:
        for ca in self.cas:
            if any(row["name"] == account for row in ca.accounts()):
                return ca
        raise NotPossible(f"there is no account {account!r}", missing=True)

    def _ledger(self, wish: Wish) -> Response:
        entries = list(self.world.ledger.entries(wish.get("ca"), wish.get("account")))
        spent = float(sum(entry.price for entry in entries))
        rows = [ledger.as_json(entry) for entry in entries]
        return json_response(200, {"orders": rows, "total": len(rows), "spent": spent})

    def _requests(self, wish: Wish) -> Response:
        rows = self.calls.rows(wish.get("ca"), wish.get("account"))
        return json_response(200, {"requests": rows, "total": len(rows)})

    def _forget_requests(self, wish: Wish) -> Response:  # noqa: ARG002 - every route takes the wish
        self.calls.clear()
        return Response(204)

    def _clock(self, wish: Wish) -> Response:  # noqa: ARG002 - every route takes the wish
        return json_response(200, {"now": self.world.clock.now().isoformat()})

    def _set_clock(self, wish: Wish) -> Response:
        if "now" in wish:
            now = datetime.fromisoformat(wish["now"])
            if now.tzinfo is None:
                raise NotPossible("now needs a time zone, as in 2026-11-21T10:00:00+00:00")
            self.world.clock.set(now)
        elif "advance" in wish:
            self.world.clock.advance(float(wish["advance"]))
        else:
            raise NotPossible("say now or advance")
        self.world.agenda.keep()
        return self._clock(wish)

    def _add_account(self, wish: Wish) -> Response:
        switches = {name: value for name, value in wish.items() if name not in ("ca", "profile")}
        return json_response(201, self._ca(wish).add_account(wish.get("profile", "ready"), switches))

    def _dns(self, wish: Wish) -> Response:  # noqa: ARG002 - every route takes the wish
        address = f"{self.resolver[0]}:{self.resolver[1]}"
        records = self.world.validators.zone.records()
        return json_response(200, {"address": address, "records": records, "update_key": self.updates.as_json()})

    def _plant(self, wish: Wish) -> Response:
        self.world.validators.zone.add(wish["name"], wish["type"], wish["value"])
        return self._dns(wish)

    def _uproot(self, wish: Wish) -> Response:
        zone = self.world.validators.zone
        if not wish:
            zone.clear()
        elif not zone.remove(wish["name"], wish["type"], wish["value"]):
            raise NotPossible("there is no such record", missing=True)
        return self._dns(wish)

    def _no_faults(self, wish: Wish) -> Response:  # noqa: ARG002 - every route takes the wish
        self.faults.clear()
        return Response(204)

    def _release(self, wish: Wish) -> Response:
        number = int(wish["id"])
        if not self.faults.exists(number):
            raise NotPossible(f"there is no fault rule {number}", missing=True)
        return json_response(200, {"released": self.holds.release(number)})

    def _roots(self, wish: Wish) -> Response:  # noqa: ARG002 - every route takes the wish
        return Response(200, self.world.hierarchy.roots().encode(), "application/x-pem-file")

    def _tls_roots(self, wish: Wish) -> Response:  # noqa: ARG002 - every route takes the wish
        return Response(200, self.world.hierarchy["door-root"].pem.encode(), "application/x-pem-file")

    def _issuers(self, wish: Wish) -> Response:  # noqa: ARG002 - every route takes the wish
        rows = [{"name": ca.name, "crl": f"/crl/{ca.name}.crl", "pem": ca.pem} for ca in self.world.hierarchy.all()]
        return json_response(200, rows)

    def _crl(self, file_name: str) -> Response:
        name = file_name.removesuffix(".crl")
        response = self.publication.crl(name)
        if response.status != HTTPStatus.OK:
            raise NotPossible(f"there is no CA {name!r}", missing=True)
        return response

    def _publishing(self, wish: Wish) -> Response:
        """What certificates name beside their CRL; with `ocsp` in the wish, from now on."""
        hierarchy = self.world.hierarchy
        if "ocsp" in wish:
            if not is_bool(wish["ocsp"]):
                raise NotPossible(f"ocsp cannot be {wish['ocsp']!r}")
            hierarchy.name_ocsp(wanted=wish["ocsp"])
        return json_response(200, {"ocsp": hierarchy.publishing.ocsp})

    def _redeliver(self, wish: Wish) -> Response:  # noqa: ARG002 - every route takes the wish
        return json_response(200, {"redelivered": self.world.push.send_again()})
