"""The gate before a CA: how many calls one credential may make, shared by all processes of this machine.

Asked right before the socket. Three things hold a call back: the CA's limits (counted by pyrate-limiter in an
SQLite file), a wait that the CA asked for, and a circuit breaker after failures in a row. All three are kept
under a hash of the credential, so two accounts with one credential share them and the file tells nobody the
credential.

Moments are milliseconds of the monotonic clock, which all processes share and no clock change touches. It
starts again at a reboot: what then lies in the future is forgotten.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import stamina
import structlog
from pyrate_limiter import Rate, RateItem
from pyrate_limiter.buckets import SQLiteBucket

from certwright.model.errors import Misconfigured, Unavailable

LOG = structlog.get_logger("certwright.cas")
SHARE = 0.97  # of the CA's own figure: room for other programs and for the CA's way of counting
TRAVEL_SECONDS = 1.0  # calls travel at different speed; a longer window keeps them from bunching at the CA
LONGEST_PAUSE = 3600.0
FAILURES_TO_OPEN = 5
FIRST_REST = 30.0
LONGEST_REST = 600.0
FIRST_THROTTLE, LONGEST_THROTTLE = 5.0, 180.0


@dataclass(frozen=True, slots=True)
class Limit:
    """The CA allows ``calls`` within any ``seconds``."""

    calls: int
    seconds: float


class _Bucket(SQLiteBucket):
    """pyrate-limiter's bucket on the monotonic clock."""

    def now(self) -> int:
        return _now()


def _binding(limits: Sequence[Limit], title: str) -> list[Rate]:
    """The limits as rates, without those that another one implies, which pyrate-limiter would not take."""
    if not limits or any(limit.calls < 1 or limit.seconds <= 0 for limit in limits):
        raise Misconfigured(f"The call limits set for {title} allow no call.", advice="Set them to 1 or more.")
    binding: list[Rate] = []
    for limit in sorted(limits, key=lambda limit: limit.seconds):
        rate = Rate(max(int(limit.calls * SHARE), 1), int((limit.seconds + TRAVEL_SECONDS) * 1000))
        while binding and binding[-1].limit >= rate.limit:
            binding.pop()  # the longer window lets fewer through
        if not binding or rate.limit * binding[-1].interval < binding[-1].limit * rate.interval:
            binding.append(rate)  # else the shorter window is the slower one
    return binding


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL mode. Two processes that do so at once are told "locked" without any waiting."""
    for attempt in stamina.retry_context(
        on=sqlite3.OperationalError, attempts=None, timeout=10, wait_initial=0.01, wait_max=0.2, wait_jitter=0.05
    ):
        with attempt:
            connection.execute("PRAGMA journal_mode=WAL")


def _opened(path: Path | None) -> sqlite3.Connection:
    """The file in WAL mode without a sync per commit: what is lost with the machine no longer matters."""
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(
            path if path is not None else ":memory:",
            isolation_level=None,
            check_same_thread=False,
            timeout=10,
        )
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=NORMAL")
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise Misconfigured(
            f"The file that counts the calls cannot be used ({error}).",
            advice="See that the state folder exists, has room and may be written; the file itself may be deleted.",
        ) from None
    return connection


def _now() -> int:
    return time.monotonic_ns() // 1_000_000


class Gate:
    """Lets calls of one credential through.

    ``path`` is the SQLite file that the processes share; None keeps the count in this process. Raises
    Misconfigured for limits below 1.
    """

    def __init__(self, path: Path | None, credential: str, limits: Sequence[Limit], *, title: str) -> None:
        self._title = title
        rates = _binding(limits, title)
        self._lock = threading.Lock()
        self._key = hashlib.sha256(b"certwright limits\0" + credential.encode()).hexdigest()[:32]
        self._table = f"calls_{self._key}"
        self._connection = _opened(path)
        try:
            self._prepare()
        except Unavailable:
            self._connection.close()
            raise
        self._bucket = _Bucket(rates, self._connection, self._table)

    def _prepare(self) -> None:
        statements = (
            """CREATE TABLE IF NOT EXISTS gates
               (name TEXT PRIMARY KEY, shut_until INTEGER, failures INTEGER, throttles INTEGER)""",
            f"CREATE TABLE IF NOT EXISTS {self._table} (name VARCHAR, item_timestamp INTEGER)",
            f"CREATE INDEX IF NOT EXISTS moment_{self._key} ON {self._table} (item_timestamp)",
        )
        with self._transaction():
            for statement in statements:
                self._connection.execute(statement)
            self._connection.execute("INSERT OR IGNORE INTO gates VALUES (?, 0, 0, 0)", (self._key,))

    def enter(self, deadline: float) -> None:
        """Wait for room for one call until ``deadline`` (monotonic seconds).

        Raises Unavailable with ``retry_after`` when there will be none before it.
        """
        while (wait := self._try()) > 0:
            if time.monotonic() + wait > deadline:
                raise Unavailable(
                    f"{self._title} allows no call for another {wait:.0f} s; nothing was sent.",
                    retry_after=wait,
                )
            # Nothing to be told by: room comes with time. The jitter keeps waiting workers from waking as
            # one.
            time.sleep(wait + secrets.randbelow(20) / 1000)

    def _try(self) -> float:
        """Take room for one call and return 0, or return the seconds until there may be some."""
        with self._transaction():
            now = _now()
            shut_until, failures, _ = self._state()
            if now < shut_until <= now + LONGEST_PAUSE * 1000:
                return (shut_until - now) / 1000
            self._connection.execute(f"DELETE FROM {self._table} WHERE item_timestamp > ?", (now,))  # noqa: S608
            if failures >= FAILURES_TO_OPEN:
                # Half open: this call is the probe, the others wait for what it finds.
                self._set("shut_until", now + int(FIRST_REST * 1000))
            item = RateItem(self._key, now)
            if not self._bucket.put(item):
                self._set("shut_until", 0)
                return self._room_in(item)
        if now % 64 == 0:  # now and then, drop what no window counts any more
            with self._transaction():
                self._bucket.leak(now)
        return 0

    def _room_in(self, item: RateItem) -> float:
        wait = self._bucket.waiting(item)
        if not isinstance(wait, int):
            raise TypeError("the bucket answers at once")
        return max(wait, 1) / 1000

    def throttled(self, retry_after: float | None) -> float:
        """The CA said "too many": shut for as long as it asked, else 5 s, doubling to 180 s. Returns it."""
        with self._transaction():
            throttles = self._state()[2]
            self._set("throttles", throttles + 1)
        if retry_after is None:
            retry_after = min(FIRST_THROTTLE * 2 ** min(throttles, 10), LONGEST_THROTTLE)
            retry_after *= 1 + secrets.randbelow(250) / 1000
        seconds = min(max(retry_after, 0.0), LONGEST_PAUSE)
        self._shut(seconds)
        return seconds

    def failed(self) -> None:
        """No sensible answer came. After five in a row the gate shuts, for longer each time a probe fails."""
        with self._transaction():
            failures = self._state()[1] + 1
            self._set("failures", failures)
        if failures >= FAILURES_TO_OPEN:
            rest = min(FIRST_REST * 2 ** min(failures - FAILURES_TO_OPEN, 10), LONGEST_REST)
            self._shut(rest)
            if failures == FAILURES_TO_OPEN:
                LOG.error("ca_unreachable", ca=self._title, failures=failures, rest_seconds=rest)

    def succeeded(self) -> None:
        """A sensible answer came: forget failures and waits. Costs nothing when there are none."""
        with self._lock:
            shut_until, failures, throttles = self._state()
        if throttles and shut_until <= _now():  # a call that left before the CA asked for a pause proves nothing
            with self._transaction():
                self._set("throttles", 0)
        if failures:
            with self._transaction():
                self._set("failures", 0)
                if failures >= FAILURES_TO_OPEN:
                    self._set("shut_until", 0)
                    LOG.info("ca_reachable_again", ca=self._title)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _shut(self, seconds: float) -> None:
        with self._transaction():
            self._set("shut_until", max(self._state()[0], _now() + int(seconds * 1000)))

    def _state(self) -> tuple[int, int, int]:
        row = self._connection.execute(
            "SELECT shut_until, failures, throttles FROM gates WHERE name = ?", (self._key,)
        ).fetchone()
        return (int(row[0]), int(row[1]), int(row[2])) if row else (0, 0, 0)

    def _set(self, column: str, value: int) -> None:
        self._connection.execute(f"UPDATE gates SET {column} = ? WHERE name = ?", (value, self._key))  # noqa: S608

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """The file's write lock, taken at the start: processes and threads decide one after the other."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield
                finally:
                    if self._connection.in_transaction:
                        self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise Unavailable(
                    f"The file that counts the calls cannot be used ({error}); nothing was sent.",
                    advice="See that the state folder has room and may be written.",
                ) from None
