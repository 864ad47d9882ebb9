"""The accounts that tests are given: the ready-made ones, and one more whenever a test asks."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from certwright_sandbox import past
from certwright_sandbox.playing import NotPossible, Switches
from certwright_sandbox.sectigo import stock
from certwright_sandbox.sectigo.office import CA_NAME, Office
from certwright_sandbox.sectigo.records import Account
from certwright_sandbox.switches import Judge, check, is_amount_or_none, is_bool, is_look, is_text, is_texts
from certwright_sandbox.tls import new_credential

# What a profile starts with; anything else is as the record has it.
PROFILES: Mapping[str, Switches] = {
    "ready": {
        "dcv": "auto",
        "organization_seconds": 0,
        "call_back_seconds": 0,
        "click_through_seconds": 0,
        "test_allowed": True,
    },
    "bare": {},
}
SWITCHES: Mapping[str, Judge] = {
    "dcv": is_look,
    "organization_seconds": is_amount_or_none,
    "call_back_seconds": is_amount_or_none,
    "click_through_seconds": is_amount_or_none,
    "credit": is_amount_or_none,
    "pays_later": is_bool,
    "test_allowed": is_bool,
    "ip_allowed": is_bool,
    "enabled": is_bool,
    "locked": is_bool,
    "lock_after": lambda value: value is None or (isinstance(value, int) and not is_bool(value) and value > 0),
    "unique_value": lambda value: value in ("echo", "own"),
    "signing_seconds": lambda value: value is not None and is_amount_or_none(value),
    "poll_seconds": is_amount_or_none,
    "brand_words": is_texts,
    "compromised_keys": is_texts,
    "report_rows": lambda value: value in ("index", "page"),
    "push_url": is_text,
    "push_user": is_text,
    "push_password": is_text,
    "push_certificates": is_bool,
}


def ready_made(office: Office) -> None:
    """Make the accounts that are there from the start, once."""
    if len(office.accounts) == 0:
        add(office, "ready", {"name": "sectigo-ready"})
        add(office, "bare", {"name": "sectigo-bare"})


def add(office: Office, profile: str, switches: Switches) -> Account:
    """An account of its own, with so many orders of the past as `orders` says. Raises NotPossible."""
    if profile not in PROFILES:
        raise NotPossible(f"profile must be one of {', '.join(PROFILES)}")
    wish = {name: value for name, value in switches.items() if name not in ("name", "orders")}
    check(wish, SWITCHES)
    name = str(switches.get("name") or f"{CA_NAME}-{len(office.accounts) + 1}")
    if office.accounts.get(name) is not None:
        raise NotPossible(f"there is an account {name!r} already")
    count = past.count_of(switches)
    office.accounts.add(Account(name, profile, password=secrets.token_urlsafe(18)))
    account = change(office, name, {**PROFILES[profile], **wish})
    stock.fill(office, account, count)
    return account


def change(office: Office, name: str, switches: Switches) -> Account:
    """Set switches of an account. Raises NotPossible."""
    account = office.accounts.get(name)
    if account is None:
        raise NotPossible(f"there is no account {name!r}", missing=True)
    check(switches, SWITCHES)
    for switch, value in switches.items():
        setattr(account, switch, tuple(value) if isinstance(value, list) else value)
    if switches.get("locked") is False:
        office.wrong_passwords.pop(name, None)
    return account


def element(office: Office, account: Account) -> dict[str, Any]:
    """The account as `GET /accounts` lists it; a client certificate is made for it where the TLS door is open."""
    secret_fields = {"login_name": str(account.id), "login_password": account.password}
    world = office.world
    if world.tls_url:
        if not account.client_key:
            credential = new_credential(world, str(account.id))
            account.client_certificate = credential.certificate
            account.client_key = credential.private_key
            account.client_fingerprint = credential.fingerprint
        secret_fields |= {"client_certificate": account.client_certificate, "client_key": account.client_key}
    return {
        "name": account.id,
        "ca": CA_NAME,
        "profile": account.profile,
        "url": world.url,
        **({"tls_url": world.tls_url} if world.tls_url else {}),
        "settings": {"roots": world.hierarchy.roots()},
        "secrets": secret_fields,
        "organizations": [],
        "domains": [],
    }
