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
    return hashlib.sha256(f"token/{order.seed}/{base_name(name)}".encode()).hexdigest()[:40]


def file_name(order: Order, name: str) -> str:
    """The name of the file that must hold the token."""
    return f"{hashlib.sha256(f'file/{order.seed}/{base_name(name)}'.encode()).hexdigest()[:32]}.txt"


def addresses(name: str) -> list[str]:
    """To whom a mail may be sent."""
    return [f"{mailbox}@{base_name(name)}" for mailbox in MAILBOXES]


async def is_proven(office: Office, order: Order, name: Name, method: str, mailed_to: str) -> bool:
    """Whether a look that somebody asks for finds the proof, or the account's switch says so."""
    account = office.account_of(order)
    if name.is_rejected or not can_be_proven(name.name):
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


def can_be_proven(name: str) -> bool:
    """Whether it is a DNS name or a wildcard; anything else is taken and never proven (emsign.md §6.7)."""
    return is_dns_name(base_name(name))


def checked(order: Order, name: str, method: str) -> None:
    """Count a look at a name that somebody asked for."""
    order.names = tuple(
        replace(one, checks=one.checks + 1, method=method) if one.name == name else one for one in order.names
    )


def prove(office: Office, order: Order, names: Collection[str], method: str = "") -> None:
    """Control over these names is proven from now on, and over what is below them; they join the account's domains."""
    now = office.now()
    wanted = {name for name in names if can_be_proven(name)}
    order.names = tuple(
        replace(one, proven_at=now, method=method or one.method, is_rejected=False)
        if one.name in wanted and one.proven_at is None
        else one
        for one in order.names
    )
    for name in sorted(map(base_name, wanted)):
        add_domain(office, order.account, name)
    order.names = with_domains(office, order.account, order.names)


def prove_all(office: Office, order: Order) -> None:
    """Prove every name that nobody has rejected."""
    prove(office, order, [name.name for name in order.unproven if not name.is_rejected])


def reject(order: Order, rejected: str) -> None:
    """The staff does not believe in the control over one name."""
    order.names = tuple(
        replace(one, is_rejected=True, proven_at=None) if one.name == rejected else one for one in order.names
    )


def add_domain(office: Office, account: str, name: str) -> None:
    """A domain of the account is proven from now on."""
    now = office.now()
    known = office.domain(account, name)
    if known is None:
        office.domains.add(Domain(f"{account}/{name}", account, name, now, reusable_until(now)))
    else:
        known.verified_at, known.valid_till = now, reusable_until(now)


def with_domains(office: Office, account: str, names: tuple[Name, ...]) -> tuple[Name, ...]:
    """The names, proven where they are, or are below, a domain of the account that still counts."""
    return tuple(_with_domain(office, account, name) for name in names)


def _with_domain(office: Office, account: str, name: Name) -> Name:
    if name.proven_at is not None or name.is_rejected:
        return name
    labels = base_name(name.name).split(".")
    for at in range(len(labels)):
        domain = office.domain(account, ".".join(labels[at:]))
        if domain is not None and domain.valid_till > office.now():
            return replace(name, proven_at=domain.verified_at, method=name.method or TXT)
    return name
