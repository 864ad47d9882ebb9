"""How the places of each kind of source are looked at: a scan's, a folder's, a token's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from certwright.model.errors import Misconfigured
from certwright.model.inventory import Find, Source
from certwright.policy.egress import Network
from certwright.targets import files
from certwright.targets.scan.probe import Bounds
from certwright.targets.scan.scan import scan
from certwright.targets.scan.wanted import Exclusions, Targets, read_targets

CONCURRENCY = 100
_PORTS = (443,)


@dataclass(frozen=True, slots=True)
class Scans:
    """The network: the settings of its sources are ``targets``, ``ports``, ``exclude`` and ``concurrency``.

    ``allowed`` are networks that may be connected to beside public addresses.
    """

    allowed: Sequence[Network]

    def finds(self, source: Source, begun: int) -> Iterator[tuple[int, Find]]:
        """See ``discovering.Places``; a position counts targets."""
        excluded = Exclusions.read(texts(source, "exclude"))
        bounds = Bounds(allowed=self.allowed, excluded=excluded)
        concurrency = numbers(source, "concurrency") or [CONCURRENCY]
        for position, find in scan(self._targets(source).after(begun), concurrency=concurrency[0], bounds=bounds):
            yield begun + position, find

    def total(self, source: Source) -> int:
        """How many targets there are, before exclusions."""
        return self._targets(source).at_most

    def _targets(self, source: Source) -> Targets:
        return read_targets(
            texts(source, "targets"),
            ports=numbers(source, "ports") or _PORTS,
            excluded=Exclusions.read(texts(source, "exclude")),
        )


def folders(source: Source, begun: int) -> Iterator[tuple[int, Find]]:
    """Files of this machine: the settings are ``paths``, ``include``, ``exclude``; a position counts files."""
    done = begun

    def on_file(count: int) -> None:
        nonlocal done
        done = count

    paths = [Path(path) for path in texts(source, "paths")]
    for find in files.read(
        paths, include=texts(source, "include"), exclude=texts(source, "exclude"), start=begun, on_file=on_file
    ):
        yield done, find


class HoldsCertificates(Protocol):
    """A token, opened."""

    def certificates(self) -> Sequence[tuple[str, bytes]]:
        """See ``keys.pkcs11.adapter``."""
        ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """PKCS#11 tokens: the setting is ``token``, the name of one. ``open_token`` opens it."""

    open_token: Callable[[str], HoldsCertificates]

    def finds(self, source: Source, begun: int) -> Iterator[tuple[int, Find]]:
        """See ``discovering.Places``; a position counts certificates."""
        name = (texts(source, "token") or [""])[0]
        held = self.open_token(name).certificates()
        seen: dict[str, int] = {}
        for position, (cka_id, der) in enumerate(held, 1):
            seen[cka_id] = seen.get(cka_id, 0) + 1
            number = f"#{seen[cka_id]}" if seen[cka_id] > 1 else ""
            if position > begun:
                yield position, Find(f"pkcs11:token={quote(name)};id={_escaped(cka_id)}{number}", (der,))


def _escaped(cka_id: str) -> str:
    """A CKA_ID as RFC 7512 writes it."""
    return "".join(f"%{cka_id[start : start + 2]}" for start in range(0, len(cka_id), 2))


def texts(source: Source, name: str) -> list[str]:
    """A setting that is a list of texts, or one; raises Misconfigured for anything else."""
    value = source.settings.get(name, [])
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise Misconfigured(f"The setting {name} of {source.name} is no list.")
    return [str(one) for one in value]


def numbers(source: Source, name: str) -> list[int]:
    """A setting that is a list of whole numbers, or one; raises Misconfigured for anything else."""
    value = source.settings.get(name, [])
    given = [value] if isinstance(value, int) else value
    if not isinstance(given, list) or not all(isinstance(one, int) for one in given):
        raise Misconfigured(f"The setting {name} of {source.name} is no list of numbers.")
    return [int(one) for one in given]
