"""The certificate issuance push (sectigo.md §17): what happened, told to the account's endpoint."""

from __future__ import annotations

import base64
from urllib.parse import urlsplit, urlunsplit

from certwright_sandbox.http import FORM
from certwright_sandbox.push import Parcel
from certwright_sandbox.sectigo.framing import form
from certwright_sandbox.sectigo.office import Office
from certwright_sandbox.sectigo.records import Account, Order
from certwright_sandbox.sectigo.signing import chain_of
from certwright_sandbox.sectigo.standing import standing

REPEATS = 3  # after the first delivery has failed (sectigo.md §17)
REVOCATION_CODES = {
    "unspecified": 0,
    "keyCompromise": 1,
    "affiliationChanged": 3,
    "superseded": 4,
    "cessationOfOperation": 5,
}
ISSUED = (6, "Valid")
FAILED_CODE, FAILED = 3, "failed"
Facts = list[tuple[str, object]]


def certificate_changed(office: Office, order: Order) -> None:
    """Tell that the certificate's status has changed; with the certificate and its chain where that is wanted."""
    account = office.account_of(order)
    if not account.push_url:
        return
    now = standing(office, order)
    code, word, text = now.code, FAILED if now.code == FAILED_CODE else now.word, now.text
    if word == "issued":
        code, text = ISSUED
    facts = _facts(order, "Certificate")
    facts += [("status", word), ("statusCode", code), ("statusDesc", text)]
    if word == "issued" and order.removed_names:
        facts.append(("removedDomains", ",".join(order.removed_names)))
    if word == "revoked":
        facts.append(("revocationReasonCode", REVOCATION_CODES[order.revocation_reason]))
        facts.append(("revocationReasonName", order.revocation_reason))
    if word == "issued" and account.push_certificates:
        leaf, *cas = chain_of(office, order)
        _send(office, account, [*facts, ("certificate", leaf), ("caCertificate", "".join(reversed(cas)))], "POST")
    else:
        _send(office, account, facts, "GET")


def step_done(office: Office, order: Order, status: str, text: str) -> None:
    """Tell that a step of the validation by telephone or mail has been taken."""
    account = office.account_of(order)
    if account.push_url:
        facts = _facts(order, "CallBack")
        facts += [("status", status), ("statusCode", standing(office, order).code), ("statusDesc", text)]
        _send(office, account, facts, "GET")


def _facts(order: Order, event: str) -> Facts:
    return [("orderNumber", order.number), ("certificateID", order.certificate_id), ("eventType", event)]


def _send(office: Office, account: Account, facts: Facts, method: str) -> None:
    url, headers = _endpoint(account)
    content, event = form(facts), str(dict(facts)["eventType"])
    if method == "POST":
        headers["Content-Type"] = FORM
        parcel = Parcel(url, event, method, content, headers, repeats=REPEATS)
    else:
        parcel = Parcel(url, event, method, b"", headers, content.decode(), REPEATS)
    office.world.push.send(parcel)


def _endpoint(account: Account) -> tuple[str, dict[str, str]]:
    """The URL without credentials, and the header that carries those of the URL or of the switches."""
    place = urlsplit(account.push_url)
    user, password = account.push_user or place.username or "", account.push_password or place.password or ""
    bare = urlunsplit(place._replace(netloc=place.netloc.rpartition("@")[2]))
    if not user and not password:
        return bare, {}
    return bare, {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}
