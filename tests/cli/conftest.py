"""The fixtures of the end-to-end and crash tests."""

from tests.cli.fixtures import blank, file_server, new_shop, program, sandbox, shop, zygote

__all__ = ["blank", "file_server", "new_shop", "program", "sandbox", "shop", "zygote"]
