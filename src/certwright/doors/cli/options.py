"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

AsJSON = Annotated[bool, typer.Option("--json", help="JSON for scripts; a list is one object a line.")]
Comment = Annotated[str, typer.Option(help="Told to the CA, and kept in the journal.")]
Wait = Annotated[
    float | None,
    typer.Option(metavar="[SECONDS]", help="Stay until it is done; without a number as long as it takes."),
]
DCV = Annotated[
    list[str] | None,
    typer.Option("--dcv", metavar="[NAME=]METHOD", help="How control of all names, or of one, is proven."),
]
RenewDays = Annotated[
    int | None,
    typer.Option(
        "--renew-days",
        min=1,
        max=3650,
        metavar="DAYS",
        help="So long before its end; at two thirds of its life by default.",
    ),
]
Which = Annotated[str, typer.Argument(metavar="ORDER", help="Our number of the order, its reference or the CA's id.")]
WhichCertificate = Annotated[
    str,
    typer.Argument(
        metavar="CERTIFICATE", help="Its fingerprint (8 hex digits or more), serial, number or common name."
    ),
]
