"""emSign's classic API, as its documents and those who have called it describe it (emsign.md)."""

from certwright_sandbox.emsign.play import EmSign

__all__ = ["EmSign"]
