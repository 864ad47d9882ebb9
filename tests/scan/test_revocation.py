"""Whether certificates are revoked, asked of real HTTP servers, with openssl as another judge and responder."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from certwright.pki.certificate import Certificate
from certwright.pki.crl import Revoked
from certwright.pki.ocsp import Standing
from certwright.targets.revocation.failures import Failures
from certwright.targets.revocation.fetching import Fetcher
from certwright.targets.revocation.lists import FRESH, Lists
from certwright.targets.revocation.lookup import Revocations
from certwright.targets.revocation.status import Question, Status
from tests.cases.authority import NOW, new_key, root
from tests.scan.certificates import authority, needs_openssl
from tests.scan.publishing import LOOPBACK, ask, crl_at, good, http, issue, ocsp_at, ok, silent, url
from tests.scan.servers import Servers
from tests.unit.pki.revoking import MADE, WHEN, answer, because, crl, entry, long_crl, responder, scope

# The answer


def test_a_certificate_is_revoked_or_good_as_its_crl_says(servers: Servers) -> None:
    listed: list[x509.RevokedCertificate] = []
    place = url(servers.plain(http(lambda *_: ok(crl(authority(), *listed)))))
    revoked, fine = issue(crl_at(place)), issue(crl_at(place))
    listed.append(entry(revoked.parsed.serial_number, because(x509.ReasonFlags.key_compromise)))
    revocations = Revocations(allowed=LOOPBACK)
    assert ask(revoked, revocations) == Status(Standing.REVOKED, place, MADE, Revoked(WHEN, "keyCompromise"))
    assert ask(fine, revocations) == good(place)


def test_a_hundred_thousand_certificates_of_a_crl_cost_one_fetch(servers: Servers) -> None:
    port = servers.plain(http(ok(long_crl(authority(), range(3, 100_000, 1000)))))
    one = Question.of(issue(crl_at(url(port))), authority().certificate)
    questions = [
        Question(serial, one.issuer, one.not_after, one.is_ca, one.crl_urls, one.ocsp_urls) for serial in range(100_000)
    ]
    found = Revocations(allowed=LOOPBACK).statuses(questions, NOW)
    assert servers.heard(port) == 1
    assert [serial for serial, each in enumerate(found) if each.standing is not Standing.GOOD] == list(
        range(3, 100_000, 1000)
    )
    assert {each.standing for each in found} == {Standing.GOOD, Standing.REVOKED}


def test_a_crl_is_fetched_again_when_the_next_is_due_and_after_a_day_anyway(servers: Servers) -> None:
    dues = (NOW + timedelta(hours=2), NOW + timedelta(days=90))
    soon, late = (servers.plain(http(ok(crl(authority(), due=due)))) for due in dues)
    revocations = Revocations(allowed=LOOPBACK)
    certificates = [issue(crl_at(url(soon))), issue(crl_at(url(late)))]
    heard = []
    for hours in (0, 1, 2, 23, 24):
        for certificate in certificates:
            ask(certificate, revocations, at=NOW + timedelta(hours=hours))
        heard.append((servers.heard(soon), servers.heard(late)))
    assert timedelta(hours=24) == FRESH
    assert heard == [(1, 1), (1, 1), (2, 1), (3, 1), (4, 2)]


def test_many_who_ask_at_once_share_one_fetch(servers: Servers) -> None:
    asked, everybody = threading.Event(), threading.Event()

    async def slowly(_head: str, _body: bytes) -> bytes:
        asked.set()
        await asyncio.to_thread(everybody.wait, 10)
        return ok(crl(authority()))

    port = servers.plain(http(slowly))
    revocations = Revocations(allowed=LOOPBACK)
    found: list[Status] = []
    one = issue(crl_at(url(port)))
    threads = [threading.Thread(target=lambda: found.append(ask(one, revocations))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert asked.wait(10)
    everybody.set()
    for thread in threads:
        thread.join(10)
    assert servers.heard(port) == 1
    assert found == [good(url(port))] * 8


def test_what_is_kept_is_bounded_by_its_bytes(servers: Servers) -> None:
    port = servers.plain(http(ok(crl(authority()))))
    size = len(crl(authority()))
    lists = Lists(Fetcher(allowed=LOOPBACK), Failures(), capacity=2 * size + 8)
    for path in ("/1", "/2", "/1", "/3", "/1", "/2"):
        lists.believed(url(port, path), authority().certificate, NOW)
    assert servers.heard(port) == 4  # /2 gave way to /3, since /1 had been used after it


def test_the_next_place_is_asked_where_one_has_nothing_to_believe(servers: Servers) -> None:
    bad = servers.plain(http(ok(crl(authority(), extra=[(x509.DeltaCRLIndicator(1), True)]))))
    fine = servers.plain(http(ok(crl(authority()))))
    assert ask(issue(crl_at(url(bad), url(fine)))) == good(url(fine))


def test_one_part_of_a_crl_cannot_be_handed_out_for_another(servers: Servers) -> None:
    port = servers.plain(http(ok(crl(authority(), extra=[scope("http://127.0.0.1/other.crl")]))))
    status = ask(issue(crl_at(url(port))))
    assert (status.standing, status.trouble) == (
        Standing.UNKNOWN,
        "The CRL is for certificates that name another place of it.",
    )


def test_a_stranger_who_names_the_crl_of_another_issuer_spoils_nothing(servers: Servers) -> None:
    port = servers.plain(http(ok(crl(authority()))))
    forger = root("Forger").intermediate(authority().certificate.common_name or "")
    revocations = Revocations(allowed=LOOPBACK)
    forged = forger.issue(extra=[crl_at(url(port))])
    assert ask(forged, revocations, forger).trouble == "The CRL is not signed with the issuer's key."
    assert ask(issue(crl_at(url(port))), revocations) == good(url(port))
    assert ask(forged, revocations, forger).standing is Standing.UNKNOWN
    assert servers.heard(port) == 1


def test_nothing_is_fetched_for_a_certificate_of_another_issuer_or_an_expired_one(servers: Servers) -> None:
    port = servers.plain(silent)
    assert "was not issued by" in ask(issue(crl_at(url(port))), issuer=root().intermediate()).trouble
    expired = issue(crl_at(url(port)), not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1))
    assert "expired on 2026-11-20" in ask(expired).trouble
    assert servers.heard(port) == 0


def test_a_certificate_that_names_nothing_is_unknown() -> None:
    assert ask(issue()) == Status(Standing.UNKNOWN, trouble="The certificate names no CRL that can be fetched.")


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ({"key": new_key()}, "not signed with the issuer's key"),
        ({"due": NOW - timedelta(hours=1)}, "out of date"),
        ({"made": NOW + timedelta(hours=1)}, "yet to come"),
        ({"extra": [scope(indirect_crl=True)]}, "an indirect one"),
    ],
)
def test_a_crl_that_is_not_believed_leaves_the_standing_unknown_and_is_not_fetched_for_each(
    made: dict[str, Any], why: str, servers: Servers
) -> None:
    certificate_of = issue(crl_at("http://127.0.0.1/"))
    port = servers.plain(http(ok(crl(authority(), certificate_of.parsed.serial_number, **made))))
    revocations = Revocations(allowed=LOOPBACK)
    for _ in range(3):
        status = ask(issue(crl_at(url(port))), revocations)
        assert status.standing is Standing.UNKNOWN
        assert why in status.trouble
    assert servers.heard(port) == 1


# OCSP


def test_a_responder_is_asked_where_there_is_no_crl_and_not_where_one_tells(servers: Servers) -> None:
    certificates: list[Certificate] = []
    asked: list[str] = []

    def respond(head: str, _body: bytes) -> bytes:
        asked.append(head.split("\r\n")[0])
        return ok(answer(authority(), certificates[-1], revoked=x509.ReasonFlags.superseded, by=responder(authority())))

    port, lists = servers.plain(http(respond)), servers.plain(http(ok(crl(authority()))))
    certificates.append(issue(crl_at(url(lists)), ocsp_at(url(port, "/ocsp"))))
    assert ask(certificates[-1]) == good(url(lists))
    certificates.append(issue(crl_at("ldap://ldap.meadow.example/cn=x"), ocsp_at(url(port, "/ocsp"))))
    assert ask(certificates[-1]) == Status(Standing.REVOKED, url(port, "/ocsp"), MADE, Revoked(WHEN, "superseded"))
    assert asked == ["POST /ocsp HTTP/1.1"]


def test_an_answer_about_another_certificate_is_not_taken_for_ours(servers: Servers) -> None:
    port = servers.plain(http(ok(answer(authority(), issue()))))
    status = ask(issue(ocsp_at(url(port))))
    assert status.standing is Standing.UNKNOWN
    assert "about another certificate" in status.trouble


def test_one_bad_answer_of_a_responder_is_not_held_against_the_next_but_silence_is(servers: Servers) -> None:
    port = servers.plain(http(ok(b"", status="500 Internal Server Error")))
    dead = servers.plain(silent)
    revocations = Revocations(fetcher=Fetcher(allowed=LOOPBACK, seconds=0.3))
    for _ in range(3):
        assert "answers 500" in ask(issue(ocsp_at(url(port))), revocations).trouble
        assert "does not answer within" in ask(issue(ocsp_at(url(dead))), revocations).trouble
    assert (servers.heard(port), servers.heard(dead)) == (3, 1)


# openssl as the other judge


def pem(folder: Path, name: str, *certificates: Certificate) -> str:
    path = folder / name
    path.write_text("".join(each.pem for each in certificates))
    return str(path)


@needs_openssl
@pytest.mark.parametrize(
    ("case", "standing"),
    [
        ("good", Standing.GOOD),
        ("revoked", Standing.REVOKED),
        ("expired", Standing.UNKNOWN),
        ("another key", Standing.UNKNOWN),
        ("another part", Standing.UNKNOWN),
        ("for CAs", Standing.UNKNOWN),
    ],
)
def test_openssl_judges_a_crl_as_we_do(case: str, standing: Standing, servers: Servers, tmp_path: Path) -> None:
    content: list[bytes] = []
    place = url(servers.plain(http(lambda *_: ok(content[0]))))
    top = root()
    below = top.intermediate()
    certificate = below.issue(extra=[crl_at(place)])
    oddity: dict[str, Any] = {
        "expired": {"due": NOW - timedelta(hours=1), "made": NOW - timedelta(days=1)},
        "another key": {"key": new_key()},
        "another part": {"extra": [scope("http://127.0.0.1/other")]},
        "for CAs": {"extra": [scope(only_contains_ca_certs=True)]},
    }.get(case, {})
    key_id = (x509.AuthorityKeyIdentifier.from_issuer_public_key(below.key.public_key()), False)
    oddity["extra"] = [key_id, (x509.CRLNumber(1), False), *oddity.get("extra", [])]
    content.append(crl(below, *([certificate.parsed.serial_number] if case == "revoked" else []), **oddity))
    listed = tmp_path / "crl.pem"
    listed.write_bytes(x509.load_der_x509_crl(content[0]).public_bytes(serialization.Encoding.PEM))
    judged = subprocess.run(
        (
            f"openssl verify -crl_check -attime {NOW.timestamp():.0f} -CRLfile {listed} "
            f"-CAfile {pem(tmp_path, 'root.pem', top.certificate)} "
            f"-untrusted {pem(tmp_path, 'below.pem', below.certificate)} {pem(tmp_path, 'leaf.pem', certificate)}"
        ).split(),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (judged.returncode == 0) == (standing is Standing.GOOD), judged
    assert ("certificate revoked" in judged.stderr) == (standing is Standing.REVOKED), judged
    assert ask(certificate, issuer=below).standing is standing


@needs_openssl
def test_openssl_as_a_responder_is_understood(servers: Servers, tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    key = new_key()
    answers_for = responder(authority(), key=key, not_before=now - timedelta(days=1), not_after=now + timedelta(days=9))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    issuer = pem(tmp_path, "issuer.pem", authority().certificate)
    signer = pem(tmp_path, "signer.pem", answers_for.certificate)

    def respond(_head: str, body: bytes) -> bytes:
        (tmp_path / "question").write_bytes(body)
        subprocess.run(
            (
                f"openssl ocsp -index index.txt -CA {issuer} -rsigner {signer} -rkey key.pem "
                "-reqin question -respout answer -ndays 1 -rmd sha256"
            ).split(),
            cwd=tmp_path,
            capture_output=True,
            timeout=20,
            check=True,
        )
        return ok((tmp_path / "answer").read_bytes(), "Content-Type: application/ocsp-response")

    place = url(servers.plain(http(respond)), "/")
    fine, revoked, strange = (
        issue(ocsp_at(place), not_before=now - timedelta(days=1), not_after=now + timedelta(days=9)) for _ in range(3)
    )
    end = f"{now + timedelta(days=9):%y%m%d%H%M%SZ}"
    (tmp_path / "index.txt").write_text(
        f"V\t{end}\t\t{serial(fine)}\tunknown\t/CN=fine\n"
        f"R\t{end}\t{WHEN:%y%m%d%H%M%SZ},keyCompromise\t{serial(revoked)}\tunknown\t/CN=revoked\n"
    )
    found = [ask(each, at=datetime.now(UTC)) for each in (fine, revoked, strange)]
    assert [each.standing for each in found] == [Standing.GOOD, Standing.REVOKED, Standing.UNKNOWN]
    assert found[1].revoked == Revoked(WHEN, "keyCompromise")
    assert "The OCSP responder does not know the certificate." in found[2].trouble


def serial(certificate: Certificate) -> str:
    """As openssl's index has it: upper-case hex, whole bytes."""
    number = f"{certificate.parsed.serial_number:X}"
    return number.zfill(len(number) + len(number) % 2)
