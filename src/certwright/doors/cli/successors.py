"""``certwright cert reissue``, ``duplicate`` and ``renew``: orders that bring a certificate its successor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from certwright.doors.cli import wishes
from certwright.doors.cli.options import DCV, AsJSON, Comment, Wait, WhichCertificate
from certwright.doors.cli.placing import watched_until
from certwright.doors.cli.session import opened
from certwright.doors.cli.showing import finish
from certwright.engine import succession
from certwright.model.ca import Term
from certwright.model.errors import Refused
from certwright.model.order import Order, Request
from certwright.model.ports import Duplicates, Reissues
from certwright.model.words import AutoRenew, Operation
from certwright.pki import names as pki_names
from certwright.pki.csr import CSR
from certwright.store.inventory import Entry
from certwright.wiring import Certwright


def reissue(
    which: WhichCertificate,
    name: Annotated[list[str] | None, typer.Option(help="The names it is to have; unchanged by default.")] = None,
    key: Annotated[str, typer.Option(help="Where the new key is made; where the old one is by default.")] = "",
    csr: Annotated[str, typer.Option(metavar="FILE", help="A CSR you have; - reads it from stdin.")] = "",
    option: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="An option of the CA.")
    ] = None,
    dcv: DCV = None,
    reference: Annotated[str, typer.Option(help="Your own reference; the same one is the same reissue.")] = "",
    comment: Comment = "",
    wait: Wait = None,
    as_json: AsJSON = False,
) -> int:
    """Get a changed certificate inside the same CA order, with a new key unless a CSR is given."""
    return _inside(Operation.REISSUE, which, name, key, csr, option, dcv, reference, comment, wait, as_json=as_json)


def duplicate(
    which: WhichCertificate,
    key: Annotated[str, typer.Option(help="Where the new key is made; where the old one is by default.")] = "",
    csr: Annotated[str, typer.Option(metavar="FILE", help="A CSR you have; - reads it from stdin.")] = "",
    option: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="An option of the CA.")
    ] = None,
    reference: Annotated[str, typer.Option(help="Your own reference; the same one is the same duplicate.")] = "",
    comment: Comment = "",
    wait: Wait = None,
    as_json: AsJSON = False,
) -> int:
    """Get one more certificate of the same names beside it, inside the same CA order."""
    return _inside(Operation.DUPLICATE, which, None, key, csr, option, None, reference, comment, wait, as_json=as_json)


def _inside(
    operation: Operation,
    which: str,
    names: list[str] | None,
    key: str,
    csr: str,
    option: list[str] | None,
    dcv: list[str] | None,
    reference: str,
    comment: str,
    wait: float | None,
    *,
    as_json: bool,
) -> int:
    with opened() as certwright:
        entry = certwright.inventory.get(which)
        if not entry.ca_order.order_id:
            raise Refused("This certificate belongs to no CA order we know of.")
        wishes.check_account(certwright, entry.account)
        _check_ability(certwright, entry.account, operation)
        first = order_of(certwright, entry)
        method, methods = wishes.dcv(dcv or []) if dcv or first is None else _methods(first)
        given = wishes.given_csr(certwright, csr) if csr else None
        wanted = [pki_names.normalise(name) for name in names or (() if given else entry.certificate.names)]
        request = wishes.request(
            operation,
            _common_name_first(wanted, entry.certificate.common_name),
            given,
            product=first.request.product if first else "",
            organization=first.request.organization if first else "",
            inside=entry.ca_order.order_id,
            dcv_method=method,
            dcv_methods={name: how for name, how in methods.items() if name in wanted or given},
            comment=comment,
            options=wishes.pairs(option or []),
        )
        order = _record(certwright, entry, request, key, given, reference, wait)
        return finish(certwright, order, wait, as_json=as_json)


def renew(
    which: WhichCertificate,
    product: Annotated[str, typer.Option(help="Another product; that of the order before by default.")] = "",
    organization: Annotated[str, typer.Option(help="Another organization.")] = "",
    term: Annotated[str, typer.Option(help="How long it runs: 1y, 90d or an end date; as before by default.")] = "",
    key: Annotated[str, typer.Option(help="Where the new key is made; where the old one is by default.")] = "",
    csr: Annotated[str, typer.Option(metavar="FILE", help="A CSR you have; - reads it from stdin.")] = "",
    option: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="An option of the CA.")
    ] = None,
    dcv: DCV = None,
    reference: Annotated[str, typer.Option(help="Your own reference; the same one is the same renewal.")] = "",
    comment: Comment = "",
    wait: Wait = None,
    as_json: AsJSON = False,
) -> int:
    """Order a successor, with a new key unless a CSR is given. At CAs that allow it, the time that is left is kept."""
    with opened() as certwright:
        entry = certwright.inventory.get(which)
        wishes.check_account(certwright, entry.account)
        first = order_of(certwright, entry)
        before = first.request if first else None
        given = wishes.given_csr(certwright, csr) if csr else None
        method, methods = wishes.dcv(dcv or []) if dcv or first is None else _methods(first)
        if not (product or (before and before.product)):
            raise Refused(
                "Which product the certificate was ordered as is not known here.",
                advice=f"Give --product: certwright account show {entry.account}",
            )
        names = () if given else entry.certificate.names
        request = wishes.request(
            Operation.NEW,
            _common_name_first([pki_names.normalise(name) for name in names], entry.certificate.common_name),
            given,
            product=product or (before.product if before else ""),
            organization=organization or (before.organization if before else ""),
            term=Term.parse(term) if term else before.term if before else None,
            lifetime_days=before.lifetime_days if before else None,
            renewal_of=entry.ca_order.order_id,
            dcv_method=method,
            dcv_methods=methods,
            comment=comment,
            options={
                **(succession.options_again(before) if before else {}),
                **wishes.remaining(certwright, entry),
                **wishes.pairs(option or []),
            },
        )
        bought = certwright.renewals.bought(first) if first else None
        order = _record(certwright, entry, request, key, given, reference, wait, bought)
        return finish(certwright, order, wait, as_json=as_json)


def _check_ability(certwright: Certwright, account: str, operation: Operation) -> None:
    """Raise before anything is recorded when the CA has no such operation."""
    ca = certwright.adapter(certwright.accounts.get(account))
    able = isinstance(ca, Reissues) if operation is Operation.REISSUE else isinstance(ca, Duplicates)
    if not able:
        raise Refused(f"This CA has no {operation}.", advice="Order another certificate: certwright cert renew")


def _record(
    certwright: Certwright,
    entry: Entry,
    request: Request,
    key: str,
    given: CSR | None,
    reference: str,
    wait: float | None,
    bought: Order | None = None,
) -> Order:
    """The successor's order: its key is made where the predecessor's is, unless another place or a CSR is given.

    One that buys anew is renewed by itself as the one that was ``bought`` before.
    """
    label = request.common_name
    place = (
        wishes.key(certwright, key, given, label=label)
        if key or given
        else wishes.same_place(certwright, entry.key, label)
    )
    order, _ = certwright.orders.create(
        entry.account,
        request,
        place,
        reference=wishes.reference(certwright, reference),
        csr=given.der if given else b"",
        replaces=entry.certificate.fingerprint,
        watched_until=watched_until(certwright, wait),
        auto_renew=bought.auto_renew if bought else AutoRenew.OFF,
        renew_days=bought.renew_days if bought else None,
    )
    return order


def _methods(order: Order) -> tuple[str, Mapping[str, str]]:
    return order.request.dcv_method, order.request.dcv_methods


def order_of(certwright: Certwright, entry: Entry) -> Order | None:
    """The order by which we got a certificate; None when it was found, or its order forgotten."""
    while entry.order_id is None and entry.replaces:  # the CA renewed it, and an import found that
        entry = certwright.inventory.get(entry.replaces)
    return certwright.orders.get_by_id(entry.order_id) if entry.order_id else None


def _common_name_first(names: list[str], common_name: str | None) -> list[str]:
    """The names with the former common name in front: the first one becomes the common name again."""
    if common_name and common_name in names:
        return [common_name, *(name for name in names if name != common_name)]
    return names
