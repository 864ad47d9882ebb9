"""One server process: the WSGI application, with the engine at work behind it."""

from __future__ import annotations

import atexit
import threading

from certwright.doors.push.app import Application
from certwright.store.workers import HEARTBEAT
from certwright.wiring import Certwright


def create() -> Application:
    """Open the installation that the environment names, start the engine, and return the application."""
    certwright = Certwright(role="server")
    engine = certwright.engine()
    name = certwright.identity.name

    def run() -> None:
        try:
            engine.run(lambda: certwright.workers.beat(name), HEARTBEAT.total_seconds())
        finally:
            certwright.workers.gone(name)

    thread = threading.Thread(target=run, name="engine", daemon=True)
    thread.start()

    def end() -> None:
        engine.stop()
        thread.join(timeout=35)
        certwright.close()

    atexit.register(end)
    return Application(certwright)
