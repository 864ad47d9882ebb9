"""AutoReplaceSSL: contract tests 56, 59 and 60 of the CA's reference."""

from __future__ import annotations

from tests.sandbox.certificates import certificates_in, csr_pem, has_key, names_of, new_key
from tests.sandbox.sectigo_tenant import NewReseller
from tests.sandbox.sectigo_wire import Proof
from tests.sandbox.tenant import NewName

REPLACED = "14"


def test_59_a_replacement_has_a_new_certificate_and_the_old_one_stays_valid(
    reseller: NewReseller, fresh: NewName
) -> None:
    tenant, name, old_key, new = reseller(), fresh(), new_key(), new_key()
    order = tenant.buy(name, old_key)
    old = tenant.leaf(order)

    told = tenant.replace(order, csr_pem(name, new))

    assert told.code == 0
    assert told["certificateID"] != order.certificate_id
    assert told["orderNumber"] != order.number
    assert has_key(tenant.leaf_of(told["certificateID"]), new)
    assert tenant.leaf_of(order.certificate_id) == old
    assert tenant.management.revocation_of(old) is None


def test_59_the_old_certificate_is_reported_as_replaced(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(), fresh()
    order = tenant.buy(name)
    tenant.leaf(order)
    told = tenant.replace(order, csr_pem(name))
    tenant.becomes(told["orderNumber"], 1)

    rows = tenant.report(certificateStatusCode=REPLACED, showCertificateID="Y", showOldItems="Y")

    found = [value for row in rows for key, value in row.items() if key.endswith("_certificateID")]
    assert found == [order.certificate_id]
    assert [row["1_status"] for row in rows] == ["replaced"]


def test_59_a_replacement_is_billed_with_its_first_order(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(), fresh()
    order = tenant.buy(name)
    tenant.leaf(order)
    tenant.replace(order, csr_pem(name))

    (row,) = tenant.ledger()

    assert str(row["order_id"]) == order.number
    assert (row["certificates"], row["reissues"]) == (2, 1)


def test_59_a_newline_answer_tells_hours_id_and_value(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(), fresh()
    order = tenant.buy(name)

    told = tenant.replace(order, csr_pem(name), responseFormat=0, uniqueValue="Aa11Bb22Cc")
    short = tenant.replace(order, csr_pem(name), responseFormat=0, showCertificateID="N", uniqueValue="Aa11Bb22Cd"
    )  # fmt: skip

    assert told.lines[0] == "0"
    assert told.lines[1].isdigit()
    assert told.lines[2].isdigit()
    assert told.lines[3] == "Aa11Bb22Cc"
    assert (short.lines[0], short.lines[2]) == ("0", "Aa11Bb22Cd")


def test_59_without_a_csr_the_old_one_is_used_again(reseller: NewReseller, fresh: NewName) -> None:
    tenant, names, key = reseller(), [fresh(), fresh()], new_key()
    order = tenant.buy_multi(names[:1], csr=csr_pem(names[0], key))
    tenant.leaf(order)
    proofs = {"domainNames": ",".join(names), "dcvEmailAddresses": "CNAMECSRHASH,CNAMECSRHASH"}

    told = tenant.call(
        "AutoReplaceSSL", orderNumber=order.number, showCertificateID="Y", responseFormat=1, **proofs
    )  # fmt: skip

    assert told.code == 0
    leaf = tenant.leaf_of(told["certificateID"])
    assert has_key(leaf, key)
    assert names_of(leaf) == set(names)


def test_59_a_replacement_with_new_names_has_them_all(reseller: NewReseller, fresh: NewName) -> None:
    tenant, names, key = reseller(), [fresh(), fresh(), fresh()], new_key()
    order = tenant.buy_multi(names[:2])
    proofs = {"domainNames": " ".join(names[1:]), "dcvEmailAddresses": "CNAMECSRHASH CNAMECSRHASH"}

    told = tenant.replace(order, csr_pem(names[1], key), dcvMethod=None, **proofs)

    assert names_of(tenant.leaf_of(told["certificateID"])) == set(names[1:])


def test_59_a_new_csr_has_a_new_token(reseller: NewReseller, fresh: NewName) -> None:
    """§12: new names of a replacement are proven by the token of the new CSR."""
    tenant, names = reseller(dcv="look"), [fresh(), fresh()]
    order = tenant.buy_multi(names[:1])
    tenant.validate(order)
    tenant.becomes(order, 1)
    csr = csr_pem(names[0])
    proofs = {"domainNames": ",".join(names), "dcvEmailAddresses": "CNAMECSRHASH,CNAMECSRHASH"}
    told = tenant.replace(order, csr, dcvMethod=None, uniqueValue="Aa11Bb22Cc", **proofs)
    number, proof = told["orderNumber"], Proof.of(csr, told["uniqueValue"])

    assert tenant.collect(number).code == 0
    for name in names:
        tenant.management.post("dns", name=proof.owner(name), type="CNAME", value=proof.target)
    fields = {"domainNames": " ".join(names), "newMethods": "CNAME_CSR_HASH,CNAME_CSR_HASH"}
    assert tenant.call("AutoUpdateDCV", orderNumber=number, **fields).code == 0

    tenant.becomes(number, 1)


def test_56_the_base_number_finds_the_newest_and_the_old_id_the_old(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(), fresh()
    order = tenant.buy(name)
    old = tenant.leaf(order)
    told = tenant.replace(order, csr_pem(name))
    tenant.becomes(told["orderNumber"], 1)

    by_base = tenant.call("CollectSSL", baseOrderNumber=order.number, queryType=2)

    (newest,) = certificates_in(by_base.answer.body)
    assert newest == tenant.leaf_of(told["certificateID"])
    assert newest.serial_number != old.serial_number
    assert tenant.leaf_of(order.certificate_id) == old


def test_56_a_replaced_certificate_is_had_by_its_id_alone(reseller: NewReseller, fresh: NewName) -> None:
    """§6, certificateID: the only way to fetch a replaced certificate."""
    tenant, name = reseller(), fresh()
    order = tenant.buy(name)
    old = tenant.leaf(order)
    tenant.becomes(tenant.replace(order, csr_pem(name))["orderNumber"], 1)

    by_number = tenant.collect(order, 2)

    assert old not in by_number.certificates
    assert tenant.leaf_of(order.certificate_id) == old


def test_59_a_replacement_can_be_replaced(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name, key = reseller(), fresh(), new_key()
    order = tenant.buy(name)
    tenant.leaf(order)
    first = tenant.replace(order, csr_pem(name))
    tenant.becomes(first["orderNumber"], 1)

    second = tenant.replace(first["orderNumber"], csr_pem(name, key))

    assert second.code == 0
    by_base = tenant.call("CollectSSL", baseOrderNumber=order.number, queryType=2)
    assert has_key(certificates_in(by_base.answer.body)[0], key)
    assert len(tenant.report(orderNumber=order.number, showAssociatedOrders="Y")) == 3


def test_59_a_reference_given_to_a_replacement_is_kept_with_it(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(), fresh()
    order = tenant.buy(name, foreignOrderNumber=f"first-{name}")
    tenant.leaf(order)
    told = tenant.replace(order, csr_pem(name), foreignOrderNumber=f"second-{name}")

    rows = tenant.report(foreignOrderNumber=f"second-{name}")

    assert [row["orderNumber"] for row in rows] == [told["orderNumber"]]


def test_60_what_has_ended_is_not_replaced(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(dcv="never")
    rejected, revoked, name = tenant.buy(fresh()), tenant.buy(fresh()), fresh()
    tenant.management.post("reject", ca="sectigo", order_id=int(rejected.number))
    tenant.validate(revoked)
    tenant.becomes(revoked, 1)
    tenant.call("AutoRevokeSSL", orderNumber=revoked.number, revocationReason="retired")

    assert tenant.replace(rejected, csr_pem(name)).refuses(-20)
    assert tenant.replace(revoked, csr_pem(name)).refuses(-21)


def test_60_an_order_that_is_being_signed_is_not_replaced(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(signing_seconds=3600), fresh()

    assert tenant.replace(tenant.buy(name), csr_pem(name)).refuses(-26)


def test_60_a_replacement_is_judged_like_an_order(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(), fresh()
    order = tenant.buy(name)

    assert tenant.replace(order, csr_pem(f"*.{name}")).refuses(-5)
    assert tenant.replace(order, "!!!! no csr !!!!").code in (-9, -10)
    assert tenant.replace(order, csr_pem(name), uniqueValue="-").refuses(-4, "uniqueValue")
    assert tenant.replace(order, csr_pem(name), prioritiseCSRValues="x").refuses(-4, "prioritiseCSRValues")
