"""The accounts that tests are given: the ready-made ones, and one more whenever a test asks."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from certwright_sandbox.emsign import control, stock
from certwright_sandbox.emsign.office import CA_NAME, Office
from certwright_sandbox.emsign.products import PRODUCTS, years_of
from certwright_sandbox.emsign.records import Account, Group, Organization
from certwright_sandbox.past import count_of
from certwright_sandbox.playing import NotPossible, Switches
from certwright_sandbox.switches import Judge, check, is_amount, is_amount_or_none, is_bool, is_look, is_texts

PATH = "/emSignHub-API/"
INTERMEDIATES = ("hub-tls", *(f"hub-{level}-{depth}" for level in ("dv", "ov", "ev") for depth in (2, 3)))
FIRST_ACCOUNT_NUMBER, FIRST_GROUP_NUMBER, FIRST_ORGANIZATION_NUMBER = 9_000_000_001, 4_000_000_017, 7_000_021
# What a profile starts with; anything else is as the record has it.
PROFILES: Mapping[str, Switches] = {
    "ready": {"dcv": "auto", "prove_seconds": 0, "approve_seconds": 0},
    "bare": {
        "pem_style": "bare",
        "chain_depth": 3,
        "burst_limit": 16,
        "failure_status": "2",
        "failure_block": "null",
        "blanks": "blank",
        "groups_needed": True,
        "first_product_code": 842,
    },
}


def _one_of(*values: object) -> Judge:
    return lambda value: value in values and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not is_bool(value) and value > 0


SWITCHES: Mapping[str, Judge] = {
    "dcv": is_look,
    "prove_seconds": is_amount_or_none,
    "dcv_slot_seconds": is_amount,
    "dcv_gate_seconds": is_amount,
    "issue_seconds": is_amount,
    "approve_seconds": is_amount_or_none,
    "pem_style": _one_of("pem", "bare"),
    "chain_depth": _one_of(2, 3),
    "ca_certificate": is_bool,
    "burst_limit": lambda value: value is None or _is_whole(value),
    "burst_seconds": is_amount,
    "ts_window_seconds": is_amount,
    "failure_status": _one_of("0", "2"),
    "failure_block": _one_of("absent", "null", "blank"),
    "blanks": _one_of("null", "blank", "absent"),
    "http_refusals": is_bool,
    "enabled": is_bool,
    "groups_needed": is_bool,
    "group_details": _one_of("v1", "v2"),
    "first_product_code": _is_whole,
    "field_placement": _one_of("order", "nested"),
    "txt_hosts": is_texts,
    "renewal": _one_of("same", "child", "never"),
}


def ready_made(office: Office) -> None:
    """Make the accounts that are there from the start, once."""
    if len(office.accounts) == 0:
        add(office, "ready", {"name": "emsign-ready"})
        add(office, "bare", {"name": "emsign-bare"})


def add(office: Office, profile: str, switches: Switches) -> Account:
    """An account of its own, with so many orders of the past as `orders` says. Raises NotPossible."""
    if profile not in PROFILES:
        raise NotPossible(f"profile must be one of {', '.join(PROFILES)}")
    wish = {name: value for name, value in switches.items() if name not in ("name", "orders")}
    check(wish, SWITCHES)
    place = len(office.accounts)
    name = str(switches.get("name") or f"{CA_NAME}-{place + 1}")
    if office.accounts.get(name) is not None:
        raise NotPossible(f"there is an account {name!r} already")
    count, is_ready = count_of(switches), profile == "ready"
    account = Account(
        name,
        profile,
        number=str(FIRST_ACCOUNT_NUMBER + place),
        access_key=secrets.token_urlsafe(24),
        requestor_email=f"mara.lind@{name}.example",
        groups=(
            Group(str(FIRST_GROUP_NUMBER + 2 * place), "Head office", is_default=True, balance="1250.00"),
            Group(str(FIRST_GROUP_NUMBER + 2 * place + 1), "Branch office", is_default=False, balance="80.50"),
        ),
        orgs=(Organization(str(FIRST_ORGANIZATION_NUMBER + place), "Meadow Works Ltd", is_vetted=is_ready),),
    )
    office.accounts.add(account)
    if is_ready:
        control.add_domain(office, name, f"{name}.example")
    change(office, name, {**PROFILES[profile], **wish})
    stock.fill(office, account, count)
    return account


def change(office: Office, name: str, switches: Switches) -> Account:
    """Set switches of an account, or take something away from it. Raises NotPossible."""
    account = office.accounts.get(name)
    if account is None:
        raise NotPossible(f"there is no account {name!r}", missing=True)
    rest = {switch: value for switch, value in switches.items() if switch not in PORTAL}
    check(rest, SWITCHES)
    for deed in PORTAL.keys() & switches.keys():
        PORTAL[deed](office, account, str(switches[deed]))
    for switch, value in rest.items():
        setattr(account, switch, tuple(value) if isinstance(value, list) else value)
    return account


def _add_domain(office: Office, account: Account, name: str) -> None:
    control.add_domain(office, str(account.id), name.lower())


def _remove_domain(office: Office, account: Account, name: str) -> None:
    domain = office.domain(str(account.id), name.lower())
    if domain is None:
        raise NotPossible(f"there is no domain {name!r}", missing=True)
    office.domains.remove(domain)


def _remove_group(_: Office, account: Account, number: str) -> None:
    if all(one.number != number for one in account.groups):
        raise NotPossible(f"there is no group {number!r}", missing=True)
    account.groups = tuple(one for one in account.groups if one.number != number)


def _remove_organization(_: Office, account: Account, number: str) -> None:
    if all(one.number != number for one in account.orgs):
        raise NotPossible(f"there is no organization {number!r}", missing=True)
    account.orgs = tuple(one for one in account.orgs if one.number != number)


# What somebody does in the portal; the value names the thing.
PORTAL: Mapping[str, Callable[[Office, Account, str], None]] = {
    "add_domain": _add_domain,
    "remove_domain": _remove_domain,
    "remove_group": _remove_group,
    "remove_organization": _remove_organization,
}


def element(office: Office, account: Account) -> dict[str, Any]:
    """The account as `GET /accounts` lists it."""
    hierarchy = office.world.hierarchy
    return {
        "name": account.id,
        "ca": CA_NAME,
        "profile": account.profile,
        "url": f"{office.world.url}{PATH}",
        "settings": {
            "account_number": account.number,
            "roots": hierarchy.roots(),
            "intermediates": "".join(hierarchy[name].pem for name in INTERMEDIATES),
        },
        "secrets": {"access_key": account.access_key},
        "organizations": [one.name for one in account.orgs],
        "domains": [domain.name for domain in office.domains_of.find(account.id)],
        "group_number": next((group.number for group in account.groups if group.is_default), ""),
        "requestor_email": account.requestor_email,
        "products": [
            {
                "code": product.code(account),
                "name": product.name,
                "type": product.type,
                "years": list(years_of(product)),
            }
            for product in PRODUCTS
        ],
    }
