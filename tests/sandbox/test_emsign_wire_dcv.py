"""Domain control, really looked at (§6.10, §6.11; contract tests 28-34, 36)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sandbox import wire
from tests.sandbox.emsign_tenant import (
    DV_UCC,
    DV_WILDCARD,
    PATIENT,
    Bought,
    NewSubscriber,
    Subscriber,
    is_missing,
)
from tests.sandbox.emsign_wire import BODIES, blank, parsed
from tests.sandbox.listeners import FileServer
from tests.sandbox.tenant import NewName, Sandbox

TXT, FILE, MAIL = "1", "2", "3"
HOSTS = ["{}", "_emsign-validation.{}", "_emudhra-challenge.{}"]
FILLED = {TXT: {"token"}, FILE: {"fileName", "fileContent"}, MAIL: {"dcvEmails"}}
ANSWERED = {"token", "fileName", "fileContent", "dcvEmails"}


def _proven(tenant: Subscriber, order: Bought, name: str) -> bool:
    return tenant.names(order)[name]["dcvStatus"] == "1"


def _file(tenant: Subscriber, order: Bought, name: str) -> tuple[str, str]:
    """The path and the content of §6.10's file."""
    told = tenant.get_dcv(order, name, FILE)["dcvDetails"]
    return f"/.well-known/pki-validation/{told['fileName']}", str(told["fileContent"])


@pytest.mark.parametrize("blanks", ["null", "blank", "absent"])
@pytest.mark.parametrize("method", [TXT, FILE, MAIL])
def test_29_each_method_fills_exactly_its_own_fields(
    method: str, blanks: str, subscriber: NewSubscriber, fresh: NewName
) -> None:
    tenant, name = subscriber(**PATIENT, blanks=blanks), fresh()
    order = tenant.buy(name)

    told = tenant.get_dcv(order, name, method)["dcvDetails"]

    assert set(told) <= ANSWERED
    assert {field for field in ANSWERED if not is_missing(told, field)} == FILLED[method]
    assert (set(told) == ANSWERED) == (blanks != "absent")


def test_the_vendors_other_wrapper_is_taken(subscriber: NewSubscriber, fresh: NewName) -> None:
    """§6.10: `orderDetails` instead of `dcvDetails`."""
    tenant, name = subscriber(**PATIENT), fresh()
    order = tenant.buy(name)
    body = parsed(BODIES["GetDcv"], meta="{}", email=tenant.email, order=order.number, name=name, method=TXT)

    told = tenant.send("GetDcv", orderDetails=body["dcvDetails"])

    assert told["dcvDetails"]["token"] == tenant.token(order, name)


def test_a_token_stays_the_same_for_one_name_of_one_order(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name, more = subscriber(**PATIENT), fresh(), fresh()
    order, again = tenant.buy(name, DV_UCC, extra=[more]), tenant.buy(name)

    tokens = [tenant.token(order, name), tenant.token(order, more), tenant.token(again, name)]

    assert len(set(tokens)) == 3
    assert [tenant.token(order, name), tenant.token(order, more), tenant.token(again, name)] == tokens


@pytest.mark.parametrize("host", HOSTS)
def test_31_a_token_at_any_one_host_proves_the_name(host: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(**PATIENT), fresh()
    order = tenant.buy(name)
    assert tenant.verify(order, name).refuses("EMS-1085")
    assert not _proven(tenant, order, name)

    tenant.management.txt(host.format(name), tenant.token(order, name))
    told = tenant.verify(order, name)

    assert told.is_success
    assert set(told.body) == {"meta"}
    assert _proven(tenant, order, name)
    tenant.becomes(order, "20")


def test_31_the_hosts_are_a_switch(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(**PATIENT, txt_hosts=["_emudhra-challenge.{}"]), fresh()
    order = tenant.buy(name)
    token = tenant.token(order, name)

    for host in HOSTS[:2]:
        tenant.management.txt(host.format(name), token)
    assert tenant.verify(order, name).refuses("EMS-1085")
    tenant.management.txt(HOSTS[2].format(name), token)

    assert tenant.verify(order, name).is_success


@pytest.mark.parametrize("host", HOSTS)
def test_31_a_wildcard_is_proven_at_its_base(host: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, base = subscriber(**PATIENT), fresh()
    order = tenant.buy(f"*.{base}", DV_WILDCARD)
    (name,) = tenant.names(order)
    assert name in (base, f"*.{base}")

    tenant.management.txt(host.format(base), tenant.token(order, name))

    assert tenant.verify(order, name).is_success
    tenant.becomes(order, "20")


@pytest.mark.parametrize("spoil", [lambda token: token[:-1], lambda token: f"{token}x", lambda token: "other"])
def test_another_text_proves_nothing(spoil: Callable[[str], str], subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(**PATIENT), fresh()
    order = tenant.buy(name)

    tenant.management.txt(name, spoil(tenant.token(order, name)))

    assert tenant.verify(order, name).refuses("EMS-1085")
    assert tenant.standing(order) == ("2", "24")


def test_a_token_is_found_among_other_texts(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(**PATIENT), fresh()
    order = tenant.buy(name)
    for text in ("v=spf1 -all", tenant.token(order, name), "another"):
        tenant.management.txt(name, text)

    assert tenant.verify(order, name).is_success


def test_a_token_of_another_order_proves_nothing(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(**PATIENT), fresh()
    order, other = tenant.buy(name), tenant.buy(name)

    tenant.management.txt(name, tenant.token(other, name))

    assert tenant.verify(order, name).refuses("EMS-1085")


def test_30_tracking_tells_the_method_as_a_label(subscriber: NewSubscriber, fresh: NewName) -> None:
    """§6.12's second name."""
    tenant, name = subscriber(**PATIENT), fresh()
    order = tenant.buy(name)
    tenant.management.txt(name, tenant.token(order, name))

    assert tenant.verify(order, name, TXT).is_success

    row = tenant.names(order)[name]
    assert (row["dcvMethod"], row["dcvStatus"], row["status"], row["caaStatus"]) == ("DNS TXT Record", "1", "1", "1")
    assert len(row["verifiedDate"]) == len("2026-11-20 09:41:00")


def test_32_a_file_proves_the_name(subscriber: NewSubscriber, fresh: NewName, file_server: FileServer) -> None:
    tenant, name = subscriber(**PATIENT), fresh()
    order = tenant.buy(name)
    path, content = _file(tenant, order, name)
    assert tenant.verify(order, name, FILE).refuses("EMS-1085")

    file_server.plant(name, path, content)

    assert tenant.verify(order, name, FILE).is_success
    assert (name, path) in file_server.asked
    tenant.becomes(order, "20")


@pytest.mark.parametrize("spoil", [lambda c: c[:-1], lambda c: f"<p>{c}</p>", lambda c: "", lambda c: f"x{c}"])
def test_32_a_file_with_anything_else_proves_nothing(
    spoil: Callable[[str], str], subscriber: NewSubscriber, fresh: NewName, file_server: FileServer
) -> None:
    tenant, name = subscriber(**PATIENT), fresh()
    order = tenant.buy(name)
    path, content = _file(tenant, order, name)

    file_server.plant(name, path, spoil(content))

    assert tenant.verify(order, name, FILE).refuses("EMS-1085")


def test_32_a_file_elsewhere_proves_nothing(subscriber: NewSubscriber, fresh: NewName, file_server: FileServer) -> None:
    tenant, name, other = subscriber(**PATIENT), fresh(), fresh()
    order = tenant.buy(name)
    path, content = _file(tenant, order, name)

    file_server.plant(name, "/" + path.rsplit("/", 1)[1], content)
    file_server.plant(other, path, content)
    file_server.plant(f"www.{name}", path, content)

    assert tenant.verify(order, name, FILE).refuses("EMS-1085")


def test_32_a_redirect_is_not_followed(subscriber: NewSubscriber, fresh: NewName, file_server: FileServer) -> None:
    tenant, name, other = subscriber(**PATIENT), fresh(), fresh()
    order = tenant.buy(name)
    path, content = _file(tenant, order, name)
    file_server.redirect(name, f"http://{other}:{file_server.port}")
    file_server.plant(other, path, content)

    assert tenant.verify(order, name, FILE).refuses("EMS-1085")
    assert (other, path) not in file_server.asked


def test_33_five_addresses_may_be_chosen_from(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(**PATIENT), fresh()

    emails = tenant.get_dcv(tenant.buy(name), name, MAIL)["dcvDetails"]["dcvEmails"]

    local_parts = ("admin", "administrator", "hostmaster", "postmaster", "webmaster")
    assert sorted(emails) == [f"{part}@{name}" for part in local_parts]


def test_33_an_address_out_of_those_must_be_given(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(**PATIENT), fresh()
    order = tenant.buy(name)
    tenant.get_dcv(order, name, MAIL)

    assert not tenant.verify(order, name, MAIL).is_success
    assert not tenant.verify(order, name, MAIL, f"mara@{name}").is_success
    assert not tenant.verify(order, name, MAIL, "admin@other.example").is_success
    assert not _proven(tenant, order, name)


def test_33_a_mail_that_was_answered_proves_the_name(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(prove_seconds=None, dcv="auto"), fresh()
    order = tenant.buy(name)
    emails = tenant.get_dcv(order, name, MAIL)["dcvDetails"]["dcvEmails"]

    assert tenant.verify(order, name, MAIL, emails[0]).is_success

    assert _proven(tenant, order, name)


@pytest.mark.parametrize("method", ["0", "4", "", "DNS TXT Record"])
def test_a_method_that_is_none_is_refused(method: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(**PATIENT), fresh()
    order = tenant.buy(name)

    assert not tenant.get_dcv(order, name, method).is_success
    assert not tenant.verify(order, name, method).is_success


def test_a_name_that_the_order_has_not_is_refused(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(**PATIENT)
    order = tenant.buy(fresh())

    assert not tenant.get_dcv(order, fresh()).is_success
    assert not tenant.verify(order, fresh()).is_success


@pytest.mark.parametrize("endpoint", ["GetDcv", "VerifyDcv"])
def test_an_order_that_is_unknown_is_refused(endpoint: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    assert subscriber().ask(endpoint, order="1111111111", name=fresh(), method=TXT).refuses("EMS-943")


def test_34_a_name_that_is_proven_is_ems_1080(subscriber: NewSubscriber, fresh: NewName) -> None:
    """§6.10: already verified."""
    tenant, name, more = subscriber(**PATIENT), fresh(), fresh()
    order = tenant.buy(name, DV_UCC, extra=[more])
    tenant.management.txt(name, tenant.token(order, name))
    assert tenant.verify(order, name).is_success

    assert tenant.get_dcv(order, name).refuses("EMS-1080")
    assert tenant.verify(order, name).refuses("EMS-1080")


def test_28_the_gate_is_ems_956_until_it_opens(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(**PATIENT, dcv_gate_seconds=1.5), fresh()
    order = tenant.buy(name)

    assert tenant.get_dcv(order, name).refuses("EMS-956", "Invalid Request for this API")
    assert tenant.verify(order, name).refuses("EMS-956")
    assert name in tenant.names(order)
    assert tenant.standing(order) == ("2", "24")

    wire.until(lambda: tenant.get_dcv(order, name).is_success, lambda opened: opened)


def test_36_every_name_must_be_proven(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, names = subscriber(**PATIENT), [fresh() for _ in range(3)]
    order = tenant.buy(names[0], DV_UCC, extra=names[1:])

    for name in names:
        assert tenant.standing(order) == ("2", "24")
        assert not tenant.certificate(order).is_success
        tenant.management.txt(name, tenant.token(order, name))
        assert tenant.verify(order, name).is_success

    tenant.becomes(order, "20")


def test_a_check_that_is_asked_for_so_often_succeeds(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(prove_seconds=None, dcv=3), fresh()
    order = tenant.buy(name)

    assert [tenant.verify(order, name).is_success for _ in range(3)] == [False, False, True]


def test_an_account_whose_checks_never_succeed(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(prove_seconds=None, dcv="never"), fresh()
    order = tenant.buy(name)
    tenant.management.txt(name, tenant.token(order, name))

    assert tenant.verify(order, name).refuses("EMS-1085")


def test_it_never_looks_by_itself(own_sandbox: Sandbox, fresh: NewName) -> None:
    tenant, name = Subscriber.at(own_sandbox, **PATIENT), fresh()
    order = tenant.buy(name)
    tenant.management.txt(name, tenant.token(order, name))

    tenant.management.advance(days=3)

    assert not _proven(tenant, order, name)
    assert tenant.verify(order, name).is_success


@pytest.mark.parametrize("what", ["valid", "rejected"])
def test_the_staff_decides_on_one_name(what: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    """§6.4: 1 validated, 2 rejected."""
    tenant, name, more = subscriber(**PATIENT), fresh(), fresh()
    order = tenant.buy(name, DV_UCC, extra=[more])

    tenant.management.post("validate", ca="emsign", order_id=order.number, domain=more, outcome=what)

    statuses = {found: row["dcvStatus"] for found, row in tenant.names(order).items()}
    assert statuses == {name: "0", more: "1" if what == "valid" else "2"}


@pytest.mark.parametrize(("value", "expected"), [('0 issue "another.example"', "2"), ('0 issue "emsign.com"', "1")])
def test_a_caa_record_may_forbid_it(value: str, expected: str, subscriber: NewSubscriber, fresh: NewName) -> None:
    """§6.12: caaStatus 2, authorization required."""
    tenant, name = subscriber(**PATIENT), fresh()
    tenant.management.post("dns", name=name, type="CAA", value=value)

    order = tenant.buy(name)
    tenant.management.txt(name, tenant.token(order, name))
    tenant.verify(order, name)

    assert tenant.names(order)[name]["caaStatus"] == expected


def test_a_slot_that_is_not_there_opens_no_gate(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant, name = subscriber(**PATIENT, dcv_slot_seconds=3600), fresh()
    order = tenant.buy(name)

    assert tenant.get_dcv(order, name).refuses("EMS-956")
    assert blank(tenant.track(order)["domainVerification"])
