"""CollectSSL: contract tests 48 to 57 of the CA's reference, and its section 6.

58 (a client never lets two calls overlap) is the client's; what the sandbox does with them is here.
"""

from __future__ import annotations

import base64
import itertools
import re
import threading

import pytest
from cryptography import x509

from tests.sandbox import wire
from tests.sandbox.certificates import (
    PEM_CERTIFICATE,
    certificates_in,
    is_self_issued,
    names_of,
)
from tests.sandbox.sectigo_tenant import EV, INCORPORATION, ORGANIZATION, Bought, NewReseller, Reseller
from tests.sandbox.sectigo_wire import FORM, TEXT, Told
from tests.sandbox.tenant import NewName

ZIP, SINGLY = 0, 3


def _from_der(values: list[str]) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(base64.b64decode(value, validate=True)) for value in values]


def test_48_a_pending_order_is_answered_0_and_nothing_more(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(dcv="never")
    order = tenant.buy(fresh())

    told = tenant.collect(order, 2)

    assert told.answer.body == b"0\n"
    assert told.media == TEXT
    assert tenant.collect(order, 1, responseFormat=1).code == 0


def test_49_an_issued_order_is_1_without_data_and_2_with(issued: tuple[Reseller, Bought]) -> None:
    tenant, order = issued

    codes = [tenant.collect(order, query).code for query in range(4)]

    assert codes == [1, 2, 2, 2]
    assert tenant.collect(order).lines == ["1"]


def test_50_the_root_comes_first_and_the_leaf_last(issued: tuple[Reseller, Bought]) -> None:
    tenant, order = issued

    chain = tenant.collect(order, 1, responseType=SINGLY).certificates

    assert is_self_issued(chain[0])
    assert 3 <= len(chain) <= 5
    for above, below in itertools.pairwise(chain):
        below.verify_directly_issued_by(above)
    assert "read.meadow.example" in names_of(chain[-1])


def test_50_query_types_2_and_3_split_what_1_gives(issued: tuple[Reseller, Bought]) -> None:
    tenant, order = issued
    everything = tenant.collect(order, 1).certificates

    assert tenant.collect(order, 2).certificates == everything[-1:]
    assert tenant.collect(order, 3).certificates == everything[:-1]


def test_50_the_fqdn_is_line_2(issued: tuple[Reseller, Bought]) -> None:
    """§6.4's example."""
    tenant, order = issued

    told = tenant.collect(order, 1, responseType=SINGLY, showFQDN="Y")

    assert told.lines[:3] == ["2", "read.meadow.example", "-----BEGIN CERTIFICATE-----"]


def test_51_the_status_follows_the_data_after_an_empty_line(issued: tuple[Reseller, Bought]) -> None:
    tenant, order = issued

    told = tenant.collect(order, 2, showExtStatus="Y")

    found = re.search(r"\A\d\n(.+)\n\n", told.text, re.DOTALL)
    assert found is not None
    assert len(certificates_in(found[1])) == 1
    assert told.text[found.end() :].strip().splitlines()[-1]
    assert "BEGIN" not in told.text[found.end() :]


def test_52_the_third_word_is_the_expiry(issued: tuple[Reseller, Bought]) -> None:
    tenant, order = issued
    leaf = tenant.leaf(order)

    told = tenant.collect(order, 0, showValidityPeriod="Y")

    words = told.text.split()
    assert words == [
        "1",
        str(int(leaf.not_valid_before_utc.timestamp())),
        str(int(leaf.not_valid_after_utc.timestamp())),
    ]


def test_52_validity_and_fqdn_come_before_the_data(issued: tuple[Reseller, Bought]) -> None:
    tenant, order = issued

    lines = tenant.collect(order, 2, showValidityPeriod="Y", showFQDN="Y").lines

    assert lines[0] == "2"
    assert lines[1].isdigit()
    assert lines[2].isdigit()
    assert lines[3:5] == ["read.meadow.example", "-----BEGIN CERTIFICATE-----"]


def test_53_a_url_encoded_download_is_bare_base64(issued: tuple[Reseller, Bought]) -> None:
    tenant, order = issued
    plain = tenant.collect(order, 1, responseType=SINGLY)

    told = tenant.collect(order, 1, responseType=SINGLY, responseFormat=1)

    assert told.media == FORM
    assert told.code == 2
    assert _from_der([*told.every("caCertificate"), told["certificate"]]) == plain.certificates
    assert "BEGIN" not in told.text
    assert told["orderNumber"] == order.number


def test_53_a_url_encoded_part_has_only_its_part(issued: tuple[Reseller, Bought]) -> None:
    tenant, order = issued

    leaf = tenant.collect(order, 2, responseFormat=1)
    issuers = tenant.collect(order, 3, responseFormat=1)

    assert "caCertificate" not in leaf
    assert "certificate" not in issuers
    assert len(issuers.every("caCertificate")) >= 2


def test_53_status_and_validity_are_url_encoded_too(issued: tuple[Reseller, Bought]) -> None:
    tenant, order = issued
    leaf = tenant.leaf(order)

    told = tenant.collect(order, 0, showValidityPeriod="Y", showFQDN="Y", showExtStatus="Y", responseFormat=1)

    assert told.code == 1
    assert told["notBefore"] == str(int(leaf.not_valid_before_utc.timestamp()))
    assert told["notAfter"] == str(int(leaf.not_valid_after_utc.timestamp()))
    assert told["fqdn"] == "read.meadow.example"
    assert told["certificateStatus"]
    assert "validationStatus" in told


def test_status_details_are_integers_and_what_a_dv_order_has_no_use_for_is_absent(
    issued: tuple[Reseller, Bought],
) -> None:
    """§3 and §6.3: -1 not required, 1 completed; the click-through is absent for non-EV, not -1."""
    tenant, order = issued

    told = tenant.collect(order, 0, showStatusDetails="Y", responseFormat=1)

    assert (told["csrStatus"], told["dcvStatus"]) == ("1", "1")
    assert (told["ovCallBackStatus"], told["organizationValidationStatus"]) == ("-1", "-1")
    assert "evClickThroughStatus" not in told
    assert "brandValStatus" not in told


def test_status_details_of_a_pending_order_tell_what_is_missing(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(dcv="never", organization_seconds=None, call_back_seconds=None, click_through_seconds=None)
    order = tenant.buy(fresh(), **{**ORGANIZATION, **INCORPORATION, "product": EV})

    told = tenant.collect(order, 0, showStatusDetails="Y", responseFormat=1)

    assert told.code == 0
    for flag in ("dcvStatus", "ovCallBackStatus", "organizationValidationStatus", "evClickThroughStatus"):
        assert told[flag] in ("0", "2"), flag


@pytest.mark.parametrize("flag", ["mdcDomainDetails", "mdcDomainDetails2"])
def test_mdc_details_name_every_domain(flag: str, reseller: NewReseller, fresh: NewName) -> None:
    tenant, names = reseller(dcv="never"), [fresh(), fresh()]
    order = tenant.buy_multi(names)
    asked = "show" + flag[0].upper() + flag[1:]

    told = tenant.collect(order, 0, responseFormat=1, **{asked: "Y"})

    assert [name for name in names if name not in told[flag]] == []
    assert "Not Validated" in told[flag]


def test_56_a_certificate_can_be_collected_by_its_id(issued: tuple[Reseller, Bought]) -> None:
    tenant, order = issued

    by_id = tenant.call("CollectSSL", certificateID=order.certificate_id, queryType=2)
    by_base = tenant.call("CollectSSL", baseOrderNumber=order.number, queryType=2)

    assert by_id.text == by_base.text == tenant.collect(order, 2).text


def test_57_an_order_of_another_account_is_unknown(issued: tuple[Reseller, Bought], reseller: NewReseller) -> None:
    _, order = issued
    other = reseller()

    for fields in ({"orderNumber": order.number}, {"baseOrderNumber": order.number}):
        assert other.call("CollectSSL", queryType=0, **fields).refuses(-4, next(iter(fields)))
    assert other.call("CollectSSL", queryType=0, certificateID=order.certificate_id).refuses(-4, "certificateID")


def test_57_a_rejected_order_is_answered_20(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(dcv="never")
    order = tenant.buy(fresh())

    tenant.management.post("reject", ca="sectigo", order_id=int(order.number))

    assert tenant.collect(order, 2).refuses(-20)
    assert tenant.collect(order, 2, responseFormat=1).refuses(-20)


def test_57_a_revoked_certificate_is_answered_21(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    order = tenant.buy(fresh())
    tenant.call("AutoRevokeSSL", orderNumber=order.number, revocationReason="retired")

    assert tenant.collect(order, 2).refuses(-21)


def test_57_a_certificate_that_is_being_signed_is_answered_26(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(signing_seconds=3600)

    assert tenant.collect(tenant.buy(fresh()), 2).refuses(-26)


def test_57_signing_ends(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(signing_seconds=0.3)

    tenant.becomes(tenant.buy(fresh()), 1)


def test_58_the_later_of_two_overlapping_calls_is_answered_42(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller()
    orders = [tenant.buy(fresh()), tenant.buy(fresh())]
    rule = tenant.management.fault("hold", ca="sectigo", account=tenant.name, path="CollectSSL", side="before")
    first: list[Told] = []
    caller = threading.Thread(target=lambda: first.append(tenant.collect(orders[0])))
    caller.start()
    wire.until(
        lambda: next(row["used"] for row in tenant.management.get("faults")["faults"] if row["id"] == rule), bool
    )

    second = tenant.collect(orders[1])
    tenant.management.post("release", id=rule)
    caller.join(timeout=10)

    assert second.refuses(-42)
    assert first[0].code == 1
    assert tenant.collect(orders[1]).code == 1


def test_a_poll_too_soon_is_answered_42(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(poll_seconds=3600)
    one, other = tenant.buy(fresh()), tenant.buy(fresh())

    assert [tenant.collect(order).code for order in (one, one, other)] == [1, -42, 1]


def test_a_call_without_any_number_of_an_order_is_answered_3(reseller: NewReseller) -> None:
    assert reseller().call("CollectSSL", queryType=0).refuses(-3)


def test_pem_blocks_have_their_lines(issued: tuple[Reseller, Bought]) -> None:
    tenant, order = issued

    told = tenant.collect(order, 2)

    assert told.text.startswith("2\n-----BEGIN CERTIFICATE-----\n")
    assert PEM_CERTIFICATE.fullmatch(told.answer.body.removeprefix(b"2\n").rstrip(b"\n"))
    assert max(len(line) for line in told.lines) <= 76
