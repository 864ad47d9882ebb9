"""Run a story's unfinished steps, journalling each; safe to call at any time, by anyone who holds the lease."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic

from certwright.flow.answers import Answer, Done, Refuse, Wait
from certwright.flow.paid import Call, once
from certwright.flow.trouble import Talks, trouble
from certwright.model.errors import CertwrightError
from certwright.model.order import Event, EventKind
from certwright.model.ports import Journal, Ports, Subject
from certwright.pki.errors import Invalid


@dataclass(frozen=True, slots=True)
class Step(Generic[Subject]):
    """One step: either ``run`` answers, or ``call`` describes a call to be made exactly once."""

    name: str
    talks: Talks
    run: Callable[[Subject, Ports], Answer] | None = None
    call: Callable[[Subject, Ports], Call[Any]] | None = None


@dataclass(frozen=True, slots=True)
class Story(Generic[Subject]):
    """Steps in their order, the changes that mark its good end, and those that mark a refusal."""

    steps: tuple[Step[Subject], ...]
    fulfilled: Mapping[str, Any]
    refused: Mapping[str, Any]

    def step(self, name: str) -> Step[Subject]:
        """The step of that name."""
        return next(step for step in self.steps if step.name == name)

    def after(self, name: str) -> str:
        """The name of the step that follows; "" after the last."""
        names: list[str] = [step.name for step in self.steps]
        return [*names, ""][names.index(name) + 1]


def advance(subject: Subject, story: Story[Subject], journal: Journal[Subject], at: Ports) -> Subject:
    """Go on with the subject until a step must wait or the story ends; returns it as it then stands.

    What a step did is committed before anything is sent to a CA that costs money or cannot be undone, before the
    subject waits, and at the end. A crash costs at most one repeated step.
    """
    news: list[Event] = []
    while not subject.ended:
        step = story.step(subject.step)
        subject, news, answer = _run(step, subject, news, journal, at)
        subject, news = _apply(answer, subject, story, news, journal)
        if not isinstance(answer, Done):
            break
    return subject


def _run(
    step: Step[Subject], subject: Subject, news: list[Event], journal: Journal[Subject], at: Ports
) -> tuple[Subject, list[Event], Answer]:
    """One step's answer; every error of the family becomes one, so that a story never just stops."""
    try:
        if step.call is None:
            if step.run is None:
                raise TypeError(f"step {step.name} can neither run nor call")
            return subject, news, step.run(subject, at)
        return once(subject, step.name, step.call(subject, at), news, journal, at)
    except Invalid as error:
        return subject, news, Refuse(error.detail, error.advice)
    except CertwrightError as error:
        return subject, news, trouble(error, step.talks, subject.looks, at)


def _apply(
    answer: Answer, subject: Subject, story: Story[Subject], news: list[Event], journal: Journal[Subject]
) -> tuple[Subject, list[Event]]:
    """The subject with the answer in it; committed unless the next step may share the commit."""
    step = subject.step
    match answer:
        case Done():
            following = story.after(step)
            ended = dict(story.fulfilled) if not following else {}
            moved = {"looks": 0, "why": "", "advice": "", "next_action_at": None} if not following else {}
            after: Subject = replace(subject, **{**answer.changes, "trouble": "", "step": following, **moved, **ended})
            if answer.note:
                news = [*news, Event(answer.kind, step, answer.note)]
            if not following:
                news = [*news, Event(EventKind.END, step, str(after.state))]
            if following and not answer.must_be_kept and answer.closes is None:
                return after, news
        case Wait():
            if answer.note:
                news = [*news, Event(answer.kind, step, answer.note)]
            known = subject.why == answer.why
            after = replace(
                subject,
                **{
                    "advice": answer.advice,
                    "trouble": "",
                    **answer.changes,
                    "why": answer.why,
                    "next_action_at": answer.until,
                },
            )
            if not known:
                news = [*news, Event(answer.kind, step, answer.why)]
        case Refuse():
            after = replace(
                subject,
                **{
                    "trouble": "",
                    **story.refused,
                    **answer.changes,
                    "why": answer.why,
                    "advice": answer.advice,
                    "next_action_at": None,
                },
            )
            news = [*news, Event(answer.kind, step, f"{after.state}: {answer.why}")]
    return journal.save(after, news, closes=answer.closes), []
