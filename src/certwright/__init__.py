"""Certwright: orders TLS certificates from commercial CAs exactly once, and keeps them."""

__version__ = "0.1.0"
