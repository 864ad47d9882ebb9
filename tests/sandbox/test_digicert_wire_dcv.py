"""Domain control: contract tests 51 to 64 of the CA's reference, with validators that really look.

That a client asks for a new token before the old one is 30 days old (the end of 64) is in
tests/contract_client.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sandbox import wire
from tests.sandbox.listeners import FileServer
from tests.sandbox.tenant import ORDER, ORDER_DCV, Account, NewAccount, NewName, Sandbox

FILE = "/.well-known/pki-validation/fileauth.txt"
DOMAIN = """{"name":"$name","organization":{"id":$organization},"validations":[{"type":"ov"}],
"dcv_method":"$method"}"""
DV_ORDER = """{"certificate":{"common_name":"$name","csr":"$csr"},"order_validity":{"years":1},
"dcv_method":"dns-txt-token"}"""


def _check(tenant: Account, order_id: int, body: bytes | None = None) -> wire.Answer:
    return tenant.put(f"order/certificate/{order_id}/check-dcv", body)


def _rows(answer: wire.Answer) -> dict[str, str]:
    return {row["dns_name"]: row["status"] for row in answer.json()["dns_name_validations"]}


def _submit(tenant: Account, name: str, method: str = "dns-txt-token", template: str = DOMAIN) -> Any:
    body = wire.fill(template, name=name, organization=tenant.organization, method=method)
    answer = tenant.call("POST", "domain", body)
    assert answer.status == 201, answer
    return answer.json()


def _new_token(tenant: Account, domain_id: int) -> str:
    answer = tenant.call("POST", f"domain/{domain_id}/dcv/token")
    assert answer.status in (200, 201), answer
    return str(answer.json()["token"])


def test_51_a_missing_dns_record_leaves_the_names_pending_and_its_presence_issues(
    account: NewAccount, fresh: NewName
) -> None:
    tenant, name = account(dcv="look"), fresh()
    order = tenant.pending(name)

    missing = _check(tenant, order["id"])
    tenant.management.txt(name, order["dcv_random_value"])
    present = _check(tenant, order["id"])

    assert missing.status == 200
    assert missing.json()["dcv_status"] != "valid"
    assert _rows(missing) == {name: "pending"}
    assert missing.json()["certificate_id"] == order["certificate_id"]
    assert present.json() == {
        "order_status": "issued",
        "certificate_id": order["certificate_id"],
        "dcv_status": "valid",
        "dns_name_validations": [{"dns_name": name, "status": "approved"}],
    }
    assert tenant.info(order["id"])["status"] == "issued"


def test_51_a_record_with_another_value_does_not_count(account: NewAccount, fresh: NewName) -> None:
    tenant, name = account(dcv="look"), fresh()
    order = tenant.pending(name)
    tenant.management.txt(name, order["dcv_random_value"][::-1])

    assert _rows(_check(tenant, order["id"])) == {name: "pending"}


def test_51_a_cname_to_the_ca_proves_a_name(account: NewAccount, fresh: NewName) -> None:
    """† The host layout is unverified (§6.11): the value is a label below the name."""
    tenant, name = account(dcv="look"), fresh()
    order = tenant.pending(name, method="dns-cname-token")
    value = order["dcv_random_value"]
    tenant.management.post("dns", name=f"{value}.{name}", type="CNAME", value="dcv.digicert.com")

    assert _check(tenant, order["id"]).json()["dcv_status"] == "valid"


def test_51_a_subset_of_the_names_can_be_checked(account: NewAccount, fresh: NewName) -> None:
    tenant, first, second = account(dcv="look"), fresh(), fresh()
    order = tenant.pending(first, names=[first, second])
    for name in (first, second):
        tenant.management.txt(name, order["dcv_random_value"])

    answer = _check(tenant, order["id"], b'{"dns_names_validations":["%s"]}' % first.encode())

    assert _rows(answer)[first] == "approved"


def test_52_a_file_must_be_at_exactly_the_name(account: NewAccount, fresh: NewName, file_server: FileServer) -> None:
    tenant, base = account(dcv="look"), fresh()
    name = f"www.{base}"
    order = tenant.pending(name, method="http-token", names=[name])
    file_server.plant(base, FILE, order["dcv_random_value"])

    missing = _check(tenant, order["id"])
    file_server.plant(name, FILE, order["dcv_random_value"])
    present = _check(tenant, order["id"])

    assert (missing.status, missing.codes) == (400, ["file_random_value_not_found"])
    assert missing.json()["errors"][0]["message"] == (
        "Could not find the random value at the expected file location for one or more domains."
    )
    assert (present.status, present.json()["dcv_status"]) == (200, "valid")


def test_52_a_file_proves_its_name_and_none_below(account: NewAccount, fresh: NewName, file_server: FileServer) -> None:
    """§6.11: exactly that name, never a whole domain."""
    tenant, name = account(dcv="look"), fresh()
    order = tenant.pending(name, method="http-token")
    file_server.plant(name, FILE, order["dcv_random_value"])
    assert _check(tenant, order["id"]).json()["dcv_status"] == "valid"

    again = tenant.place(ORDER, name=name).json()
    below = tenant.place(ORDER, name=f"below.{name}").json()

    assert tenant.info(again["id"])["status"] == "issued"
    assert tenant.info(below["id"])["status"] == "pending"


def test_53_one_value_proves_every_name_of_an_order(account: NewAccount, fresh: NewName) -> None:
    tenant, names = account(dcv="look"), [fresh(), fresh(), fresh()]
    order = tenant.pending(names[0], names=names)
    for name in names[:2]:
        tenant.management.txt(name, order["dcv_random_value"])
    assert _rows(_check(tenant, order["id"]))[names[2]] == "pending"
    tenant.management.txt(names[2], order["dcv_random_value"])

    answer = _check(tenant, order["id"])

    assert _rows(answer) == dict.fromkeys(names, "approved")
    assert answer.json()["order_status"] == "issued"


def test_54_a_wildcard_cannot_be_proven_by_a_file(account: NewAccount, fresh: NewName) -> None:
    tenant, base = account(dcv="look"), fresh()

    answer = tenant.place(ORDER_DCV, name=f"*.{base}", method="http-token")

    assert answer.status == 400
    assert tenant.ledger() == []


def test_54_a_wildcard_can_be_proven_by_a_dns_record(account: NewAccount, fresh: NewName) -> None:
    tenant, base = account(dcv="look"), fresh()
    order = tenant.pending(f"*.{base}")
    tenant.management.txt(base, order["dcv_random_value"])

    assert _check(tenant, order["id"]).json()["dcv_status"] == "valid"


def test_55_the_dcv_method_of_an_order_can_be_changed(account: NewAccount, fresh: NewName) -> None:
    tenant = account(dcv="look")
    order = tenant.pending(fresh())["id"]
    path = f"order/certificate/{order}/dcv-method"

    by_email = tenant.put(path, b'{"dcv_method":"email"}')
    by_dns = tenant.put(path, b'{"dcv_method":"dns-txt-token"}')

    assert (by_email.status, by_email.body) == (204, b"")
    assert by_dns.status == 200
    assert len(by_dns.json()["dcv_random_value"]) >= 20
    left = datetime.fromisoformat(by_dns.json()["expiration_date"]) - tenant.management.now()
    assert timedelta(days=29, hours=23) < left <= timedelta(days=30)
    assert tenant.info(order)["dcv_method"] == "dns-txt-token"


def test_55_an_email_order_cannot_be_checked(account: NewAccount, fresh: NewName) -> None:
    tenant = account(dcv="look")

    assert _check(tenant, tenant.pending(fresh(), method="email")["id"]).status == 400


def test_55_an_order_can_ask_for_a_new_random_value(account: NewAccount, fresh: NewName) -> None:
    """PUT dcv-random-value (§11)."""
    tenant, name = account(dcv="look"), fresh()
    order = tenant.pending(name)

    answer = tenant.put(f"order/certificate/{order['id']}/dcv-random-value")

    assert answer.status == 200
    assert answer.json()["dcv_random_value"] != order["dcv_random_value"]
    tenant.management.txt(name, answer.json()["dcv_random_value"])
    assert _check(tenant, order["id"]).json()["dcv_status"] == "valid"


def test_56_a_new_domain_token_ends_the_one_before_and_leaves_an_order_value_alone(
    account: NewAccount, fresh: NewName
) -> None:
    tenant, name = account(dcv="look"), fresh()
    order = tenant.pending(name)
    domain_id = _submit(tenant, name)["id"]
    first, second = _new_token(tenant, domain_id), _new_token(tenant, domain_id)
    path = f"domain/{domain_id}/dcv/validate-token"
    tenant.management.txt(name, first)

    refused = tenant.put(path)
    tenant.management.txt(name, order["dcv_random_value"])
    accepted = tenant.put(path)

    assert first != second
    assert (refused.status, refused.codes) == (400, ["invalid_dns_txt"])
    assert (accepted.status, accepted.json()["status"]) == (200, "active")
    assert _check(tenant, order["id"]).json()["dcv_status"] == "valid"


def test_57_an_email_domain_needs_no_token(account: NewAccount, fresh: NewName) -> None:
    tenant = account(dcv="look")
    domain_id = _submit(tenant, fresh(), method="email")["id"]

    answer = tenant.call("POST", f"domain/{domain_id}/dcv/token")

    assert (answer.status, answer.codes) == (400, ["invalid_dcv_method"])


def test_58_a_domain_token_is_active_once_its_record_is_seen(account: NewAccount, fresh: NewName) -> None:
    tenant, name = account(dcv="look"), fresh()
    domain = _submit(tenant, name)
    path = f"domain/{domain['id']}/dcv/validate-token"

    missing = tenant.put(path)
    tenant.management.txt(name, domain["dcv_token"]["token"])
    present = tenant.put(path)

    assert (missing.status, missing.codes) == (400, ["invalid_dns_txt"])
    assert missing.json()["errors"][0]["message"] == ("Could not find a valid TXT record for one or more domains.")
    assert present.status == 200
    assert present.json()["status"] == "active"


def test_59_www_is_stripped_from_a_domain_unless_it_is_to_be_kept(account: NewAccount, fresh: NewName) -> None:
    tenant, stripped, kept = account(), fresh(), fresh()
    keeping = DOMAIN.replace('"dcv_method"', '"keep_www":true,"dcv_method"')

    first = _submit(tenant, f"www.{stripped}")["id"]
    second = _submit(tenant, f"www.{kept}", template=keeping)["id"]

    assert tenant.get(f"domain/{first}")["name"] == stripped
    assert tenant.get(f"domain/{second}")["name"] == f"www.{kept}"


def test_60_a_domain_tells_its_dcv_times_only_when_asked(account: NewAccount, fresh: NewName) -> None:
    tenant, name = account(dcv="look"), fresh()
    domain = _submit(tenant, name)
    tenant.management.txt(name, domain["dcv_token"]["token"])
    assert tenant.put(f"domain/{domain['id']}/dcv/validate-token").status == 200
    now = tenant.management.now()

    plain = tenant.get(f"domain/{domain['id']}")
    asked = tenant.get(f"domain/{domain['id']}?include_validation=true")

    assert not {"dcv_approval_datetime", "dcv_expiration_datetime"} & set(plain)
    approved = datetime.fromisoformat(asked["dcv_approval_datetime"])
    assert abs(now - approved) < timedelta(seconds=30)
    assert datetime.fromisoformat(asked["dcv_expiration_datetime"]) - approved == timedelta(days=199)


def test_61_a_name_whose_reuse_ended_is_not_issued_at_once(account: NewAccount) -> None:
    tenant = account(dcv="look")
    tenant.issue()
    tenant.management.post("expire", ca="digicert", account=tenant.name, domain=tenant.domain)

    answer = tenant.place(ORDER)

    assert answer.status == 201
    assert "certificate_chain" not in answer.json()
    assert tenant.info(answer.json()["id"])["status"] == "pending"


def test_61_the_reuse_period_ends_by_the_clock_after_199_days(own_sandbox: Sandbox) -> None:
    tenant = own_sandbox.account(dcv="look")
    own_sandbox.management.advance(days=200)

    answer = tenant.place(ORDER)

    assert (answer.status, tenant.info(answer.json()["id"])["status"]) == (201, "pending")


def test_62_a_dv_order_for_a_name_proven_yesterday_needs_dcv_again(own_sandbox: Sandbox) -> None:
    tenant, name = own_sandbox.account(dcv="look"), "dv.example"
    first = tenant.place(DV_ORDER, product="ssl_dv_rapidssl", name=name).json()
    own_sandbox.management.txt(name, first["dcv_random_value"])
    assert _check(tenant, first["id"]).json()["order_status"] == "issued"
    own_sandbox.management.advance(days=1)

    second = tenant.place(DV_ORDER, product="ssl_dv_rapidssl", name=name)

    assert second.status == 201
    assert "certificate_chain" not in second.json()
    assert second.json()["dcv_random_value"] != first["dcv_random_value"]
    assert tenant.info(second.json()["id"])["status"] == "pending"


def test_62_a_dv_order_for_a_validated_domain_needs_dcv_too(account: NewAccount) -> None:
    tenant = account(dcv="look")

    order = tenant.place(DV_ORDER, product="ssl_dv_rapidssl", name=tenant.domain).json()

    assert tenant.info(order["id"])["status"] == "pending"


def test_63_dcv_mails_go_to_constructed_addresses_and_never_to_whois(account: NewAccount, fresh: NewName) -> None:
    tenant, name = account(dcv="look"), fresh()
    domain_id = _submit(tenant, name, method="email")["id"]

    emails = tenant.get(f"domain/{domain_id}/dcv/emails")

    assert emails["whois_emails"] == []
    assert sorted(emails["base_emails"]) == [
        f"{local}@{name}" for local in ("admin", "administrator", "hostmaster", "postmaster", "webmaster")
    ]


def test_64_a_token_older_than_30_days_does_not_validate(own_sandbox: Sandbox) -> None:
    tenant, name = own_sandbox.account(dcv="look"), "late.example"
    domain = _submit(tenant, name)
    path = f"domain/{domain['id']}/dcv/validate-token"
    own_sandbox.management.advance(days=31)
    own_sandbox.management.txt(name, domain["dcv_token"]["token"])

    late = tenant.put(path)
    renewed = _new_token(tenant, domain["id"])
    own_sandbox.management.txt(name, renewed)

    assert (late.status, late.codes) == (400, ["invalid_dns_txt"])
    assert tenant.put(path).status == 200


def test_64_an_order_value_older_than_30_days_does_not_validate(own_sandbox: Sandbox) -> None:
    tenant, name = own_sandbox.account(dcv="look"), "late.example"
    order = tenant.pending(name)
    own_sandbox.management.advance(days=31)
    own_sandbox.management.txt(name, order["dcv_random_value"])

    late = _check(tenant, order["id"])

    assert late.status == 400 or late.json()["dcv_status"] != "valid"
    assert tenant.info(order["id"])["status"] == "pending"


def test_a_caa_record_for_another_ca_keeps_an_order_pending(account: NewAccount, fresh: NewName) -> None:
    """§21: it stays, and `caa_status_message` explains."""
    tenant, name = account(dcv="look"), fresh()
    order = tenant.pending(name)
    tenant.management.post("dns", name=name, type="CAA", value='0 issue "another.example"')
    tenant.management.txt(name, order["dcv_random_value"])

    _check(tenant, order["id"])

    info = tenant.info(f"{order['id']}?include_caa_status=true")
    assert info["status"] in ("pending", "processing")
    assert info["caa_status_message"][name]
    assert tenant.call("GET", f"certificate/{order['certificate_id']}/chain").status == 404


@pytest.mark.parametrize(("switch", "seen"), [(2, ["pending", "approved"]), ("never", ["pending", "pending"])])
def test_the_dcv_switch_decides_at_which_check_a_name_is_approved(
    account: NewAccount, fresh: NewName, switch: int | str, seen: list[str]
) -> None:
    tenant, name = account(dcv=switch), fresh()
    order = tenant.pending(name)
    tenant.management.txt(name, order["dcv_random_value"])

    assert [_rows(_check(tenant, order["id"]))[name] for _ in range(2)] == seen
