"""DigiCert's webhook deliveries (§17 of its API): a static header, an unsigned body."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from certwright.cas.parse import Unreadable, json_tree
from certwright.model.ca import Hint
from certwright.model.errors import Misconfigured

SHORTEST_SECRET = 32  # characters; DigiCert takes no shorter one


class Receiver:
    """Reads what one CertCentral account's webhook sends.

    ``secret`` is the one given to DigiCert when the webhook was made: it comes back in every delivery. Raises
    Misconfigured when there is none, for then anybody could send anything.
    """

    def __init__(self, secret: str) -> None:
        if len(secret) < SHORTEST_SECRET:
            raise Misconfigured(
                "The CA account has no webhook secret of 32 characters or more.",
                advice="Give one: --secret webhook_secret=@FILE",
            )
        self._secret = secret.encode()

    def is_genuine(self, headers: Mapping[str, str]) -> bool:
        """Whether the delivery carries our secret (``headers`` by lower-case name); compared in constant
        time.
        """
        return hmac.compare_digest(headers.get("x-webhook-key", "").encode(), self._secret)

    def read(self, query: str, body: bytes) -> Hint | None:  # noqa: ARG002 - all is in the body
        """The hint in a delivery; None when it is no delivery. Nothing else in it is believed."""
        try:
            tree = json_tree(body)
        except Unreadable:
            return None
        if not isinstance(tree, dict) or not isinstance(tree.get("event"), str):
            return None
        content = tree.get("data")
        order = content.get("order_id") if isinstance(content, dict) else None
        return Hint(order_id=str(order) if isinstance(order, int | str) else "")
