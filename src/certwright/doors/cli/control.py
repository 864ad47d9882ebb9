"""``certwright order dcv``, ``remove-name``, ``call-back``, ``click-through``: what a CA wants before it issues."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer

from certwright.doors.cli import follow
from certwright.doors.cli.options import AsJSON, Which
from certwright.doors.cli.session import opened
from certwright.doors.cli.shapes import proof_json
from certwright.doors.cli.showing import finish
from certwright.doors.cli.terminal import cell, print_json, say, table
from certwright.model.ca import Authorization, CAOrder, Proof
from certwright.model.errors import CertwrightError, Refused, Unknown
from certwright.model.order import Order
from certwright.model.ports import CallsBack, Challenges, ClicksThrough, ProvesControl, ProvesEachName
from certwright.model.words import DCVMethod, OrderState
from certwright.pki import csr as csrs
from certwright.pki import names as pki_names
from certwright.wiring import Certwright

Ability = TypeVar("Ability")


def dcv(
    which: Which,
    method: Annotated[str, typer.Option(help="Prove it this way from now on; e-mail as email:ADDRESS.")] = "",
    name: Annotated[str, typer.Option(help="With --method: only this name of the order.")] = "",
    resend: Annotated[str, typer.Option(metavar="ADDRESS", help="Have the validation mail sent once more.")] = "",
    look: Annotated[bool, typer.Option("--look", help="Look ourselves at what we have published.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Show how each name of an order is proven and what must be published, or change how it is proven."""
    with opened() as certwright:
        order = _unfinished(certwright, which)
        if method:
            order = _change_method(certwright, order, method, pki_names.normalise(name) if name else "")
        ports = certwright.ports(order.account)
        placed = _placed(order)
        if resend:
            _able(ports.ca, ProvesEachName, "mails nobody a second time over its API").resend(placed, resend)
            certwright.orders.note(order, f"had the validation mail sent to {resend} once more")
        ca = _able(ports.ca, ProvesControl, "has no domain control over its API")
        proofs = order.proofs or ca.proofs(placed, order.placement)
        known = ca.authorizations(placed) if isinstance(ca, ProvesEachName) else ()
        rows = list(_rows(order, proofs, known, ports.challenges, look=look))
        if as_json:
            for row in rows:
                print_json(row)
        else:
            _show(order, rows)


def _rows(
    order: Order,
    proofs: tuple[Proof, ...],
    known: tuple[Authorization, ...],
    challenges: Challenges,
    *,
    look: bool,
) -> Iterator[dict[str, Any]]:
    """One object a proof, and one a name that has none; ``seen`` is null where we did not look."""
    by_name = {one.name: one for one in known}
    for proof in proofs:
        one = by_name.pop(proof.name, None)
        ours = challenges.serves(proof)
        sight = challenges.look(order, proof) if look and ours else None
        yield {
            **proof_json(proof),
            "proven": one.proven if one else None,
            "status": (one.status if one else "") or None,
            "published_by_us": ours,
            "seen": sight == "" if sight is not None else None,
            "sight": sight or None,
        }
    for one in by_name.values():
        yield {
            **proof_json(Proof(one.name, one.method, "", "")),
            "proven": one.proven,
            "status": one.status or None,
            "published_by_us": False,
            "seen": None,
            "sight": None,
        }


def _show(order: Order, rows: list[dict[str, Any]]) -> None:
    table(
        f"Control of the names of order {order.id}",
        ("name", "proven", "method", "where", "value", "published by"),
        (
            (
                cell(row["name"]),
                _proven(row),
                cell(row["method"]),
                cell(row["where"]),
                cell(row["value"]),
                _by_whom(row),
            )
            for row in rows
        ),
    )
    for row in rows:
        if row["seen"] is not None:
            say(f"{row['name']}: " + ("seen" if row["seen"] else row["sight"]))


def _base(name: str) -> str:
    return name.removeprefix("*.")


def _by_whom(row: dict[str, Any]) -> str:
    if not row["where"]:
        return ""
    if row["method"] == DCVMethod.EMAIL:
        return "the CA's mail"
    return "us" if row["published_by_us"] else "you"


def _proven(row: dict[str, Any]) -> str:
    if row["proven"] is None:
        return ""
    return "[green]yes[/]" if row["proven"] else f"no: {cell(row['status'] or '')}".rstrip(": ")


def _change_method(certwright: Certwright, order: Order, method: str, name: str) -> Order:
    if name and name not in order.request.names:
        raise Refused(f"Order {order.id} has no name {name}.", advice=f"It has: {', '.join(order.request.names)}.")
    with certwright.runner.held(order.id) as held:
        ca = _able(held.at.ca, ProvesControl, "has no domain control over its API")
        # Should this process die now, what is known to be published no more fits: then the CA is asked for it anew.
        held.save(f"asks the CA to prove {name or 'every name'} by {method}", proofs=())
        proofs = ca.change_method(_placed(held.order), held.order.placement, method, name=name)
        wish = held.order.request
        wish = (
            replace(wish, dcv_methods={**wish.dcv_methods, name: method})
            if name
            else replace(wish, dcv_method=method, dcv_methods={})
        )
        served = any(held.at.challenges.serves(proof) for proof in proofs)
        held.save(
            f"changed how {name or 'every name'} is proven to {method}",
            request=wish,
            proofs=proofs,
            step="publish" if served else "collect",
            looks=0,
        )
    return follow.order(certwright, order, None)


def remove_name(
    which: Which,
    name: Annotated[str, typer.Argument(help="A name that is not proven yet.")],
    as_json: AsJSON = False,
) -> int:
    """Take an unproven name out of an unfinished order; without the last such name the CA issues."""
    with opened() as certwright:
        order = _unfinished(certwright, which)
        wanted = pki_names.normalise(name)
        with certwright.runner.held(order.id) as held:
            ca = _able(held.at.ca, ProvesEachName, "removes no name from an order over its API")
            before = held.order.request
            # The CSR goes on naming what was taken out already: to ask for that again is harmless.
            if wanted not in before.names and wanted not in csrs.decode(held.order.csr).names:
                raise Refused(f"Order {order.id} has no name {wanted}.", advice=f"It has: {', '.join(before.names)}.")
            rest = tuple(one for one in before.names if one != wanted)
            if not rest:
                raise Refused("An order keeps at least one name.", advice=f"certwright order cancel {order.id}")
            proofs = held.order.proofs
            shared = _base(wanted) in map(_base, rest)  # a wildcard and its base name have one record
            # Written down first: the CA may issue the moment the name is gone.
            common = before.common_name if before.common_name != wanted else rest[0]
            methods = {one: how for one, how in before.dcv_methods.items() if one != wanted}
            held.save(
                f"asks the CA to remove {wanted}",
                request=replace(before, names=rest, common_name=common, dcv_methods=methods),
                proofs=proofs if shared else tuple(proof for proof in proofs if proof.name != wanted),
            )
            try:
                ca.remove_name(_placed(held.order), wanted)
            except Unknown as error:
                raise Unknown(error.detail, advice="Run the same command again: it finds out.") from None
            except CertwrightError as error:
                held.save(f"the CA keeps {wanted}: {error.detail}", request=before, proofs=proofs)
                raise
        return finish(certwright, certwright.orders.get(which), None, as_json=as_json)


def call_back(
    which: Which,
    at: Annotated[str, typer.Option(help="When to call, in UTC: 2026-11-24 13:05.")] = "",
    by_person: Annotated[bool, typer.Option("--by-person", help="With --at: a person calls, not a machine.")] = False,
    extension: Annotated[str, typer.Option(help="With --at: the extension to ask for.")] = "",
    phone: Annotated[str, typer.Option(help="Another telephone number to call.")] = "",
    email: Annotated[str, typer.Option(metavar="ADDRESS", help="Another address for the call-back's link.")] = "",
    mail: Annotated[bool, typer.Option("--mail", help="Have the mail with the call-back's link sent.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Arrange the telephone call by which a CA confirms an organization (OV and EV)."""
    if sum(map(bool, (at, phone, email, mail))) != 1:
        raise Refused("Give one of --at, --phone, --email and --mail.")
    with opened() as certwright:
        order = _unfinished(certwright, which)
        placed = _placed(order)
        ca = _able(certwright.ports(order.account).ca, CallsBack, "has no telephone call-back over its API")
        if at:
            moment = _moment(at)
            if moment <= certwright.clock.now():
                raise Refused(f"{at} UTC is past.", advice="Give a time to come.")
            said = ca.schedule_call_back(placed, moment, by_person=by_person, extension=extension)
            what = f"call-back at {at} UTC"
        elif phone:
            said, what = ca.replace_phone(placed, phone), "another telephone number for the call-back"
        elif email:
            said, what = ca.replace_call_back_address(placed, email), "another address for the call-back's link"
        else:
            said, what = ca.send_call_back_mail(placed), "mail with the call-back's link"
        _arranged(certwright, order, what, said, as_json=as_json)


def click_through(
    which: Which,
    email: Annotated[str, typer.Option(metavar="ADDRESS", help="Send it to this address instead.")] = "",
    as_json: AsJSON = False,
) -> None:
    """Have the mail sent once more by whose link the subscriber agrees to an EV certificate."""
    with opened() as certwright:
        order = _unfinished(certwright, which)
        placed = _placed(order)
        ca = _able(certwright.ports(order.account).ca, ClicksThrough, "has no click-through over its API")
        said = ca.replace_click_through_address(placed, email) if email else ca.resend_click_through(placed)
        what = f"click-through mail to {email}" if email else "click-through mail once more"
        _arranged(certwright, order, what, said, as_json=as_json)


def _arranged(certwright: Certwright, order: Order, what: str, said: str, *, as_json: bool) -> None:
    certwright.orders.note(order, f"arranged with the CA: {what}. {said}".rstrip(". "))
    certwright.orders.wake(order)
    if as_json:
        print_json({"order": order.id, "arranged": what, "answer": said or None})
    else:
        say(f"{what}: {said or 'the CA agrees'}")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text!r} is no time.", advice="Give it as 2026-11-24 13:05, in UTC.") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _unfinished(certwright: Certwright, which: str) -> Order:
    order = certwright.orders.get(which)
    if order.ca_order is None or order.ended or order.state is not OrderState.PENDING:
        raise Refused(f"Order {order.id} waits for nothing at the CA: it is {order.state}.")
    return order


def _placed(order: Order) -> CAOrder:
    if order.ca_order is None:
        raise Refused(f"Order {order.id} is not at the CA.")
    return order.ca_order


def _able(ca: object, ability: type[Ability], lacks: str) -> Ability:
    if not isinstance(ca, ability):
        raise Refused(f"This CA {lacks}.")
    return ca
