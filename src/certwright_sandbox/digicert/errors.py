"""The refusals of this API: an HTTP status, a code and a message, as its error list shows them."""

from __future__ import annotations


class Refusal(Exception):
    """A call that is answered with an error; nothing is done."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """`code` may carry a sub-code after `|` or `:`."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def bad_request(code: str, message: str) -> Refusal:
    """400 with this code."""
    return Refusal(400, code, message)


def invalid_value(field: str) -> Refusal:
    """400: the field holds something it may not."""
    return bad_request(f"invalid_value:{field}", f"{field} contains an invalid value.")


def missing_value(field: str) -> Refusal:
    """400: a required field is absent."""
    return bad_request(f"missing_value:{field}", f"{field} is required.")


def not_found(what: str) -> Refusal:
    """404: there is no such thing, or it is somebody else's; the two look alike on purpose."""
    return Refusal(404, f"not_found|{what}", f"The specified {what} was not found.")


def denied(reason: str) -> Refusal:
    """403 with the reason as its sub-code."""
    return Refusal(403, f"access_denied|{reason}", f"Access denied due to {reason}.")


def too_many_requests() -> Refusal:
    """429; no Retry-After is documented."""
    return Refusal(429, "request_limit_exceeded", "Service unavailable, please limit request volume")
