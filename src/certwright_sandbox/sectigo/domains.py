"""The names of an order: how each stands, its mail once more, and one of them fewer (sectigo.md §10, §14)."""

from __future__ import annotations

import json

from certwright_sandbox.http import JSON
from certwright_sandbox.sectigo import errors, issuing
from certwright_sandbox.sectigo.call import Call, Pairs, Raw, Reply
from certwright_sandbox.sectigo.errors import invalid
from certwright_sandbox.sectigo.looking_up import by_order_number
from certwright_sandbox.sectigo.naming import EMAIL
from certwright_sandbox.sectigo.office import Office
from certwright_sandbox.sectigo.records import Order
from certwright_sandbox.sectigo.standing import details, name_status

AS_PAIRS, AS_JSON = 1, 2


def show(office: Office, call: Call) -> Reply | Raw:
    """GetMDCDomainDetails: every name with its method and whether it is validated, numbered from 1."""
    form = call.choice("responseFormat", (AS_PAIRS, AS_JSON), AS_PAIRS)
    order = by_order_number(office, call)
    rows = [(name.name, name.method, name_status(order, is_proven=name.proven_at is not None)) for name in order.names]
    flags = details(order) if call.flag("showStatusDetails") else []
    if form == AS_JSON:
        named = [{"domainName": name, "dcvMethod": method, "dcvStatus": word} for name, method, word in rows]
        return Raw(json.dumps({"errorCode": 0, "domains": named, **dict(flags)}).encode(), JSON)
    pairs: Pairs = [("errorCode", 0)]
    for number, (name, method, word) in enumerate(rows, 1):
        pairs.append((f"{number}_domainName", name))
        pairs.append((f"{number}_dcvMethod", method))
        pairs.append((f"{number}_dcvStatus", word))
    return Reply(pairs + flags)


def resend(office: Office, call: Call) -> Reply:
    """ResendDCVEmail: the mail for every name that this address is to prove."""
    order, address = pending(office, call), call.text("dcvEmailAddress").lower()
    found = [name for name in order.unproven if name.method == EMAIL and name.email == address]
    if not found:
        raise invalid("dcvEmailAddress")
    for name in found:
        office.world.mails.send(address, "dcv", order.number, name.name, office.now())
    return Reply()


async def remove(office: Office, call: Call) -> Reply:
    """AutoRemoveMDCDomain: a name that is not proven yet, but never the last one; issues if it was all that lacked."""
    order, domain = pending(office, call), call.text("domainName").lower().rstrip(".")
    if len(order.names) == 1 or domain not in {name.name for name in order.unproven}:
        raise invalid("domainName")
    order.names = tuple(name for name in order.names if name.name != domain)
    order.removed_names = (*order.removed_names, domain)
    if order.common_name == domain:
        order.common_name = ""
    await issuing.advance(office, order)
    return Reply()


def pending(office: Office, call: Call) -> Order:
    """The order that is meant, when it still waits for its certificate. Raises Refusal."""
    order = by_order_number(office, call)
    check_pending(order)
    return order


def check_pending(order: Order) -> None:
    """Raise the Refusal that tells why an order is not, or no longer, being validated."""
    if order.state == "rejected":
        raise errors.REJECTED
    if order.revoked_at is not None:
        raise errors.REVOKED
    if order.state == "unpaid":
        raise errors.UNPAID
    if order.state == "signing":
        raise errors.BEING_ISSUED
    if order.state == "issued":
        raise invalid("orderNumber")
