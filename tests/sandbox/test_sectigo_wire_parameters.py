"""Parameter lists of every API: contract tests 6 to 8 and 12 of the CA's reference, and its tables."""

from __future__ import annotations

import pytest

from tests.sandbox.certificates import csr_pem, rsa_key
from tests.sandbox.sectigo_tenant import EV, INCORPORATION, ORGANIZATION, OV, NewReseller
from tests.sandbox.sectigo_wire import VECTOR_CSR, post
from tests.sandbox.tenant import NewName, Sandbox
from tests.sandbox.test_sectigo_wire_transport import LOGIN_APIS, NEEDED

SUBJECT = [
    *("organizationName", "organizationalUnitName", "postOfficeBox", "streetAddress1", "streetAddress2"),
    *("streetAddress3", "localityName", "stateOrProvinceName", "postalCode", "countryName", "dunsNumber"),
    *("companyNumber", "joiLocalityName", "joiStateOrProvinceName", "joiCountryName"),
]
ORDERING = [
    *("days", "years", "servers", "serverSoftware", "csr", "prioritiseCSRValues", "domainNames"),
    *("primaryDomainName", "maxSubjectCNs", "isCustomerValidated", "dcvMethod", "dcvEmailAddress"),
    *("dcvEmailAddresses", "uniqueValue", "foreignOrderNumber", "checkFONIsUnique", "caCertificateID"),
    *("signatureHash", "test", "responseFormat", "showCertificateID", "showCertificateStatus", "emailAddress"),
    *("dateOfIncorporation", "assumedName", "businessCategory", "appRepForename", "appRepSurname"),
    *("appRepEmailAddress", "appRepTelephone", "appRepTitle", "appRepFax", "isAppRepValidated"),
    *("isCallbackCompleted", "product", *SUBJECT),
]
REPLACING = [
    *("orderNumber", "exactOrder", "serverSoftware", "domainNames", "primaryDomainName", "maxSubjectCNs", "csr"),
    *("prioritiseCSRValues", "dcvMethod", "dcvEmailAddress", "dcvEmailAddresses", "uniqueValue"),
    *("isCustomerValidated", "isAppRepValidated", "isCallbackCompleted", "foreignOrderNumber"),
    *("caCertificateID", "responseFormat", "showCertificateID", *SUBJECT),
]
COLLECTING = [
    *("orderNumber", "certificateID", "baseOrderNumber", "queryType", "responseType", "responseEncoding"),
    *("responseMimeType", "responseFormat", "showValidityPeriod", "showFQDN", "showSubject", "showExtStatus"),
    *("showStatusDetails", "showMDCDomainDetails", "showMDCDomainDetails2", "behaviourVersion"),
]
REPORTING = [
    *("notBefore", "notAfter", "firstResultNo", "lastResultNo", "organizationName", "fqdn", "orderNumber"),
    *("foreignOrderNumber", "certificateID", "certificateStatusCode", "certificateStatusDesc", "expireNotBefore"),
    *("expireNotAfter", "showStatusDetails", "showExtStatus", "showAdditionalDomains", "showSignatureAlgorithm"),
    *("showOldItems", "showCertificateID", "showCost", "showAssociatedOrders", "saspSessionID"),
]
DECODING = [
    *("csr", "responseFormat", "showErrorCodes", "showErrorMessages", "showFieldNames", "showEmptyFields", "showCN"),
    *("showAddress", "showPublicKey", "showKeySize", "showSANDNSNames", "showCSR", "showCSRHashes"),
    *("showCSRHashes2", "showSignatureAlgorithm", "product", "countryNameType", "loginName", "loginPassword"),
]
DOCUMENTED: dict[str, list[str]] = {
    "DecodeCSR": DECODING,
    "AutoApplySSL": ORDERING,
    "AutoApplyOrder": ORDERING,
    "AutoReplaceSSL": REPLACING,
    "CollectSSL": COLLECTING,
    "WebHostReport": REPORTING,
    "GetDCVEmailAddressList": ["domainName", "product", "responseFormat"],
    "AutoUpdateDCV": [
        *("orderNumber", "baseOrderNumber", "domainName", "newMethod", "newDCVEmailAddress", "domainNames"),
        *("newMethods", "newDCVEmailAddresses", "dcvTemplateID"),
    ],
    "GetMDCDomainDetails": ["orderNumber", "showStatusDetails", "responseFormat"],
    "ResendDCVEmail": ["orderNumber", "dcvEmailAddress"],
    "AutoRevokeSSL": [
        *("orderNumber", "certificateID", "serialNumber", "revocationReason", "codeReason", "test"),
        *("includeInCRL", "responseFormat"),
    ],
    "AutoRemoveMDCDomain": ["orderNumber", "domainName"],
    "UpdateUserOvCallback": [
        *("action", "orderNumber", "phoneNumber", "emailAddress", "preferredTimeUTC", "extensionNumber"),
    ],
    "UpdateUserEvClickThrough": ["action", "orderNumber", "adminEmailAddress"],
}
WELL_FORMED = {"csr": VECTOR_CSR, "countryName": "GB", "joiCountryName": "GB"}
WITHOUT_LOGIN = {"loginName": None, "loginPassword": None}


@pytest.mark.parametrize("api", LOGIN_APIS)
def test_7_an_unknown_parameter_is_answered_2(api: str, reseller: NewReseller) -> None:
    told = reseller().call(api, foo=1, **NEEDED[api])

    assert told.refuses(-2)
    assert told.message == "'foo' is an unrecognised argument!"


def test_7_an_unknown_parameter_of_decode_csr_is_error_2(reseller: NewReseller) -> None:
    told = reseller().call("DecodeCSR", csr=VECTOR_CSR, foo=1, **WITHOUT_LOGIN)

    assert told.lines[0] == "1"
    assert told.lines[1] == "-2 'foo' is an unrecognised argument!"


@pytest.mark.parametrize("api", LOGIN_APIS)
def test_7_an_unknown_parameter_comes_before_a_wrong_password(api: str, reseller: NewReseller) -> None:
    """§1.6: the order of the checks."""
    told = reseller().call(api, foo=1, **{**NEEDED[api], "loginPassword": "wrong"})

    assert told.code == -2


@pytest.mark.parametrize("api", list(DOCUMENTED))
def test_7_every_documented_parameter_is_recognised(api: str, reseller: NewReseller) -> None:
    """All at once, with a wrong password: only their names are looked at (§1.6)."""
    fields: dict[str, object] = {name: WELL_FORMED.get(name, "1") for name in DOCUMENTED[api]}

    told = reseller().call(api, **{**fields, "loginPassword": "wrong"})

    assert "unrecognised argument" not in told.text


@pytest.mark.parametrize(
    ("api", "foreign"),
    [
        ("AutoUpdateDCV", "responseFormat"),
        ("WebHostReport", "responseFormat"),
        ("CollectSSL", "showCertificateID"),
        ("AutoRemoveMDCDomain", "responseFormat"),
        ("UpdateUserOvCallback", "responseFormat"),
        ("UpdateUserEvClickThrough", "responseFormat"),
        ("ResendDCVEmail", "responseFormat"),
        ("AutoReplaceSSL", "days"),
    ],
)
def test_8_a_parameter_of_another_api_is_unknown(api: str, foreign: str, reseller: NewReseller) -> None:
    told = reseller().call(api, **{**NEEDED[api], foreign: 1})

    assert told.code == -2
    assert told.message == f"'{foreign}' is an unrecognised argument!"


def test_8_auto_update_dcv_refuses_response_format_in_these_bytes(reseller: NewReseller) -> None:
    """§9's example."""
    told = reseller().call("AutoUpdateDCV", responseFormat=1, **NEEDED["AutoUpdateDCV"])

    assert told.text.startswith("errorCode=-2&errorMessage=%27responseFormat%27+is+an+unrecognised+argument%21")


REQUIRED = [
    *((api, name) for api in LOGIN_APIS for name in ("loginName", "loginPassword")),
    *(
        (api, name)
        for api in LOGIN_APIS
        for name in NEEDED[api]
        if name not in ("days", "showCertificateID", "responseFormat", "revocationReason", "newMethod")
        and (api, name) not in {("AutoRevokeSSL", "orderNumber"), ("CollectSSL", "orderNumber")}
        and (api, name) not in {("AutoUpdateDCV", "orderNumber"), ("AutoReplaceSSL", "csr")}
    ),
]


@pytest.mark.parametrize(("api", "name"), REQUIRED)
def test_6_a_missing_parameter_is_answered_3_and_named(api: str, name: str, reseller: NewReseller) -> None:
    told = reseller().call(api, **{**NEEDED[api], name: None})

    assert told.refuses(-3)
    assert told.message == f"The '{name}' argument is missing!"


def test_6_an_order_without_a_csr_is_refused_in_these_bytes(reseller: NewReseller) -> None:
    """§1.4's example."""
    fields = {**NEEDED["AutoApplySSL"], "csr": None, "responseFormat": 1}

    told = reseller().call("AutoApplySSL", **fields)

    assert told.text.startswith("errorCode=-3&errorMessage=The+%27csr%27+argument+is+missing%21")


@pytest.mark.parametrize(
    ("api", "names"),
    [
        ("AutoApplySSL", ["days"]),
        ("CollectSSL", ["orderNumber"]),
        ("AutoRevokeSSL", ["orderNumber"]),
        ("AutoUpdateDCV", ["orderNumber"]),
    ],
)
def test_6_one_of_several_parameters_must_be_there(api: str, names: list[str], reseller: NewReseller) -> None:
    told = reseller().call(api, **{**NEEDED[api], **dict.fromkeys(names)})

    assert told.refuses(-3)


def test_12_a_country_nobody_knows_is_answered_7(reseller: NewReseller, fresh: NewName) -> None:
    told = reseller().apply(fresh(), **{**ORGANIZATION, "product": OV, "countryName": "ZZ"})

    assert told.refuses(-7)
    assert told.message == "'ZZ' is not a valid ISO-3166 country!"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("serverSoftware", "abc"),
        ("product", "abc"),
        ("product", "99999"),
        ("product", "287,289"),
        ("days", "0"),
        ("days", "-1"),
        ("days", "1826"),
        ("days", "12.5"),
        ("isCustomerValidated", "X"),
        ("dcvMethod", "PIGEON"),
        ("checkFONIsUnique", "yes"),
        ("responseFormat", "7"),
        ("signatureHash", "MD5"),
        ("test", "true"),
    ],
)
def test_12_an_invalid_value_of_an_order_is_answered_4_and_named(
    name: str, value: str, reseller: NewReseller, fresh: NewName
) -> None:
    tenant = reseller()

    told = tenant.apply(fresh(), **{name: value})

    assert told.refuses(-4, name)
    assert told.message == f"The value of the '{name}' argument is invalid!"
    assert tenant.ledger() == []


@pytest.mark.parametrize(
    ("api", "fields", "name"),
    [
        ("CollectSSL", {"orderNumber": 1, "queryType": 4}, "queryType"),
        ("CollectSSL", {"orderNumber": 1, "queryType": "x"}, "queryType"),
        ("CollectSSL", {"certificateID": "12345678901234567", "queryType": 0}, "certificateID"),
        ("CollectSSL", {"baseOrderNumber": "x", "queryType": 0}, "baseOrderNumber"),
        ("AutoRevokeSSL", {"serialNumber": "XYZ", "revocationReason": "none"}, "serialNumber"),
        ("AutoRevokeSSL", {"orderNumber": "1 or 2", "revocationReason": "none"}, "orderNumber"),
        ("WebHostReport", {"notBefore": "yesterday"}, "notBefore"),
        ("WebHostReport", {"firstResultNo": "x"}, "firstResultNo"),
        ("WebHostReport", {"certificateStatusCode": "6,x"}, "certificateStatusCode"),
        ("WebHostReport", {"showCost": "maybe"}, "showCost"),
        ("AutoUpdateDCV", {"orderNumber": 1, "newMethod": "CNAME_CSR_HASH"}, "orderNumber"),
        ("AutoRemoveMDCDomain", {"orderNumber": 1, "domainName": "a.example"}, "orderNumber"),
        ("GetMDCDomainDetails", {"orderNumber": 1}, "orderNumber"),
        ("ResendDCVEmail", {"orderNumber": 1, "dcvEmailAddress": "admin@a.example"}, "orderNumber"),
        ("AutoReplaceSSL", {"orderNumber": 1, "csr": VECTOR_CSR}, "orderNumber"),
        ("UpdateUserOvCallback", {"orderNumber": 1, "action": "sendCallbackEmail"}, "orderNumber"),
        ("UpdateUserEvClickThrough", {"orderNumber": 1, "action": "ResendEmail"}, "orderNumber"),
    ],
)
def test_12_an_invalid_value_of_another_api_is_answered_4_and_named(
    api: str, fields: dict[str, object], name: str, reseller: NewReseller
) -> None:
    assert reseller().call(api, **fields).refuses(-4, name)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"foo": 1, "csr": None}, -2),
        ({"csr": None, "loginPassword": "wrong"}, -3),
        ({"loginPassword": "wrong", "days": 0}, -16),
        ({"days": 0, "csr": "!!!!"}, -4),
        ({"csr": csr_pem("*.small.example", rsa_key(1024))}, -13),
        ({"csr": csr_pem("*.costly.example")}, -5),
        ({}, -15),
    ],
    ids=["unknown", "missing", "login", "value", "csr", "name", "funds"],
)
def test_the_checks_come_in_the_order_of_the_document(
    fields: dict[str, object], code: int, reseller: NewReseller, fresh: NewName
) -> None:
    """§1.6, with an account that has no funds."""
    assert reseller(credit=0).apply(fresh(), **fields).code == code


@pytest.mark.parametrize("software", [-1, 1, 17, 36])
def test_12_every_server_software_of_the_list_is_accepted(software: int, reseller: NewReseller, fresh: NewName) -> None:
    assert reseller().apply(fresh(), serverSoftware=software).code == 0


def test_12_an_order_with_every_field_at_once_is_accepted(reseller: NewReseller, fresh: NewName) -> None:
    """§5.1 and §5.2, for an EV product."""
    name = fresh()
    fields = {
        **ORGANIZATION, **INCORPORATION, "product": EV, "csr": csr_pem(name), "days": 365, "servers": 1,
        "prioritiseCSRValues": "N", "maxSubjectCNs": 1, "uniqueValue": "Qx7a9B2kLm", "checkFONIsUnique": "Y",
        "foreignOrderNumber": f"ref-{name}", "signatureHash": "REQUIRE_SHA2", "test": "N", "emailAddress": "none",
        "showCertificateStatus": "Y", "organizationalUnitName": "Web", "postOfficeBox": "7",
        "streetAddress2": "Floor 2", "streetAddress3": "Door 3", "dunsNumber": "123456789",
        "assumedName": "Meadow", "appRepTitle": "Ms", "appRepFax": "+44 1865 000001", "isAppRepValidated": "N",
        "isCallbackCompleted": "N",
    }  # fmt: skip

    assert reseller().apply(name, **fields).code == 0


@pytest.mark.parametrize("api", list(DOCUMENTED))
def test_no_value_makes_the_ca_fall_over(api: str, reseller: NewReseller) -> None:
    tenant = reseller()
    needed = NEEDED.get(api, {"csr": VECTOR_CSR})

    for name in DOCUMENTED[api]:
        for value in ("", "\0", "9" * 30, "1" * 5000, "²", "ä" * 300, "%"):
            told = tenant.call(api, **{**needed, name: value})
            assert told.status == 200, (name, value[:9])
            assert told.text, (name, value[:9])


@pytest.mark.parametrize("body", [b"%zz=1&&==&a", b"\xff\xfe=1", b"csr", b"&" * 1000, b"a=%00%ff", b""])
def test_no_body_makes_the_ca_fall_over(body: bytes, resellers: Sandbox) -> None:
    for api in LOGIN_APIS:
        assert post(resellers.url, api, body).code < 0, api
