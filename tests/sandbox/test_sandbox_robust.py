"""No call breaks the sandbox: whatever is sent to whichever endpoint, the answer is one of the CA's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from certwright_sandbox.digicert.routes import ROUTES
from tests.sandbox import wire
from tests.sandbox.certificates import csr_pem
from tests.sandbox.tenant import Account

PATHS = sorted({(route.method, route.path) for rows in ROUTES.values() for _, route in rows})
NUMBERS: list[Any] = [0, -1, 7000, 10**9, 10**17, 10**30, 1e300, "٣", "9" * 5000, True, [], {}, None, "\ud800", "\x00"]
SCALARS = """name endpoint secret status note text label data_type dcv_method method auto_renew validity_years
    validity_days custom_expiration_date comments revocation_reason token alternative_order_id renewal_of_order_id
    renewed_thumbprint payment_method skip_approval country zip"""
OBJECTS = "certificate organization container order_validity technical_contact server_platform dcv"
LISTS = "dns_names validations custom_fields events dns_names_validations additional_emails"
PARAMETERS = ("1", "0", "%00", "9" * 5000, "%D9%A3", "-1", "..", "%2F", "A" * 40)
QUERY = (
    "limit=7&offset=0&sort=,-,--x,id&filters[status]=&filters[id]=<&filters[id]=...&filters[]=%25&subId=9"
    "&filters[date_created]=>%D9%A3&minutes=1&seconds=2&include_validation=x&filters[status_last_updated]=a...b"
)


def _bodies() -> list[bytes]:
    bodies = [b"", b"null", b"[1]", b'"x"', b"{", b"[" * 5000, b"\xff\xfe", b'{"a":NaN}']
    for value in NUMBERS:
        inner = {"id": value, "type": value, "years": value, "days": value, "common_name": value, "csr": value}
        body: dict[str, Any] = dict.fromkeys(SCALARS.split(), value)
        body |= dict.fromkeys(OBJECTS.split(), inner)
        body |= {name: [value, inner] for name in LISTS.split()}
        bodies.append(json.dumps(body).encode())
    return bodies


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_no_call_breaks_the_sandbox(account: Callable[..., Account], path: tuple[str, str]) -> None:
    tenant = account(rate_limit=False)
    method, pattern = path
    query = f"?{QUERY}" if method == "GET" else ""
    line = wire.Line(tenant.url)
    statuses = set()
    for parameter in PARAMETERS if "{" in pattern else ("1",):
        target = "/".join(parameter if part.startswith("{") else part for part in pattern.split("/"))
        for body in _bodies() if method != "GET" else [b""]:
            for content_type in (wire.JSON, wire.XML):
                headers = {"X-DC-DEVKEY": tenant.key, "Content-Type": content_type}
                statuses.add(line.send(method, target + query, body, headers).status)
    line.close()

    assert statuses <= {200, 201, 204, 400, 404, 406}, statuses


@pytest.mark.parametrize("field", ["validity_years", "validity_days", "cert_validity", "names", "csr"])
def test_an_order_with_an_absurd_value_is_refused_or_taken_but_breaks_nothing(
    account: Callable[..., Account], field: str
) -> None:
    tenant = account(rate_limit=False)
    name = f"shop.{tenant.domain}"
    for product in ("ssl_basic", "private_ssl_plus"):
        for value in NUMBERS:
            certificate: dict[str, Any] = {"common_name": name, "csr": csr_pem(name)}
            order: dict[str, Any] = {"certificate": certificate, "organization": {"id": tenant.organization}}
            if field == "cert_validity":
                certificate[field] = {"years": value, "days": value, "custom_expiration_date": value}
            elif field == "names":
                certificate["dns_names"] = [value]
            elif field == "csr":
                certificate["csr"] = value
            else:
                order[field] = value
            answer = tenant.call("POST", f"order/certificate/{product}", json.dumps(order).encode())
            assert answer.status in (201, 400), (product, value, answer)
    assert tenant.get("order/certificate")["page"]["total"] == len(tenant.ledger())
