"""``certwright order place``, and what an order may get later: its CSR, the subscriber's agreement."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from certwright.doors.cli import wishes
from certwright.doors.cli.export import Format, check_target, content_of, password_in, write_private
from certwright.doors.cli.options import DCV, AsJSON, Comment, RenewDays, Wait, Which
from certwright.doors.cli.session import opened
from certwright.doors.cli.showing import finish
from certwright.doors.cli.terminal import warn
from certwright.model.ca import Term
from certwright.model.errors import Refused
from certwright.model.order import Order
from certwright.model.ports import TakesAgreementLate, TakesCSRLate
from certwright.model.words import AutoRenew, KeyKind, Operation, OrderState, WaitingFor
from certwright.store.orders import KeyWish
from certwright.wiring import Certwright

_CSR = "A CSR you have (PEM or DER); - reads it from stdin, made:N takes one made here."


def place(
    account: Annotated[str, typer.Option(help="The CA account to order from.")],
    product: Annotated[str, typer.Option(help="The CA's id of the product.")],
    name: Annotated[list[str] | None, typer.Option(help="A DNS name or IP address; give it once for each.")] = None,
    www: Annotated[bool, typer.Option("--www", help="Also for the www variant of each name.")] = False,
    key: Annotated[str, typer.Option(help="Where the key is made: software:ec-p256, pkcs11:TOKEN:rsa-2048 …")] = "",
    csr: Annotated[str, typer.Option(metavar="FILE", help=_CSR)] = "",
    late_csr: Annotated[bool, typer.Option("--late-csr", help="The CSR comes later: order submit-csr.")] = False,
    organization: Annotated[str, typer.Option(help="The CA's id of the organization, or its name.")] = "",
    term: Annotated[str, typer.Option(help="How long the order runs: 1y, 90d or an end date.")] = "",
    lifetime: Annotated[int | None, typer.Option(metavar="DAYS", help="How long the certificate lives.")] = None,
    reference: Annotated[str, typer.Option(help="Your own reference; the same one is the same order.")] = "",
    renewal_of: Annotated[str, typer.Option(metavar="ORDER", help="The CA's id of the order it renews.")] = "",
    auto_renew: Annotated[
        AutoRenew, typer.Option(help="Renew by itself: inside the paid term, or always, or not.")
    ] = AutoRenew.OFF,
    renew_days: RenewDays = None,
    dcv: DCV = None,
    option: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="One of the CA's own options.")
    ] = None,
    comment: Comment = "",
    export: Annotated[Path | None, typer.Option(help="Write certificate and key there once it is issued.")] = None,
    form: Annotated[Format, typer.Option("--format", help="With --export: what to write.")] = Format.PEM,
    password_file: Annotated[
        Path | None, typer.Option(help="With --export: its first line protects PKCS#12 and JKS, or the key in PEM.")
    ] = None,
    wait: Wait = None,
    as_json: AsJSON = False,
) -> int:
    """Order a certificate. The order is recorded before anything is asked of the CA."""
    with opened() as certwright:
        wishes.check_account(certwright, account)
        given = wishes.given_csr(certwright, csr) if csr else None
        if late_csr and (given or key):
            raise Refused("With --late-csr the CSR brings the key.", advice="Leave --csr and --key out.")
        if www and given:
            raise Refused("A CSR says its names.", advice="Leave --www out, or let the key be made here.")
        password = password_in(password_file)
        if form in (Format.PKCS12, Format.JKS) and export and not password:
            raise Refused(f"{form} needs a password.", advice="Give --password-file.")
        if export is not None:
            check_target(export)
        method, methods = wishes.dcv(dcv or [])
        request = wishes.request(
            Operation.NEW,
            wishes.with_www(name or []) if www else name or [],
            given,
            product=product,
            organization=organization,
            term=Term.parse(term) if term else None,
            lifetime_days=lifetime,
            renewal_of=renewal_of,
            dcv_method=method,
            dcv_methods=methods,
            comment=comment,
            options=wishes.pairs(option or []),
        )
        if late_csr:
            _check_late(certwright, account)
        order, new = certwright.orders.create(
            account,
            request,
            KeyWish(KeyKind.EXTERNAL) if late_csr else wishes.key(certwright, key, given, label=request.common_name),
            reference=wishes.reference(certwright, reference),
            csr=given.der if given else b"",
            watched_until=watched_until(certwright, wait),
            auto_renew=auto_renew,
            renew_days=renew_days,
        )
        if not new:
            warn(f"reference {order.reference} is order {order.id} already; nothing new was recorded")
        code = finish(certwright, order, wait, as_json=as_json)
        if export is not None:
            _export(certwright, certwright.orders.get(order.reference), export, form, password)
        return code


def watched_until(certwright: Certwright, wait: float | None) -> datetime | None:
    """Until when somebody sits in front of the terminal."""
    return certwright.clock.now() + timedelta(seconds=min(wait, 86_400)) if wait else None


def _check_late(certwright: Certwright, account: str) -> None:
    if not isinstance(certwright.adapter(certwright.accounts.get(account)), TakesCSRLate):
        raise Refused("This CA takes no order without a CSR.", advice="Give --csr, or --key to have one made.")


def _export(certwright: Certwright, order: Order, target: Path, form: Format, password: bytes | None) -> None:
    if not order.fingerprint:
        warn(f"nothing to write yet; later: certwright cert export CERTIFICATE --key --format {form} --out {target}")
        return
    entry = certwright.inventory.get(order.fingerprint)
    with_key = entry.key is not None and entry.key.kind is KeyKind.SOFTWARE and form in _WITH_KEY
    content = content_of(certwright, entry, form, leaf_only=False, with_key=with_key, password=password)
    write_private(target, content)
    warn(f"written: {target}")


_WITH_KEY = (Format.PEM, Format.PKCS12, Format.JKS)


def submit_csr(
    which: Which,
    csr: Annotated[str, typer.Argument(metavar="FILE", help=_CSR)],
    wait: Wait = None,
    as_json: AsJSON = False,
) -> int:
    """Give an order that was placed without a CSR the CSR it waits for."""
    with opened() as certwright:
        order = certwright.orders.get(which)
        given = wishes.given_csr(certwright, csr)
        _check_wants_csr(certwright, order)
        wishes.request(order.request.operation, order.request.names, given, product=order.request.product)
        with certwright.runner.held(order.id) as held:
            _check_wants_csr(certwright, held.order)
            held.order = certwright.orders.give_csr(held.order, given.der, wishes.key(certwright, "", given, label=""))
            held.save("CSR given", looks=0)
        return finish(certwright, certwright.orders.get(which), wait, as_json=as_json)


def _check_wants_csr(certwright: Certwright, order: Order) -> None:
    """Raise Refused unless the CA has the order and waits for a CSR, or for another one."""
    if not isinstance(certwright.ports(order.account).ca, TakesCSRLate):
        raise Refused("This CA takes no CSR later.")
    placed = order.ca_order is not None and order.state is OrderState.PENDING
    if not placed or (order.csr and order.waiting_for is not WaitingFor.CSR):
        raise Refused(
            f"Order {order.id} waits for no CSR: it is {order.state}.", advice=f"certwright order show {order.id}"
        )


def agree(
    which: Which,
    option: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Who agrees, as options of the CA.")
    ] = None,
    as_json: AsJSON = False,
) -> int:
    """Accept the subscriber agreement that an order waits for."""
    with opened() as certwright:
        order = certwright.orders.get(which)
        ca = certwright.ports(order.account).ca
        if order.ca_order is None or not isinstance(ca, TakesAgreementLate):
            raise Refused("There is no agreement to accept over the API of this CA.")
        with certwright.runner.held(order.id) as held:
            more = {**order.request.options, **wishes.pairs(option or [])}
            ca.agree(order.ca_order, replace(held.order.placement, options=more))
            held.save("subscriber agreement accepted", looks=0)
        return finish(certwright, certwright.orders.get(which), None, as_json=as_json)
