"""``certwright csr``: make one with a key of ours, or read any."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from certwright.doors.cli import wishes
from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.shapes import key_json
from certwright.doors.cli.terminal import cell, fields, moment, print_json, table
from certwright.model.ca import Placement
from certwright.model.errors import Refused
from certwright.model.ports import ChecksCSR
from certwright.model.words import Operation
from certwright.pki.csr import CSR
from certwright.pki.csr import decode as decode_csr
from certwright.pki.weak import weakness
from certwright.store.csrs import MadeCSR

app = typer.Typer()


@app.command()
def create(
    name: Annotated[list[str], typer.Option(help="A DNS name or IP address; give it once for each.")],
    key: Annotated[str, typer.Option(help="Where a new key is made: software:ec-p256 …")] = "",
    key_id: Annotated[int | None, typer.Option("--key-id", help="Or our number of a key there is.")] = None,
    target: Annotated[Path | None, typer.Option("--out", help="Where to; standard output by default.")] = None,
) -> None:
    """Sign a CSR. Ordering with it later (--csr) finds the key again by itself."""
    with opened() as certwright:
        wanted = wishes.request(Operation.NEW, name, None, product="")
        if key_id is not None:
            if key:
                raise Refused("Give --key or --key-id, not both.")
            made = certwright.keys.get(key_id)
        else:
            wish = wishes.key(certwright, key, None, label=wanted.common_name)
            planned = certwright.keys.plan(
                wish.kind, wish.spec, token=wish.token, label=wish.label, id_length=wish.id_length
            )
            made = certwright.keyring.make(planned)
            certwright.keys.made(made)
        csr = decode_csr(certwright.keyring.sign_csr(made, wanted.names, wanted.common_name))
        number = certwright.csrs.keep(csr, made)
        sys.stderr.write(f"kept as CSR {number}: order with --csr made:{number}\n")
        if target is None:
            sys.stdout.write(csr.pem)
        else:
            target.write_text(csr.pem)


@app.command("list")
def list_csrs(as_json: AsJSON = False) -> None:
    """List the CSRs that were made here, oldest first."""
    with opened() as certwright:
        made = certwright.csrs.all()
        if as_json:
            for one in made:
                print_json(_json(one))
            return
        table(
            "CSRs",
            ("CSR", "names", "key", "made (UTC)", "ordered"),
            (
                (
                    f"made:{one.id}",
                    cell(", ".join(one.csr.names)),
                    cell(f"{one.key.kind} {one.key.spec or ''} {one.key.token}".strip()),
                    moment(one.created_at),
                    "yes" if one.ordered else "no",
                )
                for one in made
            ),
        )


def _json(made: MadeCSR) -> dict[str, Any]:
    return {
        "id": made.id,
        "names": list(made.csr.names),
        "common_name": made.csr.common_name,
        "key": key_json(made.key),
        "pem": made.csr.pem,
        "ordered": made.ordered,
        "created_at": made.created_at,
    }


@app.command()
def decode(
    file: Annotated[str, typer.Argument(help="PEM or DER; - reads standard input, made:N one made here.")],
    account: Annotated[str, typer.Option(help="Ask the CA of this CA account, too, what it thinks of it.")] = "",
    product: Annotated[str, typer.Option(help="With --account: for this product.")] = "",
    as_json: AsJSON = False,
) -> None:
    """Show what a CSR asks for, and whether its key may be used."""
    csr = _read(file)
    weak = weakness(csr.public_key)
    if account:
        _ask_the_ca(csr, account, product)
    if as_json:
        print_json(
            {
                "accepted_by": account or None,
                "common_name": csr.common_name,
                "names": list(csr.names),
                "subject": csr.subject,
                "key": csr.key_description,
                "public_key_sha256": csr.public_key_sha256,
                "signature_hash": csr.signature_hash,
                "weakness": weak,
            }
        )
        return
    fields(
        "CSR",
        {
            "names": cell(", ".join(csr.names)),
            "subject": cell(csr.subject),
            "key": cell(csr.key_description),
            "public key": csr.public_key_sha256,
            "signed with": cell(csr.signature_hash),
            "weakness": f"[red]{cell(weak)}[/]" if weak else "",
            "taken by": cell(account),
        },
    )


def _read(file: str) -> CSR:
    if not file.startswith("made:"):
        return wishes.read_csr(file)
    with opened() as certwright:
        return wishes.given_csr(certwright, file)


def _ask_the_ca(csr: CSR, account: str, product: str) -> None:
    """Raises Refused with what the CA does not like about it."""
    with opened() as certwright:
        ca = certwright.adapter(certwright.accounts.get(account))
        if not isinstance(ca, ChecksCSR):
            raise Refused("This CA decodes no CSR over its API.")
        names = tuple(csr.names)
        ca.check_csr(
            Placement(reference="", csr=csr.der, names=names, common_name=csr.common_name or names[0], product=product)
        )
