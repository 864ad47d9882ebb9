"""``certwright serve``: the engine and the push endpoints in one process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8480,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM chain, to speak HTTPS itself.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key in PEM.")] = None,
) -> None:
    """Advance due orders, and take what CAs push, until told to stop."""
    from granian.constants import Interfaces
    from granian.server import Server

    Server(
        "certwright.doors.push.server:create",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        websockets=False,
        workers=1,
        blocking_threads=4,
        ssl_cert=tls_certificate,
        ssl_key=tls_key,
        log_access=False,
    ).serve()
