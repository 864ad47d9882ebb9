"""Orders that wait: for an approver, for control of their names, for nothing any more."""

from __future__ import annotations

from tests.cli.fixtures import NewShop
from tests.cli.tenant import Shop
from tests.sandbox.listeners import FileServer


def test_control_of_a_name_is_proven_by_a_txt_record_that_the_ca_really_looks_up(new_shop: NewShop) -> None:
    shop = new_shop(dcv="look")
    order = shop.pending()
    early = shop.program.run("order", "check", str(order["id"]), "--json").expect(0).json()
    assert (early["state"], early["waiting_for"]) == ("pending", "domain_control")
    (proof,) = order["proofs"]
    assert proof["method"] == "dns-txt-token"

    shop.tenant.account.management.txt(proof["where"], proof["value"])
    done = shop.program.run("order", "check", str(order["id"]), "--json").expect(0).json()

    assert done["state"] == "issued", done
    assert shop.tenant.ledger()[0]["certificates"] == 1


def test_control_of_a_name_is_proven_by_a_file_that_the_ca_really_fetches(
    new_shop: NewShop, file_server: FileServer
) -> None:
    shop = new_shop(dcv="look")
    order = shop.pending("--dcv", "http-token")
    (proof,) = order["proofs"]
    path = proof["where"].split(order["names"][0], 1)[1]
    assert path.startswith("/.well-known/pki-validation/")

    file_server.plant(order["names"][0], path, proof["value"])
    done = shop.program.run("order", "check", str(order["id"]), "--json").expect(0).json()

    assert done["state"] == "issued", done


def test_the_method_of_proof_can_be_changed_while_the_order_waits(new_shop: NewShop) -> None:
    shop = new_shop(dcv="look")
    order = shop.pending()

    proofs = (
        shop.program.run("order", "dcv", str(order["id"]), "--method", "dns-cname-token", "--json").expect(0).lines()
    )

    assert [proof["method"] for proof in proofs] == ["dns-cname-token"]
    assert any("dns-cname-token" in line["note"] for line in shop.order(order["id"])["journal"])


def test_an_order_is_approved_with_a_credential_that_may(new_shop: NewShop) -> None:
    shop = new_shop("--set", "skip_approval=false", auto_approve=False)
    words = shop.tenant.place_words(shop.tenant.fresh_name(), "--reference", "asks", "--json")
    placed = shop.program.run(*words).expect(0).json()
    assert (placed["state"], placed["waiting_for"]) == ("pending", "ca_approval")

    shop.program.run("order", "approve", "asks", "--comment", "as agreed").expect(0)
    done = shop.program.run("order", "wait", "asks", "30", "--json").expect(0).json()

    assert done["state"] == "issued"
    assert any("as agreed" in line["note"] for line in shop.order("asks")["journal"])


def test_a_rejected_order_ends_as_rejected(new_shop: NewShop) -> None:
    shop = new_shop("--set", "skip_approval=false", auto_approve=False)
    words = shop.tenant.place_words(shop.tenant.fresh_name(), "--reference", "asks", "--json")
    shop.program.run(*words).expect(0)

    rejected = shop.program.run("order", "reject", "asks", "--comment", "no budget", "--json").expect(0).json()

    assert rejected["state"] == "rejected", rejected
    assert shop.program.run("order", "wait", "asks").code == 1
    assert shop.tenant.ledger()[0]["status"] == "rejected"


def test_an_approval_that_the_credential_may_not_give_is_refused_with_advice(new_shop: NewShop) -> None:
    shop = new_shop("--set", "skip_approval=false", role="standard", auto_approve=False)
    words = shop.tenant.place_words(shop.tenant.fresh_name(), "--reference", "asks", "--json")
    shop.program.run(*words).expect(0)

    told = shop.program.run("order", "approve", "asks")

    assert told.code in (1, 4), told
    assert "advice:" in told.err
    assert shop.order("asks")["state"] == "pending"


def test_an_order_is_cancelled_here_and_at_the_ca(new_shop: NewShop) -> None:
    shop = new_shop(dcv="never")
    order = shop.pending("--reference", "unwanted")

    cancelled = (
        shop.program.run("order", "cancel", "unwanted", "--comment", "changed our mind", "--json").expect(0).json()
    )

    assert cancelled["state"] == "cancelled"
    (bought,) = shop.tenant.ledger()
    assert (bought["status"], str(bought["order_id"])) == ("canceled", order["ca_order_id"])
    assert "cancelled already" in shop.program.run("order", "cancel", "unwanted").expect(1).told


def test_an_issued_order_is_not_cancelled_and_the_advice_names_revocation(shop: Shop) -> None:
    order = shop.issued()

    told = shop.program.run("order", "cancel", str(order["id"])).expect(1).told

    assert "certwright cert revoke" in told
    assert shop.tenant.ledger()[0]["status"] == "issued"


def test_an_order_cancelled_in_the_cas_console_ends_here_too(new_shop: NewShop) -> None:
    shop = new_shop(dcv="never")
    order = shop.pending()
    answer = shop.tenant.account.put(
        f"order/certificate/{order['ca_order_id']}/status", b'{"status":"CANCELED","note":"in the console"}'
    )
    assert answer.status == 204

    checked = shop.program.run("order", "check", str(order["id"]), "--json").expect(1).json()

    assert checked["state"] == "cancelled", checked


def test_the_two_step_way_needs_nothing_but_the_cas_order_number_later(new_shop: NewShop) -> None:
    shop = new_shop(dcv="look")
    order = shop.pending()
    (proof,) = order["proofs"]
    shop.tenant.account.management.txt(proof["where"], proof["value"])

    done = shop.program.run("order", "check", order["ca_order_id"], "--json").expect(0).json()

    assert done["certificate"] in {entry["fingerprint"] for entry in shop.certificates()}
