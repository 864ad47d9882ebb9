"""The paid-call rule: the one piece of code through which every call goes that costs money or cannot be undone.

No engine makes an HTTP call exactly once. What does: write down the intent first, send under a deadline, and never
send again before the CA itself has said that nothing came of it.

1. An intent row is committed, unique on (subject, attempt), with the deadline of the call and what the CA had before.
2. The call is sent under that deadline, which the transport checks again just before the bytes go out.
3. An intent without an outcome is never sent again. The CA is searched, until deadline + settle time have passed,
   and once more after as long again: our clock may have leapt meanwhile, but hardly twice.
4. Still absent: a new attempt, if the CA can be searched; otherwise the subject is parked for a person.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from certwright.flow.answers import Answer, Changes, Refuse, Wait
from certwright.flow.trouble import Talks, trouble
from certwright.model.errors import Misconfigured, Refused, Unavailable, Unknown
from certwright.model.order import Event, EventKind, Intent, Outcome
from certwright.model.ports import Journal, Ports, Subject
from certwright.pki.errors import Invalid
from certwright.policy import cadence

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Call(Generic[Result]):
    """A call to be made exactly once.

    ``send`` makes it, given a deadline of ``time.monotonic()``. ``search`` asks the CA whether an earlier send had
    an effect, given the marks taken before it; None when the CA cannot be searched. ``marks`` takes them.
    ``done`` turns a result into the step's answer, ``found`` what a search brought. ``unless`` gives a reason not to
    send, or raises Refused; it is asked before every attempt and never while an outcome is open. ``sending`` and
    ``unknown`` are the subject's changes while the call is on its way and while its outcome is unknown.
    """

    what: str
    send: Callable[[float], Result]
    done: Callable[[Result], Answer]
    found: Callable[[Result], Answer]
    settle_time: timedelta
    search: Callable[[frozenset[str]], Result | None] | None
    marks: Callable[[], frozenset[str]] = frozenset
    unless: Callable[[], Refuse | None] = lambda: None
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
    unclear = intent if intent is not None and intent.open else None
    if unclear is not None and (answer := _find_out(subject, call, unclear, at)) is not None:
        return subject, news, answer
    reason, marks = _before_sending(call)
    if unclear is not None:
        never = Event(EventKind.CA, step, f"{call.what}: the CA never got attempt {unclear.attempt}")
        subject = journal.save(subject, [*news, never], closes=(unclear, Outcome.ABSENT))
        news = []
    if reason is not None:
        return subject, news, reason
    # In this order, so that the call never outlives the deadline in its intent, wherever this process is stopped.
    clock = time.monotonic() + at.call_seconds
    deadline = at.clock.now() + timedelta(seconds=at.call_seconds)
    about = Event(EventKind.STEP, step, f"{call.what}: about to ask the CA")
    subject = replace(subject, **(call.sending or {}))
    subject, intent = journal.open_intent(subject, [*news, about], deadline=deadline, marks=marks)
    return subject, [], _send(subject, call, intent, clock, at)


def _before_sending(call: Call[Result]) -> tuple[Refuse | None, frozenset[str]]:
    """The reason not to send, if there is one, and the marks."""
    try:
        reason = call.unless()
        return reason, frozenset() if reason else call.marks()
    except Refused as error:
        return Refuse(error.detail, error.advice), frozenset()


def _send(subject: Subject, call: Call[Result], intent: Intent, clock: float, at: Ports) -> Answer:
    try:
        result = call.send(clock)
    except (Unknown, Invalid) as error:
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
        return _park(call, "this CA cannot be searched for it", at)
    try:
        found = call.search(intent.marks)
    except (Refused, Invalid) as error:  # a look-up that fails says nothing about the call: no reason to end
        return _park(call, f"the CA could not be searched for it: {error.detail}", at)
    if found is not None:
        return replace(call.found(found), closes=(intent, Outcome.DONE))
    limit = intent.deadline + call.settle_time
    now = at.clock.now()
    if now < limit:
        return _look_again(subject, call, min(now + cadence.next_search(subject.looks), limit), limit)
    if intent.outcome is Outcome.OVERDUE:
        return None
    again = replace(intent, deadline=now + timedelta(seconds=at.call_seconds))
    last = again.deadline + call.settle_time
    return replace(_look_again(subject, call, last, last), closes=(again, Outcome.OVERDUE))


def _look_again(subject: Subject, call: Call[Result], until: datetime, limit: datetime) -> Wait:
    return Wait(
        until,
        f"The outcome of the {call.what} is unknown; the CA does not show it yet. It is not sent again before "
        f"{limit:%Y-%m-%d %H:%M:%S} UTC.",
        {**(call.unknown or {}), "looks": subject.looks + 1, "trouble": "unavailable"},
    )


def _unclear(call: Call[Result], error: Unknown | Invalid, at: Ports) -> Wait:
    return Wait(
        at.clock.now() + cadence.next_search(0),
        f"No clear answer to the {call.what}: {error.detail}",
        {**(call.unknown or {}), "looks": 0, "trouble": "unavailable"},
        advice="The CA is searched for it before anything is sent again.",
    )


def _park(call: Call[Result], why: str, at: Ports) -> Wait:
    return Wait(
        at.clock.now() + cadence.after_trouble(99),
        f"The outcome of the {call.what} is unknown, and {why}.",
        {**(call.unknown or {}), "trouble": "unavailable"},
        kind=EventKind.ALARM,
        advice="Look in the CA's console whether it was carried out, then settle the order by hand.",
    )
