"""Proving control of an order's names: what to publish, and asking DigiCert to look (§6, §11)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from certwright.cas.digicert import errors, progress, wire
from certwright.cas.digicert.api import OrderAPI
from certwright.cas.digicert.api_account import AccountAPI
from certwright.model.ca import CAOrder, Proof
from certwright.model.errors import NotFound, Refused

RENEW_VALUE_BEFORE = timedelta(days=2)  # random values end after 30 days (§6.8)


def proofs(orders: OrderAPI, account: AccountAPI, order_id: str) -> tuple[Proof, ...]:
    """What is still to be published. A random value that is missing or about to end is replaced by a new one.

    Calls: 2, and 1 for each domain that has a value of its own; 1 that makes a new value for all others.
    """
    method = orders.order(order_id).dcv_method
    open_rows = [row for row in orders.validation(order_id).dns_name_validations if not row.is_done]
    found: list[Proof] = []
    without: list[str] = []
    for row in open_rows:
        token = _domain_token(account, row.domain_id, method) if row.domain_id else None
        if token is None:
            without.extend(row.names)
        else:
            found.extend(progress.proof(name, method, token) for name in row.names)
    if without:
        found.extend(_with_new_value(orders, order_id, method, without))
    return tuple(found)


def check(orders: OrderAPI, order_id: str) -> bool:
    """Ask DigiCert to look now; True when every name is proven."""
    try:
        checked = orders.check_dcv(order_id)
    except Refused as error:
        if error.code.partition("|")[0] in errors.PROOF_MISSING:
            return False
        raise
    if checked.dcv_status:
        return checked.dcv_status == "valid"
    rows = checked.dns_name_validations
    return bool(rows) and all(row.is_done for row in rows)


def change_method(orders: OrderAPI, ca_order: CAOrder, method: str) -> tuple[Proof, ...]:
    """Switch the order to another method and tell what it wants published."""
    value = orders.change_dcv_method(ca_order.order_id, method)
    names = _open_names(orders, ca_order.order_id)
    token = wire.Token() if value is None else _token(value)
    return tuple(progress.proof(name, method, token) for name in names)


def _with_new_value(orders: OrderAPI, order_id: str, method: str, names: list[str]) -> list[Proof]:
    """One new random value for those names; e-mail has none."""
    token = wire.Token() if method == progress.EMAIL else _token(orders.new_random_value(order_id))
    return [progress.proof(name, method, token) for name in names]


def _token(value: wire.RandomValue) -> wire.Token:
    return wire.Token(token=value.dcv_random_value, expiration_date=value.expiration_date)


def _open_names(orders: OrderAPI, order_id: str) -> list[str]:
    rows = orders.validation(order_id).dns_name_validations
    return [name for row in rows if not row.is_done for name in row.names]


def _domain_token(account: AccountAPI, domain_id: str, method: str) -> wire.Token | None:
    """The domain's own random value when it serves this method and lasts: either kind is taken (§6.9)."""
    try:
        domain = account.domain(domain_id)
    except NotFound:
        return None
    token = domain.dcv_token
    ends = token.expiration_date
    if domain.dcv_method != method or not token.token:
        return None
    if ends is not None and ends - datetime.now(UTC) < RENEW_VALUE_BEFORE:
        return None
    return token
