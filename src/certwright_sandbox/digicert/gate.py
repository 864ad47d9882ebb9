"""Who may come in: the key, its address list, its rate limits, and what its role allows."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from certwright_sandbox.digicert.call import Call
from certwright_sandbox.digicert.errors import denied, too_many_requests
from certwright_sandbox.digicert.office import Office
from certwright_sandbox.digicert.records import ApiKey
from certwright_sandbox.http import Request

KEY_HEADER = "x-dc-devkey"
# Most calls in a rolling window, the short window first (dev.digicert.com, rate limits).
WINDOWS = ((timedelta(seconds=5), 100), (timedelta(minutes=3), 1000))

# What a key may touch by its own restriction, whatever its user may.
AREAS_OF_KEY = {
    "none": {"orders", "organizations", "users", "account", "common"},
    "orders": {"orders", "common"},
    "orders_domains_organizations": {"orders", "organizations", "common"},
    "view_only": {"orders", "organizations", "users", "account", "common"},
    "user_management": {"users", "common"},
}
# The numbers by which DigiCert's own documents know them (dev.digicert.com, glossary).
KEY_ROLES = {0: "none", 100: "orders", 101: "orders_domains_organizations", 102: "view_only", 103: "user_management"}
# Where a user's role lets him change things.
CHANGES_OF_ROLE = {
    "administrator": {"orders", "organizations", "users", "account", "common"},
    "manager": {"orders", "organizations", "users", "account", "common"},
    "standard": {"orders", "common"},
    "limited": {"orders", "common"},
    "finance": {"orders", "common"},
}


class RateLimits:
    """The calls of each key in the rolling windows. A refused call does not count."""

    def __init__(self) -> None:
        """No calls yet."""
        self._times: dict[str, deque[datetime]] = {}

    def count(self, key: ApiKey, now: datetime) -> None:
        """Count one call. Raises Refusal 429 when it is one too many."""
        times = self._times.setdefault(str(key.id), deque())
        longest = WINDOWS[-1][0]
        while times and not now - longest < times[0] <= now:
            times.popleft()  # out of the window, or from before the clock was set back
        for length, most in WINDOWS:
            if len(times) >= most and now - length < times[-most]:
                raise too_many_requests()
        times.append(now)


def key_of(office: Office, request: Request) -> ApiKey | None:
    """The key that a request shows; None for a wrong, empty or missing one."""
    secret = request.header(KEY_HEADER)
    found = office.key_by_secret.find(secret) if secret else []
    return found[0] if found else None


def check_key(limits: RateLimits, key: ApiKey | None, now: datetime) -> ApiKey:
    """The key, when it may call from here and now. Raises Refusal 403 or 429."""
    if key is None or key.is_revoked:  # they look alike (digicert.md §1.2)
        raise denied("access_denied_invalid_key")
    if not key.ip_allowed:
        raise denied("access_denied_invalid_ip")
    if key.rate_limit:
        limits.count(key, now)
    return key


def check_only_views(call: Call) -> None:
    """Raise Refusal 403 when a key that may only view sends anything but a GET, whatever that would ask for."""
    if call.key.key_role == "view_only" and call.request.method != "GET":
        raise denied("missing_permission")


def check_right(call: Call, area: str) -> None:
    """Raise Refusal 403 when the key or its user's role may not do this in that area of the API."""
    is_read = call.request.method == "GET"
    if area not in AREAS_OF_KEY[call.key.key_role] or (not is_read and area not in CHANGES_OF_ROLE[call.user.role]):
        raise denied("missing_permission")
