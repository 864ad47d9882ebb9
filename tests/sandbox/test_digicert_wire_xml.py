"""The whole life of an order in XML, by the convention of §1.4 of the CA's reference (†)."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.sandbox import wire
from tests.sandbox.certificates import certificates_in, csr_pem, has_key, new_key
from tests.sandbox.tenant import ORDER, Account, NewAccount, NewName

ORDER_XML = """<?xml version="1.0"?>
<order><certificate><common_name>$name</common_name>
<dns_names><dns_name>$name</dns_name><dns_name>$other</dns_name></dns_names>
<csr>$csr</csr><signature_hash>sha256</signature_hash><server_platform><id>45</id></server_platform></certificate>
<organization><id>$organization</id></organization><validity_years>1</validity_years>
<skip_approval>true</skip_approval></order>"""


def _call(tenant: Account, method: str, path: str, body: bytes | None = None) -> wire.Answer:
    return tenant.call(method, path, body, content_type="application/xml", accept="application/xml")


def _texts(root: ET.Element, path: str) -> list[str | None]:
    return [element.text for element in root.findall(path)]


def test_an_order_in_xml_is_issued_with_its_chain(account: NewAccount) -> None:
    tenant, key = account(auto_approve=False), new_key()
    name, other = f"a.{tenant.domain}", f"b.{tenant.domain}"
    body = wire.fill_xml(ORDER_XML, name=name, other=other, csr=csr_pem(name, key), organization=tenant.organization)

    answer = _call(tenant, "POST", "order/certificate/ssl_basic", body)

    root = answer.xml()
    assert (answer.status, root.tag) == (201, "order")
    pems = _texts(root, "certificate_chain/certificate/pem")
    assert len(pems) >= 2
    assert has_key(certificates_in(str(pems[0]))[0], key)
    order = _call(tenant, "GET", f"order/certificate/{root.findtext('id')}").xml()
    assert (order.tag, order.findtext("status")) == ("order", "issued")
    assert _texts(order, "certificate/dns_names/dns_name") == [name, other]
    assert order.findtext("certificate/server_platform/id") == "45"
    assert order.findtext("is_renewed") == "false"
    listed = _call(tenant, "GET", "order/certificate").xml()
    assert (listed.tag, _texts(listed, "orders/order/id")) == ("order_list", [root.findtext("id")])
    assert listed.findtext("page/total") == "1"


def test_a_request_is_approved_in_xml(account: NewAccount) -> None:
    tenant = account(auto_approve=False)
    order = tenant.place(ORDER).json()
    request = order["requests"][0]["id"]

    answer = _call(tenant, "PUT", f"request/{request}/status", b"<request><status>approved</status></request>")

    assert (answer.status, answer.body) == (204, b"")
    assert tenant.info(order["id"])["status"] == "issued"


def test_an_order_is_cancelled_in_xml(account: NewAccount, fresh: NewName) -> None:
    tenant = account()
    order = tenant.pending(fresh())["id"]
    body = b"<order><status>canceled</status><note>not needed</note></order>"

    assert _call(tenant, "PUT", f"order/certificate/{order}/status", body).status == 204
    assert tenant.info(order)["status"] == "canceled"


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("organization", "organization_list"),
        ("domain", "domain_list"),
        ("request", "request_list"),
        ("product", "product_list"),
        ("container", "container_list"),
    ],
)
def test_the_root_of_an_xml_list_is_named_for_what_it_lists(account: NewAccount, path: str, root: str) -> None:
    assert _call(account(), "GET", path).xml().tag == root


def test_an_error_of_an_order_in_xml_is_an_error_list(account: NewAccount) -> None:
    answer = _call(account(), "GET", "order/certificate/1")

    assert (answer.status, answer.xml().tag) == (404, "error_list")
    assert _texts(answer.xml(), "errors/error/code") == ["not_found|order"]


def test_a_download_does_not_become_xml(account: NewAccount) -> None:
    tenant = account()
    number = tenant.issue()["certificate_id"]

    answer = tenant.call(
        "GET", f"certificate/{number}/download/format/pem_all", content_type="application/xml", accept="*/*"
    )

    assert (answer.status, answer.type.split(";")[0]) == (200, "application/x-pem-file")
