"""Every API of Sectigo's reseller interface, one method each; values in, typed answers out."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime

from certwright.cas.http import Answer, Transport
from certwright.cas.sectigo import wire
from certwright.cas.sectigo.errors import LOGIN, login_refused, refusal, refusal_of_order
from certwright.cas.sectigo.parameters import allowed, place
from certwright.cas.turn import Turn

Parameters = Mapping[str, str]
_CALL_BACK_TIME = "%Y-%m-%d %H:%M"


class SectigoAPI:
    """The calls of one login. Every method raises only the family of errors.

    ``login`` are the parameters that every call but DecodeCSR carries. ``apply`` is the endpoint that orders:
    AutoApplySSL or AutoApplyOrder, which take the same. ``turn`` keeps CollectSSL calls from overlapping (§1.5).
    """

    def __init__(self, transport: Transport, login: Parameters, *, apply: str, turn: Turn) -> None:
        self._transport = transport
        self._login = dict(login)
        self._apply = apply
        self._turn = turn

    @property
    def login_name(self) -> str:
        """Whose calls these are."""
        return self._login["loginName"]

    def __repr__(self) -> str:
        """Without the login."""
        return f"<SectigoAPI over {self._transport!r}>"

    # -- reading

    def decode_csr(self, csr: bytes, product: str) -> list[str]:
        """DecodeCSR, which needs no login: the lines of the text form with errors, names and hashes."""
        parameters = {
            "csr": pem(csr),
            "product": product,
            "showErrorCodes": wire.YES,
            "showErrorMessages": wire.YES,
            "showFieldNames": wire.YES,
            "showCSRHashes2": wire.YES,
            "showSANDNSNames": wire.YES,
        }
        answer = self._read("DecodeCSR", {name: value for name, value in parameters.items() if value}, login=False)
        code, lines = wire.lines_of(answer)
        if code < 0:
            raise refusal(wire.Form(code, "\n".join(lines).strip(), "", {}), change=False)
        return [str(code), *lines]

    def collect(self, parameters: Parameters, *, deadline: float | None = None) -> wire.Form:
        """CollectSSL in the URL-encoded form; a negative code is returned, for most are states (§6.1)."""
        with self._one_at_a_time():
            answer = self._read("CollectSSL", {"responseFormat": "1", **parameters}, deadline=deadline)
        return self._form(answer)

    def collect_file(self, parameters: Parameters) -> bytes:
        """CollectSSL in a binary form or in lines, as it comes, its code included (§6.2, §6.4).

        Raises what a negative code means, and Unavailable for a page or an empty body.
        """
        with self._one_at_a_time():
            answer = self._read("CollectSSL", parameters)
        if answer.status != 200 or not answer.body:
            raise answer.unreadable(f"HTTP {answer.status}" if answer.body else "an empty body")
        looks_like_text = answer.body.startswith((b"-", b"<", b"error"))  # as no certificate in any form does
        if looks_like_text and (form := self._form(answer)).code < 0:
            raise refusal(form, change=False)
        return answer.body

    def report(self, parameters: Parameters) -> wire.Form:
        """WebHostReport."""
        return self._checked_read("WebHostReport", parameters)

    def dcv_addresses(self, name: str) -> tuple[str, ...]:
        """GetDCVEmailAddressList; what it lists may be used for 24 hours (§8)."""
        answer = self._read("GetDCVEmailAddressList", {"domainName": name})
        code, lines = wire.lines_of(answer)
        if code < 0:
            form = self._checked_login(wire.Form(code, "\n".join(lines).strip(), "", {}), answer.url)
            raise refusal(form, change=False)
        return wire.addresses_of(lines)

    def dcv_addresses_with_contacts(self, name: str) -> tuple[str, ...]:
        """The same with the contacts that DNS names, which come only as JSON (§7.5)."""
        answer = self._read("GetDCVEmailAddressList", {"domainName": name, "responseFormat": "2"})
        return wire.json_addresses_of(answer)

    def names(self, order_number: str) -> tuple[Mapping[str, str], ...]:
        """GetMDCDomainDetails: name, method and status of each name, also of a single-domain order."""
        form = self._checked_read("GetMDCDomainDetails", {"orderNumber": order_number})
        return wire.numbered_names_of(form)

    # -- changing

    def apply(self, parameters: Parameters, *, deadline: float | None = None) -> wire.Form:
        """AutoApplySSL: costs money. Returned codes are 0 and 1 (payment pending)."""
        return self._order(self._apply, "AutoApplySSL", parameters, deadline)

    def replace(self, parameters: Parameters, *, deadline: float | None = None) -> wire.Form:
        """AutoReplaceSSL."""
        return self._order("AutoReplaceSSL", "AutoReplaceSSL", parameters, deadline)

    def revoke(self, parameters: Parameters, *, deadline: float | None = None) -> None:
        """AutoRevokeSSL: revokes what is issued and rejects what is not."""
        self._change("AutoRevokeSSL", {"responseFormat": "1", **parameters}, deadline=deadline)

    def update_dcv(self, parameters: Parameters) -> None:
        """AutoUpdateDCV: another method, or another look with the same one. It takes no responseFormat (§9)."""
        self._change("AutoUpdateDCV", parameters)

    def resend_dcv_mail(self, order_number: str, address: str) -> None:
        """ResendDCVEmail."""
        self._change("ResendDCVEmail", {"orderNumber": order_number, "dcvEmailAddress": address})

    def remove_name(self, order_number: str, name: str) -> None:
        """AutoRemoveMDCDomain."""
        self._change("AutoRemoveMDCDomain", {"orderNumber": order_number, "domainName": name})

    def call_back(
        self,
        order_number: str,
        action: str,
        *,
        at: datetime | None = None,
        extension: str = "",
        phone: str = "",
        address: str = "",
    ) -> wire.Form:
        """UpdateUserOvCallback; ``at`` is aware."""
        given = {
            "action": action,
            "orderNumber": order_number,
            "preferredTimeUTC": at.astimezone(UTC).strftime(_CALL_BACK_TIME) if at else "",
            "extensionNumber": extension,
            "phoneNumber": phone,
            "emailAddress": address,
        }
        return self._change("UpdateUserOvCallback", {name: value for name, value in given.items() if value})

    def click_through(self, order_number: str, action: str, *, address: str = "") -> wire.Form:
        """UpdateUserEvClickThrough."""
        given = {"action": action, "orderNumber": order_number, "adminEmailAddress": address}
        return self._change("UpdateUserEvClickThrough", {name: value for name, value in given.items() if value})

    # -- inside

    def _one_at_a_time(self) -> AbstractContextManager[None]:
        return self._turn.take()

    def _checked_read(self, api: str, parameters: Parameters) -> wire.Form:
        form = self._form(self._read(api, parameters))
        if form.code < 0:
            raise refusal(form, change=False)
        return form

    def _read(self, api: str, parameters: Parameters, *, login: bool = True, deadline: float | None = None) -> Answer:
        body = self._body(api, parameters, login=login)
        return self._transport.read(place(api), body=body, headers=_HEADERS, deadline=deadline)

    def _order(self, path: str, api: str, parameters: Parameters, deadline: float | None) -> wire.Form:
        """A call that orders under our reference, sent to ``path`` with the parameters that ``api`` takes."""
        form = self._sent(path, self._body(api, parameters, login=True), deadline)
        if form.code < 0:
            raise refusal_of_order(form)
        return form

    def _change(self, api: str, parameters: Parameters, *, deadline: float | None = None) -> wire.Form:
        form = self._sent(api, self._body(api, parameters, login=True), deadline)
        if form.code < 0:
            raise refusal(form, change=True)
        return form

    def _sent(self, api: str, body: bytes, deadline: float | None) -> wire.Form:
        return self._form(self._transport.change("POST", place(api), body=body, headers=_HEADERS, deadline=deadline))

    def _form(self, answer: Answer) -> wire.Form:
        """The answer, without our password should its message quote what was sent; raises Misconfigured for -16."""
        form = wire.form_of(answer)
        password = self._login.get("loginPassword")
        if password and password in form.message:
            form = replace(form, message=form.message.replace(password, "…"))
        return self._checked_login(form, answer.url)

    def _checked_login(self, form: wire.Form, url: str) -> wire.Form:
        if form.code == LOGIN:
            raise login_refused(form, url, by_certificate="loginPassword" not in self._login)
        return form

    def _body(self, api: str, parameters: Parameters, *, login: bool) -> bytes:
        if unknown := sorted(set(parameters) - allowed()[api]):
            raise ValueError(f"{api} takes no {unknown[0]}")
        return wire.encode({**(self._login if login else {}), **parameters})


_HEADERS = {"Content-Type": wire.FORM, "Accept": "*/*"}


def pem(csr: bytes) -> str:
    """A CSR (DER) as PEM."""
    text = b64encode(csr).decode("ascii")
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{lines}\n-----END CERTIFICATE REQUEST-----\n"
