"""The fixtures of the end-to-end and crash tests."""

from tests.cli.fixtures import blank, new_reseller_shop, new_shop, program, reseller_shop, shop, zygote
from tests.sandbox.fixtures import file_server, https_server, resellers, sandbox

__all__ = [
    "blank",
    "file_server",
    "https_server",
    "new_reseller_shop",
    "new_shop",
    "program",
    "reseller_shop",
    "resellers",
    "sandbox",
    "shop",
    "zygote",
]
