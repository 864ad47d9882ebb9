"""The command line: `certwright-sandbox serve …`, and `get`, `post` … for its management door."""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from certwright_sandbox import asking
from certwright_sandbox.faults import WEATHERS
from certwright_sandbox.serving import Settings, serve

SEEDS = 1_000_000
USAGE_ERROR = 2


def resolver_address(text: str) -> tuple[str, int]:
    """HOST:PORT as a pair; raises ArgumentTypeError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        raise argparse.ArgumentTypeError("must be HOST:PORT")
    return host.strip("[]"), int(port)


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    top = argparse.ArgumentParser(prog="certwright-sandbox", description="Plays commercial CAs on 127.0.0.1.")
    commands = top.add_subparsers(dest="command", required=True)
    run = commands.add_parser("serve", help="run until SIGTERM or SIGINT")
    run.add_argument("--port", type=int, default=14000, help="the CAs' port (default 14000; 0: a free one)")
    run.add_argument("--management-port", type=int, default=15000, help="the tests' port (default 15000)")
    run.add_argument("--seed", type=int, help="what the weather is made of (default: a new one, printed)")
    run.add_argument("--faults", choices=sorted(WEATHERS), default="none", help="the weather (default none)")
    run.add_argument("--state", type=Path, metavar="FILE", help="remember everything in FILE")
    run.add_argument("--http-port", type=int, default=80, help="where validators fetch files (default 80)")
    run.add_argument("--https-port", type=int, default=443, help="where validators fetch HTTPS files (default 443)")
    run.add_argument("--tls-port", type=int, help="a door that speaks TLS (default: none; 0: a free port)")
    run.add_argument("--https-only", action="store_true", help="CAs that want HTTPS refuse plain HTTP")
    run.add_argument("--resolver", type=resolver_address, metavar="HOST:PORT", help="DNS for the validators")
    run.add_argument("--verbose", action="store_true", help="more on standard error")
    asking.add_commands(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code: 0 ended by a signal, 1 could not start, 2 usage."""
    options = parser().parse_args(arguments)
    if options.command in asking.METHODS:
        return asking.ask(options)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if options.verbose else logging.WARNING,
        format="%(asctime)s %(name)s %(message)s",
    )
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # its lines hold URLs of clients' webhooks
    settings = Settings(
        port=options.port,
        management_port=options.management_port,
        seed=options.seed if options.seed is not None else secrets.randbelow(SEEDS),
        faults=options.faults,
        state=options.state,
        http_port=options.http_port,
        https_port=options.https_port,
        tls_port=options.tls_port,
        https_only=options.https_only,
        resolver=options.resolver,
    )
    try:
        asyncio.run(serve(settings))
    except (OSError, sqlite3.Error) as problem:
        sys.stderr.write(f"certwright-sandbox: {problem}\n")
        return 1
    return 0
