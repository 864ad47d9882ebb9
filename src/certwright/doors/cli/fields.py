"""Settings and secrets as a person types them: a setting may come from a file, a secret must."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

from certwright.model.errors import Refused
from certwright.model.fields import Field

_LARGEST = 65_536


def content(value: str) -> str:
    """The value itself, or the content of the file that ``@FILE`` names."""
    return _text(value[1:]) if value.startswith("@") else value


def secrets(known: Sequence[Field], given: Mapping[str, str], title: str, *, complete: bool = True) -> dict[str, str]:
    """The secrets that ``FIELD=@FILE`` words (or ``@-``, standard input) name; ``title`` is whose they are.

    With ``complete`` every required one must be there. Raises Refused for one that is unknown, empty, missing, or
    on the command line.
    """
    by_name = {field.name: field for field in known}
    if unknown := sorted(set(given) - set(by_name)):
        raise Refused(f"{title} has no secret {unknown[0]!r}.", advice=f"It has: {', '.join(by_name) or 'none'}.")
    missing = [name for name, field in by_name.items() if field.required and name not in given]
    if missing and complete:
        raise Refused(f"{title} needs the secret {missing[0]}.", advice=f"--secret {missing[0]}=@FILE")
    return {name: _secret(name, value) for name, value in given.items()}


def _secret(name: str, value: str) -> str:
    if not value.startswith("@"):
        raise Refused(
            f"The secret {name} must not stand on the command line, where every process can read it.",
            advice=f"Put it into a file that only you may read: --secret {name}=@FILE",
        )
    if not (text := _text(value[1:])):
        raise Refused(f"The secret {name} is empty.")
    return text


def _text(file: str) -> str:
    try:
        if file == "-":
            return typer.get_binary_stream("stdin").read(_LARGEST).decode().strip()
        with Path(file).open("rb") as stream:
            return stream.read(_LARGEST).decode().strip()
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Refused(f"{file} is no text.") from None
