"""``certwright cert set``: owner, tags and fields of one certificate or of many."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Annotated

import typer

from certwright.doors.cli.filters import Filters, with_options
from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.terminal import print_json, say
from certwright.model.errors import Refused
from certwright.model.inventory import Count
from certwright.model.wanted import Wanted
from certwright.store.remarks import RemarkChange
from certwright.wiring import Certwright


@with_options(renamed={"owner": "--with-owner", "tag": "--with-tag"})
def set_remarks(
    filters: Filters,
    which: Annotated[
        list[str] | None,
        typer.Argument(metavar="CERTIFICATE...", help="Their fingerprints, serials, numbers or common names."),
    ] = None,
    owner: Annotated[str | None, typer.Option(help="Who owns them; - for nobody.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Put a tag on them; give it once for each.")] = None,
    untag: Annotated[list[str] | None, typer.Option(help="Take a tag away.")] = None,
    field: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Set a field of your own; an empty value removes it.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, however many they are.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Say who owns certificates, put tags on them, set fields of your own: of those named, or of a whole query."""
    change = RemarkChange(owner, tuple(tag or ()), tuple(untag or ()), _fields(field or ()))
    if change.is_nothing:
        raise Refused("Nothing is to be set.", advice="Give --owner, --tag, --untag or --field.")
    with opened() as certwright:
        wanted = filters.wanted(certwright)
        if which and wanted != Wanted():
            raise Refused("Name certificates, or give a query: not both.")
        if not which and wanted.is_everything and not filters.saved:
            raise Refused("No certificate is named.", advice="Name some, or say which with --query, --name and others.")
        numbers = [certwright.inventory.get(one).id for one in which] if which else _asked(certwright, wanted, yes=yes)
        count = certwright.remarks.change(numbers, change)
        if as_json:
            print_json({"changed": count})
        else:
            say(f"{count:,} certificate{'' if count == 1 else 's'} changed.")


def _asked(certwright: Certwright, wanted: Wanted, *, yes: bool) -> Iterable[int]:
    """The numbers of all that are wanted, once somebody has agreed to how many that is."""
    query = wanted.at(certwright.clock.now())
    count = certwright.browsing.count(query)
    if not yes:
        _agree(count)
    return (one.id for one in certwright.browsing.all(query))


def _agree(count: Count) -> None:
    """Ask; raises Refused where nobody can be asked, typer.Abort for a no."""
    if not sys.stdin.isatty():
        raise Refused(f"This changes {count} certificates.", advice="Say that you mean it: --yes.")
    typer.confirm(f"This changes {count} certificates. Go on?", abort=True, err=True)


def _fields(words: Iterable[str]) -> dict[str, str]:
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise Refused(f"{word!r} sets no field.", advice="Write --field NAME=VALUE.")
        found[name.strip()] = value.strip()
    return found
