"""One name server for each test process, and targets made the way an operator sets them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from certwright.model.ca import Proof
from certwright.model.words import DCVMethod
from certwright.targets.dcv.publisher import Publisher, open_publisher
from tests.targets.knot import KEY_NAME, SECRET, ZONE, Knot, program

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def knot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Knot]:
    """The name server."""
    if program() is None:
        pytest.skip("knotd is not installed (Debian: knot)")
    server = Knot(tmp_path_factory.mktemp("knot"))
    yield server
    server.close()


def settings_of(knot: Knot, **more: str) -> dict[str, str]:
    """The settings of an rfc2136 target at that server."""
    return {"server": "127.0.0.1", "port": str(knot.port), "key_name": KEY_NAME, **more}


def updating(knot: Knot, *, secret: str = SECRET, **more: str) -> Publisher:
    """Such a target."""
    return open_publisher("rfc2136", settings_of(knot, **more), {"key_secret": secret} if secret else {})


def a_txt(value: str = "token", name: str = "") -> Proof:
    """A TXT proof at a name that nobody has used."""
    name = name or f"n{next(_NUMBERS)}.{ZONE}"
    return Proof(name, DCVMethod.DNS_TXT, name, value)


def a_cname(value: str = "aa.bb.sectigo.com", name: str = "") -> Proof:
    """A CNAME proof at a name that nobody has used."""
    name = name or f"n{next(_NUMBERS)}.{ZONE}"
    return Proof(name, DCVMethod.DNS_CNAME, f"_ab12.{name}", value)
