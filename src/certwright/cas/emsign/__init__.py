"""emSign CERTInext, formerly emSign Hub: the classic API, with account number and access key."""

from certwright.cas.emsign.adapter import EmSign

ADAPTER = EmSign

__all__ = ["ADAPTER", "EmSign"]
