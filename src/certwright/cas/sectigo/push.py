"""Sectigo's push (§17): no signature, so basic authentication tells who it is, and its content is only a hint."""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Mapping
from urllib.parse import parse_qsl

from certwright.model.ca import Hint
from certwright.model.errors import Misconfigured

SHORTEST_SECRET = 16  # characters
_MOST_FIELDS = 200
_NOBODY = "-"  # no order has this number: the event is taken and wakes nobody
_OTHER_ACCOUNTS_EVENTS = frozenset({"masteraccount", "sitelockfreemium"})


class Receiver:
    """Reads what Sectigo pushes for one account.

    ``secret`` is the password of the endpoint's URL as it was given to Sectigo's account manager
    (``https://anything:PASSWORD@host/push/sectigo/ACCOUNT``). Raises Misconfigured when there is none, for then anybody
    could send anything.
    """

    def __init__(self, secret: str) -> None:
        if len(secret) < SHORTEST_SECRET:
            raise Misconfigured(
                f"The CA account has no webhook secret of {SHORTEST_SECRET} characters or more.",
                advice="Give one: --secret webhook_secret=@FILE",
            )
        self._secret = secret.encode()

    def is_genuine(self, headers: Mapping[str, str]) -> bool:
        """Whether the call carries our password (``headers`` by lower-case name); compared in constant time."""
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        try:
            _, _, password = b64decode(credentials.strip(), validate=True).partition(b":")
        except ValueError:  # not base64
            return False
        return scheme.lower() == "basic" and hmac.compare_digest(password, self._secret)

    def read(self, query: str, body: bytes) -> Hint | None:
        """The hint in a call, be it a GET with a query or a POST with a form; None when it is neither.

        Nothing in it is believed but which order to look at: an event of an unknown type about an order is a
        reason to look at that, and one about none is a reason for nothing.
        """
        try:
            pairs = parse_qsl(f"{query}&{body.decode('utf-8')}", keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError:
            return None
        fields = {name.strip().lower(): value.strip() for name, value in pairs}
        if "eventtype" not in fields:
            return None
        order = fields.get("ordernumber", "")
        about_others = fields["eventtype"].lower() in _OTHER_ACCOUNTS_EVENTS
        return Hint(order if order.isalnum() and not about_others else _NOBODY)
