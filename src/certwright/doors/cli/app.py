"""The commands put together, and the one place where an error becomes an exit code."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from types import ModuleType

import typer

from certwright import __version__
from certwright.doors.cli.terminal import say_error
from certwright.model.errors import CertwrightError, Misconfigured, Unavailable
from certwright.pki.errors import Invalid

DONE, REFUSED, USAGE, UNAVAILABLE, MISCONFIGURED = range(5)
FOREVER = "--wait=31536000"


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code."""
    if list(arguments) == ["--version"]:  # without loading a single command
        typer.echo(f"certwright {__version__}")
        return DONE
    try:
        answer = _program(arguments)(args=with_optional_seconds(arguments), standalone_mode=False)
    except typer.Abort:
        return 130
    except typer.TyperException as error:
        _say_usage(error)
        return USAGE
    except (CertwrightError, Invalid) as error:
        say_error(error.detail, error.advice)
        return exit_code_of(error)
    except Exception as error:
        if (known := _from_the_machine(error)) is None:
            raise
        say_error(*known)
        return UNAVAILABLE
    return answer if isinstance(answer, int) else DONE


def _say_usage(error: typer.TyperException) -> None:
    """What is wrong with the words typed, as the parser underneath says it."""
    show = getattr(error, "show", None)
    if show is None:
        say_error(str(error), "")
    else:
        show()


def exit_code_of(error: Exception) -> int:
    """The exit code that tells a script what kind of error it was."""
    if isinstance(error, Misconfigured):
        return MISCONFIGURED
    return UNAVAILABLE if isinstance(error, Unavailable) else REFUSED


def _from_the_machine(error: Exception) -> tuple[str, str] | None:
    """A disk or database that does not do its part, in words; None for any other error."""
    from certwright.store.setup import database_trouble  # loaded by then, if it can be that

    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), "Is the disk full or read-only?"
    trouble = database_trouble(error)
    if not trouble:
        return None
    return (
        f"The database cannot be used: {trouble}.",
        "Nothing is sent to a CA without being recorded first; mend the disk or database and run it again.",
    )


def with_optional_seconds(arguments: Sequence[str]) -> list[str]:
    """``--wait`` without a number, which the parser underneath does not know, means as long as it takes."""
    following = [*arguments[1:], ""]
    return [
        FOREVER if word == "--wait" and not following[place].replace(".", "", 1).isdigit() else word
        for place, word in enumerate(arguments)
    ]


# Group or command → module; a module is imported only for its own command, to keep the start quick.
_GROUPS = {
    "account": ("accounts", "CA accounts: our credentials at the CAs."),
    "order": ("orders", "Order certificates and follow the orders."),
    "integration": ("integrations", "Integrations: CA accounts that are read to enrich the inventory."),
    "scan": ("scans", "Scans: TLS servers on the network, looked at for their certificates."),
    "source": ("folders", "Folders and tokens that are looked at for certificates."),
    "cert": ("certs", "Certificates: list, show, tag, export, reissue, revoke."),
    "inventory": ("overview", "The inventory on one screen, and where it comes from."),
    "key": ("keys", "Private keys we hold."),
    "csr": ("csrs", "Make and read CSRs."),
    "token": ("tokens", "PKCS#11 tokens (HSMs)."),
    "target": ("targets", "Targets: where Certwright publishes DCV proofs itself."),
    "kek": ("kek", "The key-encryption key that seals what is secret."),
}
_COMMANDS = {"worker": "worker", "demo": "demo", "init": "init", "serve": "serve"}


def _program(arguments: Sequence[str]) -> Callable[..., object]:
    """The whole command tree, or only the branch that is asked for."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Certwright orders TLS certificates from commercial CAs exactly once, and keeps them.",
    )
    app.callback()(_options)
    wanted = next((word for word in arguments if not word.startswith("-")), "")
    groups = {wanted: _GROUPS[wanted]} if wanted in _GROUPS else _GROUPS
    commands = {wanted: _COMMANDS[wanted]} if wanted in _COMMANDS else _COMMANDS
    if wanted in _COMMANDS:
        groups = {}
    elif wanted in _GROUPS:
        commands = {}
    for name, (module, about) in groups.items():
        group = _module(module).app
        app.add_typer(group, name=name, help=about, no_args_is_help=group.info.invoke_without_command is not True)
    for name, module in commands.items():
        app.command(name)(getattr(_module(module), name))
    return typer.main.get_group(app)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"certwright.doors.cli.{name}")


def _options(
    *,
    version: bool = typer.Option(False, "--version", help="Show the version and stop."),  # noqa: FBT003
) -> None:
    """What stands before the command; :func:`run` has answered ``--version`` by then."""
