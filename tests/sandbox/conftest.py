"""The fixtures of the sandbox's own tests."""

from tests.sandbox.fixtures import (
    account,
    file_server,
    fresh,
    https_server,
    issued,
    management,
    own_sandbox,
    push_receiver,
    receiver,
    reseller,
    resellers,
    sandbox,
    subscriber,
)

__all__ = [
    "account",
    "file_server",
    "fresh",
    "https_server",
    "issued",
    "management",
    "own_sandbox",
    "push_receiver",
    "receiver",
    "reseller",
    "resellers",
    "sandbox",
    "subscriber",
]
