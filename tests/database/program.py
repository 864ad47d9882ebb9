"""A worker as a process of its own, to be killed, stopped and starved: ``python -m tests.database.program FOLDER …``.

FOLDER holds the database; the CA's ledger is ``--ledger``. What it does is told line by line on standard output.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from certwright.engine.identity import Identity
from certwright.engine.run import Runner
from certwright.model.ports import Ports, Trust
from certwright.store import setup
from certwright.store.inventory import Inventory
from certwright.store.journal import LEASE, OrderJournal, RevocationJournal
from tests.database.shared_ca import SharedCA
from tests.fakes.challenges import FakeChallenges
from tests.fakes.clock import FakeClock
from tests.fakes.outside import FakeCatalogue, FakeKeys, FakeStanding


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)


def say(word: str) -> None:
    """One line to whoever started us."""
    print(word, flush=True)


def ask() -> None:
    """Tell that the call is on its way, and wait for a line."""
    say("calling")
    sys.stdin.readline()


def runner(options: argparse.Namespace) -> Runner:
    """Advances orders as a worker does, with a CA that lives in a file."""
    clock = SystemClock()
    identity = Identity(options.folder / "processes", "worker")
    say(identity.name)
    lease = timedelta(seconds=options.lease)
    orders = OrderJournal(clock, identity.name, identity.alive, lease=lease)
    revocations = RevocationJournal(clock, identity.name, identity.alive, lease=lease)
    meanwhile = ask if options.ask else lambda: time.sleep(options.slow)
    ca = SharedCA(options.ledger or options.folder / "ledger", meanwhile)
    ports = Ports(
        clock=clock,
        ca=ca,
        keys=FakeKeys(),
        orders=orders,
        revocations=revocations,
        challenges=FakeChallenges(),
        inventory=Inventory(clock),
        catalogue=FakeCatalogue(),
        standing=FakeStanding(FakeClock()),
        trust=Trust((), reserved_names=True),
        call_seconds=options.call_seconds,
    )
    return Runner(orders, revocations, lambda _: ports)


def advance(options: argparse.Namespace) -> None:
    """Advance one order once."""
    at = runner(options)
    order = at.order(options.order)
    say(f"{order.state} {order.fence}" if order else "not ours")


def create(options: argparse.Namespace) -> None:
    """Record an order under a reference, when told to."""
    from tests.database.stock import Stock

    stock = Stock(SystemClock(), with_account=False)
    say("ready")
    sys.stdin.readline()
    say(str(stock.order(reference=options.reference).id))


def renew(options: argparse.Namespace) -> None:
    """Look once at what is to be renewed; with ``--killed`` by SIGKILL as soon as the first successor is ordered."""
    from certwright.store.renewals import Renewals
    from tests.database.renewals import ReissuingCA, renewing
    from tests.database.stock import Stock

    def plan(*_: object, **__: object) -> None:
        say("ordered")
        os.kill(os.getpid(), signal.SIGKILL)

    if options.killed:
        Renewals.plan = plan  # type: ignore[method-assign]
    count = renewing(Stock(SystemClock(), with_account=False), ReissuingCA()).turn()
    say(f"looked at {count}")


def engine(options: argparse.Namespace) -> None:
    """Run the durable engine until told to stop."""
    from certwright.engine import durable

    durable._STUCK_SECONDS = options.stuck  # type: ignore[misc]
    at = runner(options)
    stumble = options.stumble

    def run(order_id: int, fence: int) -> object:
        nonlocal stumble
        if stumble:
            stumble -= 1
            raise OSError("stumbled before the order was claimed")
        return at.order(order_id, fence)

    works = {"order": durable.Work(at.orders.due, at.orders.free_dead_leases, run)}
    me = Identity(options.folder / "processes", "engine")
    made = durable.Engine(options.folder / "engine.sqlite", me.name, works, concurrency=4, alive=me.alive)
    signal.signal(signal.SIGTERM, lambda *_: made.stop())
    made.run(lambda: say("beat"), 0.5)
    say("stopped")


def load(options: argparse.Namespace) -> None:
    """Load the certificates in ``certificates`` (a line of hex each) for one source, when told to."""
    from certwright.model.inventory import Find
    from tests.database.stock import Stock

    stock = Stock(SystemClock(), with_account=False)
    source = stock.sources.get(options.reference)
    ders = [bytes.fromhex(line) for line in (options.folder / "certificates").read_text().split()]
    finds = [Find(f"tls://n{number}.example:443", (der,)) for number, der in enumerate(ders)]
    run = stock.sources.start(source)
    say("ready")
    sys.stdin.readline()
    new = 0
    for start in range(0, len(finds), 20):
        new += stock.sources.take(run, finds[start : start + 20], cursor=str(start + 20)).new
    say(f"new {new}")


def look(options: argparse.Namespace) -> None:
    """Look at a source as a worker does, five places at a time; with ``--ask`` it waits after each."""
    from certwright.model.inventory import Find, Outcome
    from certwright.store.sources import Sources

    identity = Identity(options.folder / "processes", "worker")
    sources = Sources(SystemClock(), identity.name, identity.alive)
    run = sources.start(sources.get(options.reference))
    if run is None:
        say("taken")
        return
    ders = [bytes.fromhex(line) for line in (options.folder / "certificates").read_text().split()]
    begun = int(run.cursor or 0)
    say(f"begins at {begun}")
    for start in range(begun, len(ders), 5):
        finds = [Find(f"tls://n{number}:443", (ders[number],)) for number in range(start, start + 5)]
        sources.take(run, finds, cursor=str(start + 5), total=len(ders))
        say(f"took {start + 5}")
        if options.ask:
            sys.stdin.readline()
    ended = sources.finish(run, Outcome.DONE, complete=True)
    say(f"run {ended.id} looked {ended.tally.looked} new {ended.tally.new} vanished {ended.tally.vanished}")


def index(options: argparse.Namespace) -> None:
    """Do without the indexes until told otherwise."""
    from certwright.store import indexes

    indexes.put_off()
    say("without")
    sys.stdin.readline()
    indexes.restore()


def main() -> None:
    """Parse, open the database, do it; whatever goes wrong is told by its type alone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    works = {work.__name__: work for work in (advance, create, renew, engine, load, look, index)}
    parser.add_argument("what", choices=list(works))
    parser.add_argument("--ledger", type=Path)
    parser.add_argument("--order", type=int, default=0)
    parser.add_argument("--reference", default="")
    parser.add_argument("--lease", type=float, default=LEASE.total_seconds())
    parser.add_argument("--call-seconds", type=float, default=2.0)
    parser.add_argument("--slow", type=float, default=0.0)
    parser.add_argument("--stuck", type=float, default=30.0)
    parser.add_argument("--stumble", type=int, default=0)
    parser.add_argument("--ask", action="store_true")
    parser.add_argument("--killed", action="store_true")
    options = parser.parse_args()
    try:
        setup.use(os.environ.get("CERTWRIGHT_TEST_DATABASE_URL") or options.folder / "certwright.sqlite")
        works[options.what](options)
    except Exception as error:
        say(f"error {type(error).__name__}: {error}")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
