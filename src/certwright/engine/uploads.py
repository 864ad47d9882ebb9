"""What somebody hands in: files, and what other tools kept, read once into the inventory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from certwright.engine.discovering import Discovering, Looked, OnStep, Places
from certwright.model.errors import CertwrightError
from certwright.model.inventory import Find, Known, Outcome, Remarks, Run, Source, SourceKind, Tally
from certwright.pki.certificate import if_readable
from certwright.store import known as certificates
from certwright.store.loading import Loading
from certwright.store.sources import Sources
from certwright.targets.imports import origins
from certwright.targets.imports.origins import Origin, Tool
from certwright.targets.imports.table import Form

_BATCH = 4_000  # rows of one transaction
_MOST_KEPT = 100_000  # troubles that are kept word by word
_ANY_ORDER = (Tool.CSV, Tool.LEMUR)  # where a certificate may come before the one that it replaces
_AGAIN = "The import was interrupted; it was begun again."


@dataclass(slots=True)
class Report:
    """What an import came to beyond its tally.

    ``owners`` and ``tags`` count the places whose certificate came with them; ``troubles`` are places that could not be
    read and why, ``missing`` rows that mean a certificate we do not have: the first of them, and how many in all.
    """

    owners: int = 0
    tags: int = 0
    failed: int = 0
    troubles: list[tuple[str, str]] = field(default_factory=list)
    not_here: int = 0
    missing: list[Known] = field(default_factory=list)

    def hear(self, find: Find) -> None:
        """Count a find."""
        if find.certificates and find.remarks:
            self.owners += bool(find.remarks.owner)
            self.tags += bool(find.remarks.tags)
        if not find.certificates and find.trouble:
            self.failed += 1
            if len(self.troubles) < _MOST_KEPT:
                self.troubles.append((find.place, find.trouble))

    def miss(self, known: Known) -> None:
        """Count a row whose certificate we do not have."""
        self.not_here += 1
        if len(self.missing) < _MOST_KEPT:
            self.missing.append(known)


@dataclass(slots=True)
class Upload:
    """One import. ``said`` are remarks for everything in it: its owner where the tool has none, its tags beside its.

    What a row says of a certificate without having its bytes, and what it replaces, is taken over in a second reading:
    the certificate that is meant may come behind it.
    """

    sources: Sources
    loading: Loading
    origins: Sequence[Origin]
    passwords: Sequence[bytes] = field(default=(), repr=False)
    form: Form | None = None
    said: Remarks = field(default_factory=Remarks)
    report: Report = field(default_factory=Report)
    _again: list[Origin] = field(default_factory=list)
    _error: CertwrightError | None = None

    def run(self, source: Source, step: OnStep) -> Run:
        """Import under that source. Repeatable, also after an interruption: it begins with the first file again.

        What has been taken in stays when a later file cannot be read. Raises what the readers raise, and Refused while
        another process imports under the source.
        """
        self._end_interrupted(source)
        run = Discovering(self.sources, {SourceKind.UPLOAD: self._look}).now(source, step, self._fail)
        if self._error is not None:
            raise self._error
        return run

    def rehearse(self, step: OnStep) -> Tally:
        """What an import would come to, with nothing written. Raises what the readers raise.

        A row that names a certificate of the same import by serial and issuer counts as one that we do not have.
        """
        new: set[str] = set()
        tally = Tally()
        finds = (find for _, find in self._finds())
        while some := list(islice(finds, _BATCH)):
            tally += self._would_be(some, new)
            step("places", tally.looked, None)
        for items in self._second_reading():
            known = [item for item in items if isinstance(item, Known) and item.sha256 not in new]
            brought = sum(1 for item in items if isinstance(item, Known)) - len(known)
            found = brought + sum(1 for find in self._meant(known) if find.certificates)
            tally += Tally(looked=len(known) + brought, found=found, known=found)
        return tally

    def _would_be(self, finds: Sequence[Find], new: set[str]) -> Tally:
        """What a batch of finds would come to where those were ``new`` before it, to which it adds."""
        came = {_fingerprint(der): der for find in finds for der in find.certificates}
        fresh = {one: if_readable(came[one]) for one in came.keys() - certificates.held(list(came)) - new}
        readable = {one for one, certificate in fresh.items() if certificate is not None}
        new |= readable
        first = {find.place: _fingerprint(find.certificates[0]) for find in finds if find.certificates}
        standing = [one for one in first.values() if one in readable or one not in fresh]
        with_key = {_fingerprint(find.certificates[0]) for find in finds if find.certificates and find.has_key}
        authorities = sum(1 for one, read in fresh.items() if read is not None and read.is_ca and one not in with_key)
        return Tally(
            looked=len(finds),
            found=len(standing),
            new=len(readable) - authorities,
            ca_certificates=authorities,
            known=len(standing) - len(readable.intersection(standing)),
        )

    def _end_interrupted(self, source: Source) -> None:
        """A run that was interrupted has counted what comes again: it ends as it is."""
        run = self.sources.start(source)
        if run is not None and run.tally != Tally():
            self.sources.finish(run, Outcome.FAILED, trouble=_AGAIN)
        elif run is not None:
            self.sources.leave(run)

    def _fail(self, error: CertwrightError) -> None:
        self._error = error

    def _look(self, source: Source, run: Run, step: OnStep) -> Looked:
        looked = Places(self.sources, lambda _source, _begun: self._finds(), complete=False)(source, run, step)
        done = 0
        for items in self._second_reading():
            finds = self._meant([item for item in items if isinstance(item, Known)])
            self.sources.take(run, finds, cursor="")
            if again := [self._remarked(item) for item in items if isinstance(item, Find)]:
                self.loading.take(source.id, run.id, again)  # counted in the first reading
            done += len(items)
            step("rows", done, None)
        return looked

    def _finds(self) -> Iterator[tuple[int, Find]]:
        """What has the bytes of certificates, or cannot be read; numbered."""
        number = 0
        for origin in self.origins:
            needs_another = False
            for item in self._read(origin):
                needs_another = needs_another or isinstance(item, Known) or bool(item.replaces)
                if isinstance(item, Find):
                    number += 1
                    find = self._remarked(item)
                    self.report.hear(find)
                    yield number, find
            if needs_another and origin.tool in _ANY_ORDER:
                self._again.append(origin)

    def _second_reading(self) -> Iterator[list[Find | Known]]:
        for origin in self._again:
            items = (item for item in self._read(origin) if isinstance(item, Known) or item.replaces)
            while some := list(islice(items, _BATCH)):
                yield some

    def _read(self, origin: Origin) -> Iterator[Find | Known]:
        return origins.read(origin, passwords=self.passwords, form=self.form)

    def _meant(self, known: Sequence[Known]) -> list[Find]:
        """The certificates of the inventory that are meant, as finds at the rows that mean them."""
        finds = []
        for one, ders in zip(known, certificates.meant(known), strict=True):
            if len(ders) > 1:
                find = Find(one.place, trouble="Several certificates have that serial number and issuer.")
            else:
                find = Find(one.place, ders, absent=not ders, remarks=self._remarks(one.remarks), replaces=one.replaces)
            finds.append(find)
            if ders:
                self.report.hear(find)
            else:
                self.report.miss(one)
        return finds

    def _remarked(self, find: Find) -> Find:
        return replace(find, remarks=self._remarks(find.remarks))

    def _remarks(self, remarks: Remarks | None) -> Remarks | None:
        """What a tool said of a certificate, and what is said of all."""
        if remarks is None:
            return self.said if self.said != Remarks() else None
        tags = tuple(dict.fromkeys((*remarks.tags, *self.said.tags)))
        return replace(remarks, owner=remarks.owner or self.said.owner, tags=tags)


def _fingerprint(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()
