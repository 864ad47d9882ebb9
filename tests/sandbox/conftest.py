"""The fixtures of the sandbox's own tests."""

from tests.sandbox.fixtures import account, file_server, fresh, management, own_sandbox, receiver, sandbox

__all__ = ["account", "file_server", "fresh", "management", "own_sandbox", "receiver", "sandbox"]
