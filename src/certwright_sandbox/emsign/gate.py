"""Who may come in: the `meta` block, its signature, its time and its number (emsign.md §3)."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from certwright_sandbox.emsign import errors
from certwright_sandbox.emsign.call import block_of, text
from certwright_sandbox.emsign.errors import HTTPRefusal, refuse
from certwright_sandbox.emsign.office import Office
from certwright_sandbox.emsign.records import Account

VERSION = "1.0"
TXN = re.compile(r"[A-Za-z0-9]{10,50}\Z", re.ASCII)


def read_body(body: bytes) -> Mapping[str, Any]:
    """The body as a JSON object. Raises HTTPRefusal."""
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPRefusal(400) from None
    if not isinstance(tree, dict):
        raise HTTPRefusal(400)
    return tree


def shown_account(office: Office, body: bytes) -> Account | None:
    """The account whose number the call shows, right or wrong as its signature may be."""
    try:
        meta = block_of(read_body(body), "meta")
    except HTTPRefusal:
        return None
    return next(iter(office.accounts_by_number.find(text(meta, "accountNumber"))), None)


def enter(office: Office, body: Mapping[str, Any]) -> Account:
    """The account that has signed the call. Raises Refusal, HTTPRefusal."""
    meta = block_of(body, "meta")
    account = next(iter(office.accounts_by_number.find(text(meta, "accountNumber"))), None)
    if text(meta, "ver") != VERSION or TXN.match(text(meta, "txn")) is None:
        raise refuse(errors.META)
    if account is None or not _is_signed(office, account, meta):
        if account is not None and account.http_refusals:
            raise HTTPRefusal(401)
        raise refuse(errors.LOGIN)
    if not account.enabled:
        raise refuse(errors.INACTIVE)
    used = office.txns.setdefault(str(account.id), set())
    if text(meta, "txn") in used:
        raise refuse(errors.TXN_USED)
    used.add(text(meta, "txn"))
    return account


def _is_signed(office: Office, account: Account, meta: Mapping[str, Any]) -> bool:
    ts, txn = text(meta, "ts"), text(meta, "txn")
    wanted = hashlib.sha256(f"{account.access_key}{ts}{txn}".encode()).hexdigest()
    if not hmac.compare_digest(wanted, text(meta, "authKey")):
        return False
    try:
        at = datetime.fromisoformat(ts)
    except ValueError:
        return False
    return at.tzinfo is not None and abs(office.now() - at) <= timedelta(seconds=account.ts_window_seconds)
