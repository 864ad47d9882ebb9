"""Two providers of dns-lexicon, against servers that speak their APIs."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from certwright.model.ca import Proof
from certwright.model.errors import Misconfigured, Unavailable
from certwright.targets.dcv.publisher import Publisher, open_publisher
from tests.targets.directadmin import PASSWORD, DirectAdmin
from tests.targets.fixtures import a_cname, a_txt
from tests.targets.knot import ZONE, Knot
from tests.targets.powerdns import KEY, PowerDNS


@pytest.fixture
def api() -> Iterator[PowerDNS]:
    server = PowerDNS()
    yield server
    server.close()


@pytest.fixture
def admin() -> Iterator[DirectAdmin]:
    server = DirectAdmin()
    yield server
    server.close()


def through(admin: DirectAdmin) -> Publisher:
    credentials = {"auth_username": "meadow", "auth_password": PASSWORD, "endpoint": admin.url}
    return open_publisher("lexicon", {"provider": "directadmin"}, {"credentials": json.dumps(credentials)})


def at(api: PowerDNS, *, key: str = KEY, **settings: str) -> Publisher:
    credentials = json.dumps({"auth_token": key, "pdns_server": api.url})
    return open_publisher("lexicon", {"provider": "powerdns", **settings}, {"credentials": credentials})


def test_records_are_published_and_withdrawn_and_those_of_others_stay(api: PowerDNS) -> None:
    target, proof = at(api), a_txt("_Token")
    place = (f"{proof.where}.", "TXT")
    api.records[place] = ['"theirs"']

    target.publish(proof, ())

    assert sorted(api.records[place]) == ['"_Token"', '"theirs"']
    target.withdraw(proof)
    assert api.records == {place: ['"theirs"']}


def test_repeating_changes_nothing_more(api: PowerDNS) -> None:
    target, proof = at(api), a_txt()
    target.publish(proof, ())
    target.publish(proof, ())
    target.withdraw(proof)
    target.withdraw(proof)

    assert api.calls.count("PATCH") == 2


def test_a_cname_is_published_and_withdrawn(admin: DirectAdmin) -> None:
    target, proof = through(admin), a_cname()
    admin.records.append((f"{proof.where}.", "TXT", "theirs"))

    target.publish(proof, ())
    target.publish(proof, ())

    assert admin.records[1:] == [(f"{proof.where}.", "CNAME", "aa.bb.sectigo.com")]
    target.withdraw(proof)
    target.withdraw(proof)
    assert admin.records == [(f"{proof.where}.", "TXT", "theirs")]


def test_a_cname_of_others_is_left_alone_and_a_former_one_of_ours_is_replaced(admin: DirectAdmin) -> None:
    target, proof = through(admin), a_cname("new.sectigo.com")
    admin.records.append((f"{proof.where}.", "CNAME", "elsewhere.example."))

    with pytest.raises(Misconfigured, match=r"has a CNAME to elsewhere\.example"):
        target.publish(proof, ["old.sectigo.com"])
    assert admin.records == [(f"{proof.where}.", "CNAME", "elsewhere.example.")]
    admin.records[:] = [(f"{proof.where}.", "CNAME", "old.sectigo.com.")]
    target.publish(proof, ["old.sectigo.com"])

    assert admin.records == [(f"{proof.where}.", "CNAME", "new.sectigo.com")]


def test_a_cname_that_a_provider_of_the_library_writes_wrongly_is_taken_away_again(api: PowerDNS) -> None:
    proof = a_cname("aa.bb.sectigo.com")

    with pytest.raises(Misconfigured, match=r"wrote a CNAME to aa\.bb\.sectigo\.com\.meadow\.example instead"):
        at(api).publish(proof, ())

    assert api.records == {(f"{proof.where}.", "CNAME"): []}


def test_a_wrong_credential_is_told_without_it(api: PowerDNS) -> None:
    with pytest.raises(Misconfigured, match=r"powerdns: it turned us away: HTTPError \(401\)") as told:
        at(api, key="wrong-and-secret").publish(a_txt(), ())

    assert "wrong-and-secret" not in str(told.value)
    assert "wrong-and-secret" not in repr(told.value)


def test_a_provider_in_trouble_is_asked_again_later(api: PowerDNS) -> None:
    api.status = 503
    with pytest.raises(Unavailable, match="503"):
        at(api).publish(a_txt(), ())
    api.close()
    with pytest.raises(Unavailable, match="ConnectionError"):
        at(api).withdraw(a_txt())


def test_a_provider_that_never_answers_is_given_up(api: PowerDNS, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("certwright.targets.dcv.lexicon._SECONDS", 2.0)
    api.hangs.clear()

    with pytest.raises(Unavailable, match="took longer than"):
        at(api).publish(a_txt(), ())


def test_the_environment_does_not_change_what_was_set(api: PowerDNS, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEXICON_POWERDNS_TOKEN", "another")
    monkeypatch.setenv("LEXICON_POWERDNS_AUTH_TOKEN", "another")

    at(api).publish(a_txt(), ())

    assert api.calls == ["GET", "PATCH"]


def test_a_name_outside_of_the_zone_is_not_sent(api: PowerDNS) -> None:
    with pytest.raises(Misconfigured, match="is in no zone of the target"):
        at(api, zone="elsewhere.example").publish(a_txt(), ())
    assert api.calls == []


def test_the_look_is_at_name_servers_and_not_at_the_provider(api: PowerDNS, knot: Knot) -> None:
    target, proof = at(api, resolver=f"127.0.0.1:{knot.port}"), a_txt()

    assert "knows no such name" in target.look(proof)
    knot.plant(proof.where, "TXT", '"token"')

    assert target.look(proof) == ""
    assert api.calls == []


def test_settings_that_do_not_fit_are_refused_before_anything_is_asked() -> None:
    for provider, credentials, words in (
        ("nobody", "{}", "knows no provider 'nobody'"),
        ("os.path", "{}", "knows no provider"),
        ("powerdns", "secret", "no JSON object"),
        ("powerdns", '{"a": 1}', "no JSON object"),
    ):
        with pytest.raises(Misconfigured, match=words) as told:
            open_publisher("lexicon", {"provider": provider}, {"credentials": credentials})
        assert "secret" not in str(told.value)
    with pytest.raises(Misconfigured, match="needs credentials"):
        open_publisher("lexicon", {"provider": "powerdns"}, {})


def test_it_says_what_to_install_where_the_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(Misconfigured, match=r"pip install certwright\[lexicon\]"):
        open_publisher("lexicon", {"provider": "powerdns"}, {"credentials": "{}"})


def test_a_proof_of_the_zone_itself_is_published_at_its_top(api: PowerDNS) -> None:
    at(api).publish(Proof(ZONE, "dns-txt-token", ZONE, "top"), ())

    assert api.records == {(f"{ZONE}.", "TXT"): ['"top"']}
