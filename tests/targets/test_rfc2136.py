"""Dynamic updates at a real name server (Knot DNS)."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from certwright.model.ca import Proof
from certwright.model.errors import Misconfigured, Unavailable
from certwright.model.words import DCVMethod
from certwright.targets.dcv.publisher import open_publisher
from tests.targets.fixtures import a_cname, a_txt, settings_of, updating
from tests.targets.knot import SECRET, ZONE, Knot


def test_a_txt_proof_is_published_seen_and_withdrawn(knot: Knot) -> None:
    target, proof = updating(knot), a_txt("_x1y2z3")
    assert target.look(proof) == f"{proof.where}: 127.0.0.1 port {knot.port} knows no such name."

    target.publish(proof, ())

    assert target.look(proof) == ""
    assert knot.ask(proof.where, "TXT") == ['"_x1y2z3"']
    target.withdraw(proof)
    assert knot.ask(proof.where, "TXT") == []


def test_a_cname_proof_is_published_seen_and_withdrawn(knot: Knot) -> None:
    target, proof = updating(knot), a_cname("0AB4.63E8.Qx7a.sectigo.com")

    target.publish(proof, ())

    assert target.look(proof) == ""
    assert target.look(Proof(proof.name, proof.method, proof.where, "other.sectigo.com")) == (
        f"{proof.where}: at 127.0.0.1 port {knot.port} the CNAME points to 0ab4.63e8.qx7a.sectigo.com."
    )
    target.withdraw(proof)
    assert knot.ask(proof.where, "CNAME") == []


def test_publishing_twice_and_withdrawing_twice_changes_nothing_more(knot: Knot) -> None:
    target = updating(knot)
    for proof in (a_txt(), a_cname()):
        target.publish(proof, ())
        serial = knot.ask(ZONE, "SOA")
        target.publish(proof, ())
        assert knot.ask(ZONE, "SOA") == serial
        target.withdraw(proof)
        serial = knot.ask(ZONE, "SOA")
        target.withdraw(proof)
        assert knot.ask(ZONE, "SOA") == serial


def test_txt_records_of_others_stay_with_their_ttl(knot: Knot) -> None:
    target, proof = updating(knot, ttl="60"), a_txt("ours")
    knot.plant(proof.where, "TXT", '"v=spf1 -all"', ttl=7200)

    target.publish(proof, ())

    assert knot.ask(proof.where, "TXT") == ['"ours"', '"v=spf1 -all"']
    assert knot.ttl(proof.where, "TXT") == 7200
    target.withdraw(proof)
    assert knot.ask(proof.where, "TXT") == ['"v=spf1 -all"']


def test_a_cname_of_others_is_never_overwritten(knot: Knot) -> None:
    target, proof = updating(knot), a_cname()
    knot.plant(proof.where, "CNAME", "elsewhere.example.")

    with pytest.raises(Misconfigured, match=r"has a CNAME to elsewhere\.example, so no CNAME can be put there"):
        target.publish(proof, ["another.sectigo.com"])

    assert knot.ask(proof.where, "CNAME") == ["elsewhere.example."]
    target.withdraw(proof)
    assert knot.ask(proof.where, "CNAME") == ["elsewhere.example."]


def test_a_former_cname_of_ours_is_replaced(knot: Knot) -> None:
    target, old = updating(knot), a_cname("old.sectigo.com")
    target.publish(old, ())
    new = Proof(old.name, old.method, old.where, "new.sectigo.com")

    target.publish(new, ["OLD.sectigo.com"])

    assert knot.ask(old.where, "CNAME") == ["new.sectigo.com."]
    target.withdraw(old)
    assert knot.ask(old.where, "CNAME") == ["new.sectigo.com."]


def test_a_record_of_another_type_in_the_way_is_named(knot: Knot) -> None:
    target, cname, txt = updating(knot), a_cname(), a_txt()
    knot.plant(cname.where, "TXT", '"foreign"')
    knot.plant(txt.where, "CNAME", "elsewhere.example.")

    with pytest.raises(Misconfigured, match="has another record"):
        target.publish(cname, ())
    with pytest.raises(Misconfigured, match=r"has a CNAME to elsewhere\.example"):
        target.publish(txt, ())

    assert knot.ask(cname.where, "TXT") == ['"foreign"']


def test_a_long_value_and_one_with_quotes_are_published_as_they_stand(knot: Knot) -> None:
    target = updating(knot)
    for value in ("x" * 600, 'say "no"; \\ $x'):
        proof = a_txt(value)
        target.publish(proof, ())
        assert target.look(proof) == ""


@pytest.mark.parametrize(
    "more",
    [
        {"secret": base64.b64encode(b"another secret altogether").decode()},
        {"key_name": "nobody."},
        {"algorithm": "hmac-sha512"},
    ],
)
def test_a_wrong_key_is_told_as_such(knot: Knot, more: dict[str, str]) -> None:
    with pytest.raises(Misconfigured, match="does not accept our TSIG key") as told:
        updating(knot, **more).publish(a_txt(), ())

    assert SECRET not in str(told.value)


def test_an_update_that_the_key_may_not_make_is_told_as_such(knot: Knot) -> None:
    with pytest.raises(Misconfigured, match="does not accept our TSIG key"):
        updating(knot, key_name="reader.").publish(a_txt(), ())
    with pytest.raises(Misconfigured, match=r"answered the update of .* with (NOTAUTH|REFUSED)"):
        open_publisher("rfc2136", {**settings_of(knot), "key_name": ""}, {}).publish(a_txt(), ())


def test_a_name_outside_of_every_zone_of_the_server_is_told_as_such(knot: Knot) -> None:
    with pytest.raises(Misconfigured, match="it serves no such zone"):
        updating(knot).publish(a_txt(name="www.elsewhere.example"), ())
    with pytest.raises(Misconfigured):
        updating(knot, zone="elsewhere.example").publish(a_txt(name="www.elsewhere.example"), ())


def test_a_server_that_is_down_is_asked_again_later(tmp_path: Path, knot: Knot) -> None:
    gone = Knot(tmp_path / "gone")
    target, proof = updating(gone), a_txt()
    gone.close()

    with pytest.raises(Unavailable, match="cannot be asked"):
        target.publish(proof, ())
    assert "cannot be asked" in target.look(proof)
    with pytest.raises(Unavailable):
        target.withdraw(proof)


def test_every_resolver_must_see_the_record(knot: Knot, tmp_path: Path) -> None:
    late = Knot(tmp_path / "late")
    try:
        target = updating(knot, resolver=f"127.0.0.1:{knot.port}, 127.0.0.1:{late.port}")
        proof = a_txt()
        target.publish(proof, ())

        assert target.look(proof) == f"{proof.where}: 127.0.0.1 port {late.port} knows no such name."
        late.plant(proof.where, "TXT", '"token"')
        assert target.look(proof) == ""
    finally:
        late.close()


def test_settings_that_do_not_fit_are_refused_before_anything_is_asked() -> None:
    good = {"server": "127.0.0.1"}
    for settings, secrets, words in (
        ({}, {}, "needs server"),
        ({**good, "port": "x"}, {}, "whole number"),
        ({**good, "key_name": "k"}, {}, "a name and a secret"),
        ({**good, "key_name": "k"}, {"key_secret": "not base64!"}, "key_secret is not base64"),
        ({**good, "resolver": "ns1.example"}, {}, "no address of a name server"),
        ({**good, "zone": "a..b"}, {}, "zone is no DNS name"),
        ({**good, "colour": "blue"}, {}, "no setting 'colour'"),
    ):
        with pytest.raises(Misconfigured, match=words):
            open_publisher("rfc2136", settings, secrets)


def test_a_proof_that_is_no_record_is_told_as_such(knot: Knot) -> None:
    with pytest.raises(Misconfigured, match="cannot be a TXT record"):
        updating(knot).publish(Proof("a.example", DCVMethod.DNS_TXT, f"{'x' * 64}.a.example", "v"), ())


def test_nothing_secret_shows_in_the_repr(knot: Knot) -> None:
    assert repr(updating(knot)) == f"<DynamicUpdate of 127.0.0.1 port {knot.port}>"
