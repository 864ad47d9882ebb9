"""Control over names: which are proven, which an order must still prove, and what proving one does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from certwright_sandbox.clock import on
from certwright_sandbox.digicert import webhooks
from certwright_sandbox.digicert.looking import (
    CNAME,
    CNAME_TARGET,
    FILE_METHODS,
    TOKEN_METHODS,
    Proof,
    file_path,
    look,
)
from certwright_sandbox.digicert.office import Office, new_token, stamp
from certwright_sandbox.digicert.products import PRODUCTS
from certwright_sandbox.digicert.records import Account, Certificate, Domain, Order
from certwright_sandbox.digicert.validity import DOMAIN_REUSE, TOKEN_LIFETIME
from certwright_sandbox.names import base_name, registrable

FIRST_DOMAIN_ID = 802001


def is_dv(order: Order) -> bool:
    """Whether the order's product is domain-validated, so that no earlier proof counts (digicert.md §6)."""
    return PRODUCTS[order.product].validation == "dv"


def is_proven(office: Office, domain: Domain) -> bool:
    """Whether the domain's proof is still within its reuse period."""
    return domain.is_active and domain.proven_until is not None and domain.proven_until > office.now()


def domains_above(office: Office, account_id: int, name: str) -> list[Domain]:
    """The account's active domains that are this name or a parent of it, the nearest first."""
    labels = base_name(name).split(".")
    parents = (".".join(labels[at:]) for at in range(len(labels)))
    found = (domain for parent in parents for domain in office.domain_named.find((account_id, parent)))
    return [domain for domain in found if domain.is_active]


def is_covered(office: Office, account_id: int, name: str) -> bool:
    """Whether a proven domain covers the name; a file proves one name only, and no wildcard."""
    for domain in domains_above(office, account_id, name):
        if is_proven(office, domain) and (not domain.is_exact or domain.name == name):
            return True
    return False


def unproven(office: Office, order: Order, certificate: Certificate) -> list[str]:
    """The certificate's names that still need DCV."""
    names = [name for name in certificate.names if name not in certificate.approved_names]
    if is_dv(order):
        return names
    return [name for name in names if not is_covered(office, certificate.account_id, name)]


def ask_for_proof(office: Office, order: Order, certificate: Certificate, scope: str = "fqdn") -> None:
    """Give the certificate a random value and tie each unproven name to a domain of the account.

    A name without one is added as a pending domain, at its own level or, with scope `base_domain`, at the
    registrable one. DV orders add none.
    """
    certificate.domain_ids = tuple(
        (name, _domain_id(office, order, name, scope)) for name in unproven(office, order, certificate)
    )
    if certificate.dcv_method in TOKEN_METHODS:
        renew_value(office, certificate)


def renew_value(office: Office, certificate: Certificate) -> None:
    """A fresh random value for all names of the certificate, good for 30 days."""
    certificate.random_value = new_token()
    certificate.random_value_expires = office.now() + TOKEN_LIFETIME


def _domain_id(office: Office, order: Order, name: str, scope: str) -> int:
    if is_dv(order):
        return office.new_id(office.domains, FIRST_DOMAIN_ID)  # DV names are not kept as domains
    above = domains_above(office, order.account_id, name)
    if above:
        return int(above[0].id)
    plain = base_name(name)
    return int(add_domain(office, order, registrable(plain) if scope == "base_domain" else plain).id)


def add_domain(office: Office, order: Order, name: str) -> Domain:
    """A new pending domain that an order brought."""
    domain = Domain(
        id=office.new_id(office.domains, FIRST_DOMAIN_ID),
        account_id=order.account_id,
        name=name,
        organization_id=order.organization_id or 0,
        container_id=order.container_id,
        date_created=office.now(),
        dcv_method=order.dcv_method,
        types=(PRODUCTS[order.product].validation,),
    )
    if domain.dcv_method in TOKEN_METHODS:
        renew_domain_value(office, domain)
    return office.domains.add(domain)


def renew_domain_value(office: Office, domain: Domain) -> None:
    """A fresh random value for the domain; the one before is no good any more."""
    domain.token = new_token()
    domain.token_expires = office.now() + TOKEN_LIFETIME


def prove_domain(office: Office, domain: Domain, *, is_exact: bool) -> None:
    """Control over the domain is proven from now on for the reuse period."""
    now = office.now()
    domain.proven_at = now
    domain.proven_until = now + timedelta(days=on(DOMAIN_REUSE, now.date()))
    domain.is_exact = is_exact
    webhooks.announce(
        office, int(domain.account_id), "domain_validated", {"domain_id": domain.id, "domain": domain.name}
    )


async def check_certificate(office: Office, certificate: Certificate, names: list[str]) -> None:
    """Look once for the proof of these names, and note what was found."""
    certificate.checks += 1
    order = office.orders[certificate.order_id]
    values = _values_of(office, certificate)
    for name in names:
        proof = await found(
            office, office.account_of(certificate), certificate.dcv_method, name, values, certificate.checks
        )
        if proof is not None:
            approve_name(office, order, certificate, name, proof)


async def found(
    office: Office, account: Account, method: str, name: str, values: list[str], checks: int
) -> Proof | None:
    """The proof of control over a name, by looking or as the account's `dcv` switch says."""
    if account.dcv == "look":
        return await look(office.world.validators, method, name, values)
    if account.dcv == "auto" or (isinstance(account.dcv, int) and checks >= account.dcv):
        return Proof(base_name(name), is_exact=method in FILE_METHODS)
    return None


def approve_name(office: Office, order: Order, certificate: Certificate, name: str, proof: Proof | None) -> None:
    """A name of an order is proven; OV and EV names also prove the domain that the proof speaks of."""
    if name not in certificate.approved_names:
        certificate.approved_names = (*certificate.approved_names, name)
    domain = office.domains.get(dict(certificate.domain_ids).get(name, 0))
    if domain is None or proof is None or is_dv(order) or is_proven(office, domain):
        return
    is_below = domain.name.endswith(f".{proof.name}") and not proof.is_exact
    if domain.name == proof.name or is_below:
        prove_domain(office, domain, is_exact=proof.is_exact)


def _values_of(office: Office, certificate: Certificate) -> list[str]:
    """The random values that prove a name of this certificate: its own, and its domains' current ones."""
    now = office.now()
    values = []
    if certificate.random_value and certificate.random_value_expires and certificate.random_value_expires > now:
        values.append(certificate.random_value)
    for _, domain_id in certificate.domain_ids:
        domain = office.domains.get(domain_id)
        if domain is not None:
            values += domain_values(office, domain)
    return values


def domain_values(office: Office, domain: Domain) -> list[str]:
    """The domain's own random value, while it is good."""
    is_good = domain.token_expires is not None and domain.token_expires > office.now()
    return [domain.token] if domain.token and is_good else []


def token_view(method: str, name: str, token: str, expires: str, status: str) -> dict[str, Any]:
    """A `dcv_token` object, with what the method needs beside the value."""
    view = {"token": token, "status": status, "expiration_date": expires}
    if method in FILE_METHODS:
        view["http_token_url"] = f"http://{name}{file_path(method, token)}"
    if method == CNAME:
        view["verification_value"] = CNAME_TARGET
    return view


def pending_domains_view(office: Office, order: Order, certificate: Certificate) -> list[dict[str, Any]]:
    """The `domains` of an order's answer: a row for each name to prove, wildcards by their base."""
    rows: dict[str, dict[str, Any]] = {}
    ids = dict(certificate.domain_ids)
    for name in unproven(office, order, certificate):
        plain = base_name(name)
        row: dict[str, Any] = {"id": ids.get(name, 0), "name": plain, "dns_name": plain}
        if certificate.random_value and certificate.random_value_expires:
            expires = stamp(certificate.random_value_expires)
            row["dcv_token"] = token_view(certificate.dcv_method, plain, certificate.random_value, expires, "pending")
        rows[plain] = row
    return list(rows.values())
