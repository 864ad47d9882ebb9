"""Domain control: contract tests 38 to 44 of the CA's reference, with validators that really look.

37 and 47 (what a client computes and how it reads a status) are the client's alone: tests/client.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sandbox import wire
from tests.sandbox.listeners import FileServer
from tests.sandbox.sectigo_tenant import Bought, NewReseller, Reseller
from tests.sandbox.sectigo_wire import VECTOR_CSR, VECTOR_MD5, VECTOR_SHA256, Proof
from tests.sandbox.tenant import NewName

FILE, DNS = "HTTP_CSR_HASH", "CNAME_CSR_HASH"
WILDCARD, MULTI = 289, 279
UNIQUE = "Qx7a9B2kLm"


def _plant_file(server: FileServer, order: Bought, name: str, content: str | None = None) -> None:
    for host in (name, f"www.{name}"):
        server.plant(host, order.proof.path, order.proof.content if content is None else content)


def _looked_in_vain(tenant: Reseller, server: FileServer, order: Bought, name: str, method: str = FILE) -> None:
    """Make the CA look, wait until it has, and check that this proved nothing."""
    before = len(server.asked)
    tenant.look_again(order, method)
    wire.until(lambda: server.asked[before:], lambda asked: (name, order.proof.path) in asked)
    assert tenant.collect(order).code == 0
    assert tenant.names(order)[name][1] == "Not Validated"


def test_the_vector_of_the_document_is_what_these_tests_publish() -> None:
    """§7.3, so that the tests below ask for nothing else."""
    proof = Proof.of(VECTOR_CSR, UNIQUE)

    assert (proof.md5, proof.sha256) == (VECTOR_MD5, VECTOR_SHA256.lower())
    assert proof.path == "/.well-known/pki-validation/1638C451BEDFF204F6E8CC8330802812.txt"
    assert proof.owner("shop.example.com") == "_1638c451bedff204f6e8cc8330802812.shop.example.com"
    assert proof.target == ("283da9763af5d1246203dc2c50d4be7a.63e8df59b24545d53c44a6ec25ed5a45.Qx7a9B2kLm.sectigo.com")


def test_the_vector_of_the_document_is_proven_by_the_record_of_the_document(reseller: NewReseller) -> None:
    """§7.3 in its own bytes, for the CSR whose key nobody has."""
    tenant = reseller(dcv="look")
    order = tenant.buy("shop.example.com", csr=VECTOR_CSR, uniqueValue=UNIQUE)

    tenant.management.post(
        "dns",
        name="_1638c451bedff204f6e8cc8330802812.shop.example.com",
        type="CNAME",
        value="283da9763af5d1246203dc2c50d4be7a.63e8df59b24545d53c44a6ec25ed5a45.Qx7a9B2kLm.sectigo.com",
    )
    tenant.look_again(order, DNS)

    tenant.becomes(order, 1)


def test_the_vector_of_the_document_is_proven_by_the_file_of_the_document(
    reseller: NewReseller, file_server: FileServer
) -> None:
    tenant = reseller(dcv="look")
    order = tenant.buy("shop.example.com", csr=VECTOR_CSR, uniqueValue=UNIQUE, dcvMethod=FILE)

    for host in ("shop.example.com", "www.shop.example.com"):
        file_server.plant(
            host,
            "/.well-known/pki-validation/1638C451BEDFF204F6E8CC8330802812.txt",
            "283da9763af5d1246203dc2c50d4be7a63e8df59b24545d53c44a6ec25ed5a45\nsectigo.com\nQx7a9B2kLm\n",
        )
    tenant.look_again(order, FILE)

    tenant.becomes(order, 1)


@pytest.mark.parametrize(
    "write",
    [
        lambda p: f"{p.sha256}\nsectigo.com\n{p.unique}\n",
        lambda p: f"{p.sha256}\nsectigo.com\n{p.unique}",
        lambda p: f"{p.sha256}\r\nsectigo.com\r\n{p.unique}\r\n",
        lambda p: f"{p.sha256.upper()}\r\nSECTIGO.COM\r\n{p.unique}",
        lambda p: f"{p.sha256}\ncomodoca.com\n{p.unique}\n",
        lambda p: f"{p.sha256} sectigo.com\n{p.unique}\n",
    ],
    ids=["lf", "no-final-newline", "crlf", "upper-case", "comodoca", "blank"],
)
def test_38_a_file_is_read_as_leniently_as_the_ca_reads_it(
    write: Callable[[Proof], str], reseller: NewReseller, fresh: NewName, file_server: FileServer
) -> None:
    tenant, name = reseller(dcv="look"), fresh()
    order = tenant.buy(name, dcvMethod=FILE, uniqueValue=UNIQUE)
    _plant_file(file_server, order, name, write(order.proof))

    tenant.look_again(order, FILE)

    tenant.becomes(order, 1)


@pytest.mark.parametrize(
    "write",
    [
        lambda p: f"{p.sha256}\nsectigo.com\n",
        lambda p: f"{p.sha256}\nsectigo.com\n{p.unique}x\n",
        lambda p: f"{p.sha256[::-1]}\nsectigo.com\n{p.unique}\n",
        lambda p: f"{p.sha256}\nsectigo.example\n{p.unique}\n",
        lambda p: f"{p.sha256}\n{p.unique}\n",
        lambda p: f"<html>{p.sha256}sectigo.com{p.unique}</html>",
        lambda p: "",
    ],
    ids=["no-unique-value", "other-value", "other-digest", "other-literal", "no-literal", "page", "empty"],
)
def test_38_a_file_without_the_whole_token_proves_nothing(
    write: Callable[[Proof], str], reseller: NewReseller, fresh: NewName, file_server: FileServer
) -> None:
    tenant, name = reseller(dcv="look"), fresh()
    order = tenant.buy(name, dcvMethod=FILE, uniqueValue=UNIQUE)
    _plant_file(file_server, order, name, write(order.proof))

    _looked_in_vain(tenant, file_server, order, name)


def test_38_the_value_that_came_back_is_part_of_the_token(
    reseller: NewReseller, fresh: NewName, file_server: FileServer
) -> None:
    """§5.6: instructions are built from the returned value when there is one."""
    tenant, name = reseller(dcv="look", unique_value="own"), fresh()
    order = tenant.buy(name, dcvMethod=FILE, uniqueValue="Sent1")
    sent = Proof(order.proof.md5, order.proof.sha256, "Sent1")
    _plant_file(file_server, order, name, sent.content)

    _looked_in_vain(tenant, file_server, order, name)
    _plant_file(file_server, order, name)
    tenant.look_again(order, FILE)

    tenant.becomes(order, 1)


@pytest.mark.parametrize("method", ["HTTP_CSR_HASH", "HTTPS_CSR_HASH"])
def test_39_a_wildcard_cannot_be_proven_by_a_file(method: str, reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(dcv="look")

    assert tenant.apply(f"*.{fresh()}", product=WILDCARD, dcvMethod=method).refuses(-4, "dcvMethod")
    assert tenant.ledger() == []


def test_39_nor_can_a_wildcard_among_several_names(reseller: NewReseller, fresh: NewName) -> None:
    names = [fresh(), f"*.{fresh()}"]
    given = {"product": MULTI, "dcvMethod": None, "domainNames": ",".join(names)}

    told = reseller(dcv="look").apply(names[0], dcvEmailAddresses="CNAMECSRHASH,HTTPCSRHASH", **given)

    assert told.code == -4


def test_39_nor_can_a_wildcard_order_be_switched_to_a_file(reseller: NewReseller, fresh: NewName) -> None:
    tenant = reseller(dcv="look")
    order = tenant.buy(f"*.{fresh()}", product=WILDCARD)

    assert tenant.call("AutoUpdateDCV", orderNumber=order.number, newMethod=FILE).refuses(-4)


def test_39_a_wildcard_is_proven_at_its_base_name(reseller: NewReseller, fresh: NewName) -> None:
    tenant, base = reseller(dcv="look"), fresh()
    order = tenant.buy(f"*.{base}", product=WILDCARD)

    tenant.plant(order, base)
    tenant.look_again(order, DNS)

    tenant.becomes(order, 1)


def test_40_a_file_proves_its_own_name_and_a_record_all_names_below(
    reseller: NewReseller, fresh: NewName, file_server: FileServer
) -> None:
    tenant, base = reseller(dcv="look"), fresh()
    name = f"a.{base}"
    order = tenant.buy(name, dcvMethod=FILE)
    _plant_file(file_server, order, base)

    _looked_in_vain(tenant, file_server, order, name)
    tenant.plant(order, base)
    tenant.look_again(order, DNS)

    tenant.becomes(order, 1)


def test_40_a_record_below_proves_nothing_above(reseller: NewReseller, fresh: NewName) -> None:
    tenant, base = reseller(dcv="look"), fresh()
    order = tenant.buy(base)

    tenant.plant(order, f"www.{base}")
    tenant.look_again(order, DNS)

    assert tenant.collect(order).code == 0
    tenant.plant(order, base)
    tenant.look_again(order, DNS)
    tenant.becomes(order, 1)


def test_40_a_record_at_any_level_counts_and_one_at_a_public_suffix_does_not(
    reseller: NewReseller, fresh: NewName
) -> None:
    """§7.4: authorization domain names are never public suffixes."""
    tenant, base = reseller(dcv="look"), fresh()
    suffixed = f"{base.partition('.')[0]}.co.uk"
    deep, at_suffix = tenant.buy(f"a.b.c.{base}"), tenant.buy(suffixed)

    tenant.plant(deep, f"c.{base}")
    tenant.plant(at_suffix, "co.uk")
    tenant.look_again(deep, DNS)
    tenant.look_again(at_suffix, DNS)

    tenant.becomes(deep, 1)
    assert tenant.collect(at_suffix).code == 0


@pytest.mark.parametrize(
    ("owner", "value"),
    [
        (lambda p, n: p.owner(n).removeprefix("_"), lambda p: p.target),
        (lambda p, n: p.owner(n), lambda p: p.target.replace(f".{p.unique}.", ".")),
        (lambda p, n: p.owner(n), lambda p: p.target.replace("sectigo.com", "sectigo.example")),
        (lambda p, n: p.owner(n), lambda p: f"{p.sha256[32:]}.{p.sha256[:32]}.{p.unique}.sectigo.com"),
    ],
    ids=["no-underscore", "no-unique-value", "other-literal", "swapped-halves"],
)
def test_a_record_that_is_not_the_token_proves_nothing(
    owner: Callable[[Proof, str], str], value: Callable[[Proof], str], reseller: NewReseller, fresh: NewName
) -> None:
    tenant, name = reseller(dcv="look"), fresh()
    order = tenant.buy(name)
    tenant.management.post("dns", name=owner(order.proof, name), type="CNAME", value=value(order.proof))

    tenant.look_again(order, DNS)

    assert tenant.names(order)[name][1] == "Not Validated"
    assert tenant.collect(order).code == 0


def test_a_record_to_comodoca_proves_too(reseller: NewReseller, fresh: NewName) -> None:
    """§7.2: existing clients publish it."""
    tenant, name = reseller(dcv="look"), fresh()
    order = tenant.buy(name)
    target = order.proof.target.replace("sectigo.com", "comodoca.com").upper()
    tenant.management.post("dns", name=order.proof.owner(name).upper(), type="CNAME", value=target)

    tenant.look_again(order, DNS)

    tenant.becomes(order, 1)


def test_41_a_redirect_fails_a_file_and_https_passes(
    reseller: NewReseller, fresh: NewName, file_server: FileServer, https_server: FileServer
) -> None:
    tenant, name = reseller(dcv="look"), fresh()
    order = tenant.buy(name, dcvMethod=FILE)
    for host in (name, f"www.{name}"):
        file_server.redirect(host, f"https://{host}:{https_server.port}")
    _plant_file(https_server, order, name)

    _looked_in_vain(tenant, file_server, order, name)
    tenant.look_again(order, "HTTPS_CSR_HASH")

    tenant.becomes(order, 1)


def test_41_a_file_on_http_does_not_prove_an_https_order(
    reseller: NewReseller, fresh: NewName, file_server: FileServer, https_server: FileServer
) -> None:
    tenant, name = reseller(dcv="look"), fresh()
    order = tenant.buy(name, dcvMethod="HTTPS_CSR_HASH")
    _plant_file(file_server, order, name)

    _looked_in_vain(tenant, https_server, order, name, "HTTPS_CSR_HASH")


@pytest.mark.parametrize("number", ["orderNumber", "baseOrderNumber"])
def test_42_the_same_method_again_looks_at_once(number: str, reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(dcv="never"), fresh()
    order = tenant.buy(name)
    tenant.switch(dcv="look")
    tenant.plant(order, name)
    assert tenant.collect(order).code == 0

    told = tenant.call("AutoUpdateDCV", newMethod=DNS, **{number: order.number})

    assert told.text.rstrip("\n") == "errorCode=0"
    wire.until(lambda: tenant.collect(order).code, lambda code: code == 1, seconds=2.0)


def test_a_proof_that_is_there_before_the_order_is_seen_when_it_is_placed(
    reseller: NewReseller, fresh: NewName
) -> None:
    """§7.6: the sandbox looks on order."""
    tenant, name = reseller(dcv="look"), fresh()
    asked = tenant.buy(name, uniqueValue=UNIQUE)
    tenant.plant(asked, name)

    again = tenant.buy(name, csr=asked.csr, uniqueValue=UNIQUE)

    wire.until(lambda: tenant.collect(again).code, lambda code: code == 1, seconds=3.0)


def test_a_second_order_with_the_same_token_makes_the_first_fail(reseller: NewReseller, fresh: NewName) -> None:
    """§5.7 and §7.2 (documented): the token must be unique per order."""
    tenant, name = reseller(dcv="look"), fresh()
    first = tenant.buy(name, uniqueValue=UNIQUE)
    second = tenant.buy(name, csr=first.csr, uniqueValue=UNIQUE)

    tenant.plant(second, name)
    tenant.look_again(second, DNS)

    tenant.becomes(second, 1)
    tenant.call("AutoUpdateDCV", orderNumber=first.number, newMethod=DNS)
    assert tenant.collect(first).code < 0


def test_the_same_csr_with_another_value_makes_no_order_fail(reseller: NewReseller, fresh: NewName) -> None:
    tenant, name = reseller(dcv="look"), fresh()
    first = tenant.buy(name, uniqueValue="First1")
    second = tenant.buy(name, csr=first.csr, uniqueValue="Second2")
    assert second.number != first.number

    tenant.plant(first, name)
    tenant.look_again(first, DNS)

    tenant.becomes(first, 1)
    assert tenant.collect(second).code == 0
