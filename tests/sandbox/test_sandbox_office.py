"""The DigiCert sandbox beyond its contract tests: several users, two steps, other chains, passing time."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from tests.sandbox import wire
from tests.sandbox.certificates import certificates_in, csr_pem, names_of, openssl, write_pem
from tests.sandbox.tenant import ORDER, Account, Management, Sandbox

NewAccount = Callable[..., Account]
NewName = Callable[[], str]
TWO_NAMES = """{"certificate":{"common_name":"$name","dns_names":$names,"csr":"$csr"$more},
"organization":{"id":$organization},"order_validity":{"years":1},"skip_approval":true}"""


def _another_user(tenant: Account, **switches: object) -> Account:
    element = tenant.management.post("accounts", ca="digicert", of=tenant.name, **switches)
    return Account(tenant.management, element)


def _error(answer: wire.Answer) -> tuple[int, str]:
    return answer.status, answer.codes[0]


def test_two_users_of_an_account_see_the_same_orders_and_a_limited_one_only_his(account: NewAccount) -> None:
    owner = account()
    limited = _another_user(owner, role="limited")
    theirs, his = owner.issue(), limited.place(ORDER, name=f"his.{owner.domain}").json()

    seen = [row["id"] for row in limited.get("order/certificate")["orders"]]

    assert seen == [his["id"]]
    assert [row["id"] for row in owner.get("order/certificate")["orders"]] == [theirs["id"], his["id"]]
    assert _error(limited.call("GET", f"order/certificate/{theirs['id']}")) == (404, "not_found|order")


@pytest.mark.parametrize(
    ("key_role", "path", "status"),
    [
        ("orders", "order/certificate", 200),
        ("orders", "organization", 403),
        ("orders_domains_organizations", "domain", 200),
        ("orders_domains_organizations", "user", 403),
        ("user_management", "user", 200),
        ("user_management", "order/certificate", 403),
        ("user_management", "account", 200),
    ],
)
def test_a_restricted_key_reaches_its_own_area_alone(
    account: NewAccount, key_role: str, path: str, status: int
) -> None:
    assert account(key_role=key_role).call("GET", path).status == status


def test_two_steps_take_two_approvals_and_a_second_person_may_give_the_second(account: NewAccount) -> None:
    tenant = account(two_step_approval=True)
    order = tenant.place(ORDER).json()
    request = order["requests"][0]
    assert request["status"] == "submitted"
    manager = _another_user(tenant, role="manager")

    assert tenant.put(f"request/{request['id']}/status", b'{"status":"approved"}').status == 204
    between = tenant.get(f"request/{request['id']}")
    assert manager.put(f"request/{request['id']}/status", b'{"status":"approved"}').status == 204

    assert (between["status"], tenant.info(order["id"])["status"]) == ("pending", "issued")
    shown = tenant.get(f"request/{request['id']}")
    assert shown["reviewer"]["id"] != shown["processor"]["id"]
    again = manager.put(f"request/{request['id']}/status", b'{"status":"rejected"}')
    assert _error(again) == (400, "invalid_status")


def test_with_xml_off_a_body_in_xml_is_refused_and_answers_are_json(account: NewAccount) -> None:
    tenant = account(xml=False)

    refused = tenant.call("POST", "organization", b"<organization/>", content_type=wire.XML)

    assert _error(refused) == (400, "bad_request_format")
    assert tenant.call("GET", "account", content_type=wire.XML).type == wire.JSON


@pytest.mark.parametrize(("ca_cert_id", "length"), [("SBX01", 3), ("SBX02", 3), ("SBX03", 2), ("SBX04", 4)])
def test_each_issuing_ca_of_a_product_has_a_chain_that_openssl_verifies(
    account: NewAccount, tmp_path: Path, ca_cert_id: str, length: int
) -> None:
    tenant = account()
    offered = tenant.get("product/ssl_basic")["allowed_ca_certs"]
    assert ca_cert_id in [row["id"] for row in offered]

    order = tenant.issue(TWO_NAMES, more=f',"ca_cert_id":"{ca_cert_id}"')

    chain = [certificates_in(row["pem"])[0] for row in order["certificate_chain"]]
    assert len(chain) == length
    roots = tmp_path / "roots.pem"
    roots.write_bytes(tenant.management.call("GET", "roots").body)
    others = write_pem(tmp_path / "others.pem", chain[1:])
    leaf = write_pem(tmp_path / "leaf.pem", chain[:1])
    judged = openssl("verify", "-x509_strict", "-CAfile", str(roots), "-untrusted", others, leaf)
    assert judged.returncode == 0, judged


def test_a_leaf_names_the_place_of_its_crl(account: NewAccount) -> None:
    order = account().issue()
    leaf = certificates_in(order["certificate_chain"][0]["pem"])[0]
    points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert points[0].full_name is not None

    answer = wire.send(str(points[0].full_name[0].value), "GET", "")

    issuer = certificates_in(order["certificate_chain"][1]["pem"])[0]
    crl = x509.load_der_x509_crl(answer.body)
    assert (answer.status, crl.issuer) == (200, issuer.subject)
    assert crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]


def test_a_reissue_without_a_name_has_the_old_certificate_revoked_within_72_hours(
    own_sandbox: Sandbox,
) -> None:
    tenant = own_sandbox.account()
    first = f"shop.{tenant.domain}"
    order = tenant.issue(TWO_NAMES, names=[first, f"extra.{tenant.domain}"], more="")
    old = certificates_in(order["certificate_chain"][0]["pem"])[0]
    body = wire.fill(TWO_NAMES, name=first, names=json.dumps([first]), csr=csr_pem(first), more="", organization=0)
    again = tenant.call("POST", f"order/certificate/{order['id']}/reissue", body)
    assert again.status == 201, again
    assert own_sandbox.management.revocation_of(old) is None

    own_sandbox.management.advance(hours=73)

    assert own_sandbox.management.revocation_of(old) is not None
    new = certificates_in(again.json()["certificate_chain"][0]["pem"])[0]
    assert (names_of(new), own_sandbox.management.revocation_of(new)) == ({first}, None)


def test_a_reissue_can_leave_the_old_certificate_as_a_duplicate(account: NewAccount) -> None:
    tenant = account()
    name = f"shop.{tenant.domain}"
    order = tenant.issue()
    template = '{"certificate":{"common_name":"$name","csr":"$csr"},"store_reissue_as_duplicate":true}'

    answer = tenant.call(
        "POST", f"order/certificate/{order['id']}/reissue", wire.fill(template, name=name, csr=csr_pem(name))
    )

    assert answer.status == 201, answer
    duplicates = tenant.get(f"order/certificate/{order['id']}/duplicate")["certificates"]
    assert [(row["id"], row["sub_id"]) for row in duplicates] == [(order["certificate_id"], "001")]


def test_an_order_expires_after_its_last_day(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account()
    order = tenant.issue()

    own_sandbox.management.advance(days=364)
    before = tenant.info(order["id"])["status"]
    own_sandbox.management.advance(days=3)

    assert (before, tenant.info(order["id"])["status"]) == ("issued", "expired")


def test_a_cancelled_renewal_leaves_the_old_order_renewable(account: NewAccount, fresh: NewName) -> None:
    tenant = account()
    old = tenant.issue()
    template = TWO_NAMES.replace('"skip_approval"', f'"renewal_of_order_id":{old["id"]},"skip_approval"')
    pending = tenant.place(template, name=fresh(), more="").json()
    assert tenant.info(old["id"])["is_renewed"] is True

    cancel = b'{"status":"canceled","note":"not now"}'
    assert tenant.put(f"order/certificate/{pending['id']}/status", cancel).status == 204

    assert tenant.info(old["id"])["is_renewed"] is False
    assert tenant.place(template, name=f"shop.{tenant.domain}", more="").status == 201


def test_a_required_custom_field_must_be_there(account: NewAccount) -> None:
    tenant = account()
    field = tenant.get("account/metadata")["metadata"][0]["id"]
    assert tenant.put(f"account/metadata/{field}", b'{"is_required":true}').status == 204

    without = tenant.place(ORDER)
    with_it = ORDER.replace(
        '"order_validity"', f'"custom_fields":[{{"metadata_id":{field},"value":"R-7"}}],"order_validity"'
    )
    order = tenant.issue(with_it)

    assert _error(without) == (400, "missing_value:custom_fields")
    assert tenant.info(order["id"])["custom_fields"][0]["value"] == "R-7"
    assert len(tenant.ledger()) == 1


def test_a_division_allows_its_own_names_alone(account: NewAccount) -> None:
    tenant = account()
    root = tenant.get("account")["root_container_id"]
    wish = json.dumps({"name": "Shop", "allowed_domain_names": [f"shop.{tenant.domain}"]}).encode()
    child = tenant.call("POST", f"container/{root}/children", wish).json()["id"]
    inside = ORDER.replace('"order_validity"', f'"container":{{"id":{child}}},"order_validity"')

    assert tenant.place(inside, name=f"a.shop.{tenant.domain}").status == 201
    assert _error(tenant.place(inside, name=f"blog.{tenant.domain}")) == (400, "invalid_value:dns_names")


def test_nothing_of_a_refused_order_is_kept(account: NewAccount) -> None:
    tenant = account()
    bad_contact = ORDER.replace('"order_validity"', '"technical_contact":{"contact_type":"nobody"},"order_validity"')

    answers = [
        tenant.place(ORDER, csr="no CSR"),
        tenant.place(bad_contact),
        tenant.place(ORDER, organization=1),
        tenant.place(ORDER, product="no_such"),
    ]

    assert [answer.status for answer in answers] == [400, 400, 404, 404]
    assert tenant.ledger() == []
    assert tenant.get("order/certificate")["orders"] == []


def test_email_validation_ends_on_2028_03_15(own_sandbox: Sandbox) -> None:
    own_sandbox.management.post("clock", now="2028-03-15T00:00:00+00:00")
    tenant = own_sandbox.account()
    by_mail = ORDER.replace('"order_validity"', '"dcv_method":"email","order_validity"')

    assert _error(tenant.place(by_mail)) == (400, "invalid_dcv_method")
    assert tenant.info(tenant.issue()["id"])["dcv_method"] == "dns-txt-token"


def test_caa_is_looked_up_above_the_name_and_by_issuewild_for_wildcards(own_sandbox: Sandbox) -> None:
    tenant, door = own_sandbox.account(), own_sandbox.management
    door.post("dns", name=tenant.domain, type="CAA", value='0 issue "digicert.com; account=7"')
    door.post("dns", name=tenant.domain, type="CAA", value='0 issuewild "other.test"')

    plain = tenant.issue(name=f"a.b.{tenant.domain}")
    wild = tenant.place(ORDER, name=f"*.{tenant.domain}").json()

    assert "certificate_chain" in plain
    assert tenant.info(wild["id"])["status"] == "pending"
    door.delete("dns", {"name": tenant.domain, "type": "CAA", "value": '0 issuewild "other.test"'})
    assert tenant.put(f"order/certificate/{wild['id']}/check-dcv").json()["order_status"] == "issued"


def test_the_ca_looks_again_by_itself(own_sandbox: Sandbox) -> None:
    tenant, door = own_sandbox.account(), own_sandbox.management
    order = tenant.pending("late.example")
    door.txt("_dnsauth.late.example", order["dcv_random_value"])

    door.advance(seconds=6)

    wire.until(lambda: tenant.info(order["id"])["status"], lambda status: status == "issued")


def test_a_cname_proves_a_name_only_with_the_random_value_in_it(account: NewAccount, fresh: NewName) -> None:
    tenant, name = account(), fresh()
    order = tenant.pending(name, "dns-cname-token")
    door, check = tenant.management, f"order/certificate/{order['id']}/check-dcv"
    door.post("dns", name=f"_dnsauth.{name}", type="CNAME", value="dcv.digicert.com")
    assert tenant.put(check).json()["dcv_status"] == "pending"

    door.post("dns", name=f"{order['dcv_random_value']}.{name}", type="CNAME", value="dcv.digicert.com")

    assert tenant.put(check).json()["order_status"] == "issued"


def test_two_accounts_with_the_same_names_do_not_see_each_other(account: NewAccount) -> None:
    one, other = account(), account()
    order = one.issue()

    assert (one.domain, other.get("order/certificate")["orders"]) == (other.domain, [])
    for path in (f"order/certificate/{order['id']}", f"certificate/{order['certificate_id']}/chain"):
        assert other.call("GET", path).status == 404
    assert other.call("GET", f"organization/{one.organization}").status == 404


def test_it_does_not_start_on_a_port_that_is_taken(sandbox: Sandbox, management: Management) -> None:
    port = sandbox.url.rpartition(":")[2]
    command = [*sandbox.process.args[:4], "--port", port, "--management-port", "0"]  # type: ignore[index]

    second = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": "src"},
        cwd=Path(__file__).parents[2],
    )

    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr.startswith("certwright-sandbox: ")
    assert management.get("clock")
