"""Every how-to, followed to the letter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs import session
from tests.docs.conftest import Prepared
from tests.docs.documents import DOCS
from tests.docs.programs import needs, needs_library

# What each begins with (`Prepared`); the other one starts a sandbox itself.
PREPARED = {
    "discover": "nothing",
    "emsign": "nothing",
    "enrich-from-a-ca": "nothing",
    "follow-an-order": "tutorial",
    "import-and-report": "sectigo",
    "import-from-elsewhere": "nothing",
    "order-from-a-token": "tutorial",
    "publish-proofs": "tutorial",
    "read-the-inventory": "nothing",
    "receive-pushes": "sectigo",
    "reissue-and-revoke": "sectigo",
    "renew-by-itself": "tutorial",
    "rotate-keys": "tutorial",
    "run-a-worker": "tutorial",
    "sectigo-dv": "nothing",
    "sectigo-ov-ev": "sectigo",
    "use-the-library": "tutorial",
}


@pytest.mark.parametrize("name", PREPARED)
def test_a_reader_of_a_howto_sees_what_it_shows(name: str, prepared: Callable[[], Prepared], tmp_path: Path) -> None:
    if name in ("discover", "order-from-a-token"):
        _needs_a_token()
    if name == "import-from-elsewhere":
        needs("openssl", "openssl")
    document = DOCS / "howto" / f"{name}.md"
    reader = prepared()

    ran = session.follow(document, tmp_path, reader.ports, reader.environment(tmp_path, PREPARED[name]))

    session.assert_shown(document, ran)


def test_a_client_of_ones_own_meets_the_sandbox_as_its_howto_tells(tmp_path: Path) -> None:
    needs("openssl", "openssl")
    document = DOCS / "howto" / "use-the-sandbox.md"

    ran = session.follow(document, tmp_path, session.Ports.free())

    session.assert_shown(document, ran)


def test_no_howto_is_left_out() -> None:
    assert {path.stem for path in (DOCS / "howto").glob("*.md")} == {*PREPARED, "use-the-sandbox"}


def _needs_a_token() -> None:
    needs("softhsm2-util", "softhsm2")
    needs("pkcs11-tool", "opensc")
    needs("openssl", "openssl")
    needs_library("libsofthsm2.so", "softhsm2")
    needs_library("engines-3/pkcs11.so", "libengine-pkcs11-openssl")
