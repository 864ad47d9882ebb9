"""What the successor of a certificate is ordered as, whoever orders it: a person or the renewal that is due."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from certwright.cas.about import About
from certwright.model.ca import Term
from certwright.model.errors import Refused
from certwright.model.order import KeyReference, Order, Request
from certwright.model.words import KeyKind, Operation
from certwright.store.inventory import Entry
from certwright.store.orders import KeyWish

_REMAINING = "remaining_days"  # the option's name in about.toml
_OF_THE_DAY = frozenset({_REMAINING, "custom_expiration_date", "draft", "prevetting_token"})
_MOST_REMAINING = 90  # what CAs add at most to an order that renews another


def remaining(ca: str, entry: Entry, now: datetime) -> Mapping[str, str]:
    """The option that has a CA add the days a predecessor still has; empty at CAs without, or when none are left."""
    if _REMAINING not in {field.name for field in About.load(ca).options}:
        return {}
    left = (entry.certificate.not_after - now).days
    return {_REMAINING: str(min(left, _MOST_REMAINING))} if left > 0 else {}


def same_place(known: KeyReference | None, label: str, id_length: Callable[[str], int]) -> KeyWish:
    """A fresh key of the same kind in the same place; ``id_length`` tells that of a token.

    Raises Refused when the known one is not ours.
    """
    if known is None or known.kind is KeyKind.EXTERNAL:
        raise Refused(
            "The private key of this certificate is not ours.", advice="Give a new --csr, or --key to make one here."
        )
    length = id_length(known.token) if known.kind is KeyKind.PKCS11 else 16
    return KeyWish(known.kind, known.spec, token=known.token, label=label, id_length=length)


def inside(bought: Order, latest: Order, entry: Entry, operation: Operation) -> Request:
    """The request for the next certificate inside the CA order that was ``bought``, for the names of the ``latest``."""
    return replace(
        latest.request,
        operation=operation,
        product=bought.request.product,
        organization=bought.request.organization,
        term=None,
        lifetime_days=None,
        renewal_of="",
        inside=entry.ca_order.order_id,
        options=bought.request.options if operation is Operation.CA_RENEWAL else {},
        comment="",
    )


def anew(bought: Order, latest: Order, entry: Entry, more: Mapping[str, str]) -> Request:
    """The request for a new CA order like the one that was ``bought``, with the names of the ``latest``."""
    return replace(
        bought.request,
        term=_again(bought),
        names=latest.request.names,
        common_name=latest.request.common_name,
        dcv_method=latest.request.dcv_method,
        dcv_methods=latest.request.dcv_methods,
        renewal_of=entry.ca_order.order_id,
        options={**options_again(bought.request), **more},
    )


def options_again(request: Request) -> Mapping[str, str]:
    """The options of an order for another like it, without what was true of that day alone."""
    return {name: value for name, value in request.options.items() if name not in _OF_THE_DAY}


def _again(bought: Order) -> Term | None:
    """The term once more; one that ended on a date runs as many days as it did before."""
    term = bought.request.term
    if term is None or term.until is None:
        return term
    return Term(days=max(1, (term.until - (bought.placed_at or bought.created_at).date()).days))


def reference(bought: Order, entry: Entry, attempt: int) -> str:
    """The reference of a renewal that is due: the same for everyone who finds it due, so that it is ordered once."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{bought.reference}/{entry.certificate.fingerprint}/{attempt}"))
