"""The fixtures of the importers' tests."""

from tests.fixtures_postgresql import postgresql, postgresql_server

__all__ = ["postgresql", "postgresql_server"]
