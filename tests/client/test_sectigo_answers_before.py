"""Sectigo's client against the literal answers of its documentation, up to an order that is placed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from certwright.cas.sectigo import Sectigo
from certwright.model.ca import CAOrder, RevocationTarget
from certwright.model.errors import CertwrightError, Misconfigured, Refused, Unavailable, Unknown
from certwright.model.words import DCVMethod, RevocationReason, WaitingFor
from tests.client.conftest import Server, answer, reset
from tests.client.sandbox import soon
from tests.client.sectigo import (
    CSR_PEM,
    DECODED,
    MD5,
    ORDER,
    PASSWORD,
    PLACED,
    SHA256,
    UNIQUE,
    client,
    form,
    lines,
    one,
    pending,
    placement,
    received,
)

Serve = Callable[..., Server]
LOGIN = "-16\nIncorrect login details, account is locked, password has expired, or your source IP is blocked!"
KEY = "00" * 32
TARGET = RevocationTarget("701234567", "90071234567", serial="a1b")


# -- ordering


def test_22_an_order_is_placed_with_exactly_these_parameters(serve: Serve) -> None:
    server = serve(form(PLACED))
    with client(server) as ca:
        progress = pending(ca.place(placement(), deadline=soon()))
    call = one(server)
    assert (call.method, call.target) == ("POST", "/products/!AutoApplySSL")
    assert "content-type: application/x-www-form-urlencoded" in call.head.lower()
    sent = dict(call.parameters)
    assert sent.pop("csr").split() == CSR_PEM.split()
    assert len(sent.pop("uniqueValue")) == 20
    assert sent == {
        "loginName": "acme",
        "loginPassword": PASSWORD,
        "product": "287",
        "days": "365",
        "serverSoftware": "-1",
        "isCustomerValidated": "N",
        "prioritiseCSRValues": "N",
        "dcvMethod": "CNAME_CSR_HASH",
        "foreignOrderNumber": "clm-000042",
        "checkFONIsUnique": "Y",
        "emailAddress": "none",
        "responseFormat": "1",
        "showCertificateID": "Y",
    }
    assert progress.ca_order == ORDER


def test_37_what_is_to_be_published_is_built_from_the_value_that_came_back(serve: Serve) -> None:
    with client(serve(form(PLACED))) as ca:
        progress = pending(ca.place(placement(), deadline=soon()))
    assert progress.waiting_for is WaitingFor.DOMAIN_CONTROL
    target = f"{SHA256[:32]}.{SHA256[32:]}.{UNIQUE}.sectigo.com"
    assert (f"_{MD5.lower()}.shop.example.com", target) in [(proof.where, proof.value) for proof in progress.proofs]


def test_a_file_is_to_be_published_on_both_hosts_of_a_single_domain_order(serve: Serve) -> None:
    with client(serve(form(PLACED))) as ca:
        progress = pending(ca.place(placement(dcv_method="http-token"), deadline=soon()))
    path = f"/.well-known/pki-validation/{MD5}.txt"
    assert {proof.where for proof in progress.proofs} == {
        f"http://shop.example.com{path}",
        f"http://www.shop.example.com{path}",
    }
    assert {tuple(proof.value.split()) for proof in progress.proofs} == {(SHA256, "sectigo.com", UNIQUE)}


def test_the_value_we_sent_is_used_when_none_came_back(serve: Serve) -> None:
    server = serve(form("errorCode=0&orderNumber=701234567"))
    with client(server) as ca:
        progress = pending(ca.place(placement(), deadline=soon()))
    sent = one(server).parameters["uniqueValue"]
    assert progress.ca_order == CAOrder("701234567", dcv_value=sent)
    assert sent in progress.proofs[0].value


def test_23_an_order_without_a_certificate_id_is_an_order(serve: Serve) -> None:
    with client(serve(form("errorCode=0&orderNumber=7&totalCost=9.50"))) as ca:
        assert pending(ca.place(placement(), deadline=soon())).ca_order.certificate_id == ""


def test_26_an_order_that_awaits_payment_is_accepted(serve: Serve) -> None:
    with client(serve(form("errorCode=1&orderNumber=7&totalCost=9.50"), form("errorCode=-22"))) as ca:
        progress = pending(ca.place(placement(), deadline=soon()))
        assert progress.waiting_for is WaitingFor.PAYMENT
        assert pending(ca.collect(progress.ca_order, public_key_sha256=KEY)).waiting_for is WaitingFor.PAYMENT


@pytest.mark.parametrize(
    "said",
    [
        "errorCode=-4&errorItem=foreignOrderNumber&errorMessage=no",
        "errorCode=-4&errorMessage=The+value+of+the+%27foreignOrderNumber%27+argument+is+invalid%21",
        "errorCode=-4&errorMessage=Invalid",
    ],
)
def test_32_a_reference_that_is_known_already_is_looked_up_not_given_up(said: str, serve: Serve) -> None:
    with client(serve(form(said))) as ca, pytest.raises(Unknown):
        ca.place(placement(), deadline=soon())


def test_32_another_value_that_is_refused_ends_the_order(serve: Serve) -> None:
    said = "errorCode=-4&errorMessage=The+value+of+the+%27uniqueValue%27+argument+is+invalid%21"
    with client(serve(form(said))) as ca, pytest.raises(Refused, match="uniqueValue"):
        ca.place(placement(), deadline=soon())


@pytest.mark.parametrize(
    "script",
    [reset, answer(502, b"<html>no</html>"), answer(200, b"<html>0</html>"), answer(200, b""), form("errorCode=-14")],
    ids=["reset", "502", "page", "empty", "-14"],
)
def test_15_an_order_whose_answer_is_unclear_is_never_sent_again(script: Any, serve: Serve) -> None:
    server = serve(script)
    with client(server) as ca, pytest.raises(Unknown):
        ca.place(placement(), deadline=soon())
    assert server.connections == 1


@pytest.mark.parametrize("code", [-5, -6, -7, -15, -40, -115, -160])
def test_14_a_refused_order_carries_number_and_words_and_is_not_repeated(code: int, serve: Serve) -> None:
    server = serve(form(f"errorCode={code}&errorMessage=As+Sectigo+says%21"))
    with client(server) as ca, pytest.raises(CertwrightError, match="As Sectigo says!") as caught:
        ca.place(placement(), deadline=soon())
    assert caught.value.code == str(code)
    assert not isinstance(caught.value, Unavailable)
    assert server.connections == 1


def test_28_a_multi_domain_order_names_each_name_and_its_method_in_one_order(serve: Serve) -> None:
    names = ("shop.example.com", "a.example.net", "b.example.org")
    methods = {"a.example.net": "dns-cname-token", "b.example.org": "email:admin@example.org"}
    server = serve(form(PLACED))
    with client(server) as ca:
        wish = placement(product="279", names=names, dcv_method="http-token", dcv_methods=methods)
        progress = pending(ca.place(wish, deadline=soon()))
    sent = one(server).parameters
    assert sent["domainNames"].replace(" ", ",").split(",") == list(names)
    assert sent["dcvEmailAddresses"].replace(" ", ",").split(",") == [
        "HTTPCSRHASH",
        "CNAMECSRHASH",
        "admin@example.org",
    ]
    assert sent["primaryDomainName"] == "shop.example.com"
    assert "dcvMethod" not in sent
    assert {proof.name: proof.method for proof in progress.proofs} == {
        "shop.example.com": DCVMethod.HTTP,
        "a.example.net": DCVMethod.DNS_CNAME,
        "b.example.org": DCVMethod.EMAIL,
    }


def test_an_organization_is_sent_with_an_ov_order_and_required(serve: Serve) -> None:
    options = {"organization_name": "Example Ltd", "locality_name": "Bengaluru", "country_name": "in"}
    server = serve(form(PLACED))
    with client(server) as ca:
        with pytest.raises(Refused, match="organization_name"):
            ca.check(placement(product="7"))
        ca.place(placement(product="7", options=options), deadline=soon())
    sent = one(server).parameters
    assert {name: sent[name] for name in ("organizationName", "localityName", "countryName")} == {
        "organizationName": "Example Ltd",
        "localityName": "Bengaluru",
        "countryName": "IN",
    }


def test_an_address_is_ordered_among_many_names_and_proven_by_a_file(serve: Serve) -> None:
    wish = placement(product="279", names=("shop.example.com", "192.0.2.1"), dcv_methods={"192.0.2.1": "http-token"})
    with client(serve(form(PLACED))) as ca:
        ca.check(wish)
        proofs = pending(ca.place(wish, deadline=soon())).proofs
    assert {proof.name for proof in proofs} == {"shop.example.com", "192.0.2.1"}


def test_the_days_that_a_certificate_still_has_are_added(serve: Serve) -> None:
    server = serve(form(PLACED))
    with client(server) as ca:
        ca.place(placement(options={"remaining_days": "42"}), deadline=soon())
    assert one(server).parameters["days"] == "407"


@pytest.mark.parametrize(
    "changes",
    [
        {"product": "99999"},
        {"names": ("*.example.com",), "common_name": "*.example.com"},
        {"names": ("shop.example.com", "other.example.com")},
        {"product": "289"},
        {"product": "279", "names": ("shop.example.com", "*.example.com"), "dcv_method": "http-token"},
        {"dcv_method": "email"},
        {"dcv_method": "dns-txt-token"},
        {"product": "556", "options": {"organization_name": "E", "locality_name": "B", "country_name": "IN"}},
        {"product": "7", "options": {"organization_name": "E", "locality_name": "B", "country_name": "India"}},
        {"options": {"nonsense": "1"}},
        {"names": ("192.0.2.1",), "common_name": "192.0.2.1", "dcv_method": "http-token"},
        {"product": "279", "names": ("shop.example.com", "192.0.2.1")},
        {"lifetime_days": 90},
        {"options": {"remaining_days": "91"}},
        {"options": {"days": "0"}},
        {"reference": "x" * 65},
    ],
)
def test_what_sectigo_is_known_to_refuse_is_refused_before_it_is_asked(changes: dict[str, Any], serve: Serve) -> None:
    server = serve(form(PLACED))
    with client(server) as ca:
        ca.check(placement())
        with pytest.raises(Refused):
            ca.check(placement(**changes))
    assert server.connections == 0


# -- login and secrets


@pytest.mark.parametrize("said", [lines(*LOGIN.split("\n")), form("errorCode=-16&errorMessage=Incorrect+login")])
def test_3_a_refused_login_needs_a_person_who_is_told_all_four_causes(said: Any, serve: Serve) -> None:
    with client(serve(said)) as ca, pytest.raises(Misconfigured) as caught:
        ca.login()
    for cause in ("password", "locked", "expired", "address"):
        assert cause in str(caught.value)


@pytest.mark.parametrize(
    "script",
    [
        reset,
        answer(500, b"<html>x</html>"),
        answer(302, b"", headers="Location: https://example.com/\r\n"),
        form("errorCode=-16&errorMessage=no"),
        form("errorCode=-4&errorMessage=" + "loginPassword+pa%2Bss+word%26%3D%25"),
        answer(200, PASSWORD.encode()),
    ],
    ids=["reset", "500", "redirect", "-16", "echo", "garbage"],
)
def test_36_the_password_is_in_no_error_log_line_repr_or_url(
    script: Any, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(script)
    with client(server) as ca, capture_logs() as logged, pytest.raises(CertwrightError) as caught:
        ca.place(placement(), deadline=soon())
    told = repr(logged) + caplog.text + repr(ca) + repr(vars(ca)) + repr(caught.value) + str(caught.value)
    assert PASSWORD not in told
    assert "pa%2Bss" not in told
    assert all("?" not in call.target and call.parameters["loginPassword"] == PASSWORD for call in received(server))


def test_a_login_without_password_or_certificate_is_a_misconfiguration() -> None:
    with pytest.raises(Misconfigured):
        Sectigo(login_name="acme")
    with pytest.raises(Misconfigured):
        Sectigo(login_name="", login_password="x")


def test_a_read_only_account_reads_and_changes_nothing(serve: Serve) -> None:
    server = serve(form("errorCode=0&noOfResults=0"))
    with client(server, read_only=True) as ca:
        assert ca.login().user == "acme"
        with pytest.raises(Refused):
            ca.place(placement(), deadline=soon())
        with pytest.raises(Refused):
            ca.revoke(TARGET, RevocationReason.SUPERSEDED, "", deadline=soon())
    assert [call.api for call in received(server)] == ["WebHostReport"]


@pytest.mark.parametrize("code", [-14, -42])
def test_15_a_read_that_is_turned_away_for_now_is_unavailable(code: int, serve: Serve) -> None:
    with client(serve(form(f"errorCode={code}&errorMessage=later"))) as ca, pytest.raises(Unavailable) as caught:
        ca.find("clm-000042")
    assert not isinstance(caught.value, Unknown)


# -- DecodeCSR


def test_16_a_csr_is_checked_without_a_login(serve: Serve) -> None:
    server = serve(lines(*DECODED.split("\n")))
    with client(server) as ca:
        ca.check_csr(placement())
    sent = one(server).parameters
    assert not {"loginName", "loginPassword"} & set(sent)
    assert sent["product"] == "287"


@pytest.mark.parametrize(
    "said",
    [
        ("1", "-13 The CSR uses an unsupported key size!", "CN=shop.example.com", f"sha256={SHA256.upper()}"),
        ("2", "-5 No wildcard!", "-13 The CSR uses an unsupported key size!"),
        ("-13", "The CSR uses an unsupported key size!"),
    ],
)
def test_18_a_csr_that_sectigo_does_not_like_is_refused_in_its_words(said: tuple[str, ...], serve: Serve) -> None:
    with client(serve(lines(*said))) as ca, pytest.raises(Refused, match="unsupported key size"):
        ca.check_csr(placement())


def test_a_csr_that_arrived_as_another_is_refused(serve: Serve) -> None:
    with client(serve(lines("0", "md5=00", "sha1=00", f"sha256={'00' * 32}"))) as ca, pytest.raises(Refused):
        ca.check_csr(placement())


def test_the_csr_is_not_sent_ahead_where_the_account_does_not_want_it(serve: Serve) -> None:
    server = serve()
    with client(server, settings={"decode_csr": "false"}) as ca:
        ca.check_csr(placement())
    assert server.connections == 0
