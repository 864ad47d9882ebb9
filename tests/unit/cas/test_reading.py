"""What a read-only account lets out, and what it takes for something else."""

from __future__ import annotations

import json

import pytest

from certwright.cas.digicert.reads import READS as DIGICERT
from certwright.cas.emsign.reads import READS as EMSIGN
from certwright.cas.reading import ReadCall, Request, is_read
from certwright.cas.sectigo.reads import READS as SECTIGO

FORM = "application/x-www-form-urlencoded"


def _digicert(path: str, query: str = "", *, method: str = "GET", body: bytes = b"", header: str = "Accept") -> bool:
    return is_read(DIGICERT, Request(method, path, query, ("Content-Type", header), body))


def _sectigo(api: str, body: str, *, query: str = "", method: str = "POST") -> bool:
    return is_read(SECTIGO, Request(method, api, query, ("Content-Type", "Accept"), body.encode()))


def _emsign(endpoint: str, tree: object, *, query: str = "") -> bool:
    body = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    return is_read(EMSIGN, Request("POST", endpoint, query, ("Content-Type",), body))


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("user/me", ""),
        ("order/certificate", "sort=order_id&limit=1000&offset=0"),
        ("order/certificate", "filters%5Bstatus%5D%5B0%5D=issued&filters%5Bvalid_till%5D=%3E2020-01-01"),
        ("order/certificate/900101", "include_caa_status=true"),
        ("order/certificate/0A1B2C3D4E5F60718293A4B5C6D7E8F9", ""),
        ("order/alternate/clm-000042", "limit=1000&offset=0"),
        ("order/alternate/two%20words%20%2B%20one", ""),
        ("certificate/950101/download/format/pem_all", ""),
        ("certificate/950101/download/platform/-1", ""),
        ("product/ssl_basic", "container_id=7"),
    ],
)
def test_a_get_that_is_written_down_goes_out(path: str, query: str) -> None:
    assert _digicert(path, query)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/order/certificate",
        "order//certificate",
        "order/certificate/",
        "order/certificate/.",
        "order/certificate/..",
        "order/certificate/../certificate",
        "order/certificate/900101/../../../webhook",
        "order/alternate/..",
        "order/alternate/%2e%2e",
        "order/alternate/%2E%2E",
        "order/alternate/..%2Fcertificate",
        "order/alternate/a%2Fb",
        "order/alternate/a%5Cb",
        "order/alternate/a%3Fb",
        "order/alternate/a%23b",
        "order/alternate/a%00b",
        "order/alternate/a%0D%0AX-HTTP-Method-Override:%20PUT",
        "order/alternate/%252e%252e",
        "order/alternate/%FF",
        "order/alternate/a;b",
        "order/alternate/%41",
        "order/alternate/a%2b",
        "order/alternate/a b",
        "order/alternate/a\\b",
        "ORDER/certificate",
        "order/Certificate",
        "order/certificate/900101/Validation",
        "order/certificate/900101\n",
        "order/certificate/900101/revoke",
        "order/certificate/900101/status",
        "order/certificate/900101/note",
        "request/700101/status",
        "certificate/950101/revoke",
        "domain/802001/dcv/token",
        "key",
        "%6Frder/certificate",
        "order%2Fcertificate",
    ],
)
def test_any_other_path_or_spelling_stays_here(path: str) -> None:
    assert not _digicert(path)


@pytest.mark.parametrize(
    "query",
    [
        "_method=PUT",
        "limit=1&_method=PUT",
        "limit=1;status=canceled",
        "limit",
        "limit=1&",
        "&limit=1",
        "Limit=1",
        "filters[status]=issued",
        "filtersX=1",
        "filters%5Ba%5Db=1",
        "limit=%31",
        "limit=1?x=1",
        "limit=%FF",
    ],
)
def test_a_query_with_anything_else_or_spelt_otherwise_stays_here(query: str) -> None:
    assert _digicert("order/certificate")
    assert not _digicert("order/certificate", query)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "get", "Get", ""])
def test_only_get_reads_at_digicert(method: str) -> None:
    assert not _digicert("user/me", method=method)


def test_a_get_has_no_body_and_no_header_that_could_make_another_call_of_it() -> None:
    assert not _digicert("user/me", body=b"{}")
    for header in ("X-HTTP-Method-Override", "X-Method-Override", "X-Original-URL", "Transfer-Encoding", "Host"):
        assert not _digicert("user/me", header=header)


@pytest.mark.parametrize(
    ("api", "body"),
    [
        ("products/!WebHostReport", "loginName=acme&loginPassword=p%26w&orderNumber=7%2C8&showCost=Y"),
        ("products/!WebHostReport", "loginName=acme"),
        ("products/download/CollectSSL", "loginName=a&loginPassword=b&orderNumber=7&queryType=1"),
        ("products/!DecodeCSR", "csr=MIIB%2BA&showErrorCodes=Y"),
        ("products/!GetDCVEmailAddressList", "loginName=a&loginPassword=b&domainName=shop.example"),
        ("products/!GetMDCDomainDetails", "loginName=a&loginPassword=b&orderNumber=7"),
    ],
)
def test_a_form_that_only_reads_goes_out(api: str, body: str) -> None:
    assert _sectigo(api, body)


@pytest.mark.parametrize(
    ("api", "body", "query"),
    [
        *((f"products/!{api}", "loginName=a&orderNumber=7", "") for api in (
            "AutoApplySSL", "AutoApplyOrder", "AutoReplaceSSL", "AutoRevokeSSL", "AutoUpdateDCV", "ResendDCVEmail",
            "AutoRemoveMDCDomain", "UpdateUserOvCallback", "UpdateUserEvClickThrough", "AutoRefund", "AutoReject",
        )),
        ("products/!AutoApplySSL", "loginName=a&test=Y", ""),
        ("products/!AutoRevokeSSL", "loginName=a&orderNumber=7&test=Y", ""),
        ("products/!webhostreport", "loginName=a", ""),
        ("products/%21WebHostReport", "loginName=a", ""),
        ("products/!WebHostReport/../!AutoApplySSL", "loginName=a", ""),
        ("products/!WebHostReport", "loginName=a", "orderNumber=7"),
        ("products/!WebHostReport", "loginName=a&loginName=b", ""),
        ("products/!WebHostReport", "loginName=a&LOGINNAME=b", ""),
        ("products/!WebHostReport", "loginName=a&foo=1", ""),
        ("products/!WebHostReport", "loginName=a;test=Y", ""),
        ("products/!WebHostReport", "", ""),
        ("products/!WebHostReport", "loginName=a&", ""),
        ("products/!WebHostReport", "loginName=%61", ""),
        ("products/!WebHostReport", "loginName=ü", ""),
        ("products/!WebHostReport", '{"loginName":"a"}', ""),
        ("products/download/CollectSSL", "loginName=a&orderNumber=7&behaviourVersion=2", ""),
        ("products/!DecodeCSR", "loginName=a&csr=x", ""),
    ],
)  # fmt: skip
def test_any_other_api_parameter_or_spelling_of_a_form_stays_here(api: str, body: str, query: str) -> None:
    assert not _sectigo(api, body, query=query)


def test_a_form_is_sent_by_post_alone() -> None:
    for method in ("GET", "PUT", "post"):
        assert not _sectigo("products/!WebHostReport", "loginName=a", method=method)


META = dict.fromkeys(("ver", "ts", "txn", "accountNumber", "authKey"), "1")


@pytest.mark.parametrize(
    ("endpoint", "more"),
    [
        ("ValidateCredentials", {}),
        ("GetOrderReport", {"searchCriteria": {"orderNumber": "7", "pageNumber": "1"}}),
        ("TrackOrder", {"orderDetails": {"orderNumber": "7"}}),
        ("GetCertificate", {"orderDetails": {"orderNumber": "7", "requestorEmail": "a@b.example"}}),
        ("GetProductDetails", {"productDetails": {}}),
    ],
)
def test_an_endpoint_that_only_reads_is_asked(endpoint: str, more: dict[str, object]) -> None:
    assert _emsign(endpoint, {"meta": META, **more})


@pytest.mark.parametrize(
    ("endpoint", "tree"),
    [
        *((name, {"meta": META}) for name in (
            "GenerateOrderSSL", "GenerateOrderPrivatePKI", "SubmitCSR", "SubmitDocument", "AgreementAcceptance",
            "GetDcv", "VerifyDcv", "RevokeOrder", "RejectOrder", "RejectRequest", "trackorder", "TrackOrder/",
            "../emSignHub-API/TrackOrder",
        )),
        ("TrackOrder", {"meta": META, "orderDetails": {"orderNumber": "7", "csr": "x"}}),
        ("TrackOrder", {"meta": META, "orderDetails": {"orderNumber": ["7"]}}),
        ("TrackOrder", {"meta": META, "orderDetails": "7"}),
        ("TrackOrder", {"meta": META, "revocationDetails": {}}),
        ("TrackOrder", {"meta": {**META, "method": "RevokeOrder"}}),
        ("TrackOrder", b'{"meta":{},"meta":{}}'),
        ("TrackOrder", b"[]"),
        ("TrackOrder", b""),
    ],
)  # fmt: skip
def test_any_other_endpoint_or_block_stays_here(endpoint: str, tree: object) -> None:
    assert not _emsign(endpoint, tree)
    assert not _emsign("TrackOrder", {"meta": META}, query="a=b")


def test_without_any_call_written_down_nothing_goes_out() -> None:
    assert not is_read((), Request("GET", "user/me", "", (), b""))
    assert is_read((ReadCall("GET", "user/{id}"),), Request("GET", "user/me", "", (), b""))
