"""A look at TLS servers: which certificates do they present? Nothing is verified here, and nothing is sent inside.

``wanted`` reads what a person wants scanned, ``scan`` looks at all of it, ``probe`` at one target. Sockets are opened
in ``reaching`` alone.
"""
