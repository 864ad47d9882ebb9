"""CRLs and OCSP as a stranger finds them: by the addresses in the certificate, judged by openssl."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from tests.sandbox import wire
from tests.sandbox.certificates import certificates_in, csr_pem, new_key, openssl, write_pem
from tests.sandbox.emsign_tenant import Subscriber
from tests.sandbox.listeners import FileServer
from tests.sandbox.sectigo_tenant import Reseller
from tests.sandbox.tenant import Account, Management, Sandbox

DER = serialization.Encoding.DER
Chain = list[x509.Certificate]


@pytest.fixture(scope="module")
def publishing(file_server: FileServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox whose certificates name an OCSP responder."""
    log = tmp_path_factory.mktemp("publishing") / "stderr.log"
    process = Sandbox("--http-port", str(file_server.port), log=log)
    process.management.post("publishing", ocsp=True)
    yield process
    process.stop()


@pytest.fixture
def tenant(publishing: Sandbox) -> Account:
    """An account at DigiCert there."""
    return publishing.account()


def _issue(tenant: Account) -> tuple[Any, Chain]:
    order = tenant.issue()
    return order["id"], [certificates_in(row["pem"])[0] for row in order["certificate_chain"]]


def _path(management: Management, leaf: x509.Certificate) -> Chain:
    """The leaf and every CA above it, as the management door tells them."""
    issuers = {ca.subject: ca for row in management.get("issuers") for ca in certificates_in(row["pem"])}
    path = [leaf]
    while path[-1].issuer != path[-1].subject:
        path.append(issuers[path[-1].issuer])
    return path


def _crl_address(leaf: x509.Certificate) -> str:
    points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert points[0].full_name is not None
    return str(points[0].full_name[0].value)


def _ocsp_addresses(leaf: x509.Certificate) -> list[str]:
    try:
        access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return []
    return [str(one.access_location.value) for one in access if one.access_method == AuthorityInformationAccessOID.OCSP]


def _fetch(leaf: x509.Certificate) -> bytes:
    answer = wire.send(_crl_address(leaf), "GET", "")
    assert (answer.status, answer.type) == (200, "application/pkix-crl"), answer
    return answer.body


def _verify(chain: Chain, folder: Path) -> str:
    """What `openssl verify -crl_check` says of the leaf, with the CRL that it names."""
    crl = x509.load_der_x509_crl(_fetch(chain[0]))
    (folder / "crl.pem").write_bytes(crl.public_bytes(serialization.Encoding.PEM))
    leaf, rest, root = (
        write_pem(folder / name, rows) for name, rows in (("l", chain[:1]), ("m", chain[1:-1]), ("r", chain[-1:]))
    )
    told = openssl(
        "verify",
        "-x509_strict",
        "-crl_check",
        "-CRLfile",
        str(folder / "crl.pem"),
        "-CAfile",
        root,
        "-untrusted",
        rest,
        leaf,
    )
    return told.stdout + told.stderr


def _ask(chain: Chain, folder: Path) -> str:
    """What `openssl ocsp` says, asking the responder that the leaf names."""
    (address,) = _ocsp_addresses(chain[0])
    leaf, issuer = write_pem(folder / "leaf", chain[:1]), write_pem(folder / "issuer", chain[1:2])
    anchors = write_pem(folder / "anchors", chain[1:])
    told = openssl("ocsp", "-sha256", "-issuer", issuer, "-cert", leaf, "-url", address, "-CAfile", anchors)
    return told.stdout + told.stderr


def test_a_good_certificate_passes_the_crl_check_and_a_revoked_one_does_not(tenant: Account, tmp_path: Path) -> None:
    number, chain = _issue(tenant)
    before = _verify(chain, tmp_path)

    revoke = b'{"revocation_reason":"keyCompromise","skip_approval":true}'
    assert tenant.put(f"order/certificate/{number}/revoke", revoke).status == 204

    assert before.strip().endswith("OK")
    assert "certificate revoked" in _verify(chain, tmp_path)


def test_openssl_hears_good_then_revoked_with_its_reason_from_the_responder(tenant: Account, tmp_path: Path) -> None:
    number, chain = _issue(tenant)
    before = _ask(chain, tmp_path)
    tenant.management.post("staff", ca="digicert", order_id=number, act="revoke", reason="cessationOfOperation")
    after = _ask(chain, tmp_path)

    for told in (before, after):
        assert "Response verify OK" in told, told
        assert "WARNING" not in told, told  # so the nonce came back
    assert ": good" in before
    assert ": revoked" in after
    assert "cessationOfOperation" in after


def test_a_responder_does_not_call_good_what_was_never_issued(tenant: Account) -> None:
    _, chain = _issue(tenant)
    (address,) = _ocsp_addresses(chain[0])
    name, key = (hashes.Hash(hashes.SHA1()) for _ in range(2))
    name.update(chain[1].subject.public_bytes())
    key.update(
        chain[1].public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name.finalize(), key.finalize(), 4711, hashes.SHA1())

    answer = wire.send(
        address, "POST", "", builder.build().public_bytes(DER), {"Content-Type": "application/ocsp-request"}
    )

    told = ocsp.load_der_ocsp_response(answer.body)
    assert (answer.status, answer.type) == (200, "application/ocsp-response")
    assert told.certificate_status is ocsp.OCSPCertStatus.UNKNOWN


def test_a_responder_is_asked_by_get_too_and_knows_only_its_own_certificates(tenant: Account) -> None:
    _, chain = _issue(tenant)
    url = urlsplit(_ocsp_addresses(chain[0])[0])
    door = f"{url.scheme}://{url.netloc}"
    asked = ocsp.OCSPRequestBuilder().add_certificate(chain[0], chain[1], hashes.SHA256()).build().public_bytes(DER)
    path = base64.b64encode(asked).decode().replace("+", "%2B").replace("=", "%3D").replace("/", "%2F")

    own = ocsp.load_der_ocsp_response(wire.send(door, "GET", f"{url.path[1:]}/{path}").body)
    other = ocsp.load_der_ocsp_response(wire.send(door, "GET", f"ocsp/private-p1/{path}").body)
    broken = ocsp.load_der_ocsp_response(wire.send(door, "POST", url.path[1:], b"no request").body)

    assert own.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert other.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED
    assert broken.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    assert wire.send(door, "GET", "ocsp/nobody/x").status == 404


def test_every_ca_publishes_its_revocations(publishing: Sandbox, tmp_path: Path) -> None:
    """Sectigo's and emSign's certificates are on the CRLs that they name, by the staff's own act."""
    reseller, subscriber = Reseller.at(publishing, "ready"), Subscriber.at(publishing, "ready")
    bought, placed = reseller.buy("crl.meadow.example"), subscriber.issue(f"crl.{subscriber.domain}")
    leaves = {"sectigo": (bought.number, reseller.leaf(bought)), "emsign": (placed.number, subscriber.leaf(placed))}

    for ca, (number, leaf) in leaves.items():
        chain = _path(publishing.management, leaf)
        assert _verify(chain, tmp_path).strip().endswith("OK"), ca
        assert ": good" in _ask(chain, tmp_path), ca
        publishing.management.post("staff", ca=ca, order_id=number, act="revoke", reason="superseded")
        assert "certificate revoked" in _verify(chain, tmp_path), ca
        told = _ask(chain, tmp_path)
        assert ": revoked" in told, told
        assert "superseded" in told, told


def test_without_the_switch_a_certificate_names_a_crl_and_no_responder(
    management: Management, sandbox: Sandbox
) -> None:
    _, chain = _issue(sandbox.account())

    assert management.get("publishing") == {"ocsp": False}
    assert _ocsp_addresses(chain[0]) == []
    assert _crl_address(chain[0]).startswith(sandbox.url + "/crl/")
    assert management.call("POST", "publishing", {"ocsp": "yes"}).status == 400


def test_a_crl_is_current_numbered_and_signed_whenever_it_is_fetched(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account()
    _, chain = _issue(tenant)
    first = x509.load_der_x509_crl(_fetch(chain[0]))
    assert _fetch(chain[0]) == _fetch(chain[0])

    own_sandbox.management.advance(days=30)
    later = x509.load_der_x509_crl(_fetch(chain[0]))

    now = own_sandbox.management.now()
    numbers = [crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for crl in (first, later)]
    assert numbers[0] < numbers[1]
    assert later.next_update_utc is not None
    assert later.last_update_utc <= now < later.next_update_utc
    assert later.is_signature_valid(chain[1].public_key())  # type: ignore[arg-type]


def test_a_crl_can_be_late_or_broken_like_any_answer(own_sandbox: Sandbox) -> None:
    _, chain = _issue(own_sandbox.account())
    own_sandbox.management.fault("status", ca="publication", path="/crl/", status=503)
    own_sandbox.management.fault("truncated", ca="publication", path="/crl/")

    assert wire.send(_crl_address(chain[0]), "GET", "").status == 503
    with pytest.raises(Exception, match="IncompleteRead"):
        wire.send(_crl_address(chain[0]), "GET", "")
    assert x509.load_der_x509_crl(_fetch(chain[0])) is not None
    log = own_sandbox.management.get("requests?ca=publication")["requests"]
    assert [row["status"] for row in log] == [503, 200, 200]


def test_the_revocations_of_a_large_stock_are_on_crls_that_come_quickly(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account(orders=20_000, rate_limit=False)
    row = tenant.get("order/certificate?filters[status]=revoked&filters[product_name_id]=ssl_basic&limit=1")["orders"][
        0
    ]
    chain = [
        certificates_in(one["pem"])[0]
        for one in tenant.get(f"certificate/{row['certificate']['id']}/chain")["intermediates"]
    ]
    start = time.monotonic()
    crl = x509.load_der_x509_crl(_fetch(chain[0]))
    took = time.monotonic() - start

    entry = crl.get_revoked_certificate_by_serial_number(chain[0].serial_number)
    assert entry is not None
    assert entry.revocation_date_utc.date().isoformat() >= row["certificate"]["valid_from"]
    assert len(crl) > 300
    assert took < 3, took


def test_certificates_are_still_signed_at_five_hundred_a_second() -> None:
    """In one process, as the sandbox does it, with a CRL address and an OCSP responder in each."""
    from certwright_sandbox.ca import Hierarchy
    from certwright_sandbox.leaf import Leaf, public_key_of
    from certwright_sandbox.state import State

    hierarchy = Hierarchy(State())
    hierarchy.publish_at("http://127.0.0.1:14000")
    hierarchy.name_ocsp(wanted=True)
    authority = hierarchy["tls-e1"]
    public_key = public_key_of(csr_pem("a.example", new_key()))
    leaf = Leaf(
        public_key,
        "a.example",
        ("a.example",),
        authority.certificate.not_valid_before_utc,
        authority.certificate.not_valid_after_utc,
    )
    start = time.process_time()
    for _ in range(500):
        authority.sign(leaf)

    assert time.process_time() - start < 1
