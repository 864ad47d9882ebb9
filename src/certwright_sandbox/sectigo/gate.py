"""Who may come in: a login with its password, or with the client certificate that belongs to it (sectigo.md §1.3)."""

from __future__ import annotations

import hashlib
import secrets

from certwright_sandbox.http import Request
from certwright_sandbox.sectigo.errors import BAD_LOGIN, missing
from certwright_sandbox.sectigo.office import Office
from certwright_sandbox.sectigo.parameters import Api
from certwright_sandbox.sectigo.records import Account

NAME, PASSWORD = "loginname", "loginpassword"
NAME_IS_OPTIONAL = ("!WebHostReport",)  # with a client certificate (sectigo.md §11)


def shown_account(office: Office, request: Request) -> Account | None:
    """The account whose credential the request shows; None for a wrong or missing one."""
    values = {name.lower(): value for name, value in request.form}
    account = _named(office, request, values.get(NAME, ""))
    if account is None or not _is_known(account, request, values.get(PASSWORD, "")):
        return None
    return account


def check_presence(api: Api, request: Request, values: dict[str, str]) -> None:
    """Raise Refusal -3 for a login that is not there; a client certificate stands in for a password."""
    has_certificate = request.client_certificate is not None
    if not values.get(NAME) and not (has_certificate and api.name in NAME_IS_OPTIONAL):
        raise missing("loginName")
    if not values.get(PASSWORD) and not has_certificate:
        raise missing("loginPassword")


def enter(office: Office, request: Request, values: dict[str, str]) -> Account:
    """The account, when it may call from here and now. Raises Refusal -16."""
    account = _named(office, request, values.get(NAME, ""))
    if account is None:
        raise BAD_LOGIN
    if not _is_known(account, request, values.get(PASSWORD, "")):
        _count_wrong_password(office, account)
        raise BAD_LOGIN
    if account.locked or not account.enabled or not account.ip_allowed:
        raise BAD_LOGIN
    office.wrong_passwords.pop(str(account.id), None)
    return account


def _named(office: Office, request: Request, name: str) -> Account | None:
    if name or request.client_certificate is None:
        return office.accounts.get(name)
    fingerprint = hashlib.sha256(request.client_certificate).hexdigest()
    return next((account for account in office.accounts if account.client_fingerprint == fingerprint), None)


def _is_known(account: Account, request: Request, password: str) -> bool:
    if request.client_certificate is not None:
        fingerprint = hashlib.sha256(request.client_certificate).hexdigest()
        if fingerprint != account.client_fingerprint:
            return False
        if not password:
            return True
    return secrets.compare_digest(account.password.encode(), password.encode())


def _count_wrong_password(office: Office, account: Account) -> None:
    count = office.wrong_passwords.get(str(account.id), 0) + 1
    office.wrong_passwords[str(account.id)] = count
    if account.lock_after is not None and count >= account.lock_after:
        account.locked = True
