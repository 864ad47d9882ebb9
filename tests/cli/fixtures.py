"""One sandbox and one loaded program for every test process; an installation and a tenant for every test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.program import Program, Zygote
from tests.cli.tenant import HubShop, ResellerShop, Shop, open_hub_shop, open_reseller_shop, open_shop
from tests.sandbox.tenant import Sandbox

NewShop = Callable[..., Shop]
NewResellerShop = Callable[..., ResellerShop]
NewHubShop = Callable[..., HubShop]


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """The program, loaded."""
    loaded = Zygote()
    yield loaded
    loaded.close()


@pytest.fixture(scope="session")
def blank(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A state folder that is ready and empty, to be copied: making its tables takes longest."""
    program = Program(zygote, tmp_path_factory.mktemp("blank") / "home")
    program.run("init").expect(0)
    return program


@pytest.fixture
def program(blank: Program, tmp_path: Path) -> Program:
    """An installation of this test's own."""
    return blank.copy(tmp_path / "home")


@pytest.fixture
def new_shop(sandbox: Sandbox, program: Program, tmp_path: Path) -> NewShop:
    """Open the installation's account at a tenant with the settings and switches given."""
    return lambda *settings, **switches: open_shop(sandbox, program, tmp_path, *settings, **switches)


@pytest.fixture
def shop(new_shop: NewShop) -> Shop:
    """An installation with an account at a tenant where everything is prevalidated."""
    return new_shop()


@pytest.fixture
def new_reseller_shop(sandbox: Sandbox, program: Program, tmp_path: Path) -> NewResellerShop:
    """Open the installation's account at a reseller login with the settings and switches given."""
    return lambda *settings, **switches: open_reseller_shop(sandbox, program, tmp_path, *settings, **switches)


@pytest.fixture
def reseller_shop(new_reseller_shop: NewResellerShop) -> ResellerShop:
    """An installation with an account at a reseller login whose names count as proven."""
    return new_reseller_shop()


@pytest.fixture
def new_hub_shop(sandbox: Sandbox, program: Program, tmp_path: Path) -> NewHubShop:
    """Open the installation's account at an emSign account with the settings and switches given."""
    return lambda *settings, **switches: open_hub_shop(sandbox, program, tmp_path, *settings, **switches)


@pytest.fixture
def hub_shop(new_hub_shop: NewHubShop) -> HubShop:
    """An installation with an emSign account whose names count as proven."""
    return new_hub_shop()
