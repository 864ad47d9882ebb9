"""``python -m tests.targets.victim DATABASE ORDER NAME MOMENT``: publishes a TXT proof and is killed at it.

MOMENT is ``before`` or ``after`` the name server took the record; its row says nothing of it yet either way.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from certwright.engine.challenges import Challenges
from certwright.model.ca import Proof
from certwright.store import setup
from certwright.store.targets import ChallengeStore, Targets
from certwright.targets.dcv.publisher import Publisher, open_publisher
from tests.fakes.clock import FakeClock
from tests.fakes.world import some_order
from tests.targets.fixtures import a_txt
from tests.targets.knot import SECRET


class Deadly:
    """A target at which the process ends."""

    def __init__(self, real: Publisher, moment: str) -> None:
        """``moment`` as above."""
        self._real = real
        self._moment = moment

    def publish(self, proof: Proof, former: Collection[str]) -> None:
        """Publish, or not, and die."""
        if self._moment == "after":
            self._real.publish(proof, former)
        os.kill(os.getpid(), signal.SIGKILL)

    def look(self, proof: Proof) -> str:
        """As the real one."""
        return self._real.look(proof)

    def withdraw(self, proof: Proof) -> None:
        """As the real one."""
        self._real.withdraw(proof)


def main(database: str, order: str, name: str, moment: str) -> None:
    """Publish."""
    setup.use(Path(database))
    clock = FakeClock()
    challenges = Challenges(
        Targets(clock),
        ChallengeStore(clock),
        lambda target: Deadly(open_publisher(target.kind, target.settings, {"key_secret": SECRET}), moment),
    )
    challenges.publish(replace(some_order(), id=int(order)), a_txt(name=name))


if __name__ == "__main__":
    main(*sys.argv[1:])
