"""What a step answers: it is done, it must wait, or it is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from certwright.model.order import EventKind, Intent, Outcome

Changes = Mapping[str, Any]
Closing = tuple[Intent, Outcome]


@dataclass(frozen=True, slots=True)
class Done:
    """The step is finished. ``changes`` are fields of the subject; ``note`` is its line in the journal."""

    note: str = ""
    changes: Changes = field(default_factory=dict)
    closes: Closing | None = None
    kind: EventKind = EventKind.STEP
    must_be_kept: bool = False  # commit before the next step, whatever that one is


@dataclass(frozen=True, slots=True)
class Wait:
    """The story must go on at ``until`` (UTC). ``why`` is told to people, and journalled when it is news.

    ``note`` is a journal line of its own.
    """

    until: datetime
    why: str
    note: str = field(default="", kw_only=True)
    changes: Changes = field(default_factory=dict)
    closes: Closing | None = None
    kind: EventKind = EventKind.WAIT
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The story is over without what was wanted. ``changes`` may name another end than the story's usual one."""

    why: str
    advice: str = ""
    changes: Changes = field(default_factory=dict)
    closes: Closing | None = None
    kind: EventKind = EventKind.END


Answer = Done | Wait | Refuse
