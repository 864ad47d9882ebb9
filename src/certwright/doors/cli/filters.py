"""The options that say which certificates are wanted: the same for every command that reads or changes many."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import wraps
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from certwright.doors.cli.durations import span
from certwright.model.errors import Refused
from certwright.model.inventory import Query, Severity, Sort
from certwright.model.wanted import Wanted
from certwright.model.words import CertificateState
from certwright.policy.findings import AUTHORITY
from certwright.wiring import Certwright

_PANEL = "Which certificates"
_STATES = "|".join(CertificateState)
_SEVERITIES = "|".join(Severity)
Answer = TypeVar("Answer")


def _option(*names: str, about: str, shown: str = "") -> Any:
    return typer.Option(
        *names, help=about, metavar=(shown if "|" in shown else shown.upper()) or None, rich_help_panel=_PANEL
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What was typed. Each field is an option; all that are given must be met."""

    saved: Annotated[
        str, _option("--query", about="Those of a saved query, which further options narrow.", shown="name")
    ] = ""
    name: Annotated[
        str, _option("--name", about="With this part of a name, three characters or more.", shown="part")
    ] = ""
    state: Annotated[CertificateState | None, _option("--state", about="In this state.", shown=_STATES)] = None
    ca: Annotated[str, _option("--ca", about="Of this CA: digicert and the like.")] = ""
    account: Annotated[str, _option("--account", about="Of this CA account.")] = ""
    issuer: Annotated[str, _option("--issuer", about="With this common name of the issuer.", shown="name")] = ""
    organization: Annotated[
        str, _option("--organization", about="That name this organization as their subject.", shown="name")
    ] = ""
    product: Annotated[str, _option("--product", about="Of this product, in the CA's words.")] = ""
    validation: Annotated[str, _option("--validation", about="Validated so: dv, ov, ev, iv.", shown="level")] = ""
    key_spec: Annotated[
        str, _option("--key", "--key-spec", about="With a key of this kind: rsa-2048, ec-p256 …", shown="spec")
    ] = ""
    owner: Annotated[str, _option("--owner", about="Of this owner; - for those of none.")] = ""
    tag: Annotated[str, _option("--tag", about="With this tag.")] = ""
    source: Annotated[str, _option("--source", about="Seen by this source now.", shown="name")] = ""
    finding: Annotated[str, _option("--finding", about="With an open finding of this rule.", shown="rule")] = ""
    severity: Annotated[
        Severity | None,
        _option("--severity", about="With an open finding that is so bad, or worse.", shown=_SEVERITIES),
    ] = None
    ends_within: Annotated[
        str, _option("--ends-within", about="That end from now on within this time: 30d.", shown="span")
    ] = ""
    ends_from: Annotated[
        str, _option("--ends-from", about="That end at this time (UTC) or later: 2027-01-31.", shown="date")
    ] = ""
    ends_before: Annotated[str, _option("--ends-before", about="That end before it.", shown="date")] = ""
    recorded_from: Annotated[
        str, _option("--recorded-from", about="Known here since this time (UTC) or later.", shown="date")
    ] = ""
    recorded_before: Annotated[str, _option("--recorded-before", about="Known before it.", shown="date")] = ""

    def wanted(self, certwright: Certwright) -> Wanted:
        """What is wanted; raises Refused for what makes no sense, NotFound for a saved query that is not there."""
        if self.finding.startswith(AUTHORITY):
            raise Refused(
                f"{self.finding} is found in CA certificates; leaf certificates are chosen here.",
                advice="certwright cert authorities lists CA certificates with what is wrong with each.",
            )
        typed = Wanted(
            Query(
                name=self.name,
                state=self.state,
                ca=self.ca,
                account=self.account,
                issuer=self.issuer,
                organization=self.organization,
                product=self.product,
                validation=self.validation.lower(),
                key_spec=self.key_spec.lower(),
                owner=self.owner,
                tag=self.tag,
                source=self.source,
                finding=self.finding,
                severity=self.severity,
                ends_from=_moment(self.ends_from),
                ends_before=_moment(self.ends_before),
                recorded_from=_moment(self.recorded_from),
                recorded_before=_moment(self.recorded_before),
            ),
            span(self.ends_within) if self.ends_within else None,
        )
        return certwright.saved_queries.get(self.saved).whole().narrowed(typed) if self.saved else typed


@dataclass(frozen=True, slots=True, kw_only=True)
class InOrder:
    """In what order a list is wanted."""

    sort: Annotated[
        Sort | None,
        typer.Option(
            metavar="|".join(Sort),
            help="By what; by when they were recorded, or as the saved query has it, by default.",
        ),
    ] = None
    descending: Annotated[bool, typer.Option("--descending", help="The other way round: latest first.")] = False

    def of(self, wanted: Wanted) -> Wanted:
        """The same in this order."""
        return wanted.ordered(self.sort, descending=self.descending)


def with_options(*, renamed: dict[str, str] | None = None) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Spread each parameter of a command whose type is one of the classes here into options, one for each field.

    ``renamed`` gives the option of a field another name, where the command needs that one for itself.
    """

    def spread(command: Callable[..., Answer]) -> Callable[..., Answer]:
        hints = get_type_hints(command, include_extras=True)
        groups = {name: kind for name, kind in hints.items() if kind in (Filters, InOrder)}
        own = set(hints) - set(groups)

        def parameter_of(name: str) -> str:
            return f"wanted_{name}" if name in own else name

        @wraps(command)
        def run(**given: Any) -> Answer:
            values = {
                name: kind(**{one.name: given.pop(parameter_of(one.name)) for one in fields(kind)})
                for name, kind in groups.items()
            }
            return command(**given, **values)

        parameters: list[inspect.Parameter] = []
        for parameter in inspect.signature(command).parameters.values():
            kind = groups.get(parameter.name)
            if kind is None:
                parameters.append(
                    parameter.replace(annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY)
                )
            else:
                parameters += _spread(kind, renamed or {}, parameter_of)
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # what typer reads
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        return run

    return spread


def _spread(kind: type[Any], renamed: dict[str, str], parameter_of: Callable[[str], str]) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    parameters = []
    for one in fields(kind):
        hint = hints[one.name]
        if one.name in renamed:
            (option,) = hint.__metadata__
            hint = Annotated[hint.__origin__, _option(renamed[one.name], about=option.help, shown=one.name)]
        parameters.append(
            inspect.Parameter(
                parameter_of(one.name), inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=hint
            )
        )
    return parameters


def _moment(text: str) -> datetime | None:
    """A time from ``2027-01-31``, ``2027-01-31T12:00`` or the same with a zone; UTC where none is given."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text!r} is no time.", advice="Write 2027-01-31 or 2027-01-31T12:00.") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
