"""`certwright-sandbox get PATH`, `post PATH JSON` …: the management door from the command line."""

from __future__ import annotations

import argparse
import http.client
import sys
from urllib.parse import urlsplit

METHODS = ("get", "post", "patch", "delete")
DEFAULT_URL = "http://127.0.0.1:15000"
PROBLEM = 400


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add one command per method."""
    for method in METHODS:
        command = commands.add_parser(method, help=f"{method.upper()} a path of a running sandbox's management door")
        command.add_argument("path", help="such as /ledger")
        command.add_argument("body", nargs="?", default="", help="JSON")
        command.add_argument("--management-url", default=DEFAULT_URL, help=f"default {DEFAULT_URL}")


def ask(options: argparse.Namespace) -> int:
    """Make the call and print what it answers; exit code 0, or 1 for an error."""
    address = urlsplit(options.management_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port or 0, timeout=60)
    try:
        connection.request(options.command.upper(), options.path, options.body.encode())
        answer = connection.getresponse()
        sys.stdout.write(answer.read().decode() + "\n")
    except OSError as problem:
        sys.stderr.write(f"certwright-sandbox: nobody answers at {options.management_url}: {problem}\n")
        return 1
    finally:
        connection.close()
    return int(answer.status >= PROBLEM)
