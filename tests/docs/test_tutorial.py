"""The tutorial, followed to the letter."""

from __future__ import annotations

import time
from pathlib import Path

from tests.docs import session
from tests.docs.documents import DOCS
from tests.docs.programs import needs

TUTORIAL = DOCS / "tutorial" / "first-order.md"
SECONDS = 40


def test_a_reader_of_the_tutorial_sees_what_it_shows(tmp_path: Path) -> None:
    needs("openssl", "openssl")
    begin = time.monotonic()
    ran = session.follow(TUTORIAL, tmp_path, session.Ports.free())
    took = time.monotonic() - begin

    session.assert_shown(TUTORIAL, ran)
    assert took < SECONDS
    assert not (tmp_path / "first-order").exists()
