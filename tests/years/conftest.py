"""The fixtures of the years."""

from tests.cli.fixtures import blank, program, zygote
from tests.sandbox.fixtures import file_server, own_sandbox

__all__ = ["blank", "file_server", "own_sandbox", "program", "zygote"]
