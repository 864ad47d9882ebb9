"""The TLS scanner against real servers on this machine."""
