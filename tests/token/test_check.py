"""``token check``: a truthful report, a profile that works, and no trace on the token."""

from __future__ import annotations

from dataclasses import replace

from certwright.keys.pkcs11 import Pkcs11Keys, TokenProfile
from certwright.pki.keys import KeySpec
from tests.token.conftest import RealToken


def test_the_check_reports_what_works_and_leaves_no_trace(any_token: RealToken) -> None:
    keys = any_token.open()
    before = keys.list()

    report = keys.check()

    assert report.usable
    assert report.label == any_token.label
    assert report.serial == any_token.serial
    assert {trial.spec for trial in report.trials if trial.works} == set(KeySpec)
    assert report.stores_certificates
    assert "ECDSA" in report.mechanisms
    assert "LOGIN_REQUIRED" in report.flags
    assert keys.list() == before
    keys.close()


def test_the_profile_it_prints_reaches_the_same_token(any_token: RealToken) -> None:
    keys = any_token.open()
    report = keys.check()
    keys.close()

    profile = TokenProfile.from_toml(report.profile_toml())

    assert profile == report.profile
    again = Pkcs11Keys(profile, lambda: any_token.pin.encode(), any_token.refused_pins)
    assert again.check().serial == any_token.serial
    again.close()


def test_an_attribute_the_token_does_not_take_is_reported_not_raised(token: RealToken) -> None:
    odd = replace(token.profile, public_template_add={"0x80001234": True})
    keys = Pkcs11Keys(odd, lambda: token.pin.encode(), token.refused_pins)

    report = keys.check()

    generated = [trial for trial in report.trials if trial.detail != "Within the token's bounds; not generated."]
    assert not any(trial.works for trial in generated)
    assert all(trial.detail for trial in generated)
    keys.close()
