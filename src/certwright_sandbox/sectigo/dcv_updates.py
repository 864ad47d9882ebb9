"""AutoUpdateDCV (sectigo.md §9): another method for some names, or the same once more, and a look at once."""

from __future__ import annotations

from dataclasses import replace

from certwright_sandbox.sectigo import issuing
from certwright_sandbox.sectigo.call import Call, Reply
from certwright_sandbox.sectigo.domains import check_pending
from certwright_sandbox.sectigo.errors import invalid, missing
from certwright_sandbox.sectigo.looking_up import by_order_number, newest, one_of
from certwright_sandbox.sectigo.naming import EMAIL, METHODS, wanted
from certwright_sandbox.sectigo.office import Office
from certwright_sandbox.sectigo.records import Name, Order

Change = tuple[str, str, str]  # a name, its new method (empty: as before), its new address


async def update(office: Office, call: Call) -> Reply:
    """Change what is asked for, then look. Raises Refusal."""
    item = one_of(call, "orderNumber", "baseOrderNumber")
    order = by_order_number(office, call, item)
    if item == "baseOrderNumber":
        order = newest(office, call, order)
    call.number("dcvTemplateID")
    if order.state != "issued":  # it may have found its proofs by itself a moment ago, and needs nothing more
        check_pending(order)
    changes = _changes(call, order)
    names = {name.name: name for name in order.names}
    for name, method, email in changes:
        if method and names[name].proven_at is None:
            names[name] = _changed(office, call, names[name], method, email)
    order.names = tuple(names.values())
    for name, method, _ in changes:
        if (method or names[name].method) == EMAIL and names[name].proven_at is None:
            office.world.mails.send(names[name].email, "dcv", order.number, name, office.now())
    await issuing.look(office, order, asked=True)
    return Reply()


def _changes(call: Call, order: Order) -> list[Change]:
    """What is to change. Raises Refusal -3 and -4."""
    known = [name.name for name in order.names]
    if call.text("domainNames"):
        return _listed(call, known)
    method, email = call.text("newMethod").upper(), call.text("newDCVEmailAddress")
    if method and method not in METHODS:
        raise invalid("newMethod")
    if method == EMAIL and not email:
        raise missing("newDCVEmailAddress")
    domain = call.text("domainName").lower().rstrip(".")
    if domain:
        if domain not in known:
            raise invalid("domainName")
        return [(domain, method, email)]
    if len(known) > 1:
        raise missing("domainName")
    return [(known[0], method, email)]


def _listed(call: Call, known: list[str]) -> list[Change]:
    """Lists of one length: names and addresses with spaces, methods with commas between them."""
    names = call.text("domainNames").lower().split()
    methods = [part.strip().upper() for part in call.text("newMethods").split(",") if part.strip()]
    emails = call.text("newDCVEmailAddresses").split()
    if any(name not in known for name in names):
        raise invalid("domainNames")
    if any(method not in METHODS for method in methods) or (methods and len(methods) != len(names)):
        raise invalid("newMethods")
    if EMAIL in methods and not emails:
        raise missing("newDCVEmailAddresses")
    if emails and len(emails) not in (len(names), methods.count(EMAIL)):
        raise invalid("newDCVEmailAddresses")
    if not methods:
        return [(name, "", "") for name in names]
    if len(emails) != len(names):  # addresses for those names alone that need one
        rest = iter(emails)
        emails = [next(rest) if method == EMAIL else "" for method in methods]
    return list(zip(names, methods, emails, strict=True))


def _changed(office: Office, call: Call, name: Name, method: str, email: str) -> Name:
    is_listed = bool(call.text("domainNames"))
    items = ("newMethods", "newDCVEmailAddresses") if is_listed else ("newMethod", "newDCVEmailAddress")
    if method == EMAIL and name.method == EMAIL and email.lower() == name.email:
        return name  # the same address once more
    return replace(wanted(office, call, name.name, method, email, items), proven_at=None)
