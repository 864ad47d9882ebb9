"""Proving control over a domain of the account, ahead of any order (digicert.md §6.4 to §6.10)."""

from __future__ import annotations

from typing import Any

from certwright_sandbox.digicert.call import NOTHING, Call, Reply
from certwright_sandbox.digicert.control import (
    domain_values,
    found,
    is_proven,
    prove_domain,
    renew_domain_value,
)
from certwright_sandbox.digicert.domains import (
    dcv_token_view,
    domain_of,
    mailboxes,
    read_method,
    read_types,
    start_proof,
    validation_views,
)
from certwright_sandbox.digicert.errors import bad_request
from certwright_sandbox.digicert.issuing import advance_all
from certwright_sandbox.digicert.looking import CNAME, FILE_METHODS, TOKEN_METHODS
from certwright_sandbox.digicert.looking import not_found as proof_not_found
from certwright_sandbox.digicert.office import Office
from certwright_sandbox.digicert.records import Domain

TOKENLESS = bad_request("invalid_dcv_method", "The domain's DCV method uses no random value.")


def show_validation(office: Office, call: Call) -> Reply:
    """GET domain/{id}/validation."""
    return Reply({"validations": validation_views(office, domain_of(office, call))}, "validation_list")


def submit(office: Office, call: Call) -> Reply:
    """POST domain/{id}/validation: submit it or submit it again; 200 with the value for a token method."""
    domain = domain_of(office, call)
    kinds = read_types(call.body)
    method = read_method(call.body, domain.dcv_method)
    domain.types = tuple(dict.fromkeys((*domain.types, *kinds)))
    return _start(office, domain, method)


def change_method(office: Office, call: Call) -> Reply:
    """PUT or POST domain/{id}/dcv/method; 204 for email, the new value otherwise."""
    domain = domain_of(office, call)
    return _start(office, domain, read_method(call.body, domain.dcv_method))


def new_value(office: Office, call: Call) -> Reply:
    """POST domain/{id}/dcv/token: a fresh value; the domain's one before is no good any more."""
    domain = domain_of(office, call)
    if domain.dcv_method not in TOKEN_METHODS:
        raise TOKENLESS
    renew_domain_value(office, domain)
    shown = dcv_token_view(office, domain)
    kept = ["token", "expiration_date"]
    kept += ["http_token_url"] if domain.dcv_method in FILE_METHODS else []
    kept += ["verification_value"] if domain.dcv_method == CNAME else []
    return Reply({name: shown[name] for name in kept}, "dcv_token", 201)


async def check(office: Office, call: Call) -> Reply:
    """PUT domain/{id}/dcv/validate-token: look now. The domain's value will do, or any waiting order's."""
    domain = domain_of(office, call)
    if domain.dcv_method not in TOKEN_METHODS:
        raise TOKENLESS
    if not await look_at(office, domain):
        raise proof_not_found(domain.dcv_method)
    body: dict[str, Any] = {"status": "active"}
    return Reply({**body, "token": domain.token} if domain.token else body, "dcv_token")


def list_emails(office: Office, call: Call) -> Reply:
    """GET domain/{id}/dcv/emails: constructed addresses only."""
    domain = domain_of(office, call)
    addresses = {"name_scope": domain.name, "base_emails": mailboxes(domain), "whois_emails": []}
    return Reply(addresses, "validation_emails")


def resend_emails(office: Office, call: Call) -> Reply:
    """POST domain/{id}/dcv/emails; no mail leaves the sandbox."""
    domain_of(office, call)
    return NOTHING


async def look_at(office: Office, domain: Domain) -> bool:
    """Look once for the domain's proof; whether it is proven now. Orders that waited for it go on."""
    domain.checks += 1
    values = domain_values(office, domain) + _values_of_orders(office, int(domain.account_id))
    account = office.account_of(domain)
    proof = await found(office, account, domain.dcv_method, domain.name, values, domain.checks)
    if proof is None:
        return False
    prove_domain(office, domain, is_exact=proof.is_exact)
    await advance_all(office, domain.account_id)
    return is_proven(office, domain)


def _start(office: Office, domain: Domain, method: str) -> Reply:
    domain.dcv_method = method
    started = start_proof(office, domain)
    if "dcv_token" not in started:
        return NOTHING
    return Reply(started, "domain")


def _values_of_orders(office: Office, account_id: int) -> list[str]:
    """The random values of the account's waiting orders that are still good."""
    values = []
    for order in office.waiting_orders_of.find(account_id):
        certificate = office.certificates[order.pending_certificate_id or order.certificate_id]
        expires = certificate.random_value_expires
        if certificate.random_value and expires is not None and expires > office.now():
            values.append(certificate.random_value)
    return values
