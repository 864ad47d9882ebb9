"""``python -m certwright.targets.dcv.lexicon_call``: one change by dns-lexicon, as :mod:`lexicon` asks on stdin.

One JSON object in, one out: ``{}`` when it is done, ``{"taken": VALUE}`` where another CNAME stands, else
``{"misconfigured": WHY}`` or ``{"unavailable": WHY}``. Of an error only its type and HTTP status are told: its text
may hold a credential.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from typing import Any

_CLIENT_ERRORS = range(400, 500)
_TRY_LATER = (408, 425, 429)


def main() -> None:
    """Read the question, act, answer."""
    question = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):  # providers print
        answer = _answer(question)
    json.dump(answer, sys.stdout)


def _answer(question: dict[str, Any]) -> dict[str, str]:
    try:
        provider = _provider(question)
        provider.authenticate()
        try:
            return (_publish if question["what"] == "publish" else _withdraw)(provider, question)
        finally:
            provider.cleanup()
    except Exception as error:  # noqa: BLE001 - a hundred providers raise whatever they like
        return _told(error)


def _provider(question: dict[str, Any]) -> Any:
    """The provider itself. ``lexicon.client`` would fetch a list of suffixes from elsewhere to guess the zone."""
    from lexicon.config import ConfigResolver

    name = question["provider"]
    module = importlib.import_module(f"lexicon._private.providers.{name}")
    settings = {"provider_name": name, "domain": question["zone"], "ttl": question["ttl"], name: question["options"]}
    resolver: Any = ConfigResolver
    return module.Provider(resolver().with_dict(settings))  # neither environment nor files


def _publish(provider: Any, question: dict[str, Any]) -> dict[str, str]:
    record = question["record"]
    there = _there(provider, record)
    if _plain(record["value"]) in map(_plain, there):
        return {}
    if record["type"] == "CNAME":
        former = set(map(_plain, question["former"]))
        for value in there:
            if _plain(value) not in former:
                return {"taken": value}
            provider.delete_record(None, record["type"], record["name"], value)
    return _agreed(provider.create_record(record["type"], record["name"], record["value"])) or _written(
        provider, record
    )


def _written(provider: Any, record: dict[str, str]) -> dict[str, str]:
    """Some providers put the zone behind the value of a CNAME: what they wrote then is taken away again."""
    if record["type"] != "CNAME":
        return {}
    for value in _there(provider, record):
        if _plain(value) != _plain(record["value"]):
            provider.delete_record(None, record["type"], record["name"], value)
            return {"misconfigured": f"dns-lexicon wrote a CNAME to {value} instead, which was taken away again"}
    return {}


def _withdraw(provider: Any, question: dict[str, Any]) -> dict[str, str]:
    record = question["record"]
    for value in _there(provider, record):
        if _plain(value) == _plain(record["value"]):
            return _agreed(provider.delete_record(None, record["type"], record["name"], value))
    return {}


def _there(provider: Any, record: dict[str, str]) -> list[str]:
    found = provider.list_records(record["type"], record["name"])
    name = _plain(record["name"])
    return [str(row["content"]) for row in found if _plain(str(row["name"])) == name and row["type"] == record["type"]]


def _plain(text: str) -> str:
    """Providers differ in quotes, final dots and case."""
    return text.strip().strip('"').rstrip(".").lower()


def _agreed(answer: object) -> dict[str, str]:
    return {} if answer is not False else {"unavailable": "the provider did not take it"}


def _told(error: Exception) -> dict[str, str]:
    status = getattr(getattr(error, "response", None), "status_code", None)
    what = type(error).__name__ + (f" ({status})" if status else "")
    if type(error).__name__ == "AuthenticationError":
        return {"misconfigured": f"it does not know our credential, or not the zone: {what}"}
    if isinstance(error, ImportError):
        return {"misconfigured": f"the provider needs more than dns-lexicon: {error.name} is not installed"}
    if status in _CLIENT_ERRORS and status not in _TRY_LATER:
        return {"misconfigured": f"it turned us away: {what}"}
    return {"unavailable": f"it failed: {what}"}


if __name__ == "__main__":
    main()
