"""The fixtures of the targets' tests."""

from tests.targets.fixtures import knot

__all__ = ["knot"]
