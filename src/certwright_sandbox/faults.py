"""The fault rules: which calls go wrong, and in which way. `mischief.py` does the deed."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from certwright_sandbox.defects import DEFECTS
from certwright_sandbox.http import Request
from certwright_sandbox.state import Record, State

# What each fault must be told beside its name.
REQUIRED: dict[str, tuple[str, ...]] = {
    "latency": ("seconds",),
    "status": ("status",),
    "drop_before": (),
    "drop_after": (),
    "answer_after": ("status",),
    "hold": ("side",),
    "slow_recording": ("seconds",),
    "stale": (),
    "wrong_certificate": ("kind",),
    "truncated": (),
    "oversized": ("bytes",),
    "trickle": ("seconds",),
    "empty": (),
    "garbage": (),
    "html": (),
    "redirect": ("location",),
    "rate_limited": (),
}


@dataclass(eq=False, slots=True)
class Rule(Record):
    """One fault rule. `passed` counts matching calls that `skip` let through, `used` those it struck."""

    fault: str
    ca: str | None = None
    account: str | None = None
    method: str | None = None
    path: str | None = None
    skip: int = 0
    times: int | None = 1
    seconds: float = 0.0
    status: int = 0
    body: str = ""
    content_type: str = "text/html"
    headers: tuple[tuple[str, str], ...] = ()
    side: str = "before"
    answer: bool = False
    kind: str = ""
    bytes: int = 0
    gzip: bool = False
    location: str = ""
    retry_after: str | None = None
    passed: int = 0
    used: int = 0

    def matches(self, ca: str, account: str | None, request: Request) -> bool:
        """Whether the rule speaks of such a call and is not used up."""
        return (
            (self.times is None or self.used < self.times)
            and self.ca in (None, ca)
            and self.account in (None, account)
            and self.method in (None, request.method)
            and (self.path is None or re.search(self.path, request.target) is not None)
        )


SETTABLE = {field.name for field in fields(Rule)} - {"id", "passed", "used"}


def rule_from(number: int, wish: Mapping[str, Any]) -> Rule:
    """The rule that a `POST /faults` body asks for. Raises ValueError with a sentence."""
    fault = wish.get("fault")
    if fault not in REQUIRED:
        raise ValueError(f"fault must be one of {', '.join(REQUIRED)}")
    missing = [name for name in REQUIRED[fault] if name not in wish]
    unknown = sorted(set(wish) - SETTABLE)
    if missing or unknown:
        raise ValueError(f"{fault}: missing {missing}, unknown {unknown}")
    given = {name: value for name, value in wish.items() if value is not None or name == "times"}
    if "headers" in given:
        given["headers"] = tuple((str(name), str(value)) for name, value in dict(given["headers"]).items())
    if "retry_after" in given:
        given["retry_after"] = str(given["retry_after"])
    rule = Rule(number, **given)
    _check(rule)
    return rule


def _check(rule: Rule) -> None:
    if rule.fault == "wrong_certificate" and rule.kind not in DEFECTS:
        raise ValueError(f"kind must be one of {', '.join(DEFECTS)}")
    if rule.fault == "hold" and rule.side not in ("before", "after"):
        raise ValueError("side must be before or after")
    if rule.path is not None:
        try:
            re.compile(rule.path)
        except re.error as error:
            raise ValueError(f"path is no regular expression: {error}") from error


class Faults:
    """The rules in force, and the weather: faults at random where the sandbox was started so."""

    def __init__(self, state: State, weather: Weather) -> None:
        """Go on with the rules that the state holds."""
        self._rules = state.table("fault", Rule)
        self._weather = weather
        self._next_id = max((int(rule.id) for rule in self._rules), default=0) + 1

    def add(self, wish: Mapping[str, Any]) -> int:
        """Put one more rule in force; its id. Raises ValueError."""
        rule = self._rules.add(rule_from(self._next_id, wish))
        self._next_id += 1
        return int(rule.id)

    def rows(self) -> list[dict[str, Any]]:
        """Every rule as JSON values, with its `used` count."""
        names = [field.name for field in fields(Rule)]
        return [{name: getattr(rule, name) for name in names} for rule in self._rules]

    def clear(self) -> None:
        """Take all rules out of force, and calm the weather."""
        for rule in self._rules:
            self._rules.remove(rule)
        self._weather.calm()

    def exists(self, number: int) -> bool:
        """Whether a rule has this id."""
        return self._rules.get(number) is not None

    def strike(self, ca: str, account: str | None, request: Request) -> Rule | None:
        """The rule that this call falls to, counted as used; None when it goes well."""
        for rule in self._rules:
            if rule.matches(ca, account, request):
                if rule.passed < rule.skip:
                    rule.passed += 1
                    continue
                rule.used += 1
                return rule
        return self._weather.strike(account)


MILD = (
    (92, None),
    (6, Rule(0, "latency", seconds=0.2)),
    (1, Rule(0, "rate_limited")),
    (1, Rule(0, "status", status=502, body="<html><body><h1>502 Bad Gateway</h1></body></html>")),
)
WILD = (
    (60, None),
    (8, Rule(0, "latency", seconds=0.5)),
    (3, Rule(0, "rate_limited")),
    (3, Rule(0, "status", status=502, body="<html><body><h1>502 Bad Gateway</h1></body></html>")),
    (3, Rule(0, "status", status=503)),
    (3, Rule(0, "drop_before")),
    (4, Rule(0, "drop_after")),
    (2, Rule(0, "answer_after", status=502, body="<html><body><h1>502 Bad Gateway</h1></body></html>")),
    (1, Rule(0, "hold", side="before", seconds=30.0)),
    (1, Rule(0, "hold", side="after", seconds=30.0)),
    (2, Rule(0, "slow_recording", seconds=3.0)),
    (2, Rule(0, "stale")),
    (2, Rule(0, "truncated")),
    (1, Rule(0, "oversized", bytes=64 * 1024 * 1024)),
    (1, Rule(0, "oversized", bytes=1024 * 1024 * 1024, gzip=True)),
    (1, Rule(0, "trickle", seconds=0.05)),
    (1, Rule(0, "empty")),
    (1, Rule(0, "garbage")),
    (1, Rule(0, "html")),
    (1, Rule(0, "redirect", location="http://127.0.0.1:9/")),
)
WRONG_CERTIFICATE_SHARE = 0.02  # of the calls of wild weather, every defect alike
WEATHERS: dict[str, tuple[tuple[int, Rule | None], ...]] = {"none": (), "mild": MILD, "wild": WILD}


class Weather:
    """Faults at random, the same ones again from the same seed: an account's nth call always fares alike."""

    def __init__(self, kind: str, seed: int) -> None:
        """`kind` is none, mild or wild."""
        self._forecast = WEATHERS[kind]
        self._is_wild = kind == "wild"
        self._seed = seed
        self._counts: dict[str | None, int] = {}

    def calm(self) -> None:
        """No faults at random any more."""
        self._forecast = ()

    def strike(self, account: str | None) -> Rule | None:
        """What befalls this account's next call."""
        if not self._forecast:
            return None
        count = self._counts.get(account, 0)
        self._counts[account] = count + 1
        dice = random.Random(f"{self._seed}/{account}/{count}")  # noqa: S311 - replayable, not secret
        if self._is_wild and dice.random() < WRONG_CERTIFICATE_SHARE:
            return Rule(0, "wrong_certificate", kind=dice.choice(list(DEFECTS)))
        weights = [weight for weight, _ in self._forecast]
        return dice.choices([rule for _, rule in self._forecast], weights)[0]
