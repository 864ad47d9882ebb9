"""All that DigiCert tells of one order: itself, its reissues and duplicates, its revocation, in the fewest calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from certwright.cas.digicert import DigiCert
from certwright.model.ca import CAOrder, ReportedOrder, RevocationTarget
from certwright.model.errors import NotFound, Refused, Unavailable
from certwright.model.words import CertificateState, OrderState, RevocationReason
from tests.client.conftest import Script, Server, answer
from tests.client.sandbox import WIDE, Tenant, make_wish, soon, unsaid, until_issued

Serve = Callable[..., Server]
VALID, REPLACED, REVOKED = CertificateState.VALID, CertificateState.REPLACED, CertificateState.REVOKED
# §10.2 with every field that is only shown; §14.4 for the lists.
INFO: dict[str, Any] = {
    "id": 900101,
    "certificate": {
        "id": 950101,
        "serial_number": "0A1B",
        "common_name": "shop.meadow.example",
        "dns_names": ["shop.meadow.example"],
        "valid_from": "2026-11-01",
        "valid_till": "2097-05-18",
        "ca_cert": {"id": "SBX01", "name": "Sandbox TLS Issuing CA 1"},
    },
    "status": "issued",
    "date_created": "2026-11-01T10:00:00+00:00",
    "order_valid_till": "2097-11-01",
    "organization": {"id": 301201, "name": "Meadow Works Ltd"},
    "container": {"id": 410001, "name": "Shops"},
    "product": {"name_id": "ssl_basic", "name": "Basic OV", "type": "ssl_certificate", "validation_type": "ov"},
    "product_name_id": "ssl_basic",
    "organization_contact": {"first_name": "Olga", "last_name": "Pine", "email": "olga@meadow.example"},
    "technical_contact": {"first_name": "Tom", "last_name": "Reed", "email": "tom@meadow.example"},
    "verified_contacts": [{"first_name": "Vera", "last_name": "Fern"}],
    "user": {"id": 610001, "first_name": "Olga", "last_name": "Pine", "email": "olga@meadow.example"},
    "additional_emails": ["ops@meadow.example"],
    "requests": [{"id": 700101, "date": "2026-11-01T10:00:00+00:00", "type": "new_request", "status": "approved"}],
    "notes": [{"id": 1, "text": "Moved to the new shop.\nAsk Tom."}],
    "custom_fields": [{"metadata_id": 12, "label": "Cost centre", "value": "R-7"}],
    "price": 238.0,
    "currency": "USD",
    "auto_renew": 0,
    "auto_reissue": "1",
    "duplicates_count": 0,
    "reissues_count": 0,
}
REVOKE = {
    "id": 700301,
    "date": "2026-11-02T10:00:00+00:00",
    "type": "revoke",
    "status": "approved",
    "comments": "Lost.",
}


def _json(tree: Any, status: int = 200) -> Script:
    return answer(status, json.dumps(tree).encode())


def _sibling(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "serial_number": f"0{number}", "common_name": "shop.meadow.example", "status": "approved",
            "valid_from": "2026-10-01", "valid_till": "2097-04-18", **more}  # fmt: skip


def _details(server: Server) -> tuple[ReportedOrder, ...]:
    with DigiCert(url=server.url, api_key="k" * 20, settings=WIDE) as ca:
        return ca.details(CAOrder("900101"))


def _asked(server: Server) -> list[str]:
    lines = [request.split(b"\r\n")[0].decode().split(" ") for request in server.requests]
    return [f"{method} {target.removeprefix('/services/v2/')}" for method, target, _ in lines]


def test_an_order_without_siblings_is_told_in_one_call(serve: Serve) -> None:
    server = serve(_json(INFO))
    assert _details(server) == (
        ReportedOrder(
            CAOrder("900101", "950101"),
            OrderState.ISSUED,
            VALID,
            product="ssl_basic",
            names=("shop.meadow.example",),
            common_name="shop.meadow.example",
            organization="Meadow Works Ltd",
            serial="a1b",
            placed_at=datetime(2026, 11, 1, 10, tzinfo=UTC),
            not_before=datetime(2026, 11, 1, tzinfo=UTC),
            not_after=datetime(2097, 5, 18, 23, 59, 59, tzinfo=UTC),
            term_ends_at=datetime(2097, 11, 1, 23, 59, 59, tzinfo=UTC),
            cost="238 USD",
            validation="ov",
            group="Shops",
            requester="Olga Pine <olga@meadow.example>",
            contacts=("Tom Reed <tom@meadow.example>", "Vera Fern", "ops@meadow.example"),
            auto_renew="auto_reissue 1",
            fields={"Cost centre": "R-7"},
            notes=("Moved to the new shop.\nAsk Tom.",),
            issuer="Sandbox TLS Issuing CA 1",
            duplicates=0,
            reissues=0,
            detailed=True,
        ),
    )
    assert _asked(server) == ["GET order/certificate/900101"]


def test_siblings_are_asked_for_only_where_the_counts_say_that_there_are_any(serve: Serve) -> None:
    kept = _sibling(950090)
    duplicates = _json({"certificates": [_sibling(950102, sub_id="001"), kept]})
    reissues = _json({"certificates": [INFO["certificate"], kept, _sibling(950100, valid_till="2026-11-02")]})
    server = serve(_json({**INFO, "duplicates_count": 2, "reissues_count": 2}), duplicates, reissues)
    found = _details(server)
    assert [(one.ca_order.certificate_id, one.certificate_state, one.cost) for one in found] == [
        ("950101", VALID, "238 USD"),
        ("950102", VALID, ""),
        ("950090", VALID, ""),  # kept as a duplicate when it was reissued
        ("950100", CertificateState.EXPIRED, ""),
    ]
    assert all(one.detailed and one.requester and one.duplicates == one.reissues == 2 for one in found)
    assert _asked(server)[1:] == ["GET order/certificate/900101/duplicate", "GET order/certificate/900101/reissue"]


def test_what_a_reissue_replaced_is_replaced_and_the_next_one_is_pending(serve: Serve) -> None:
    pending = {"id": 950110, "common_name": "shop.meadow.example", "status": "pending"}
    server = serve(_json({**INFO, "reissues_count": 2}), _json({"certificates": [_sibling(950100), pending]}))
    _, replaced, waiting = _details(server)
    assert (replaced.state, replaced.certificate_state, replaced.serial) == (OrderState.ISSUED, REPLACED, "950100")
    assert (waiting.state, waiting.certificate_state, waiting.why) == (OrderState.PENDING, None, "pending")


def test_a_revoked_order_tells_when_and_why_in_one_call_more(serve: Serve) -> None:
    info = {**INFO, "status": "revoked", "requests": [*INFO["requests"], REVOKE]}
    processed = {**REVOKE, "date_processed": "2026-11-03T09:00:00+00:00"}
    server = serve(_json(info), _json(processed))
    (one,) = _details(server)
    assert one.certificate_state is REVOKED
    assert (one.revoked_at, one.revocation_reason) == (datetime(2026, 11, 3, 9, tzinfo=UTC), "Lost.")
    assert _asked(server)[1:] == ["GET request/700301"]


def test_a_request_that_is_not_shown_tells_when_it_was_made(serve: Serve) -> None:
    gone = _json({"errors": [{"code": "not_found|request", "message": "No."}]}, 404)
    server = serve(_json({**INFO, "status": "revoked", "requests": [REVOKE]}), gone)
    (one,) = _details(server)
    assert (one.revoked_at, one.revocation_reason) == (datetime(2026, 11, 2, 10, tzinfo=UTC), "Lost.")


@pytest.mark.parametrize("requests", [[REVOKE, {**REVOKE, "id": 700302}], [{**REVOKE, "status": "rejected"}], []])
def test_a_revocation_that_could_be_anothers_is_not_told(requests: list[Any], serve: Serve) -> None:
    info = {**INFO, "requests": requests, "reissues_count": 1}
    server = serve(_json(info), _json({"certificates": [_sibling(950100, status="revoked")]}))
    _, old = _details(server)
    assert (old.certificate_state, old.revoked_at, old.revocation_reason) == (REVOKED, None, "")
    assert len(server.requests) == 2


def test_only_the_revoked_one_of_several_gets_the_revocation(serve: Serve) -> None:
    info = {**INFO, "requests": [REVOKE], "duplicates_count": 1}
    server = serve(_json(info), _json({"certificates": [_sibling(950102, status="revoked")]}), _json(REVOKE))
    primary, duplicate = _details(server)
    assert (primary.certificate_state, primary.revoked_at) == (VALID, None)
    assert duplicate.revoked_at == datetime(2026, 11, 2, 10, tzinfo=UTC)


def test_an_order_that_is_not_there_and_a_word_that_is_no_number_are_told_apart(serve: Serve) -> None:
    server = serve(_json({"errors": [{"code": "not_found|order", "message": "No."}]}, 404))
    with pytest.raises(NotFound):
        _details(server)
    with DigiCert(url=server.url, api_key="k" * 20) as ca, pytest.raises(Refused, match="no order id"):
        ca.details(CAOrder("status-changes"))
    assert len(server.requests) == 1


def test_a_list_of_siblings_that_cannot_be_had_leaves_the_order_for_later(serve: Serve) -> None:
    server = serve(_json({**INFO, "reissues_count": 1}), answer(500, b""))
    with pytest.raises(Unavailable):
        _details(server)


# -- at the sandbox


@pytest.mark.parametrize("body_format", ["json", "xml"])
def test_the_whole_family_of_an_order_is_told_in_either_format(body_format: str, tenant: Callable[..., Tenant]) -> None:
    one = tenant()
    ca = one.ca(settings={"format": body_format})
    wish = one.wish(options={"additional_emails": "ops@meadow.example"})
    first = ca.place(wish.placement, deadline=soon()).ca_order
    again, beside = (make_wish(wish.placement.names, f"{one.name}-{what}") for what in ("again", "beside"))
    reissued = ca.reissue(first.order_id, again.placement, deadline=soon()).ca_order
    until_issued(ca, reissued, again.key)
    duplicate = ca.duplicate(first.order_id, beside.placement, deadline=soon()).ca_order
    until_issued(ca, duplicate, beside.key)
    ca.orders.add_note(first.order_id, "Seen <here> & there.")
    read_only = one.ca(read_only=True, settings={"format": body_format})
    before = one.requests()
    found = {found.ca_order.certificate_id: found for found in read_only.details(CAOrder(first.order_id))}
    assert len(one.requests()) - len(before) == 3
    states = {number: one.certificate_state for number, one in found.items()}
    assert states.pop(first.certificate_id) is REPLACED
    assert set(states.values()) == {VALID}
    assert len(states) == 2
    newest = next(iter(found.values()))
    (listed,) = read_only.report_page("").orders
    assert unsaid(listed, newest) == ["cost"]  # without its currency; details know better, and the store heeds them
    assert newest.validation == "ov"
    assert newest.requester.endswith(">")
    assert newest.contacts
    assert newest.notes == ("Seen <here> & there.",)
    assert newest.group
    assert newest.issuer
    assert newest.cost.endswith(" USD")
    assert (newest.duplicates, newest.reissues) == (1, 1)


def test_a_revocation_at_the_sandbox_is_told_with_its_time_and_words(tenant: Callable[..., Tenant]) -> None:
    one = tenant(auto_approve=False)
    ca = one.ca(settings={"skip_approval": "true"})
    placed = ca.place(one.wish().placement, deadline=soon()).ca_order
    waiting = one.ca(settings={"skip_approval": "false"})
    target = RevocationTarget(placed.order_id, whole_order=True)
    asked = waiting.revoke(target, RevocationReason.SUPERSEDED, "The shop has moved.", deadline=soon())
    ca.orders.set_request_status(asked.request_id, "approved")
    (found,) = ca.details(CAOrder(placed.order_id))
    assert found.certificate_state is REVOKED
    assert found.revoked_at is not None
    assert abs((found.revoked_at - datetime.now(UTC)).total_seconds()) < 3600
    assert found.revocation_reason == "The shop has moved."


def test_reissues_succeed_each_other_in_the_order_of_their_ids_and_duplicates_stay_beside(serve: Serve) -> None:
    duplicates = _json({"certificates": [_sibling(950100, sub_id="001"), _sibling(950098)]})
    history = [INFO["certificate"], _sibling(99999), _sibling(950099), {"id": 950110, "status": "pending"}]
    reissues = _json({"certificates": [*history, _sibling(950098)]})
    server = serve(_json({**INFO, "duplicates_count": 2, "reissues_count": 3}), duplicates, reissues)
    assert {one.ca_order.certificate_id: one.replaces for one in _details(server)} == {
        "950101": "950099",
        "950100": "",
        "950098": "",  # a reissue replaced it, and it was kept as a duplicate: it goes on
        "99999": "",
        "950099": "99999",
        "950110": "",
    }
