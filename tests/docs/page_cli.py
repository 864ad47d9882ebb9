"""``docs/reference/cli.md``, made from the command tree."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

from certwright.doors.cli import app
from tests.docs.markdown import MADE, code, prose, table

_HEAD = f"""# Command line

{MADE}
`certwright GROUP COMMAND …`; every command and group answers `--help`. The state folder is `~/.certwright`, or the one
that [`CERTWRIGHT_HOME`](settings.md) names; it is made when it is not there.

An ORDER is named by our number, by its reference, or by the CA's order number; a CERTIFICATE by its fingerprint
(8 hex digits or more), its serial, our number, or its common name where that is unambiguous. `--wait` stays until it is
done, for a number of seconds or, without one, as long as it takes. `--json` prints [one object a line](json.md).

| Exit code | Meaning |
|---|---|
| 0 | done |
| 1 | refused: it will not help to try the same again |
| 2 | the command line is wrong |
| 3 | not now: it still waits, or somebody cannot be reached; try later |
| 4 | misconfigured: a person must mend our side |
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(_section(words, command) for words, command in _commands(app._program([]), ()))


def _commands(group: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that call it; a group comes before its commands."""
    for name, command in sorted(group.commands.items(), key=lambda item: (hasattr(item[1], "commands"), item[0])):
        yield (*words, name), command
        if hasattr(command, "commands"):
            yield from _commands(command, (*words, name))


def _section(words: tuple[str, ...], command: Any) -> str:
    title = f"\n{'#' * (len(words) + 1)} `certwright {' '.join(words)}`\n\n"
    if hasattr(command, "commands"):
        return title + prose(command.help) + "\n"
    arguments = [p for p in command.params if not p.opts[0].startswith("-")]
    options = [p for p in command.params if p.opts[0].startswith("-")]
    text = title + "\n\n".join(prose(part) for part in (command.help or "").split("\n\n")) + "\n"
    usage = " ".join(["certwright", *words, *map(_in_usage, arguments), *map(_in_usage, filter(_required, options))])
    text += f"\n    {usage}{' [OPTIONS]' if any(not _required(p) for p in options) else ''}\n"
    if arguments or options:
        text += "\n" + table(("", "default", ""), map(_line, [*arguments, *options]))
    return text


def _required(parameter: Any) -> bool:
    return bool(parameter.required)


def _value(parameter: Any) -> str:
    """What stands for its value."""
    if getattr(parameter, "is_flag", False):
        return ""
    if isinstance(parameter.default, Enum):
        return "|".join(str(word) for word in type(parameter.default))
    name: str = parameter.metavar or parameter.name.upper()
    return name


def _in_usage(parameter: Any) -> str:
    option = parameter.opts[0] if parameter.opts[0].startswith("-") else ""
    text = f"{option} {_value(parameter)}".strip()
    return text if parameter.required else f"[{text}]"


def _line(parameter: Any) -> tuple[str, str, str]:
    option = parameter.opts[0] if parameter.opts[0].startswith("-") else ""
    again = " (repeatable)" if getattr(parameter, "multiple", False) else ""
    no = "".join(f" / {code(name)}" for name in getattr(parameter, "secondary_opts", []))
    return code(f"{option} {_value(parameter)}".strip()) + no + again, _default(parameter), parameter.help or ""


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    if getattr(parameter, "secondary_opts", []):
        return code(parameter.opts[0] if parameter.default else parameter.secondary_opts[0])
    if parameter.default in (None, "", False) or getattr(parameter, "is_flag", False):
        return ""
    return code(str(parameter.default))
