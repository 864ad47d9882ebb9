"""The fixtures of the end-to-end and crash tests."""

from tests.cli.fixtures import (
    blank,
    hub_shop,
    new_hub_shop,
    new_reseller_shop,
    new_shop,
    program,
    reseller_shop,
    shop,
    zygote,
)
from tests.fixtures_postgresql import postgresql, postgresql_server
from tests.sandbox.fixtures import file_server, https_server, resellers, sandbox

__all__ = [
    "blank",
    "file_server",
    "https_server",
    "hub_shop",
    "new_hub_shop",
    "new_reseller_shop",
    "new_shop",
    "postgresql",
    "postgresql_server",
    "program",
    "reseller_shop",
    "resellers",
    "sandbox",
    "shop",
    "zygote",
]
