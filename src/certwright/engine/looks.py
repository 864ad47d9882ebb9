"""How the places of each kind of source are looked at: a scan's, a folder's, a token's."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from certwright.keys.secret_files import read_private
from certwright.model.errors import Misconfigured, Refused
from certwright.model.inventory import Find, Source
from certwright.policy.egress import Network, refusal_of_span
from certwright.targets import files
from certwright.targets.scan.probe import Bounds
from certwright.targets.scan.scan import scan
from certwright.targets.scan.target import Target
from certwright.targets.scan.wanted import Exclusions, Targets, read_targets
from certwright.targets.scan.word import read_word

CONCURRENCY = 100  # targets at once
PER_HOST = 4  # connections to one address at once
SECONDS = 10  # for one target
_CONNECT_SECONDS = 4.0
_PORTS = (443,)


@dataclass(frozen=True, slots=True)
class Scans:
    """The network. ``allowed`` are networks that may be connected to beside public addresses.

    The settings of its sources are ``targets``, ``ports``, ``exclude``, ``concurrency``, ``per_host`` and ``seconds``.
    """

    allowed: Sequence[Network]

    def finds(self, source: Source, begun: int) -> Iterator[tuple[int, Find]]:
        """See ``discovering.Places``; a position counts targets. Raises Refused, see :meth:`check`."""
        targets = self._targets(source)
        self.check(texts(source, "targets"))
        seconds = _first(source, "seconds", SECONDS)
        bounds = Bounds(
            seconds=seconds,
            connect_seconds=min(_CONNECT_SECONDS, seconds),
            per_host=_first(source, "per_host", PER_HOST),
            allowed=self.allowed,
            excluded=Exclusions.read(texts(source, "exclude")),
        )
        concurrency = _first(source, "concurrency", CONCURRENCY)
        found = _in_order(
            targets.after(begun), lambda some: (find for _, find in scan(some, concurrency=concurrency, bounds=bounds))
        )
        return enumerate(found, begun + 1)

    def total(self, source: Source) -> int:
        """How many targets there are, before exclusions."""
        return self._targets(source).at_most

    def check(self, words: Iterable[str]) -> None:
        """Refuse words that name nothing but addresses that must not be connected to, before anything is looked at.

        Raises Refused. Names are judged when they are looked up, and networks of several kinds address by address.
        """
        for text in words:
            hosts = read_word(text).hosts
            if hosts.name:
                continue
            address = IPv4Address if hosts.version == 4 else IPv6Address
            if why := refusal_of_span(address(hosts.first), address(hosts.last), self.allowed):
                raise Refused(
                    f"{text} is not scanned: {why}",
                    advice="If it shall be, name its network in CERTWRIGHT_SCAN_ALLOW, for the worker too.",
                )

    def _targets(self, source: Source) -> Targets:
        return read_targets(
            texts(source, "targets"),
            ports=numbers(source, "ports") or _PORTS,
            excluded=Exclusions.read(texts(source, "exclude")),
        )


def _in_order(targets: Iterable[Target], look: Callable[[Iterable[Target]], Iterable[Find]]) -> Iterator[Find]:
    """What ``look`` finds, each find held back until all before it are there.

    So a run that goes on behind the last that was kept looks at nothing twice and passes nothing over. Little is held
    back: a target is done within seconds.
    """
    awaited: deque[str] = deque()
    ahead: dict[str, deque[Find]] = {}

    def noted() -> Iterator[Target]:
        for target in targets:
            awaited.append(target.place)
            yield target

    for found in look(noted()):
        ahead.setdefault(found.place, deque()).append(found)
        while awaited and awaited[0] in ahead:
            place = awaited.popleft()
            yield ahead[place].popleft()
            if not ahead[place]:
                del ahead[place]


def folders(source: Source, begun: int) -> Iterator[tuple[int, Find]]:
    """Files of this machine: see ``discovering.Places``; a position counts files.

    The settings are ``paths``, ``include``, ``exclude`` and ``password_file``, a path.
    """
    done = begun

    def on_file(count: int) -> None:
        nonlocal done
        done = count

    paths = [Path(path) for path in texts(source, "paths")]
    held: Find | None = None  # until it is known whether its file has another
    for find in files.read(
        paths,
        passwords=[password for path in texts(source, "password_file") for password in passwords_in(Path(path))],
        include=texts(source, "include"),
        exclude=texts(source, "exclude"),
        start=begun,
        on_file=on_file,
    ):
        if held is not None:
            yield done, held
        held = find
    if held is not None:
        yield done, held


def passwords_in(path: Path) -> list[bytes]:
    """The lines of a file that its owner alone may read; raises Misconfigured when it is another kind of file."""
    return [line for line in read_private(path).splitlines() if line]


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


def _first(source: Source, name: str, otherwise: int) -> int:
    """A setting that is one whole number."""
    return (numbers(source, name) or [otherwise])[0]


def numbers(source: Source, name: str) -> list[int]:
    """A setting that is a list of whole numbers, or one; raises Misconfigured for anything else."""
    value = source.settings.get(name, [])
    given = [value] if isinstance(value, int) else value
    if not isinstance(given, list) or not all(isinstance(one, int) for one in given):
        raise Misconfigured(f"The setting {name} of {source.name} is no list of numbers.")
    return [int(one) for one in given]
