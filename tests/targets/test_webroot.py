"""Files in a folder, and the look at them through a real web server."""

from __future__ import annotations

import os
import ssl
import stat
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest

from certwright.model.ca import Proof
from certwright.model.errors import Misconfigured
from certwright.model.words import DCVMethod
from certwright.policy.egress import Address, networks
from certwright.targets.dcv.fetching import Fetch
from certwright.targets.dcv.publisher import Publisher, open_publisher
from tests.scan.rebinding import rebinding
from tests.targets.knot import Knot

NAME = "shop.meadow.example"  # the name server says that it is at 127.0.0.1
PATH = "/.well-known/pki-validation/AB12.txt"
VALUE = "283DA976\nsectigo.com\nQx7a9B2kLm"


class Web:
    """A web server for a folder, or with one answer for everything."""

    def __init__(
        self, folder: Path, *, status: int = 0, location: str = "", body: bytes = b"", slow: bool = False
    ) -> None:
        self.hosts: list[str] = []
        web, ended = self, threading.Event()

        class Files(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                web.hosts.append(self.headers["Host"])
                super().do_GET()

            def log_message(self, *_: object) -> None:
                return

        class Same(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.hosts.append(self.headers["Host"])
                if slow:
                    ended.wait(20)
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self._ended = ended
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Same if status else partial(Files, directory=str(folder)))
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "www"
    made.mkdir()
    return made


@pytest.fixture
def web(folder: Path) -> Iterator[Web]:
    server = Web(folder)
    yield server
    server.close()


def a_file(value: str = VALUE, path: str = PATH, method: DCVMethod = DCVMethod.HTTP, name: str = NAME) -> Proof:
    scheme = "https" if method is DCVMethod.HTTPS else "http"
    return Proof(name, method, f"{scheme}://{name}{path}", value)


def webroot(folder: Path, knot: Knot | None = None, port: int = 80, allowed: str = "127.0.0.0/8, ::1") -> Publisher:
    settings = {"folder": str(folder), "port": str(port), "tls_port": str(port)}
    settings |= {"resolver": f"127.0.0.1:{knot.port}"} if knot else {}
    return open_publisher("webroot", settings, {}, networks(allowed))


def test_a_file_is_published_seen_and_withdrawn_with_its_directories(folder: Path, web: Web, knot: Knot) -> None:
    target, proof = webroot(folder, knot, web.port), a_file()
    file = folder / PATH[1:]
    assert target.look(proof) == f"http://{NAME}{PATH} answers 404; the file is {file}."

    before = os.umask(0o077)
    try:
        target.publish(proof, ())
    finally:
        os.umask(before)

    assert target.look(proof) == ""
    assert set(web.hosts) == {f"{NAME}:{web.port}"}
    assert file.read_text() == VALUE
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert {stat.S_IMODE(above.stat().st_mode) for above in list(file.parents)[:2]} == {0o755}
    target.withdraw(proof)
    assert list(folder.iterdir()) == []
    target.withdraw(proof)


def test_what_others_have_beside_it_stays(folder: Path) -> None:
    target, proof = webroot(folder), a_file()
    (folder / ".well-known").mkdir()
    (folder / ".well-known" / "security.txt").write_text("Contact: mailto:security@meadow.example")

    target.publish(proof, ())
    target.withdraw(proof)

    assert [path.name for path in folder.rglob("*")] == [".well-known", "security.txt"]


def test_an_empty_directory_that_is_not_as_we_make_them_stays(folder: Path) -> None:
    made = folder / ".well-known"
    made.mkdir()
    made.chmod(0o775)

    webroot(folder).publish(a_file(), ())
    webroot(folder).withdraw(a_file())

    assert list(folder.iterdir()) == [made]


def test_a_file_of_others_is_never_overwritten_nor_removed(folder: Path) -> None:
    target, file = webroot(folder), folder / PATH[1:]
    file.parent.mkdir(parents=True)
    file.write_text("theirs")

    with pytest.raises(Misconfigured, match="says b'theirs'"):
        target.publish(a_file(), ["something else"])
    target.withdraw(a_file())

    assert file.read_text() == "theirs"


def test_a_former_file_of_ours_is_replaced(folder: Path) -> None:
    target = webroot(folder)
    target.publish(a_file("old"), ())

    target.publish(a_file("new"), ["old"])

    assert (folder / PATH[1:]).read_text() == "new"


def test_what_a_crash_left_half_written_is_in_nobodys_way(folder: Path) -> None:
    target, file = webroot(folder), folder / PATH[1:]
    file.parent.mkdir(parents=True, mode=0o755)
    (file.parent / f".{file.name}.new").write_text("28")

    target.publish(a_file(), ())

    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/../../etc/cron.d/x",
        "/.well-known/pki-validation/..",
        "/.well-known//x.txt",
        "/.well-known/%2e%2e/x.txt",
        "/index.html",
        "/.well-known",
        "/.well-known/a b.txt",
        "/.well-known/x.txt?y=1",
        "",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(folder: Path, path: str) -> None:
    target = webroot(folder)

    for act in (lambda: target.publish(a_file(path=path), ()), lambda: target.withdraw(a_file(path=path))):
        with pytest.raises(Misconfigured):
            act()

    assert list(folder.iterdir()) == []


def test_a_url_of_another_host_is_not_looked_at(folder: Path) -> None:
    elsewhere = Proof(NAME, DCVMethod.HTTP, f"http://169.254.169.254{PATH}", VALUE)

    with pytest.raises(Misconfigured, match="no URL of a file at"):
        webroot(folder).look(elsewhere)


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_symbolic_link_is_not_followed(folder: Path, tmp_path: Path, depth: int) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "passwd").write_text("root")
    link = [folder / ".well-known", folder / ".well-known/pki-validation", folder / PATH[1:]][depth]
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside if depth < 2 else outside / "passwd")

    with pytest.raises(Misconfigured, match="links are not followed"):
        webroot(folder).publish(a_file(), ["root"])

    assert [path.name for path in outside.iterdir()] == ["passwd"]
    assert (outside / "passwd").read_text() == "root"


def test_a_folder_that_is_not_there_or_not_ours_is_told_as_such(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="There is no folder"):
        webroot(tmp_path / "nowhere").publish(a_file(), ())
    with pytest.raises(Misconfigured, match="not an absolute path"):
        open_publisher("webroot", {"folder": "www"}, {})
    if os.geteuid():
        folder.chmod(0o555)
        with pytest.raises(Misconfigured, match="Permission denied"):
            webroot(folder).publish(a_file(), ())


def _look(knot: Knot, folder: Path, **answer: object) -> str:
    server = Web(folder, **answer)  # type: ignore[arg-type]
    try:
        return webroot(folder, knot, server.port).look(a_file())
    finally:
        server.close()


def test_a_look_says_what_is_there_instead(knot: Knot, folder: Path) -> None:
    assert _look(knot, folder, status=200, body=b"283da976 SECTIGO.COM\r\n qx7a9b2klm") == ""
    assert "says '<html>' instead" in _look(knot, folder, status=200, body=b"<html>\n")
    assert _look(knot, folder, status=403).endswith(f"answers 403; the file is {folder}{PATH}.")
    assert _look(knot, folder, status=500).endswith("answers 500.")
    assert "longer than" in _look(knot, folder, status=200, body=VALUE.encode() + b" " * 70_000 + b"x")


def test_a_redirect_is_not_followed_and_one_to_tls_gets_advice(knot: Knot, folder: Path, web: Web) -> None:
    webroot(folder).publish(a_file(), ())

    sentence = _look(knot, folder, status=301, location=f"https://{NAME}{PATH}")
    other = _look(knot, folder, status=302, location=f"http://127.0.0.1:{web.port}{PATH}")

    assert "redirects to https://" in sentence
    assert "The method https-token" in sentence
    assert "not followed" in other
    assert "https-token" not in other
    assert web.hosts == []


@pytest.mark.parametrize("by_resolver", [True, False])
def test_a_name_that_leads_into_our_own_network_is_not_connected_to(
    knot: Knot, folder: Path, web: Web, by_resolver: bool
) -> None:
    webroot(folder).publish(a_file(name="localhost"), ())
    name = NAME if by_resolver else "localhost"

    sentence = webroot(folder, knot if by_resolver else None, web.port, allowed="").look(a_file(name=name))

    assert sentence.startswith(f"http://{name}{PATH} is not looked at: ")
    assert "a loopback address" in sentence
    assert "CERTWRIGHT_SCAN_ALLOW" in sentence
    assert web.hosts == []


def test_a_name_that_leads_to_a_metadata_service_is_not_connected_to_where_loopback_is_allowed(
    knot: Knot, folder: Path
) -> None:
    name = "inside.meadow.example"
    knot.plant(name, "A", "169.254.169.254")

    assert "metadata service" in webroot(folder, knot).look(a_file(name=name))


def test_a_name_server_that_answers_otherwise_the_second_time_leads_a_look_nowhere(folder: Path, web: Web) -> None:
    with rebinding("127.0.0.1", "169.254.169.254") as names:
        settings = {"folder": str(folder), "port": str(web.port), "resolver": f"127.0.0.1:{names.port}"}
        target = open_publisher("webroot", settings, {}, networks("127.0.0.1"))
        target.publish(a_file(), ())

        assert target.look(a_file()) == ""
        assert names.asked == 1
        assert "metadata service" in target.look(a_file())

    assert len(web.hosts) == 1


def test_without_a_resolver_a_name_is_looked_up_once_and_its_judged_address_connected_to(
    folder: Path, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def rebinding(host: str) -> tuple[Address, ...]:
        asked.append(host)
        return (ip_address("127.0.0.1" if len(asked) == 1 else "169.254.169.254"),)

    monkeypatch.setattr("certwright.targets.dcv.fetching.system_look_up", rebinding)
    target = webroot(folder, port=web.port)
    target.publish(a_file(), ())

    assert target.look(a_file()) == ""
    assert asked == [NAME]
    assert "metadata service" in target.look(a_file())


def test_a_host_nobody_knows_and_a_server_that_is_down_are_told(knot: Knot, folder: Path) -> None:
    target = webroot(folder, knot, 1)

    assert "knows no address of" in target.look(a_file(name="nobody.meadow.example"))
    assert "cannot be fetched" in target.look(a_file())


def test_a_server_that_says_nothing_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch, knot: Knot) -> None:
    monkeypatch.setattr("certwright.targets.dcv.fetching._SECONDS", 0.3)

    assert "does not answer within" in _look(knot, folder, status=200, slow=True)


def test_over_tls_an_untrusted_certificate_is_told_and_a_trusted_one_is_seen(
    folder: Path, knot: Knot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tests.targets.tls import self_signed

    certificate = self_signed(tmp_path, NAME)
    server = Web(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
    target, proof = webroot(folder, knot, server.port), a_file(method=DCVMethod.HTTPS)
    target.publish(proof, ())
    try:
        assert "is not trusted here" in target.look(proof)
        monkeypatch.setattr(
            "certwright.targets.dcv.fetching._verifying", lambda: ssl.create_default_context(cafile=certificate)
        )
        assert target.look(proof) == ""
    finally:
        server.close()


def test_the_host_header_is_what_the_ca_sends() -> None:
    assert Fetch(f"http://{NAME}{PATH}", 80, "").host_header == NAME
    assert Fetch(f"https://{NAME}{PATH}", 443, "").host_header == NAME
    assert Fetch(f"http://{NAME}{PATH}", 8080, "").host_header == f"{NAME}:8080"
    assert Fetch(f"http://{NAME}{PATH}", 80, "").at("::1") == f"http://[::1]:80{PATH}"
