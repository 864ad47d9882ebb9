"""What an account test says when the CA turns the credential away, and that the command it names really works."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from certwright.cas.digicert import DigiCert
from certwright.cas.sectigo import errors, wire
from certwright.model.errors import CertwrightError, Misconfigured
from tests.client import emsign as emsign_answers
from tests.client import sectigo as sectigo_answers
from tests.client.conftest import Script, Server, answer
from tests.client.emsign import Hub
from tests.client.sandbox import Tenant
from tests.client.sectigo import Login

Serve = Callable[..., Server]
# §1.4 and §1.2 of DigiCert's API, byte for byte.
XML_403 = (
    b'<?xml version="1.0"?>\n<error_list><errors><error><code>access_denied|access_denied_invalid_key</code>'
    b"<message>Access denied due to access_denied_invalid_key.</message></error></errors></error_list>"
)
JSON_403 = (
    b'{"errors":[{"code":"access_denied|access_denied_invalid_key",'
    b'"message":"Access denied due to access_denied_invalid_key."}]}'
)
NO_RIGHT = b'{"errors":[{"code":"access_denied|missing_permission","message":"You lack a permission."}]}'
LOGIN_REFUSED = (
    b"errorCode=-16&errorMessage=Incorrect+login+details%2C+account+is+locked%2C+password+has+expired%2C+or+your+"
    b"source+IP+is+blocked%21"
)
PROGRAMS = ("sh", "sed", "curl", "openssl")
needs_programs = pytest.mark.skipif(
    not all(map(shutil.which, PROGRAMS)), reason=f"needs {', '.join(PROGRAMS)} on this machine"
)


def _turned_away(try_it: Callable[[], object]) -> CertwrightError:
    with pytest.raises(Misconfigured) as caught:
        try_it()
    return caught.value


@pytest.mark.parametrize(
    ("body", "media_type", "code"),
    [
        (JSON_403, "application/json", "access_denied|access_denied_invalid_key"),
        (XML_403, "application/xml", "access_denied|access_denied_invalid_key"),
        (XML_403, "application/json", ""),  # its own content type is believed
        (XML_403, "", "access_denied|access_denied_invalid_key"),
        (NO_RIGHT, "application/json", "access_denied|missing_permission"),
    ],
)
@pytest.mark.parametrize("body_format", ["json", "xml"])
def test_a_403_of_digicert_tells_its_code_the_four_causes_and_one_command(
    body: bytes, media_type: str, code: str, body_format: str, serve: Serve
) -> None:
    server = serve(answer(403, body, content_type=media_type))
    with DigiCert(url=server.url, api_key="k" * 20, settings={"format": body_format}) as ca:
        error = _turned_away(ca.login)
    assert error.code == code
    assert code in error.detail
    for cause in ("API key is wrong", "role", "restricted", "allow-list"):
        assert cause in error.advice
    assert error.advice.endswith(f" -H @- {server.url}/user/me")
    assert "k" * 20 not in str(error)


def test_a_login_that_sectigo_refuses_tells_its_code_the_causes_and_one_command(serve: Serve) -> None:
    server = serve(answer(200, LOGIN_REFUSED, content_type="application/x-www-form-urlencoded"))
    with sectigo_answers.client(server) as ca:
        error = _turned_away(ca.login)
    assert error.code == "-16"
    assert "[-16]" in error.detail
    for cause in ("case-sensitive", "locked", "expired", "allow-list", "NAME_FILE PASSWORD_FILE"):
        assert cause in error.advice
    assert error.advice.endswith(f"'http://127.0.0.1:{server.port}/products/!WebHostReport'")
    assert sectigo_answers.PASSWORD not in str(error)


def test_every_call_of_sectigo_tells_the_same_of_a_refused_login(serve: Serve) -> None:
    lines = answer(200, b"-16\nIncorrect login details!\n", content_type="text/plain")
    form = answer(200, LOGIN_REFUSED, content_type="application/x-www-form-urlencoded")
    for script, try_it in (
        (lines, lambda ca: ca.dcv_addresses("shop.example.com")),
        (form, lambda ca: ca.collect(emsign_answers.ORDER, public_key_sha256="")),
        (form, lambda ca: ca.cancel(emsign_answers.ORDER, "")),
    ):
        server = serve(script)
        with sectigo_answers.client(server) as ca:
            error = _turned_away(lambda ca=ca, try_it=try_it: try_it(ca))
        assert "curl" in error.advice


def test_a_login_by_certificate_is_tried_with_the_certificate() -> None:
    error = errors.login_refused(wire.Form(-16, "No.", "", {}), "https://private.example", by_certificate=True)
    assert "--cert CERTIFICATE_FILE --key KEY_FILE" in error.advice
    assert "PASSWORD_FILE" not in error.advice


@pytest.mark.parametrize("script", [answer(401, b""), answer(403, b""), emsign_answers.no("EMS-901", "Denied.")])
def test_a_login_that_emsign_refuses_tells_what_to_check_and_one_command(script: Script, serve: Serve) -> None:
    server = serve(script)
    with emsign_answers.client(server) as ca:
        error = _turned_away(ca.login)
    for cause in ("account number", "access key", "user may do", "address", "clock"):
        assert cause in error.advice
    assert f'"accountNumber":"{emsign_answers.ACCOUNT}"' in error.advice
    assert error.advice.endswith(f"http://127.0.0.1:{server.port}/emSignHub-API/ValidateCredentials)")
    assert emsign_answers.ACCESS_KEY not in str(error)


# -- the commands, run


def _run(command: str, folder: Path) -> tuple[str, str]:
    """What the command prints, and the arguments of every program that it starts beside the shell."""
    programs, log = folder / "programs", folder / "arguments"
    programs.mkdir(exist_ok=True)
    for name in ("sed", "curl", "openssl", "cut", "cat", "date", "printf"):
        program = programs / name
        program.write_text(f'#!/bin/sh\necho "{name} $@" >> "{log}"\nexec {shutil.which(name)} "$@"\n')
        program.chmod(0o700)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "no_proxy": "*"}
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.stderr == ""
    return done.stdout, log.read_text()


def _command(advice: str, first: str) -> str:
    """The end of an advice, from the first word of its command on."""
    _, found, rest = advice.rpartition(f": {first}")
    assert found
    return first + rest


@needs_programs
@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_the_command_for_digicert_tells_the_causes_apart(
    end: str, tenant: Callable[..., Tenant], tmp_path: Path
) -> None:
    one = tenant()
    error = _turned_away(one.ca(api_key="wrong-key").login)
    command = _command(error.advice, "sed")
    for key, status, told in (
        (one.api_key, "HTTP/1.1 200", "access_roles"),
        ("wrong-key", "HTTP/1.1 403", "invalid_key"),
    ):
        (tmp_path / "KEY_FILE").write_text(key + end)
        printed, arguments = _run(command, tmp_path)
        assert printed.startswith(status)
        assert told in printed
        assert key not in command + arguments


@needs_programs
def test_the_command_for_sectigo_tries_the_login_however_odd_its_password(serve: Serve, tmp_path: Path) -> None:
    server = serve(answer(200, LOGIN_REFUSED, content_type="application/x-www-form-urlencoded"))
    password = "p w\"x\\y+z&ü%41$HOME`id`'#"
    with sectigo_answers.client(server, login_password=password) as ca:
        command = _command(_turned_away(ca.login).advice, "sed")
    (tmp_path / "NAME_FILE").write_text("acme")
    (tmp_path / "PASSWORD_FILE").write_text(f"{password}\n")
    printed, arguments = _run(command, tmp_path)
    assert printed == LOGIN_REFUSED.decode()
    by_us, by_hand = sectigo_answers.received(server)
    assert by_hand.target == by_us.target
    assert by_hand.parameters == by_us.parameters
    assert password not in command + arguments


@needs_programs
def test_the_command_for_sectigo_logs_in_at_the_sandbox(sectigo: Callable[..., Login], tmp_path: Path) -> None:
    one = sectigo()
    command = _command(_turned_away(one.ca(login_password="wrong").login).advice, "sed")
    for password, told in ((one.secrets["login_password"], "errorCode=0"), ("wrong", "errorCode=-16")):
        (tmp_path / "NAME_FILE").write_text(one.secrets["login_name"] + "\n")
        (tmp_path / "PASSWORD_FILE").write_text(password + "\n")
        printed, arguments = _run(command, tmp_path)
        assert printed.startswith(told)
        assert password not in command.replace("/wrong", "") + arguments


@needs_programs
def test_the_command_for_emsign_logs_in_at_the_sandbox(emsign: Callable[..., Hub], tmp_path: Path) -> None:
    one = emsign()
    command = _command(_turned_away(one.ca(access_key="wrong-access-key").login).advice, "(ts=")
    for key, told in ((one.access_key, '"status":"1"'), ("wrong-access-key", '"status":"0"')):
        (tmp_path / "KEY_FILE").write_text(key + "\n")
        printed, arguments = _run(command, tmp_path)
        assert told in printed.replace(" ", "")
        assert key not in command + arguments
