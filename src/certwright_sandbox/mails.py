"""The mails that the CAs would have sent: none leaves the sandbox, each can be read at the management door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from certwright_sandbox.state import Record, State

MOST_MAILS = 10_000  # older ones are dropped, so that an endurance run cannot fill the memory


@dataclass(eq=False, slots=True)
class Mail(Record):
    """One mail; `about` is what it is about in a word, `domain` the name it speaks of, if any. `at` is UTC."""

    to: str
    about: str
    order_id: int
    domain: str
    at: datetime


class Mails:
    """The mails, oldest first."""

    def __init__(self, state: State) -> None:
        """Go on with what the state holds."""
        self._mails = state.table("mail", Mail)
        self._next_id = max((int(mail.id) for mail in self._mails), default=0) + 1

    def send(self, to: str, about: str, order_id: int, domain: str, at: datetime) -> None:
        """Note a mail."""
        self._mails.add(Mail(self._next_id, to, about, order_id, domain, at))
        self._next_id += 1
        oldest = self._mails.get(self._next_id - 1 - MOST_MAILS)
        if oldest is not None:
            self._mails.remove(oldest)

    def rows(self) -> list[dict[str, Any]]:
        """The mails as JSON values."""
        return [
            {
                "to": mail.to,
                "about": mail.about,
                "order_id": mail.order_id,
                "domain": mail.domain,
                "at": mail.at.isoformat(),
            }
            for mail in self._mails
        ]
