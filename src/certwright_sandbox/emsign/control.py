"""Control over names: tokens, where they must stand, looks, and domains that are proven already (emsign.md §6.10)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import replace

from certwright_sandbox.emsign.office import Office
from certwright_sandbox.emsign.records import Account, Domain, Name, Order
from certwright_sandbox.emsign.validity import reusable_until
from certwright_sandbox.names import base_name, is_dns_name

FILE_FOLDER = "/.well-known/pki-validation/"
METHODS = {"1": "DNS TXT Record", "2": "HTTP URL", "3": "Email"}
TXT, FILE, MAIL = "1", "2", "3"
MAILBOXES = ("admin", "administrator", "hostmaster", "postmaster", "webmaster")


def token(order: Order, name: str) -> str:
    """The value of an order's name: the same whenever it is asked for."""
    return hashlib.sha256(f"token/{order.id}/{base_name(name)}".encode()).hexdigest()[:40]


def file_name(order: Order, name: str) -> str:
    """The name of the file that must hold the token."""
    return f"{hashlib.md5(f'file/{order.id}/{name}'.encode()).hexdigest()}.txt"  # noqa: S324 - no secret


def addresses(name: str) -> list[str]:
    """To whom a mail may be sent."""
    return [f"{mailbox}@{base_name(name)}" for mailbox in MAILBOXES]


async def is_proven(office: Office, order: Order, name: Name, method: str, mailed_to: str) -> bool:
    """Whether a look that somebody asks for finds the proof, or the account's switch says so."""
    account = office.account_of(order)
    if not is_dns_name(base_name(name.name)):
        return False
    if account.dcv == "auto":
        return True
    if account.dcv == "never":
        return False
    if isinstance(account.dcv, int):
        return name.checks + 1 >= account.dcv
    if method == TXT:
        return await _is_in_dns(office, account, order, name.name)
    if method == FILE:
        path = f"{FILE_FOLDER}{file_name(order, name.name)}"
        found = await office.world.validators.file(base_name(name.name), path)
        return found is not None and found.strip() == token(order, name.name)
    office.world.mails.send(mailed_to, "dcv", order.request_number, name.name, office.now())
    return False  # a mail is answered by a person: `POST /validate`


async def _is_in_dns(office: Office, account: Account, order: Order, name: str) -> bool:
    wanted = token(order, name)
    for host in account.txt_hosts:
        if wanted in await office.world.validators.txt(host.replace("{}", base_name(name))):
            return True
    return False


def checked(order: Order, name: str, method: str) -> None:
    """Count a look at a name that somebody asked for."""
    order.names = tuple(
        replace(one, checks=one.checks + 1, method=method) if one.name == name else one for one in order.names
    )


def prove(office: Office, order: Order, names: Collection[str], method: str = "") -> None:
    """Control over these names is proven from now on, and they join the account's domains."""
    now = office.now()
    order.names = tuple(
        replace(one, proven_at=now, method=method or one.method) if one.name in names and one.proven_at is None else one
        for one in order.names
    )
    account = office.account_of(order)
    joining = {base_name(name) for name in names if is_dns_name(base_name(name))}
    kept = tuple(domain for domain in account.proven if domain.name not in joining)
    account.proven = kept + tuple(Domain(name, now, reusable_until(now)) for name in sorted(joining))


def prove_all(office: Office, order: Order) -> None:
    """Prove every name that can be."""
    prove(office, order, [name.name for name in order.unproven if is_dns_name(base_name(name.name))])


def with_domains(office: Office, account: Account, names: tuple[Name, ...]) -> tuple[Name, ...]:
    """The names, proven where they are, or are below, a domain of the account that still counts."""
    now = office.now()
    good = {domain.name: domain for domain in account.proven if domain.valid_till > now}
    return tuple(
        replace(name, proven_at=good[parent].verified_at, method=TXT)
        if (parent := _covering(name.name, good)) is not None
        else name
        for name in names
    )


def _covering(name: str, domains: Collection[str]) -> str | None:
    labels = base_name(name).split(".")
    parents = (".".join(labels[at:]) for at in range(len(labels)))
    return next((parent for parent in parents if parent in domains), None)
