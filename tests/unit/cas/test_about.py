"""What a CA folder says about itself."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest
from cryptography import x509

from certwright.cas.about import About, known_cas
from certwright.cas.digicert import DigiCert
from certwright.model import ports
from certwright.model.errors import Misconfigured, Refused

ABOUT = About.load("digicert")


def test_digicert_is_known_and_describes_itself() -> None:
    assert "digicert" in known_cas()
    assert ABOUT.title == "DigiCert CertCentral"
    assert ABOUT.url == ABOUT.urls["us"]
    assert [field.name for field in ABOUT.secrets if field.required] == ["api_key"]
    assert all(field.help for field in (*ABOUT.settings, *ABOUT.options, *ABOUT.secrets))
    assert all(field.parse(field.default) is not None for field in (*ABOUT.settings, *ABOUT.options) if field.default)


def test_an_unknown_ca_is_a_misconfiguration() -> None:
    with pytest.raises(Misconfigured):
        About.load("../digicert")


def test_the_adapter_fits_every_port_that_it_names() -> None:
    with DigiCert(api_key="a" * 20) as ca:
        for name in ("CertificateAuthority", *ABOUT.abilities):
            assert isinstance(ca, getattr(ports, name)), name


def test_the_roots_are_digicerts_public_ones() -> None:
    names = {
        root.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
        for root in x509.load_pem_x509_certificates(ABOUT.roots())
    }
    assert names == {
        "DigiCert Assured ID Root CA",
        "DigiCert Assured ID Root G2",
        "DigiCert Assured ID Root G3",
        "DigiCert Global Root CA",
        "DigiCert Global Root G2",
        "DigiCert Global Root G3",
        "DigiCert High Assurance EV Root CA",
        "DigiCert TLS ECC P384 Root G5",
        "DigiCert TLS RSA4096 Root G5",
        "DigiCert Trusted Root G4",
    }


@pytest.mark.parametrize(
    "given",
    [{"nonsense": "1"}, {"format": "yaml"}, {"skip_approval": "maybe"}, {"requests_per_5_seconds": "many"}],
)
def test_a_setting_that_does_not_fit_is_a_misconfiguration(given: dict[str, str]) -> None:
    with pytest.raises(Misconfigured):
        ABOUT.parse_settings(given)


@pytest.mark.parametrize(
    "given",
    [
        {"nonsense": "1"},
        {"custom_expiration_date": "1.5.2027"},
        {"contacts": "{}"},
        {"contacts": "[" * 100_000},
    ],
)
def test_an_option_that_does_not_fit_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(Refused):
        ABOUT.parse_options(given)


def test_values_come_out_as_what_they_are_and_defaults_fill_settings_only() -> None:
    assert ABOUT.parse_options({"custom_expiration_date": "2027-05-01", "auto_renew": "0", "disable_ct": "Yes"}) == {
        "custom_expiration_date": date(2027, 5, 1),
        "auto_renew": 0,
        "disable_ct": True,
    }
    assert ABOUT.parse_settings({})["skip_approval"] is True
    assert "container" not in ABOUT.parse_settings({"container": " "})


def test_the_library_needs_no_django() -> None:
    code = "import sys, certwright.cas.digicert; assert not {'django', 'dbos'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("key", ["", " ", "two words", "line\nbreak", "schlüssel", "tab\tkey"])
def test_a_key_that_cannot_be_one_is_a_misconfiguration_that_does_not_quote_it(key: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        DigiCert(api_key=key)
    assert not key.strip() or key not in str(caught.value)
