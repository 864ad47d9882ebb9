"""CRLs by their URLs: each is fetched and read once for all that name it, and kept while it is good."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from certwright.model.errors import CertwrightError
from certwright.pki import crl
from certwright.pki.certificate import Certificate
from certwright.pki.crl import RevocationList
from certwright.pki.errors import Invalid
from certwright.targets.revocation.failures import PAUSE, Failures
from certwright.targets.revocation.fetching import Fetcher

CAPACITY = 256 * 1024 * 1024  # bytes of CRLs that are kept; those not used longest go first
FRESH = timedelta(hours=24)  # a CRL is fetched again by then, however long it says that it is good (BR 4.9.7)


@dataclass(slots=True)
class Kept:
    """A CRL as it was fetched, and the issuers whom it was found to be of."""

    found: RevocationList
    until: datetime
    _issuers: set[str] = field(default_factory=set)

    def objection(self, issuer: Certificate, at: datetime) -> str | None:
        """As :meth:`RevocationList.objection`; a signature that was good is not verified again."""
        if issuer.fingerprint in self._issuers:
            return None
        reason = self.found.objection(issuer, at)
        if reason is None:
            self._issuers.add(issuer.fingerprint)
        return reason


class Lists:
    """Fetches CRLs, never one twice at a time, and keeps them. Safe to share between threads."""

    def __init__(self, fetcher: Fetcher, failures: Failures, *, capacity: int = CAPACITY) -> None:
        self._fetcher = fetcher
        self._failures = failures
        self._capacity = capacity
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._coming: dict[str, Future[Kept]] = {}
        self._lock = Lock()
        self._reading = Lock()  # one large CRL at a time takes memory beside its own

    def believed(self, url: str, issuer: Certificate, at: datetime) -> RevocationList:
        """The CRL at the URL, if it is that issuer's and current at that time (aware UTC).

        Raises CertwrightError when it cannot be had or could not be a while ago, Invalid when it cannot be read or
        must not be believed.
        """
        kept = self._at(url, at)
        with self._reading:
            reason = kept.objection(issuer, at)
        if reason is not None:
            raise Invalid(reason)
        return kept.found

    def _at(self, url: str, at: datetime) -> Kept:
        with self._lock:
            kept = self._kept.get(url)
            if kept is not None and at < kept.until:
                self._kept.move_to_end(url)
                return kept
            coming = self._coming.get(url)
            ours = coming is None
            if coming is None:
                coming = self._coming[url] = Future()
        if ours:
            self._bring(url, at, coming)
        return coming.result()

    def _bring(self, url: str, at: datetime, coming: Future[Kept]) -> None:
        """Fetch it for all who wait for it; whatever goes wrong reaches them too."""
        try:
            kept = self._fetched(url, at)
            with self._lock:
                self._keep(url, kept)
            coming.set_result(kept)
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            coming.set_exception(error)
        finally:
            with self._lock:
                del self._coming[url]

    def _fetched(self, url: str, at: datetime) -> Kept:
        self._failures.check(url, at)
        try:
            data = self._fetcher.get(url, largest=crl.MAXIMUM_SIZE)
            with self._reading:
                found = crl.read(data)
        except (CertwrightError, Invalid) as error:
            self._failures.remember(url, error, error.detail, at)
            raise
        end = min(at + FRESH, found.next_update or at)
        return Kept(found, max(end, at + PAUSE))  # one that is out of date is not fetched for every certificate

    def _keep(self, url: str, kept: Kept) -> None:
        self._kept[url] = kept
        self._kept.move_to_end(url)
        size = sum(each.found.size for each in self._kept.values())
        while size > self._capacity and len(self._kept) > 1:
            size -= self._kept.popitem(last=False)[1].found.size
