"""An installation that lives through days in seconds: ``python -m tests.years.life HOME MANAGEMENT_URL DAYS``.

Its clock and the sandbox's are moved together to whatever is due next; there everything is done that a worker does,
in this process. Its last line is JSON and says what it has then, see :func:`told`.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from django.db.models import Min

from certwright.model.words import Operation
from certwright.policy.renewal import paid_until
from certwright.store import models
from certwright.wiring import Certwright, Settings

_STEP = timedelta(seconds=1)  # the moment itself may be cut to the second somewhere
_MANY = 20_000  # turns: more is a loop


class MovedClock:
    """The machine's clock and how far it was moved, and the sandbox's with it."""

    def __init__(self, management: httpx2.Client) -> None:
        self._management = management
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC) + self._ahead

    def move_to(self, moment: datetime) -> None:
        """Let it be that moment on both sides; never back."""
        self._ahead += max(moment - self.now(), timedelta())
        self._management.post("/clock", json={"now": self.now().isoformat()}).raise_for_status()


def work(certwright: Certwright) -> None:
    """Do whatever is due now."""
    certwright.renewing.turn()
    for order_id, fence in certwright.runner.orders.due(1000):
        certwright.runner.order(order_id, fence)


def next_due() -> datetime | None:
    """The moment when something is due next; None when nothing ever is."""
    found = models.Order.objects.aggregate(action=Min("next_action_at"), renewal=Min("renewal_due_at"))
    return min((moment for moment in found.values() if moment is not None), default=None)


def live(certwright: Certwright, clock: MovedClock, end: datetime) -> int:
    """From one due moment to the next until the end; how many there were."""
    for turns in range(_MANY):
        work(certwright)
        due = next_due()
        if due is None or due > end:
            clock.move_to(end)
            return turns
        if due + _STEP > clock.now():
            clock.move_to(due + _STEP)
    raise AssertionError(f"still at {clock.now()} after {_MANY} turns: {told(certwright)}")


def told(certwright: Certwright) -> list[dict[str, Any]]:
    """Every bought order: the term it paid for, what was told of it, and its certificates with when they came."""
    came = dict(models.Certificate.objects.values_list("fingerprint", "recorded_at"))
    by = dict(models.Order.objects.values_list("certificate__fingerprint", "operation"))
    return [
        {
            "reference": order.reference,
            "state": order.state,
            "name": order.request.common_name,
            "ends": paid_until(order.request.term, order.placed_at or order.created_at, order.paid_until),
            "note": order.renewal_note,
            "next": order.renewal_due_at,
            "alarms": [event["note"] for event in certwright.orders.events(order.id) if event["kind"] == "alarm"],
            "certificates": [
                {
                    "from": one.not_before,
                    "until": one.not_after,
                    "came": came[one.fingerprint],
                    "operation": by[one.fingerprint],
                }
                for one in certwright.renewals.issued(order)
            ],
        }
        for order in certwright.orders.browse()
        if order.request.operation is Operation.NEW
    ]


def main() -> None:
    """Open, live, tell."""
    home, management_url, days = sys.argv[1:]
    with httpx2.Client(base_url=management_url, timeout=20, trust_env=False) as management:
        clock = MovedClock(management)
        certwright = Certwright(Settings(home=Path(home)), role="worker", clock=clock)
        try:
            turns = live(certwright, clock, clock.now() + timedelta(days=float(days)))
            bought = told(certwright)
        finally:
            certwright.close()
    print(json.dumps({"turns": turns, "bought": bought}, default=lambda moment: moment.isoformat()))


if __name__ == "__main__":
    main()
