"""Who may come in: the `meta` block, its signature, its time and its number (emsign.md §3)."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta

from certwright_sandbox.emsign import errors
from certwright_sandbox.emsign.call import Block, block_of, text
from certwright_sandbox.emsign.errors import HTTPRefusal, Refusal, refuse
from certwright_sandbox.emsign.office import Office
from certwright_sandbox.emsign.records import Account
from certwright_sandbox.http import Request

VERSION = "1.0"
TXN = re.compile(r"[A-Za-z0-9]{10,50}\Z", re.ASCII)


def read_body(request: Request) -> Block:
    """The body as a JSON object. Raises HTTPRefusal."""
    try:
        tree = request.tree
    except ValueError:
        raise HTTPRefusal(400) from None
    if not isinstance(tree, dict):
        raise HTTPRefusal(400)
    return tree


def named_account(office: Office, body: Block) -> Account | None:
    """The account whose number the call shows, right or wrong as its signature may be."""
    number = text(block_of(body, "meta"), "accountNumber")
    return next(iter(office.accounts_by_number.find(number)), None)


def signed_account(office: Office, request: Request) -> Account | None:
    """The account whose access key has signed the call; None for a wrong or missing signature."""
    try:
        body = read_body(request)
    except HTTPRefusal:
        return None
    account = named_account(office, body)
    return account if account is not None and _is_signed(account, block_of(body, "meta")) else None


def enter(office: Office, body: Block) -> Account:
    """The account that has signed the call, now and not before. Raises Refusal, HTTPRefusal."""
    meta, account = block_of(body, "meta"), named_account(office, body)
    if text(meta, "ver") != VERSION or TXN.match(text(meta, "txn")) is None or not text(meta, "authKey"):
        raise refuse(errors.META)
    age = abs(office.now() - _moment(meta))
    if account is None:
        raise refuse(errors.LOGIN)
    if not _is_signed(account, meta) or age > timedelta(seconds=account.ts_window_seconds):
        raise _wrong_login(account)
    if not account.enabled:
        raise refuse(errors.INACTIVE)
    if not office.use_txn(account, text(meta, "txn")):
        raise refuse(errors.TXN_USED)
    return account


def _moment(meta: Block) -> datetime:
    """The `ts`, which has a numeric offset. Raises Refusal."""
    try:
        at = datetime.fromisoformat(text(meta, "ts"))
    except ValueError:
        raise refuse(errors.META) from None
    if at.tzinfo is None:
        raise refuse(errors.META)
    return at


def _is_signed(account: Account, meta: Block) -> bool:
    signed = f"{account.access_key}{text(meta, 'ts')}{text(meta, 'txn')}"
    wanted = hashlib.sha256(signed.encode("utf-8", "surrogatepass")).hexdigest()
    return hmac.compare_digest(wanted.encode(), text(meta, "authKey").encode("utf-8", "surrogatepass"))


def _wrong_login(account: Account) -> Refusal | HTTPRefusal:
    return HTTPRefusal(401) if account.http_refusals else refuse(errors.LOGIN)
