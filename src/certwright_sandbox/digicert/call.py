"""One call inside the API: who asks, what is asked, and the reply before it has become JSON or XML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from certwright_sandbox.digicert.errors import not_found
from certwright_sandbox.digicert.fields import Fields, whole_number
from certwright_sandbox.digicert.records import Account, ApiKey, User
from certwright_sandbox.http import Request
from certwright_sandbox.playing import Twist

APPROVERS = ("administrator", "manager")


@dataclass(frozen=True)
class Reply:
    """An answer: an object and the name it has as an XML root; None for an empty body."""

    body: Mapping[str, Any] | None = None
    name: str = ""
    status: int = 200


NOTHING = Reply(status=204)


@dataclass(frozen=True)
class File:
    """An answer that is a file."""

    content: bytes
    content_type: str
    file_name: str


@dataclass
class Call:
    """A call that the gate has let in; `params` are the path's."""

    request: Request
    key: ApiKey
    user: User
    account: Account
    twist: Twist
    params: Mapping[str, str] = field(default_factory=dict)
    body: Fields = field(default_factory=lambda: Fields({}))

    @property
    def account_id(self) -> int:
        """The account's id."""
        return int(self.account.id)

    @property
    def user_id(self) -> int:
        """The user's id."""
        return int(self.user.id)

    @property
    def may_approve(self) -> bool:
        """Whether the user may say yes to requests."""
        return self.user.role in APPROVERS

    def param(self, name: str) -> str:
        """A path parameter."""
        return self.params[name]

    def number(self, name: str, what: str) -> int:
        """A path parameter that is an id of a `what`. Raises Refusal 404 when it cannot be one."""
        number = whole_number(self.params[name])
        if number is None:
            raise not_found(what)
        return number

    def query(self, name: str) -> str | None:
        """The last value of a query parameter."""
        found = [value for key, value in self.request.query if key == name]
        return found[-1] if found else None

    def asks_for(self, name: str) -> bool:
        """Whether a boolean query parameter is true, in any spelling clients use."""
        return (self.query(name) or "").lower() in ("true", "1")
