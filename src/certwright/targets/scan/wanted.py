"""What a person wants scanned, read and counted out: names, addresses, networks and ranges, at ports, less exclusions.

Nothing is written out: a network is two numbers, and its targets are made one by one, always in the same order, so
that a scan that was stopped goes on from a position.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from certwright.model.errors import Misconfigured, Refused
from certwright.policy.egress import Address, inside
from certwright.targets.scan.target import Scheme, Target
from certwright.targets.scan.word import Hosts, Word, address_of, read_word

MOST = 1_000_000  # targets of one scan
_LARGEST_FILE = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Exclusions:
    """What is never connected to, however it is reached: a name that leads to an excluded address is excluded too."""

    _of_name: dict[str, list[Word]] = field(default_factory=dict)
    _of_span: tuple[Word, ...] = ()

    @classmethod
    def read(cls, words: Iterable[str]) -> Exclusions:
        """Read the forms that targets have; without a port or scheme all of them. Raises Misconfigured."""
        of_name: dict[str, list[Word]] = {}
        of_span: list[Word] = []
        for word in map(read_word, words):
            if word.hosts.name:
                of_name.setdefault(word.hosts.name, []).append(word)
            else:
                of_span.append(word)
        return cls(of_name, tuple(of_span))

    def cover(self, target: Target) -> bool:
        """Whether the target as it is written is excluded."""
        if not self._of_name and not self._of_span:
            return False
        address = address_of(target.host)
        if address is not None:
            return self.cover_address(target, address)
        return any(_fits(word, target) for word in self._of_name.get(target.host, ()))

    def cover_address(self, target: Target, address: Address) -> bool:
        """Whether the address that the target leads to is excluded at the target's port, also inside IPv6."""
        ways = (address, *inside(address))
        return any(_fits(word, target) and any(map(word.hosts.holds, ways)) for word in self._of_span)


def _fits(word: Word, target: Target) -> bool:
    return word.port in (None, target.port) and word.scheme in (None, target.scheme)


@dataclass(frozen=True, slots=True)
class Targets:
    """Every target that the words name, each time in the same order: all at the first port, then all at the next.

    The order spreads what is asked of one host. ``at_most`` is how many there are before exclusions. What two
    different words both name comes twice.
    """

    _words: tuple[tuple[Hosts, tuple[tuple[Scheme, int], ...]], ...]
    _excluded: Exclusions
    at_most: int

    def __iter__(self) -> Iterator[Target]:
        """From the first."""
        for turn in range(max((len(places) for _, places in self._words), default=0)):
            for hosts, places in self._words:
                if turn < len(places):
                    scheme, port = places[turn]
                    targets = (Target(scheme, host, port) for host in hosts)
                    yield from (target for target in targets if not self._excluded.cover(target))

    def after(self, position: int) -> Iterator[Target]:
        """All but the first ``position`` targets: where a scan that was stopped there goes on."""
        return islice(self, position, None)


def read_targets(
    words: Iterable[str],
    *,
    ports: Sequence[int] = (443,),
    excluded: Exclusions | None = None,
    most: int = MOST,
) -> Targets:
    """Read what shall be scanned.

    A word is ``shop.example``, ``192.0.2.7``, ``2001:db8::7``, ``192.0.2.0/24`` (without its network and broadcast
    address), ``192.0.2.10-192.0.2.20`` or ``192.0.2.10-20``; ``:8443`` after it (an IPv6 address then stands in
    brackets) names the port, ``smtp://`` before it what is spoken. A word without either is looked at on each of
    ``ports``; the port chooses what is spoken where no scheme does.

    Raises Misconfigured that names the word that cannot be read or the port that is none, Refused when there are more
    than ``most`` targets.
    """
    for port in ports:
        if not 0 < port < 65_536:
            raise Misconfigured(f"{port} is no port.", advice="Ports are 1 to 65535.")
    distinct = dict.fromkeys((word.hosts, word.places(ports)) for word in map(read_word, words))
    count = sum(len(places) * hosts.count for hosts, places in distinct)
    if count > most:
        raise Refused(
            f"That is {count:,} targets; one scan takes {most:,}.", advice="Split it, or name smaller networks."
        )
    return Targets(tuple(distinct), excluded or Exclusions(), count)


def words_of(text: str) -> Iterator[str]:
    """The words of a list: separated by commas, spaces or lines; ``#`` starts a comment."""
    for line in text.splitlines():
        yield from line.partition("#")[0].replace(",", " ").split()


def words_of_file(path: Path) -> Iterator[str]:
    """The words of a list in a file (UTF-8). Raises Misconfigured when it cannot be read or is over 16 MiB."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise Misconfigured(f"{path} is over 16 MiB.", advice="Split the list.")
        return words_of(content.decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Misconfigured(f"{path} cannot be read: {reason}.", advice="Name a text file of targets.") from None
