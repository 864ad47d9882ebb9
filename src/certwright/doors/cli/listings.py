"""``certwright account sync`` and what ``account show`` shows of it: the lists that a CA has of an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.terminal import cell, moment, print_json, say, table, warn
from certwright.engine.syncing import listings_of, sync
from certwright.model.words import Listing
from certwright.store.listings import Listings, Seen, Synced


def sync_account(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The CA account.")],
    only: Annotated[list[Listing] | None, typer.Option(help="Only this list; give it once for each.")] = None,
    as_json: AsJSON = False,
) -> None:
    """Read from the CA what the account has: groups, organizations, domains, products. What vanished is marked."""
    with opened() as certwright:
        adapter = certwright.adapter(certwright.accounts.get(name))
        done, failed = sync(certwright.listings, name, adapter, only or listings_of(adapter))
        if as_json:
            print_json(
                {
                    "name": name,
                    "synced": {listing: asdict(synced) for listing, synced in done.items()},
                    "failed": {listing: str(error) for listing, error in failed.items()},
                }
            )
        else:
            for listing, synced in done.items():
                say(f"{listing}: {_told(listing, synced)}")
        for listing, error in failed.items():
            warn(f"{listing}: {error.detail}")
        if failed:
            raise next(iter(failed.values()))


def _told(listing: Listing, synced: Synced) -> str:
    if listing is Listing.ACCOUNT:
        return "the CA knows us"
    news = {"new": synced.new, "changed": synced.changed, "vanished": synced.vanished}
    more = ", ".join(f"{count} {what}" for what, count in news.items() if count)
    return f"{synced.listed} listed" + (f", {more}" if more else "")


def listings_json(listings: Listings, account: str) -> dict[str, Any]:
    """All that was synced of an account, as JSON objects."""
    return {
        "groups": _json(listings.groups(account)),
        "organizations": _json(listings.organizations(account)),
        "domains": _json(listings.domains(account)),
        "products": _json(listings.products(account)),
        "syncs": {
            listing: {"synced_at": time.synced_at, "tried_at": time.tried_at, "trouble": time.trouble or None}
            for listing, time in listings.times(account).items()
        },
    }


def _json(seen: Sequence[Seen[Any]]) -> list[dict[str, Any]]:
    objects = []
    for one in seen:
        item = asdict(one.item)
        objects.append(
            {"id": item.pop("ca_id"), **item, "seen_at": one.seen_at, "vanished_at": one.vanished_at},
        )
    return objects


def show_listings(listings: Listings, account: str) -> None:
    """The same for people, each list with the time of its last sync; an empty list that no sync brought is left out."""
    times = listings.times(account)
    if times:
        table(
            "Synced",
            ("list", "last synced (UTC)", "listed", "trouble since"),
            (
                (str(listing), moment(time.synced_at), str(time.listed), cell(time.trouble))
                for listing, time in times.items()
            ),
        )
    if groups := listings.groups(account):
        total = _total([seen.item.balance for seen in groups])
        table(
            f"Groups{f', balance {total} in all' if total else ''}",
            ("id", "name", "default", "balance", "standing"),
            (
                (
                    cell(seen.item.ca_id),
                    cell(seen.item.name),
                    "yes" if seen.item.default else "",
                    cell(seen.item.balance),
                    _standing(seen),
                )
                for seen in groups
            ),
        )
    table(
        "Organizations",
        ("id", "name", "standing"),
        ((cell(seen.item.ca_id), cell(seen.item.name), _standing(seen)) for seen in listings.organizations(account)),
    )
    if domains := listings.domains(account):
        table(
            "Domains",
            ("name", "proven", "until (UTC)", "method", "standing"),
            (
                (
                    cell(seen.item.name),
                    "yes" if seen.item.proven else "no",
                    moment(seen.item.proven_until),
                    cell(seen.item.method),
                    _standing(seen),
                )
                for seen in domains
            ),
        )
    table(
        "Products",
        ("id", "name", "validation", "kind", "years", "standing"),
        (
            (
                cell(seen.item.ca_id),
                cell(seen.item.name),
                cell(seen.item.validation),
                cell(seen.item.kind),
                ", ".join(str(years) for years in seen.item.years),
                _standing(seen),
            )
            for seen in listings.products(account)
        ),
    )


def _total(balances: Sequence[str]) -> str:
    """The sum of what the CA says its groups can spend; "" where it says nothing or not in numbers."""
    try:
        told = [Decimal(balance) for balance in balances if balance]
    except InvalidOperation:
        return ""
    return str(sum(told)) if told else ""


def _standing(seen: Seen[Any]) -> str:
    if seen.vanished_at is not None:
        return f"[yellow]gone since {moment(seen.vanished_at)[:10]}[/]"
    if not getattr(seen.item, "active", True):
        return f"[dim]{cell(getattr(seen.item, 'status', '') or 'inactive')}[/]"
    return cell(getattr(seen.item, "status", ""))
