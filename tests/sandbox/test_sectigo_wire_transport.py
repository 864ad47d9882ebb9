"""Transport and login: contract tests 1 to 11 and 13 of the CA's reference.

14 and 15 (unknown codes, what may be repeated) are the client's alone: tests/client.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox import wire
from tests.sandbox.certificates import csr_pem
from tests.sandbox.sectigo_tenant import SINGLE, NewReseller, Reseller
from tests.sandbox.sectigo_wire import (
    FORM,
    LOGIN_REFUSED,
    TEXT,
    VECTOR_CSR,
    VECTOR_MD5,
    Told,
    form,
    place,
    post,
    post_tls,
    tls_context,
)
from tests.sandbox.tenant import NewName, Sandbox

NEWLINE_APIS = ["AutoApplySSL", "AutoApplyOrder", "AutoReplaceSSL", "CollectSSL", "AutoRevokeSSL"]
NEWLINE_APIS += ["GetDCVEmailAddressList"]
FORM_APIS = ["AutoUpdateDCV", "AutoRemoveMDCDomain", "UpdateUserOvCallback", "UpdateUserEvClickThrough"]
FORM_APIS += ["GetMDCDomainDetails", "ResendDCVEmail", "WebHostReport"]
LOGIN_APIS = [*NEWLINE_APIS, *FORM_APIS]

# What each API needs besides the login, so that its check of the login is reached (§1.6).
NEEDED: dict[str, dict[str, object]] = {
    "AutoApplySSL": {**SINGLE, "responseFormat": None, "csr": VECTOR_CSR},
    "AutoApplyOrder": {**SINGLE, "responseFormat": None, "csr": VECTOR_CSR},
    "AutoReplaceSSL": {"orderNumber": 1, "csr": VECTOR_CSR},
    "CollectSSL": {"orderNumber": 1, "queryType": 0},
    "AutoRevokeSSL": {"orderNumber": 1, "revocationReason": "none"},
    "GetDCVEmailAddressList": {"domainName": "www.example.org"},
    "AutoUpdateDCV": {"orderNumber": 1, "newMethod": "CNAME_CSR_HASH"},
    "AutoRemoveMDCDomain": {"orderNumber": 1, "domainName": "a.example"},
    "UpdateUserOvCallback": {"orderNumber": 1, "action": "sendCallbackEmail"},
    "UpdateUserEvClickThrough": {"orderNumber": 1, "action": "ResendEmail"},
    "GetMDCDomainDetails": {"orderNumber": 1},
    "ResendDCVEmail": {"orderNumber": 1, "dcvEmailAddress": "admin@a.example"},
    "WebHostReport": {},
}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that insists on HTTPS."""
    process = Sandbox("--https-only", "--tls-port", "0", log=tmp_path_factory.mktemp("strict") / "stderr.log")
    yield process
    process.stop()


def _tls(sandbox: Sandbox, presented: Reseller | None, api: str, **fields: object) -> Told:
    """A call on the TLS door with the client certificate of an account, or none."""
    roots = sandbox.management.call("GET", "tls-roots").body.decode()
    secrets = presented.element["secrets"] if presented else {}
    context = tls_context(roots, secrets.get("client_certificate", ""), secrets.get("client_key", ""))
    return post_tls(sandbox.hello["tls_url"], api, form(fields), context)


@pytest.mark.parametrize("api", LOGIN_APIS)
def test_1_a_get_is_answered_17(api: str, reseller: NewReseller) -> None:
    tenant = reseller()
    query = form({**tenant.login, **NEEDED[api]}).decode()

    told = Told(wire.send(tenant.url, "GET", f"{place(api)}?{query}"))

    assert told.refuses(-17)


def test_1_decode_csr_answers_a_get(reseller: NewReseller) -> None:
    query = form({"csr": VECTOR_CSR, "showCSRHashes": "Y"}).decode()

    told = Told(wire.send(reseller().url, "GET", f"products/!DecodeCSR?{query}"))

    assert told.lines[0] == "0"
    assert f"md5={VECTOR_MD5}" in told.lines


@pytest.mark.parametrize("api", LOGIN_APIS)
def test_2_plain_http_is_answered_1_where_https_is_insisted_on(api: str, strict: Sandbox) -> None:
    tenant = Reseller.at(strict)

    told = tenant.call(api, **NEEDED[api])

    assert told.refuses(-1)
    assert told.message == "Request was not made over https!"


def test_2_decode_csr_works_over_plain_http_and_tells_no_hashes_there(strict: Sandbox) -> None:
    """§2: -1 is only raised when the hashes are asked for over HTTP."""
    plain = post(strict.url, "DecodeCSR", form({"csr": VECTOR_CSR}))
    hashes = post(strict.url, "DecodeCSR", form({"csr": VECTOR_CSR, "showCSRHashes2": "Y"}))

    assert plain.lines[0] == "0"
    assert "CN=shop.example.com" in plain.lines
    assert hashes.lines[0] == "1"
    assert hashes.lines[1].startswith("-1 ")


def test_2_the_tls_door_works_where_https_is_insisted_on(strict: Sandbox) -> None:
    tenant = Reseller.at(strict)

    assert _tls(strict, None, "WebHostReport", **tenant.login).code == 0


@pytest.mark.parametrize("api", NEWLINE_APIS)
def test_3_a_wrong_password_is_answered_in_two_lines(api: str, reseller: NewReseller) -> None:
    told = reseller().call(api, **{**NEEDED[api], "loginPassword": "wrong"})

    assert (told.status, told.media) == (200, TEXT)
    assert told.text.removesuffix("\n") == f"-16\n{LOGIN_REFUSED}"


@pytest.mark.parametrize("api", FORM_APIS)
def test_3_a_wrong_password_is_answered_url_encoded(api: str, reseller: NewReseller) -> None:
    told = reseller().call(api, **{**NEEDED[api], "loginPassword": "wrong"})

    assert told.media == FORM
    assert told.text.startswith("errorCode=-16&errorMessage=Incorrect+login+details")
    assert told.refuses(-16)
    assert told.message == LOGIN_REFUSED


@pytest.mark.parametrize("api", ["AutoApplySSL", "AutoReplaceSSL", "CollectSSL", "AutoRevokeSSL"])
def test_3_response_format_1_url_encodes_an_error_too(api: str, reseller: NewReseller) -> None:
    told = reseller().call(api, **{**NEEDED[api], "loginPassword": "wrong", "responseFormat": 1})

    assert told.media == FORM
    assert told.refuses(-16)


def test_3_an_unknown_login_is_refused_in_the_same_words(reseller: NewReseller) -> None:
    told = reseller().call("WebHostReport", loginName="nobody-of-that-name")

    assert (told.code, told.message) == (-16, LOGIN_REFUSED)


def test_4_the_login_name_is_case_sensitive(reseller: NewReseller) -> None:
    tenant = reseller()
    swapped = tenant.login["loginName"].swapcase()
    assert swapped != tenant.login["loginName"]

    assert tenant.call("WebHostReport", loginName=swapped).refuses(-16)


@pytest.mark.parametrize("switch", ["ip_allowed", "enabled"])
def test_a_blocked_account_is_refused_in_the_same_words(switch: str, reseller: NewReseller) -> None:
    tenant = reseller()
    assert tenant.call("WebHostReport").code == 0

    tenant.switch(**{switch: False})
    told = tenant.call("WebHostReport")

    assert (told.code, told.message) == (-16, LOGIN_REFUSED)


def test_wrong_passwords_in_a_row_lock_an_account_until_it_is_unlocked(reseller: NewReseller) -> None:
    tenant = reseller(lock_after=3)

    def wrong() -> int:
        return tenant.call("WebHostReport", loginPassword="wrong").code

    assert [wrong(), wrong(), tenant.call("WebHostReport").code] == [-16, -16, 0]
    assert [wrong(), wrong(), wrong(), tenant.call("WebHostReport").code] == [-16] * 4
    tenant.switch(locked=False)
    assert tenant.call("WebHostReport").code == 0


def test_5_a_client_certificate_stands_for_the_password(resellers: Sandbox, reseller: NewReseller) -> None:
    tenant = reseller()

    told = _tls(resellers, tenant, "WebHostReport", loginName=tenant.login["loginName"])

    assert told.code == 0


def test_5_a_client_certificate_of_another_account_is_refused(resellers: Sandbox, reseller: NewReseller) -> None:
    tenant, other = reseller(), reseller()

    told = _tls(resellers, other, "WebHostReport", loginName=tenant.login["loginName"])

    assert told.refuses(-16)


def test_5_a_client_certificate_does_not_open_a_disabled_account(resellers: Sandbox, reseller: NewReseller) -> None:
    """§1.3: the platform checks that the account is active."""
    tenant = reseller(enabled=False)

    assert _tls(resellers, tenant, "WebHostReport", loginName=tenant.login["loginName"]).refuses(-16)


def test_5_the_tls_door_takes_a_password_without_a_certificate(resellers: Sandbox, reseller: NewReseller) -> None:
    assert _tls(resellers, None, "WebHostReport", **reseller().login).code == 0


def test_5_without_a_certificate_and_without_a_password_nothing_is_told(
    resellers: Sandbox, reseller: NewReseller
) -> None:
    name = reseller().login["loginName"]

    assert _tls(resellers, None, "WebHostReport", loginName=name).code in (-3, -16)


def test_9_parameter_names_are_case_insensitive(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    order = tenant.buy(fresh())
    body = form({**tenant.login, "QUERYTYPE": 0, "OrderNumber": order.number})

    told = post(tenant.url, "CollectSSL", body)

    assert told.text == tenant.collect(order).text
    assert told.code == 1


def test_9_login_names_may_be_in_any_case_of_the_parameter(reseller: NewReseller) -> None:
    tenant = reseller()
    body = form({name.upper(): value for name, value in tenant.login.items()})

    assert post(tenant.url, "WebHostReport", body).code == 0


def test_10_parameters_in_the_query_of_a_post_count(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    query = form({**tenant.login, **SINGLE, "csr": csr_pem(fresh())}).decode()

    told = Told(wire.send(tenant.url, "POST", f"products/!AutoApplySSL?{query}", b""))

    assert told.code == 0
    assert told["orderNumber"].isdigit()


def test_10_query_and_body_are_merged(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    query, body = form(tenant.login).decode(), form({**SINGLE, "csr": csr_pem(fresh())})

    told = Told(wire.send(tenant.url, "POST", f"products/!AutoApplySSL?{query}", body, {"Content-Type": FORM}))

    assert told.code == 0


@pytest.mark.parametrize("path", ["products/%21AutoApplySSL", "products/!autoapplyssl"])
def test_11_the_exclamation_mark_may_be_escaped(path: str, reseller: NewReseller, fresh: NewName) -> None:
    """§1.1: clients send `%21`; names are compared case-insensitively (!decodeCSR)."""
    tenant = reseller()
    body = form({**tenant.login, **SINGLE, "csr": csr_pem(fresh())})

    assert Told(wire.send(tenant.url, "POST", path, body, {"Content-Type": FORM})).code == 0


def test_13_success_and_refusal_come_with_http_200_over_a_plain_socket(reseller: NewReseller) -> None:
    """The bytes of §6.4's example for an order that nobody knows."""
    tenant = reseller()
    body = form({**tenant.login, "orderNumber": 999999999, "queryType": 0})
    request = wire.request_bytes(tenant.url, "POST", "products/download/CollectSSL", {"Content-Type": FORM}, body)

    raw = wire.exchange(tenant.url, request)

    assert raw.head.startswith(b"HTTP/1.1 200 ")
    assert raw.body.removesuffix(b"\n") == b"-4\nThe value of the 'orderNumber' argument is invalid!"


def test_an_unknown_api_is_no_api_answer(reseller: NewReseller) -> None:
    answer = wire.send(reseller().url, "POST", "products/!NoSuchThing", b"", {"Content-Type": FORM})

    assert answer.status == 404


def test_every_call_is_in_the_log_of_requests_without_the_password(reseller: NewReseller, tmp_path: Path) -> None:
    tenant = reseller()
    secret = tenant.login["loginPassword"]
    query = form(tenant.login).decode()
    wire.send(tenant.url, "POST", f"products/!WebHostReport?{query}", b"")

    rows = tenant.management.get(f"requests?ca=sectigo&account={tenant.name}")

    assert rows["total"] == 1
    assert rows["requests"][0]["path"].startswith("/products/!WebHostReport")
    assert secret not in str(rows)
