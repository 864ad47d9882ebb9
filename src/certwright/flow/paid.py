"""The paid-call rule: the one piece of code through which every call goes that costs money or cannot be undone.

No engine makes an HTTP call exactly once. What does: write down the intent first, send under a deadline, and never
send again before the CA itself has said that nothing came of it.

1. An intent row is committed, unique on (subject, attempt), with the deadline of the call and what the CA had before.
2. The call is sent under that deadline, which the transport checks again just before the bytes go out.
3. An intent without an outcome is never sent again. The CA is searched, until deadline + settle time have passed.
4. Still absent: a new attempt, if the CA can be searched; otherwise the subject is parked for a person.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Generic, TypeVar

from certwright.flow.answers import Answer, Changes, Done, Refuse, Wait
from certwright.flow.trouble import Talks, trouble
from certwright.model.errors import Misconfigured, Refused, Unavailable, Unknown
from certwright.model.order import Event, EventKind, Intent, Outcome
from certwright.model.ports import Journal, Ports, Subject
from certwright.policy import cadence

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Call(Generic[Result]):
    """A call to be made exactly once.

    ``send`` makes it, given a deadline of ``time.monotonic()``. ``search`` asks the CA whether an earlier send had
    an effect, given the marks taken before it; None when the CA cannot be searched. ``marks`` takes them.
    ``done`` turns a result into the step's answer. ``unknown`` and ``parked`` are the subject's changes while the
    outcome is unknown and when a person must find out.
    """

    what: str
    send: Callable[[float], Result]
    done: Callable[[Result], Done | Refuse]
    settle_time: timedelta
    search: Callable[[frozenset[str]], Result | None] | None
    marks: Callable[[], frozenset[str]] = frozenset
    sending: Changes | None = None
    unknown: Changes | None = None


def once(
    subject: Subject, step: str, call: Call[Result], news: list[Event], journal: Journal[Subject], at: Ports
) -> tuple[Subject, list[Event], Answer]:
    """Make the call, or find out what became of it. Returns the subject, the journal lines still unsaved, the answer.

    Raises what ``search`` and ``marks`` raise: reading is the caller's to repeat.
    """
    intent = journal.latest_intent(subject)
    if intent is not None and intent.outcome is Outcome.REFUSED:
        return subject, news, Refuse(subject.why or f"The CA refused the {call.what}.", subject.advice)
    unclear = intent if intent is not None and intent.outcome is Outcome.OPEN else None
    if unclear is not None and (answer := _find_out(subject, call, unclear, at)) is not None:
        return subject, news, answer
    marks = call.marks()
    if unclear is not None:
        never = Event(EventKind.CA, step, f"{call.what}: the CA never got attempt {unclear.attempt}")
        subject = journal.save(subject, [*news, never], closes=(unclear, Outcome.ABSENT))
        news = []
    deadline = at.clock.now() + timedelta(seconds=at.call_seconds)
    clock = time.monotonic() + at.call_seconds
    about = Event(EventKind.STEP, step, f"{call.what}: about to ask the CA")
    subject = replace(subject, **(call.sending or {}))
    subject, intent = journal.open_intent(subject, [*news, about], deadline=deadline, marks=marks)
    return subject, [], _send(subject, call, intent, clock, at)


def _send(subject: Subject, call: Call[Result], intent: Intent, clock: float, at: Ports) -> Answer:
    try:
        result = call.send(clock)
    except Unknown as error:
        return _unclear(call, error, at)
    except (Unavailable, Misconfigured) as error:
        # Nothing was done there: a later attempt may send again.
        return replace(trouble(error, Talks.CA, subject.looks, at), closes=(intent, Outcome.NOT_DONE))
    except Refused as error:
        return Refuse(error.detail, error.advice, closes=(intent, Outcome.REFUSED))
    at.standing.answered()
    return replace(call.done(result), closes=(intent, Outcome.DONE))


def _find_out(subject: Subject, call: Call[Result], intent: Intent, at: Ports) -> Answer | None:
    """What became of an open intent; None when it is certain that nothing did."""
    if call.search is None:
        return _park(call, at)
    found = call.search(intent.marks)
    if found is not None:
        return replace(call.done(found), closes=(intent, Outcome.DONE))
    limit = intent.deadline + call.settle_time
    now = at.clock.now()
    if now >= limit:
        return None
    return Wait(
        min(now + cadence.next_search(subject.looks), limit),
        f"The outcome of the {call.what} is unknown; the CA does not show it yet. It is not sent again before "
        f"{limit:%Y-%m-%d %H:%M:%S} UTC.",
        {**(call.unknown or {}), "looks": subject.looks + 1, "trouble": "unavailable"},
    )


def _unclear(call: Call[Result], error: Unknown, at: Ports) -> Wait:
    return Wait(
        at.clock.now() + cadence.next_search(0),
        f"No clear answer to the {call.what}: {error.detail}",
        {**(call.unknown or {}), "looks": 0, "trouble": "unavailable"},
        advice="The CA is searched for it before anything is sent again.",
    )


def _park(call: Call[Result], at: Ports) -> Wait:
    return Wait(
        at.clock.now() + cadence.after_trouble(99),
        f"The outcome of the {call.what} is unknown and this CA cannot be searched for it.",
        call.unknown or {},
        kind=EventKind.ALARM,
        advice="Look in the CA's console whether it was carried out, then settle the order by hand.",
    )
