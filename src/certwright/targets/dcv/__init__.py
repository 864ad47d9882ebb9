"""Targets that publish DCV proofs, one module for each kind; what may be set of a kind stands in ``about.toml``."""
