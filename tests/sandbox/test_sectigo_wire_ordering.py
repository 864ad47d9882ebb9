"""AutoApplySSL: contract tests 21 to 35 of the CA's reference, and its section 5.

33 and 36 (a crash between sending and reading, passwords in logs) are the client's alone: tests/client.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from tests.sandbox.certificates import csr_pem, new_key, rsa_key
from tests.sandbox.sectigo_tenant import ORGANIZATION, SINGLE, NewReseller, Reseller
from tests.sandbox.sectigo_wire import FORM, TEXT
from tests.sandbox.tenant import NewName
from tests.sandbox.test_sectigo_wire_decode import broken_signature, old_csr

MONEY = re.compile(r"[0-9]+\.[0-9]{2}")
MULTI, WILDCARD, INTRANET = 279, 289, 44
KEYS = {"errorCode", "orderNumber", "totalCost", "expectedDeliveryTime", "certificateID", "uniqueValue"}


def _reference_count(tenant: Reseller, reference: str) -> int:
    return len(tenant.report(foreignOrderNumber=reference))


@pytest.mark.parametrize("api", ["AutoApplySSL", "AutoApplyOrder"])
def test_21_a_newline_answer_has_six_lines(api: str, reseller: NewReseller, fresh: NewName) -> None:
    fields = {**SINGLE, "csr": csr_pem(fresh()), "uniqueValue": "Qx7a9B2kLm", "responseFormat": 0}

    told = reseller().call(api, **fields)

    assert (told.status, told.media) == (200, TEXT)
    code, order, cost, hours, certificate_id, unique = told.lines
    assert code == "0"
    assert order.isdigit()
    assert MONEY.fullmatch(cost)
    assert hours.isdigit()
    assert certificate_id.isdigit()
    assert len(certificate_id) <= 16
    assert unique == "Qx7a9B2kLm"


def test_21_newline_is_what_comes_without_a_response_format(reseller: NewReseller, fresh: NewName) -> None:
    told = reseller().apply(fresh(), responseFormat=None)

    assert told.media == TEXT
    assert told.lines[0] == "0"


def test_22_a_url_encoded_answer_has_six_keys(reseller: NewReseller, fresh: NewName) -> None:
    told = reseller().apply(fresh(), uniqueValue="Qx7a9B2kLm")

    assert told.media == FORM
    assert set(told.keys) == KEYS
    assert len(told.keys) == len(KEYS)
    assert MONEY.fullmatch(told["totalCost"])
    assert told["uniqueValue"] == "Qx7a9B2kLm"


def test_23_the_certificate_id_comes_only_when_it_is_asked_for(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()

    in_form = tenant.apply(fresh(), showCertificateID=None)
    in_lines = tenant.apply(fresh(), showCertificateID="N", responseFormat=0, uniqueValue="Abc1")

    assert "certificateID" not in in_form
    assert len(in_lines.lines) == 5
    assert in_lines.lines[4] == "Abc1"


def test_23_the_certificate_state_comes_when_it_is_asked_for(reseller: NewReseller, fresh: NewName) -> None:
    told = reseller().apply(fresh(), showCertificateStatus="Y")

    assert told["certificateStatus"]


@pytest.mark.parametrize("unique_value", ["echo", "own"])
def test_an_order_without_a_unique_value_gets_one(unique_value: str, reseller: NewReseller, fresh: NewName) -> None:
    told = reseller(unique_value=unique_value).apply(fresh())

    assert re.fullmatch(r"[A-Za-z0-9]{1,20}", told["uniqueValue"])


def test_a_ca_with_values_of_its_own_does_not_take_ours(reseller: NewReseller, fresh: NewName) -> None:
    told = reseller(unique_value="own").apply(fresh(), uniqueValue="Qx7a9B2kLm")

    assert told["uniqueValue"] != "Qx7a9B2kLm"


def test_24_a_wildcard_product_wants_one_wildcard_and_others_want_none(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(), fresh()

    assert tenant.apply(name, product=WILDCARD).refuses(-6)
    assert tenant.apply(f"*.{name}", product=287).refuses(-5)
    assert tenant.apply(f"*.{name}", product=WILDCARD).code == 0
    assert len(tenant.ledger()) == 1


def test_25_without_credit_nothing_is_bought(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(credit=0)

    told = tenant.apply(fresh())

    assert told.refuses(-15)
    assert told.message == "Not enough credit!"
    assert tenant.report() == []
    assert tenant.ledger() == []


def test_25_credit_is_spent(reseller: NewReseller, fresh: NewName) -> None:
    price = float(reseller().buy(fresh()).cost)
    tenant = reseller(credit=1.5 * price)

    assert [tenant.apply(fresh()).code, tenant.apply(fresh()).code] == [0, -15]


def test_26_a_partner_who_pays_later_is_answered_1_and_then_22(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(pays_later=True)

    order = tenant.apply(fresh())
    waiting = tenant.collect(order["orderNumber"])

    assert order.code == 1
    assert MONEY.fullmatch(order["totalCost"])
    assert waiting.refuses(-22)


def test_26_a_payment_lets_the_order_go_on(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(pays_later=True)
    order = tenant.buy(fresh())

    tenant.validate(order, what="payment")

    tenant.becomes(order, 1)


def test_27_every_name_needs_a_proof(reseller: NewReseller, fresh: NewName) -> None:
    tenant, names = reseller(), [fresh(), fresh(), fresh()]
    given = {"product": MULTI, "dcvMethod": None, "domainNames": ",".join(names)}

    two = tenant.apply(names[0], dcvEmailAddresses="CNAMECSRHASH,CNAMECSRHASH", **given)
    four = tenant.apply(names[0], dcvEmailAddresses=",".join(["CNAMECSRHASH"] * 4), **given)
    other = tenant.apply(names[0], dcvEmailAddresses="CNAMECSRHASH,CNAMECSRHASH,PIGEON", **given)

    assert [told.refuses(-4, "dcvEmailAddresses") for told in (two, four, other)] == [True] * 3


@pytest.mark.parametrize("missing", ["domainNames", "dcvEmailAddresses"])
def test_27_a_multi_domain_order_needs_names_and_proofs(missing: str, reseller: NewReseller, fresh: NewName) -> None:
    name = fresh()
    given = {"product": MULTI, "dcvMethod": None, "domainNames": name, "dcvEmailAddresses": "CNAMECSRHASH"}

    assert reseller().apply(name, **{**given, missing: None}).refuses(-3, missing)


@pytest.mark.parametrize("separator", [",", " ", "\n", ", "])
def test_28_each_name_is_proven_in_its_own_way(separator: str, reseller: NewReseller, fresh: NewName) -> None:
    tenant, names = reseller(dcv="never"), [fresh(), fresh(), fresh()]
    tenant.call("GetDCVEmailAddressList", domainName=names[2])
    proofs = ["HTTPCSRHASH", "CNAMECSRHASH", f"admin@{names[2]}"]

    fields = {"domainNames": separator.join(names), "dcvEmailAddresses": separator.join(proofs)}
    told = tenant.apply(names[0], product=MULTI, dcvMethod=None, **fields)

    assert told.code == 0
    methods = {name: how.upper().replace(" ", "_") for name, (how, _) in tenant.names(told["orderNumber"]).items()}
    assert methods == dict(zip(names, ["HTTP_CSR_HASH", "CNAME_CSR_HASH", "EMAIL"], strict=True))


@pytest.mark.parametrize("unique", ["Q" * 21, "Qx7a-9B2k", "Qx7a 9B2k", "Qx7ä"])
def test_30_a_unique_value_is_short_and_alphanumeric(unique: str, reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()

    assert tenant.apply(fresh(), uniqueValue=unique).refuses(-4, "uniqueValue")
    assert tenant.apply(fresh(), uniqueValue="Q" * 20).code == 0


def test_32_a_reference_that_must_be_unique_is_taken_once(reseller: NewReseller, fresh: NewName) -> None:
    tenant, reference = reseller(), f"clm-{fresh()}"
    given = {"foreignOrderNumber": reference, "checkFONIsUnique": "Y"}

    first, second = tenant.apply(fresh(), **given), tenant.apply(fresh(), **given)

    assert first.code == 0
    assert second.refuses(-4, "foreignOrderNumber")
    assert second["errorItem"] == "foreignOrderNumber"
    assert [row["orderNumber"] for row in tenant.report(foreignOrderNumber=reference)] == [first["orderNumber"]]
    assert len(tenant.ledger()) == 1


@pytest.mark.parametrize("check", ["N", None])
def test_32_a_reference_may_be_used_again_when_nobody_minds(
    check: str | None, reseller: NewReseller, fresh: NewName
) -> None:
    tenant, reference = reseller(), f"clm-{fresh()}"
    for _ in range(2):
        assert tenant.apply(fresh(), foreignOrderNumber=reference, checkFONIsUnique=check).code == 0

    assert _reference_count(tenant, reference) == 2


def test_32_a_reference_of_another_account_is_free(reseller: NewReseller, fresh: NewName) -> None:
    given = {"foreignOrderNumber": f"clm-{fresh()}", "checkFONIsUnique": "Y"}

    assert [reseller().apply(fresh(), **given).code for _ in range(2)] == [0, 0]


def test_32_of_orders_with_one_reference_at_the_same_moment_one_is_taken(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(), fresh()
    given = {"foreignOrderNumber": f"clm-{name}", "checkFONIsUnique": "Y", "csr": csr_pem(name)}

    with ThreadPoolExecutor(12) as pool:
        codes = list(pool.map(lambda _: tenant.apply(name, **given).code, range(24)))

    assert sorted(codes) == [-4] * 23 + [0]
    assert _reference_count(tenant, f"clm-{name}") == len(tenant.ledger()) == 1


def test_32_the_ledger_tells_the_reference(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(), fresh()
    order = tenant.buy(name, foreignOrderNumber=f"clm-{name}")

    (row,) = tenant.ledger()

    assert (row["ca"], str(row["order_id"]), row["reference"]) == ("sectigo", order.number, f"clm-{name}")
    assert (row["reissues"], row["revocations"]) == (0, 0)


def test_34_a_test_order_needs_permission(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(test_allowed=False)

    assert tenant.apply(fresh(), test="Y").code in (-4, -16)
    assert tenant.ledger() == []


def test_34_a_test_order_costs_nothing(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(test_allowed=True, credit=0)

    order = tenant.buy(fresh(), test="Y")

    assert order.cost == "0.00"
    assert sum(row["price"] for row in tenant.ledger()) == 0


def test_35_a_broken_signature_is_answered_12(reseller: NewReseller, fresh: NewName) -> None:
    assert reseller().apply(fresh(), csr=broken_signature(csr_pem(fresh()))).refuses(-12)


def test_35_a_key_that_was_reported_as_compromised_is_answered_40(reseller: NewReseller, fresh: NewName) -> None:
    tenant, key = reseller(), new_key()
    order = tenant.buy(fresh(), key)
    tenant.leaf(order)
    assert tenant.apply(fresh(), key).code == 0
    tenant.call("AutoRevokeSSL", orderNumber=order.number, revocationReason="lost", codeReason=1)

    assert tenant.apply(fresh(), key).refuses(-40)


@pytest.mark.parametrize(
    ("csr", "codes"),
    [
        ("!!!! not base64 !!!!", {-9, -10}),
        ("bm8gUEtDUyMxMCBhdCBhbGw=", {-10}),
        (csr_pem("small.example", rsa_key(1024)), {-13}),
        (csr_pem("203.0.113.9"), {-19, -35}),
        (csr_pem("http://x.example"), {-23, -4, -25}),
    ],
    ids=["noise", "no-pkcs10", "small-key", "address", "url"],
)
def test_a_csr_that_is_none_is_answered_with_its_code(csr: str, codes: set[int], reseller: NewReseller) -> None:
    tenant = reseller()

    assert tenant.apply("unused.example", csr=csr).code in codes
    assert tenant.ledger() == []


def test_a_csr_with_an_old_signature_is_answered_11(reseller: NewReseller, tmp_path: Path) -> None:
    assert reseller().apply("unused.example", csr=old_csr("sha1", tmp_path)).refuses(-11)


def test_a_csr_without_a_common_name_is_answered_8(reseller: NewReseller) -> None:
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Meadow")])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(new_key(), hashes.SHA256())

    assert reseller().apply("unused.example", csr=csr.public_bytes(serialization.Encoding.PEM).decode()).refuses(-8)


def test_an_intranet_product_takes_no_full_name(reseller: NewReseller, fresh: NewName) -> None:
    assert reseller().apply(fresh(), **{**ORGANIZATION, "product": INTRANET}).refuses(-18)
