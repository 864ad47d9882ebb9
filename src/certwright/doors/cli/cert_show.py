"""``certwright cert show``, ``lineage`` and ``findings``: everything about one certificate, and who told it when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.tree import Tree

from certwright.doors.cli.cert_list import WIDE, key_place, severity
from certwright.doors.cli.fitting import fitting_table
from certwright.doors.cli.knowledge_shapes import fault_json, knowledge_json, relative_json
from certwright.doors.cli.options import AsJSON, WhichCertificate
from certwright.doors.cli.session import opened
from certwright.doors.cli.terminal import cell, fields, moment, out, print_json, say, state, table
from certwright.policy.findings import AUTHORITY
from certwright.store.knowledge import Control, Fault, Knowledge, Sight, Told
from certwright.store.lineage import Relative

_LINES = 40  # of a table about one certificate
_LINEAGE = 12  # with more, `cert lineage` shows them


def show(which: WhichCertificate, as_json: AsJSON = False) -> None:
    """Show a certificate: what it says itself, and what is known of it, from where and since when."""
    with opened() as certwright:
        knowledge = certwright.knowing.of(which)
        if as_json:
            print_json(knowledge_json(knowledge))
            return
        _show_certificate(knowledge)
        for told in knowledge.told:
            _show_told(told)
        _show_control(knowledge.control)
        _show_sightings(knowledge)
        _show_faults("Findings", knowledge.faults)
        _show_orders(knowledge)
        _show_siblings(knowledge.siblings)
        if 1 < len(knowledge.lineage) <= _LINEAGE:
            _show_lineage(knowledge.lineage, knowledge.summary.fingerprint)
        elif len(knowledge.lineage) > _LINEAGE:
            say(f"It is one of {len(knowledge.lineage)} of its lineage: certwright cert lineage shows them.")


def show_lineage(which: WhichCertificate, as_json: AsJSON = False) -> None:
    """Show the certificates that came before and after one, as a tree."""
    with opened() as certwright:
        found = certwright.knowing.lineage(which)
        if as_json:
            for relative in found:
                print_json(relative_json(relative))
            return
        _show_lineage(found, certwright.inventory.get(which).certificate.fingerprint)


def show_findings(
    which: Annotated[
        str | None,
        typer.Argument(metavar="CERTIFICATE", help="One certificate; without, all findings are counted by rule."),
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Show what is wrong with a certificate, and what to do; without one, how many certificates each rule finds."""
    with opened() as certwright:
        if which is not None:
            faults = certwright.knowing.faults(which)
            if as_json:
                for fault in faults:
                    print_json(fault_json(fault))
            else:
                _show_faults("Findings", faults)
            return
        counts = certwright.overview.figures().findings
        if as_json:
            for rule, count in counts.items():
                print_json({"rule": rule, "count": count})
        else:
            show_finding_counts(counts)


def show_finding_counts(counts: Mapping[str, int]) -> None:
    """A table of rules; each with how many certificates it finds fault with."""
    table("Findings", ("rule", "certificates"), ((cell(rule), f"{count:,}") for rule, count in counts.items()))
    if leaves := [rule for rule in counts if not rule.startswith(AUTHORITY)]:
        say(f"Which those are: certwright cert list --finding {leaves[0]}")
    if len(leaves) < len(counts):
        say(f"Of CA certificates, {AUTHORITY}…: certwright cert authorities")


def _show_certificate(knowledge: Knowledge) -> None:
    leaf, summary = knowledge.certificate, knowledge.summary
    since = f" {moment(summary.revoked_at)} {cell(summary.revocation_reason)}" if summary.revoked_at else ""
    fields(
        summary.common_name or summary.fingerprint,
        {
            "state": state(summary.state) + since,
            "fingerprint": summary.fingerprint,
            "serial": summary.serial,
            "names": cell(", ".join(leaf.names)),
            "issuer": cell(leaf.issuer),
            "chain": cell(" → ".join(one.common_name or one.subject for one in knowledge.intermediates)),
            "valid": f"{moment(leaf.not_before)} to {moment(leaf.not_after)} UTC",
            "validation": cell(" ".join(filter(None, (summary.validation, summary.organization)))),
            "public key": cell(summary.key_spec),
            "account": cell(summary.account),
            "CA order": cell(summary.ca_order.order_id),
            "CA certificate": cell(summary.ca_order.certificate_id),
            "order": str(summary.order_id or ""),
            "key": cell(f"{key_place(summary.key)} {summary.key.cka_id if summary.key else ''}".strip()),
            "replaces": summary.replaces,
            "replaced by": summary.replaced_by,
            "owner": cell(summary.owner),
            "tags": cell(", ".join(summary.tags)),
            **{cell(name): cell(value) for name, value in sorted(summary.fields.items())},
            "known since": moment(summary.recorded_at),
        },
    )


def _show_told(told: Told) -> None:
    """What a CA account told of its CA order."""
    order = told.order
    duplicates = {"duplicates": order.duplicates, "reissues": order.reissues}
    revoked = f"{moment(order.revoked_at)} {cell(order.revocation_reason)}" if order.revoked_at else ""
    say("")
    fields(
        f"CA order {order.ca_order}, told by {told.account} ({told.ca})",
        {
            "told": _when(told.seen_at, told.silent_since)
            + (f", details {moment(told.detailed_at)}" if told.detailed_at else ""),
            "vanished": f"[yellow]no longer in the CA's list since {moment(told.vanished_at)[:16]}[/]"
            if told.vanished_at
            else "",
            "reference": cell(told.reference),
            "state": f"{state(order.state)}"
            + (f", its certificate {state(order.certificate_state)}" if order.certificate_state else ""),
            "revoked": revoked,
            "product": cell(" ".join(filter(None, (order.product, order.validation)))),
            "organization": cell(order.organization),
            "group": cell(order.group),
            "requester": cell(order.requester),
            "contacts": cell(", ".join(order.contacts)),
            "ordered": moment(order.placed_at),
            "paid until": moment(order.term_ends_at),
            "auto-renew": cell(order.auto_renew),
            "cost": cell(order.cost),
            "family of": cell(order.base_order_id),
            **{name: "" if count is None else str(count) for name, count in duplicates.items()},
            "why": cell(order.why),
            **{cell(name): cell(value) for name, value in sorted(order.fields.items())},
            "notes": cell(" | ".join(order.notes)),
        },
    )


def _when(seen_at: datetime, silent_since: datetime | None) -> str:
    """A time, marked where whoever told it has been silent since: markup."""
    silent = f" [red](silent since {moment(silent_since)[:10]})[/]" if silent_since else ""
    return f"{moment(seen_at)[:16]}{silent}"


def _show_control(control: Sequence[Control]) -> None:
    """Whether each name counts as proven; where there is room, by which domain and how, and when that was told."""
    if not control:
        return
    columns = {name: of for name, of in _CONTROL.items() if out.width >= WIDE or name not in _ONLY_WIDE}
    say("")
    fitting_table(
        "Control of its names, as the CA account tells",
        tuple(columns),
        ([of(one) for of in columns.values()] for one in control[:_LINES]),
        giving="name",
    )
    _say_more(len(control))


def _proven(control: Control) -> str:
    if control.domain is None:
        return "[dim]no such domain[/]"
    if control.vanished_at is not None:
        return "[yellow]no longer listed[/]"
    return "[green]yes[/]" if control.domain.proven else "[yellow]no[/]"


_CONTROL: Mapping[str, Callable[[Control], str]] = {
    "name": lambda one: cell(one.name),
    "proven": _proven,
    "until (UTC)": lambda one: moment(one.domain.proven_until)[:10] if one.domain else "",
    "by domain": lambda one: cell(one.domain.name if one.domain else ""),
    "method": lambda one: cell(one.domain.method if one.domain else ""),
    "account": lambda one: cell(one.account),
    "told (UTC)": lambda one: moment(one.seen_at)[:10],
}
_ONLY_WIDE = ("by domain", "method", "told (UTC)")


def _show_sightings(knowledge: Knowledge) -> None:
    if not knowledge.sightings:
        return
    say("")
    fitting_table(
        "Seen at",
        ("where", "source", "first (UTC)", "last (UTC)", "now"),
        (
            (
                cell(one.place),
                cell(one.source),
                moment(one.first_seen_at)[:10],
                _when(one.last_seen_at, one.silent_since),
                _now(one),
            )
            for one in knowledge.sightings[:_LINES]
        ),
        giving="where",
    )
    _say_more(knowledge.seen)


def _now(sight: Sight) -> str:
    if sight.vanished_at is not None:
        return f"[dim]gone {moment(sight.vanished_at)[:10]}[/]"
    if sight.trouble:
        return f"[yellow]{cell(sight.trouble)}[/]"
    return "[green]there[/]" + (", with its key" if sight.has_key else "")


def _show_faults(title: str, faults: Sequence[Fault]) -> None:
    for fault in faults:
        one = fault.finding
        say("")
        fields(
            one.rule,
            {
                "severity": severity(one.severity),
                "what": cell(one.detail),
                "advice": f"[cyan]{cell(one.advice)}[/]" if one.advice else "",
                "source": cell(one.source),
                "since": moment(fault.found_at)[:16],
            },
        )
    if not faults:
        say(f"{title}: none")


def _show_orders(knowledge: Knowledge) -> None:
    if knowledge.orders:
        say("")
        table(
            "Orders",
            ("order", "what", "state", "at (UTC)", "reference"),
            (
                (
                    str(one.id),
                    cell(one.request.operation),
                    state(one.state),
                    moment(one.created_at),
                    cell(one.reference),
                )
                for one in knowledge.orders
            ),
        )
    if knowledge.revocations:
        table(
            "Revocations",
            ("revocation", "state", "at (UTC)", "reason", "why"),
            (
                (str(one.id), state(one.state), moment(one.created_at), cell(one.reason), cell(one.why))
                for one in knowledge.revocations
            ),
        )


def _show_siblings(siblings: Sequence[Relative]) -> None:
    if not siblings:
        return
    say("")
    table(
        "Also in its CA order",
        ("fingerprint", "valid from", "until", "state"),
        (
            (one.fingerprint[:12], moment(one.not_before)[:10], moment(one.not_after)[:10], state(one.state))
            for one in siblings[-_LINES:]
        ),
    )
    _say_more(len(siblings))


def _show_lineage(lineage: Sequence[Relative], this: str) -> None:
    """A tree, whose lines each fit a narrow terminal."""
    say("")
    trees: dict[str, Tree] = {}
    whole = Tree("Lineage", guide_style="dim")
    for one in lineage:
        mark = "[bold]" if one.fingerprint == this else ""
        text = f"{mark}{one.fingerprint[:12]}  {moment(one.not_before)[:10]} to {moment(one.not_after)[:10]}"
        above = trees.get(one.replaces, whole)
        trees[one.fingerprint] = above.add(f"{text}{'[/]' if mark else ''}  {state(one.state)}")
    out.print(whole)


def _say_more(count: int) -> None:
    if count > _LINES:
        say(f"{count:,} in all; --json shows more.")
