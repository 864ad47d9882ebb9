"""The fixtures of the end-to-end and crash tests."""

from tests.cli.fixtures import blank, new_shop, program, shop, zygote
from tests.sandbox.fixtures import file_server, sandbox

__all__ = ["blank", "file_server", "new_shop", "program", "sandbox", "shop", "zygote"]
