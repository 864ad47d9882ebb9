"""``certwright cert``: read the inventory, export, reissue, revoke."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from certwright.doors.cli import (
    cert_authorities,
    cert_facets,
    cert_judge,
    cert_list,
    cert_queries,
    cert_set,
    cert_show,
    follow,
    importing,
    successors,
    wishes,
)
from certwright.doors.cli.export import Format, content_of, password_in, write_private
from certwright.doors.cli.options import AsJSON, Comment, Wait, WhichCertificate
from certwright.doors.cli.revocation_checks import check_revocation
from certwright.doors.cli.session import opened
from certwright.doors.cli.shapes import revocation_json
from certwright.doors.cli.showing import show_revocation
from certwright.doors.cli.terminal import moment, print_json
from certwright.model.ca import CAOrder
from certwright.model.errors import Refused
from certwright.model.order import Revocation
from certwright.model.words import CertificateState, RevocationReason, RevocationState

app = typer.Typer()


app.command("list")(cert_list.list_certificates)
app.command()(cert_show.show)
app.command("lineage")(cert_show.show_lineage)
app.command("findings")(cert_show.show_findings)
app.command("authorities")(cert_authorities.list_authorities)
app.command()(cert_judge.judge)
app.command()(check_revocation)
app.command("facets")(cert_facets.show_facets)
app.command("set")(cert_set.set_remarks)
app.command("import")(importing.import_certificates)
app.add_typer(
    cert_queries.app, name="query", help="Queries of the inventory that are kept under a name.", no_args_is_help=True
)


@app.command()
def export(
    which: WhichCertificate,
    form: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.PEM,
    target: Annotated[Path | None, typer.Option("--out", help="Where to; standard output by default.")] = None,
    leaf_only: Annotated[bool, typer.Option("--leaf-only", help="Without the chain.")] = False,
    with_key: Annotated[bool, typer.Option("--key", help="With the private key; software keys only.")] = False,
    password_file: Annotated[
        Path | None, typer.Option(help="Its first line protects PKCS#12 and JKS, or the key in PEM.")
    ] = None,
) -> None:
    """Write a certificate with its chain as PEM, DER, PKCS#7, PKCS#12, ZIP or JKS.

    Of a key in a token, --key gives the PKCS#11 URI as a PEM file, which OpenSSL 3 takes for a key file.
    """
    with opened() as certwright:
        entry = certwright.inventory.get(which)
        content = content_of(
            certwright, entry, form, leaf_only=leaf_only, with_key=with_key, password=password_in(password_file)
        )
        if target is None:
            sys.stdout.buffer.write(content)
        else:
            write_private(target, content)
            sys.stderr.write(f"{target}: {len(content)} bytes\n")


app.command()(successors.reissue)
app.command()(successors.duplicate)
app.command()(successors.renew)


@app.command()
def revoke(
    which: WhichCertificate,
    reason: Annotated[RevocationReason, typer.Option(help="Why, in the words of RFC 5280.")] = (
        RevocationReason.UNSPECIFIED
    ),
    whole_order: Annotated[
        bool, typer.Option("--order", help="Every certificate of its CA order, reissues and duplicates too.")
    ] = False,
    comment: Comment = "",
    wait: Wait = None,
    as_json: AsJSON = False,
) -> int:
    """Revoke a certificate, or all of its CA order."""
    with opened() as certwright:
        entry = certwright.inventory.get(which)
        if entry.state is CertificateState.REVOKED and not whole_order:
            raise Refused(f"{entry.certificate.fingerprint} is revoked already, since {moment(entry.revoked_at)}.")
        if not entry.account:
            raise Refused("This certificate belongs to no CA account we know of.")
        wishes.check_account(certwright, entry.account)
        wishes.check_reason(certwright, entry.account, reason)
        revocation = certwright.orders.revoke(
            successors.order_of(certwright, entry),
            entry.account,
            CAOrder(entry.ca_order.order_id, "" if whole_order else entry.ca_order.certificate_id),
            fingerprint="" if whole_order else entry.certificate.fingerprint,
            reason=reason,
            comment=comment,
            whole_order=whole_order,
            watched_until=certwright.clock.now() + timedelta(seconds=min(wait, 86_400)) if wait else None,
        )
        revocation = follow.revocation(certwright, revocation, wait)
        if as_json:
            print_json(revocation_json(revocation))
        else:
            show_revocation(revocation)
        return _exit_code(revocation, waited=wait is not None)


def _exit_code(revocation: Revocation, *, waited: bool) -> int:
    if revocation.state is RevocationState.REVOKED:
        return 0
    if revocation.state is RevocationState.REFUSED:
        return 1
    if revocation.trouble:
        return {"unavailable": 3, "misconfigured": 4}[revocation.trouble]
    return 3 if waited else 0
