"""What folders, files and uploads hold, as finds: one for each leaf of a file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from certwright.model.inventory import Find
from certwright.pki.errors import Invalid
from certwright.targets.files.beside import Neighbours
from certwright.targets.files.grouping import group
from certwright.targets.files.opening import (
    Opened,
    few,
    holds_other_pem,
    is_cut_off,
    key_hash,
    may_hold_certificates,
    open_file,
)
from certwright.targets.files.places import file_place, upload_place
from certwright.targets.files.regular import read_regular
from certwright.targets.files.walking import Candidate, Choice, Promise, walk

Place = Callable[[str], str]  # a place, from the mark that tells it from others of the same file
OnFile = Callable[[int], None]  # how many files are done
_CUT_OFF = "The file ends in the midst of a PEM block: it is being written, or was cut off."


def read(
    paths: Iterable[Path],
    *,
    passwords: Sequence[bytes] = (),
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    start: int = 0,
    on_file: OnFile | None = None,
) -> Iterator[Find]:
    """What the folders and files hold; lazily, and always in the same order.

    A find for each leaf of a file, with what chains to it: the first one's place is the file's, the second's ends in
    ``#2``. A CA certificate that belongs to no leaf of its file comes like a leaf. A file that should hold
    certificates and cannot be read, and a folder that cannot be listed, is a find with ``trouble``. Files of other
    things are passed over; see :class:`~certwright.targets.files.walking.Choice` for the globs. ``passwords`` are
    tried on PKCS#12, JKS and private keys.

    ``on_file`` is told how many files are done each time the finds of one have been taken; that many can be given as
    ``start`` to go on behind them, as long as no file has come or gone meanwhile. Raises Misconfigured for more
    passwords than can be tried.
    """
    tried = few(passwords)
    neighbours = Neighbours(tried)
    choice = Choice(tuple(include), tuple(exclude))
    candidates = chain.from_iterable(walk(path, choice) for path in paths)
    for done, candidate in enumerate(islice(candidates, start, None), start + 1):
        yield from _look_into(candidate, tried, neighbours)
        if on_file is not None:
            on_file(done)


def read_bytes(name: str, data: bytes, *, passwords: Sequence[bytes] = ()) -> Iterator[Find]:
    """What a file holds that was handed in under that name; finds as of :func:`read`, at ``upload:`` places."""

    def place(mark: str) -> str:
        return upload_place(name, mark)

    try:
        opened = open_file(data, few(passwords))
        yield from _finds(place, opened, opened.keys)
        if not opened.certificates and not opened.troubles:
            yield Find(place(""), trouble="The file holds no certificate.")
    except Invalid as problem:
        yield Find(place(""), trouble=str(problem))


def _look_into(candidate: Candidate, passwords: Sequence[bytes], neighbours: Neighbours) -> Iterator[Find]:
    def place(mark: str) -> str:
        return file_place(candidate.path, mark)

    if candidate.trouble:
        yield Find(place(""), trouble=candidate.trouble, absent=candidate.absent)
        return
    try:
        data = read_regular(candidate.path)
        if candidate.promise is Promise.SURE and holds_other_pem(data) and is_cut_off(data):
            yield Find(place(""), trouble=_CUT_OFF)
            return
        if holds_other_pem(data) or (candidate.promise is Promise.PERHAPS and not may_hold_certificates(data)):
            return
        opened = open_file(data, passwords)
        wanted = {key_hash(one) for one in opened.certificates if not one.is_ca} - opened.keys
        beside = neighbours.keys_beside(candidate.path, wanted) if wanted else frozenset()
        yield from _finds(place, opened, opened.keys | beside)
    except Invalid as problem:
        if candidate.promise is Promise.SURE:
            yield Find(place(""), trouble=str(problem))


def _finds(place: Place, opened: Opened, keys: Collection[str]) -> Iterator[Find]:
    """The finds of one file, and what of it could not be read. Raises Invalid before the first one or not at all.

    ``keys`` are the public keys (SHA-256) whose private keys are there. A locked key is taken for that of the only leaf
    or CA of its file; among several nobody can tell whose it is.
    """
    groups = group(opened.certificates)
    locked = opened.locked and len(groups) == 1
    for number, members in enumerate(groups, 1):
        yield Find(
            place("" if number == 1 else str(number)),
            tuple(one.der for one in members),
            has_key=locked or key_hash(members[0]) in keys,
        )
    for block, trouble in opened.troubles:
        yield Find(place(f"block={block}"), trouble=f"PEM block {block}: {trouble}")
