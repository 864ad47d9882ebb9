"""The accounts that tests are given: the ready-made ones, and one more whenever a test asks."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from certwright_sandbox import past
from certwright_sandbox.clock import on
from certwright_sandbox.digicert import stock
from certwright_sandbox.digicert.account import FIRST_CONTAINER_ID, FIRST_FIELD_ID
from certwright_sandbox.digicert.control import FIRST_DOMAIN_ID, renew_domain_value
from certwright_sandbox.digicert.gate import AREAS_OF_KEY, CHANGES_OF_ROLE, KEY_ROLES
from certwright_sandbox.digicert.office import CA_NAME, Office, new_token
from certwright_sandbox.digicert.organizations import FIRST_ORGANIZATION_ID
from certwright_sandbox.digicert.people import FIRST_USER_ID
from certwright_sandbox.digicert.records import (
    Account,
    ApiKey,
    Contact,
    Container,
    CustomField,
    Domain,
    Organization,
    User,
)
from certwright_sandbox.digicert.staff import division_of, validated
from certwright_sandbox.digicert.validity import DOMAIN_REUSE
from certwright_sandbox.playing import NotPossible, Switches
from certwright_sandbox.switches import Judge, check, is_amount_or_none, is_bool, is_look

PROFILES = ("ready", "bare", "readonly")
FIRST_ACCOUNT_ID = 501001
# What exists in every account: organizations by name, with their domains.
ORGANIZATIONS = {
    "Meadow Works Ltd": ("meadow.example", "meadow-works.example", "meadow.test"),
    "Harbour Light GmbH": ("harbour.example", "harbour-light.test"),
}
PLACES = {
    "Meadow Works Ltd": ("1 Field Lane", "Leeds", "West Yorkshire", "AB1 2CD", "gb"),
    "Harbour Light GmbH": ("Am Sandtorkai 1", "Hamburg", "Hamburg", "20457", "de"),
}


ACCOUNT_SWITCHES: Mapping[str, Judge] = {
    "auto_approve": is_bool,
    "two_step_approval": is_bool,
    "revoke_ends_order": is_bool,
    "dcv": is_look,
    "organization_seconds": is_amount_or_none,
}
KEY_SWITCHES: Mapping[str, Judge] = {
    "key_role": lambda value: value in AREAS_OF_KEY or (not isinstance(value, bool) and value in KEY_ROLES),
    "ip_allowed": is_bool,
    "revoked": is_bool,
    "xml": is_bool,
    "rate_limit": is_bool,
}
USER_SWITCHES: Mapping[str, Judge] = {
    "role": lambda value: value in CHANGES_OF_ROLE,
    "division": lambda value: value is None or isinstance(value, str | int),
}
SWITCHES = {**ACCOUNT_SWITCHES, **KEY_SWITCHES, **USER_SWITCHES}


def ready_made(office: Office) -> None:
    """Make the accounts that are there from the start, once."""
    if len(office.keys) > 0:
        return
    add(office, "ready", {"name": "digicert-ready"})
    add(office, "bare", {"name": "digicert-bare"})
    add(office, "readonly", {"name": "digicert-readonly", "of": "digicert-ready"})


def add(office: Office, profile: str, switches: Switches) -> ApiKey:
    """An account with a user and key, and so many orders of the past as `orders` says; with `of` a user and key more
    in that one. Raises NotPossible.
    """
    if profile not in PROFILES:
        raise NotPossible(f"profile must be one of {', '.join(PROFILES)}")
    wish = {name: value for name, value in switches.items() if name not in ("name", "of", "orders")}
    check(wish, SWITCHES)
    count = past.count_of(switches)
    name = str(switches.get("name") or f"{CA_NAME}-{len(office.keys) + 1}")
    if office.keys.get(name) is not None:
        raise NotPossible(f"there is an account {name!r} already")
    if "of" in switches:
        if count:
            raise NotPossible("orders of the past come with an account of its own only")
        account = office.accounts[_key(office, str(switches["of"])).account_id]
    else:
        account = _new_account(office, profile, name)
    user = _new_user(office, account, name)
    key = ApiKey(name, profile, int(account.id), int(user.id), secret=secrets.token_hex(24).upper())
    office.keys.add(key)
    if profile == "readonly":
        key.key_role = "view_only"
    change(office, name, wish)
    if count:
        _stock(office, key, count)
    return key


def change(office: Office, name: str, switches: Switches) -> ApiKey:
    """Set switches of the key, its user, and its account. Raises NotPossible."""
    key = _key(office, name)
    check(switches, SWITCHES)
    for switch, value in switches.items():
        if switch in ACCOUNT_SWITCHES:
            setattr(office.accounts[key.account_id], switch, value)
        elif switch == "revoked":
            key.is_revoked = value
        elif switch == "key_role":
            key.key_role = KEY_ROLES.get(value) or value
        elif switch in KEY_SWITCHES:
            setattr(key, switch, value)
        elif switch == "division":
            _confine(office, key, value)
        else:
            setattr(office.users[key.user_id], switch, value)
    return key


def _confine(office: Office, key: ApiKey, division: str | int | None) -> None:
    """Let the key's user belong to a division, by id or name; None: to the whole account. Raises NotPossible."""
    account = office.accounts[key.account_id]
    number = account.root_container_id if division is None else int(division_of(office, account, division).id)
    office.users[key.user_id].container_id = number


def element(office: Office, key: ApiKey) -> dict[str, Any]:
    """The key as `GET /accounts` lists it."""
    return {
        "name": key.id,
        "ca": CA_NAME,
        "profile": key.profile,
        "url": f"{office.world.url}/services/v2",
        "settings": _settings(office, key),
        "secrets": {"api_key": key.secret},
        "organizations": [row.name for row in office.organizations_of.find(key.account_id)],
        "domains": [row.name for row in office.domains_of.find(key.account_id) if row.is_active],
    }


def _settings(office: Office, key: ApiKey) -> dict[str, str]:
    """What a client may want to be told: what to trust, and an organization to order for."""
    first = next(iter(office.organizations_of.find(key.account_id)), None)
    return {"roots": office.world.hierarchy.roots(), **({"organization": first.name} if first else {})}


def _key(office: Office, name: str) -> ApiKey:
    key = office.keys.get(name)
    if key is None:
        raise NotPossible(f"there is no account {name!r}", missing=True)
    return key


def _new_account(office: Office, profile: str, name: str) -> Account:
    account_id = office.new_id(office.accounts, FIRST_ACCOUNT_ID)
    container = Container(
        id=office.new_id(office.containers, FIRST_CONTAINER_ID),
        account_id=account_id,
        name="Meadow Works Ltd",
        parent_id=0,
        public_id=new_token()[:10],
    )
    office.containers.add(container)
    is_ready = profile != "bare"
    account = office.accounts.add(Account(account_id, name, int(container.id), auto_approve=is_ready))
    for organization_name, domains in ORGANIZATIONS.items():
        organization = _new_organization(office, account, organization_name, is_ready=is_ready)
        for domain in domains:
            _new_domain(office, organization, domain, is_ready=is_ready)
    account.primary_organization_id = int(office.organizations_of.find(account_id)[0].id)
    office.custom_fields.add(
        CustomField(
            office.new_id(office.custom_fields, FIRST_FIELD_ID),
            account_id,
            label="Cost centre",
            is_required=False,
            is_active=True,
            data_type="text",
            description="Who pays for it",
        )
    )
    return account


def _new_user(office: Office, account: Account, name: str) -> User:
    user = User(
        id=office.new_id(office.users, FIRST_USER_ID),
        account_id=int(account.id),
        username=f"{name}@meadow.example",
        first_name="Olga",
        last_name="Pine",
        role="administrator",
        container_id=account.root_container_id,
    )
    return office.users.add(user)


def _new_organization(office: Office, account: Account, name: str, *, is_ready: bool) -> Organization:
    street, city, state, code, country = PLACES[name]
    organization = Organization(
        id=office.new_id(office.organizations, FIRST_ORGANIZATION_ID),
        account_id=int(account.id),
        name=name,
        container_id=account.root_container_id,
        address=street,
        city=city,
        state=state,
        zip=code,
        country=country,
        telephone="+441110000000",
        contact=Contact("Olga", "Pine", "olga.pine@meadow.example", "PKI lead", "+441110000000"),
    )
    office.organizations.add(organization)
    if is_ready:
        organization.vettings = validated(office, organization)
    return organization


def _stock(office: Office, key: ApiKey, count: int) -> None:
    """So many orders of the past, with the domains of their names."""
    organization = office.organizations_of.find(key.account_id)[0]
    proven, unproven = stock.domains_of(key.account_id)
    _new_domain(office, organization, proven, is_ready=key.profile != "bare")
    _new_domain(office, organization, unproven, is_ready=False)
    stock.fill(office, key, count)


def _new_domain(office: Office, organization: Organization, name: str, *, is_ready: bool) -> None:
    now = office.now()
    domain = Domain(
        id=office.new_id(office.domains, FIRST_DOMAIN_ID),
        account_id=organization.account_id,
        name=name,
        organization_id=int(organization.id),
        container_id=organization.container_id,
        date_created=now,
        dcv_method="dns-txt-token",
        types=("ov", "ev"),
    )
    office.domains.add(domain)
    if is_ready:
        domain.proven_at = now
        domain.proven_until = now + timedelta(days=on(DOMAIN_REUSE, now.date()))
    else:
        renew_domain_value(office, domain)
