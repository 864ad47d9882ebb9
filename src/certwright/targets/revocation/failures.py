"""What could not be had a while ago, so that it is not tried again for every certificate that names it."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock
from urllib.parse import urlsplit

from certwright.model.errors import Unavailable
from certwright.targets.revocation.fetching import Unreachable

PAUSE = timedelta(minutes=30)  # before it is tried again
_MOST = 10_000  # of which the oldest are forgotten; a URL is 2 KB at most


class Failures:
    """Remembers failures by URL, and where nobody answered, by server. Safe to share between threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[datetime, str]] = OrderedDict()
        self._lock = Lock()

    def check(self, url: str, at: datetime) -> None:
        """Raises Unavailable with what was wrong when the URL or its server failed less than PAUSE before ``at``."""
        with self._lock:
            for place in (_server(url), url):
                until, why = self._known.get(place, (at, ""))
                if until > at:
                    raise Unavailable(why)

    def remember(self, url: str, why: Exception, detail: str, at: datetime) -> None:
        """The URL failed at that time, or if nobody answered, its server; ``detail`` is the sentence on it."""
        place = _server(url) if isinstance(why, Unreachable) else url
        with self._lock:
            self._known[place] = (at + PAUSE, detail)
            self._known.move_to_end(place)
            if len(self._known) > _MOST:
                self._known.popitem(last=False)


def _server(url: str) -> str:
    """Scheme, host and port; the URL itself where it has none that can be read."""
    try:
        parts, port = urlsplit(url), urlsplit(url).port
    except ValueError:
        return url
    return f"{parts.scheme}://{parts.hostname or ''}:{port or ''}"
