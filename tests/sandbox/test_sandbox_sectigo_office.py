"""How the sandbox's Sectigo behaves where the documentation leaves it a choice."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from tests.sandbox import wire
from tests.sandbox.certificates import csr_pem, names_of, new_key, spki
from tests.sandbox.listeners import FileServer
from tests.sandbox.sectigo_tenant import Bought, NewReseller, Reseller
from tests.sandbox.sectigo_wire import Proof
from tests.sandbox.tenant import NewName, Sandbox

FILE = "HTTP_CSR_HASH"


def _file(server: FileServer, order: Bought, host: str) -> None:
    server.plant(host, order.proof.path.removeprefix("http://"), order.proof.content)


def test_a_file_on_one_host_leaves_the_www_name_out(
    reseller: NewReseller, fresh: NewName, file_server: FileServer
) -> None:
    tenant, name = reseller(dcv="look"), fresh()
    order = tenant.buy(name, dcvMethod=FILE)
    _file(file_server, order, name)
    tenant.look_again(order, FILE)
    tenant.becomes(order, 1)

    assert names_of(tenant.leaf(order)) == {name}


def test_files_on_both_hosts_bring_both_names(reseller: NewReseller, fresh: NewName, file_server: FileServer) -> None:
    tenant, name = reseller(dcv="look"), fresh()
    order = tenant.buy(name, dcvMethod=FILE)
    _file(file_server, order, f"www.{name}")
    _file(file_server, order, name)
    tenant.look_again(order, FILE)
    tenant.becomes(order, 1)

    assert names_of(tenant.leaf(order)) == {name, f"www.{name}"}


def test_a_record_below_www_does_not_prove_the_name_above(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(dcv="look"), fresh()
    order = tenant.buy(f"www.{name}")
    tenant.plant(order, f"www.{name}")
    tenant.look_again(order, "CNAME_CSR_HASH")
    tenant.becomes(order, 1)

    assert names_of(tenant.leaf(order)) == {f"www.{name}"}


def test_the_same_token_twice_makes_the_first_order_fail(reseller: NewReseller, fresh: NewName) -> None:
    """§5.7: a blindly repeated order ruins the one before it."""
    tenant, name = reseller(dcv="never"), fresh()
    csr = csr_pem(name)
    first, second = (tenant.buy(name, csr=csr, uniqueValue="Same1") for _ in range(2))

    assert tenant.collect(first).code == -20
    assert tenant.collect(second).code == 0
    assert len(tenant.ledger()) == 2


def test_an_order_of_an_untrusted_chain_costs_nothing(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    order = tenant.buy(fresh(), test="Y")
    roots = tenant.element["settings"]["roots"]

    assert order.cost == "0.00"
    chain = tenant.collect(order, 1).certificates
    assert chain[0].public_bytes(serialization.Encoding.PEM).decode() not in roots


@pytest.mark.parametrize("what", ["approve", "reject", "validate"])
def test_staff_leaves_ended_orders_alone(what: str, reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(dcv="never")
    order = tenant.buy(fresh())
    tenant.call("AutoRevokeSSL", orderNumber=order.number, revocationReason="changed my mind")

    answer = tenant.management.call("POST", what, {"ca": "sectigo", "order_id": int(order.number)})

    assert answer.status == 400
    assert tenant.collect(order).code == -20


def test_a_switch_lists_compromised_keys(reseller: NewReseller, fresh: NewName) -> None:
    key = new_key()
    tenant = reseller(compromised_keys=[hashlib.sha256(spki(key.public_key())).hexdigest()])

    assert tenant.apply(fresh(), key).refuses(-40)
    assert tenant.apply(fresh()).code == 0


def test_the_number_of_a_replaced_order_leads_to_the_newest_certificate(reseller: NewReseller, fresh: NewName) -> None:
    """§6: only a certificateID fetches a certificate that has been replaced."""
    tenant, name = reseller(), fresh()
    order = tenant.buy(name)
    old = tenant.leaf(order)
    told = tenant.call("AutoReplaceSSL", orderNumber=order.number, csr=csr_pem(name), responseFormat=1)

    assert tenant.leaf(order) == tenant.leaf(told["orderNumber"]) != old


def test_an_update_of_an_issued_order_changes_nothing(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    order = tenant.buy(fresh())

    tenant.look_again(order, FILE)

    assert tenant.collect(order).code == 1


def test_everything_survives_a_kill(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state.db"))
    sandbox = Sandbox(*state, log=tmp_path / "log")
    try:
        tenant = Reseller.at(sandbox, dcv="look", orders=50)
        issued = tenant.buy("kept.example")
        tenant.validate(issued)
        waiting = tenant.buy("waiting.example")
        leaf = tenant.leaf(issued)
    finally:
        sandbox.process.kill()
        sandbox.stop()
    again = Sandbox(*state, log=tmp_path / "log")
    try:
        row = next(row for row in again.management.get("accounts") if row["name"] == tenant.name)
        later = Reseller(again.management, row)
        assert later.leaf(issued) == leaf
        assert later.collect(waiting).code == 0
        assert later.call("WebHostReport")["noOfResults"] == "52"
        assert int(later.buy("more.example").number) > int(waiting.number)
    finally:
        again.stop()


def test_a_wait_that_began_before_a_restart_ends_after_it(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state.db"))
    sandbox = Sandbox(*state, log=tmp_path / "log")
    try:
        tenant = Reseller.at(sandbox, signing_seconds=3600)
        order = tenant.buy("signed-later.example")
        assert tenant.collect(order).code == -26
    finally:
        sandbox.stop()
    again = Sandbox(*state, log=tmp_path / "log")
    try:
        row = next(row for row in again.management.get("accounts") if row["name"] == tenant.name)
        again.management.advance(hours=2)
        Reseller(again.management, row).becomes(order.number, 1)
    finally:
        again.stop()


def test_hundreds_of_orders_a_second_are_taken(reseller: NewReseller) -> None:
    """One kept connection, 100 orders: about a tenth of a second on an idle machine."""
    tenant = reseller()
    csr = csr_pem("fast.example")
    began = tenant.management.now()
    for number in range(100):
        tenant.buy("fast.example", csr=csr, uniqueValue=f"Fast{number}")

    assert (tenant.management.now() - began).total_seconds() < 10


def test_the_proof_of_one_order_is_no_proof_for_another_value(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(dcv="look"), fresh()
    csr = csr_pem(name)
    order = tenant.buy(name, csr=csr, uniqueValue="One1")
    other = Proof.of(csr, "Two2")
    tenant.management.post("dns", name=other.owner(name), type="CNAME", value=other.target)

    tenant.look_again(order, "CNAME_CSR_HASH")

    assert tenant.collect(order).code == 0


def test_an_order_stopped_by_caa_goes_on_once_the_record_is_gone(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(), fresh()
    record = {"name": name, "type": "CAA", "value": '0 issue "another.example"'}
    tenant.management.post("dns", **record)
    order = tenant.buy(name)
    assert [row["1_status"] for row in tenant.report(orderNumber=order.number)] == ["caacheckfailed"]
    tenant.management.delete("dns", record)

    tenant.look_again(order, "CNAME_CSR_HASH")

    wire.until(lambda: tenant.collect(order).code, lambda code: code == 1)


def test_an_order_revoked_by_the_ca_is_revoked_in_the_report_and_on_the_crl(reseller: NewReseller) -> None:
    tenant = reseller()
    order = tenant.buy("gone.meadow.example")
    leaf = tenant.leaf(order)
    wish = {"ca": "sectigo", "order_id": order.number, "act": "revoke"}

    told = tenant.management.post("staff", **wish, reason="privilegeWithdrawn")

    assert told["status"] == "revoked"
    (row,) = tenant.report(orderNumber=order.number)
    assert row["1_status"] == "revoked"
    assert tenant.management.revocation_of(leaf) is not None
    assert tenant.management.call("POST", "staff", wish).status == 400  # it is revoked already
    for other in ({"act": "paint"}, {"reason": "boredom"}, {"order_id": 1}):
        assert tenant.management.call("POST", "staff", {**wish, **other}).status in (400, 404)
