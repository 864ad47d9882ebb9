"""One method for each endpoint of emSign's classic API (§4, §6): every call is a POST of JSON with a ``meta`` block."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import Any

from certwright.cas.emsign import contract, errors, wire
from certwright.cas.emsign.meta import AccessKeySigner
from certwright.cas.http import Answer, Transport
from certwright.cas.limits import Gate
from certwright.model.errors import CertwrightError, Misconfigured, Unavailable

Block = Mapping[str, Any]
_LOGIN = "ValidateCredentials"
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
_NOT_FOUND, _UNAUTHORIZED, _FORBIDDEN, _ERRORS = 404, 401, 403, 400
_READ_SECONDS = 30.0  # for a call that changes nothing, with its repetitions (§9); an order has the transport's time
_LONGEST_TEXT = 1000
_ENDING = frozenset({"GetProductDetails", "GenerateOrderSSL"})  # what they refuse ends an order
_REST_SECONDS = 2.0  # after too many orders at once, where none are paced


class EmSignAPI:
    """The endpoints. ``pace`` holds orders back that would follow each other too quickly; None for no pause."""

    def __init__(self, transport: Transport, signer: AccessKeySigner, pace: Gate | None) -> None:
        self._transport = transport
        self._signer = signer
        self._pace = pace

    def validate_credentials(self) -> None:
        """Try the login; any failure is Misconfigured, with what to check."""
        self._ask(_LOGIN, {})

    def groups(self) -> Block:
        """GetGroupDetails, or GetGroupDetailsV2 where only that is there."""
        try:
            return self._ask("GetGroupDetails", {})
        except Misconfigured as error:
            if error.code != str(_NOT_FOUND):
                raise
            return self._ask("GetGroupDetailsV2", {})

    def organizations(self) -> Block:
        """GetOrganizationDetails."""
        return self._ask("GetOrganizationDetails", {})

    def domains(self) -> Block:
        """GetDomainDetails."""
        return self._ask("GetDomainDetails", {})

    def products(self, group_number: str = "") -> Block:
        """GetProductDetails, of a group where one is given."""
        return self._ask("GetProductDetails", {"productDetails": {"groupNumber": group_number} if group_number else {}})

    def track(self, order_number: str) -> Block:
        """TrackOrder: its ``orderDetails``."""
        return wire.block(self._ask("TrackOrder", {"orderDetails": {"orderNumber": order_number}}), "orderDetails")

    def certificate(self, order_number: str, requestor_email: str) -> Block:
        """GetCertificate: its ``certificateDetails``."""
        wanted = {"orderNumber": order_number, "requestorEmail": requestor_email}
        return wire.block(self._ask("GetCertificate", {"orderDetails": wanted}), "certificateDetails")

    def report(self, criteria: Mapping[str, str]) -> Block:
        """GetOrderReport: its ``orderDetails``."""
        return wire.block(self._ask("GetOrderReport", {"searchCriteria": dict(criteria)}), "orderDetails")

    def dcv(self, wanted: Mapping[str, str]) -> Block:
        """GetDcv: its ``dcvDetails``."""
        return wire.block(self._ask("GetDcv", {"dcvDetails": dict(wanted)}), "dcvDetails")

    def verify_dcv(self, wanted: Mapping[str, str]) -> None:
        """VerifyDcv: have emSign look."""
        self._ask("VerifyDcv", {"dcvDetails": dict(wanted)})

    def order(self, details: Block, *, deadline: float) -> Block:
        """GenerateOrderSSL: its ``orderDetails``. Costs money, and is never repeated."""
        if self._pace is not None:
            now = time.monotonic()
            self._pace.enter(now + (deadline - now) / 2)  # the other half is for the call
        answer = self._change("GenerateOrderSSL", {"orderDetails": details}, deadline)
        if self._pace is not None:
            self._pace.succeeded()
        return wire.block(answer, "orderDetails")

    def submit_csr(self, details: Block) -> None:
        """SubmitCSR."""
        self._change("SubmitCSR", {"orderDetails": details})

    def accept_agreement(self, details: Block) -> None:
        """AgreementAcceptance."""
        self._change("AgreementAcceptance", {"agreementDetails": details})

    def revoke(self, details: Block, *, deadline: float) -> None:
        """RevokeOrder."""
        self._change("RevokeOrder", {"revocationDetails": details}, deadline)

    def reject_order(self, details: Block) -> None:
        """RejectOrder."""
        self._change("RejectOrder", {"orderDetails": details})

    def reject_request(self, details: Block) -> None:
        """RejectRequest, of a draft."""
        self._change("RejectRequest", {contract.REJECT_REQUEST_BLOCK: details})

    # -- inside

    def _ask(self, endpoint: str, blocks: Block) -> Block:
        """A call that changes nothing; every attempt is signed anew."""
        signed: list[dict[str, str]] = []

        def body() -> bytes:
            signed.append(self._signer.meta())
            return _body(signed[-1], blocks)

        deadline = time.monotonic() + _READ_SECONDS
        answer = self._transport.read(endpoint, body=body, headers=_HEADERS, deadline=deadline)
        return self._read(endpoint, answer, signed[-1])

    def _change(self, endpoint: str, blocks: Block, deadline: float | None = None) -> Block:
        """A call that changes something: signed and sent once."""
        meta = self._signer.meta()
        answer = self._transport.change("POST", endpoint, body=_body(meta, blocks), headers=_HEADERS, deadline=deadline)
        return self._read(endpoint, answer, meta)

    def _read(self, endpoint: str, answer: Answer, sent: Mapping[str, str]) -> Block:
        """The answer of a success; raises what a failure means. ``sent`` is the ``meta`` of the request."""
        if answer.status in (_UNAUTHORIZED, _FORBIDDEN):
            raise self._login_failed("", "", answer)
        tree = _tree(endpoint, answer)
        meta = wire.block(tree, "meta")
        if contract.succeeded(wire.text(meta.get("status"))) and answer.status < _ERRORS:
            return tree
        code, message = (_harmless(meta.get(field), sent["authKey"]) for field in ("errorCode", "errorMessage"))
        if endpoint == _LOGIN:
            raise self._login_failed(code, message, answer)
        if errors.is_inactive(message):
            raise self._inactive(endpoint, message)
        if endpoint in _ENDING and not errors.is_known(code):
            self.validate_credentials()  # which code a refused login has is not known, and it would end no order
        raise errors.failure(endpoint, code, message, sent["txn"], change=answer.changes)

    def _login_failed(self, code: str, message: str, answer: Answer) -> CertwrightError:
        number = self._signer.account_number
        return errors.login_failed(code, message, answer.status, url=answer.url, account_number=number)

    def _inactive(self, endpoint: str, message: str) -> CertwrightError:
        """Too many orders at once and an inactive account have one text: the test login tells them apart (§9)."""
        self.validate_credentials()  # raises what is wrong with the account
        wait = self._pace.throttled(None) if self._pace is not None else _REST_SECONDS
        return Unavailable(
            f"emSign wants fewer calls at once ({endpoint}: {message}); the login works.", retry_after=wait
        )


def _harmless(value: Any, auth_key: str) -> str:
    """A text of emSign's without our hash, should it echo that: whoever reads it could send it again."""
    return re.sub(re.escape(auth_key), "…", wire.text(value), flags=re.IGNORECASE)[:_LONGEST_TEXT]


def _tree(endpoint: str, answer: Answer) -> Block:
    """The answer's object, which has a ``meta``; raises what it means that it is none."""
    try:
        tree: Block = answer.tree()
        if wire.block(tree, "meta"):
            return tree
    except CertwrightError:
        if answer.status != _NOT_FOUND:
            raise
    if answer.status == _NOT_FOUND:
        raise errors.wrong_address(endpoint)
    raise answer.unreadable("no meta block")


def _body(meta: Mapping[str, str], blocks: Block) -> bytes:
    return json.dumps({"meta": meta, **blocks}, ensure_ascii=False).encode()
