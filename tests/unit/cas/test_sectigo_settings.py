"""What a Sectigo account can be told, and what it knows before asking."""

from __future__ import annotations

import subprocess
import sys

import pytest
from cryptography import x509

from certwright.cas.about import About, known_cas
from certwright.cas.sectigo import Sectigo
from certwright.cas.sectigo.products import products
from certwright.model import ports
from certwright.model.errors import Misconfigured

ABOUT = About.load("sectigo")
LOGIN = {"login_name": "acme", "login_password": "secret of acme"}


def test_sectigo_is_known_and_describes_itself() -> None:
    assert "sectigo" in known_cas()
    assert ABOUT.url == ABOUT.urls["public"]
    assert ABOUT.urls["private"].startswith("https://private.")
    assert [field.name for field in ABOUT.secrets if field.required] == ["login_name"]
    assert all(field.help for field in (*ABOUT.settings, *ABOUT.options, *ABOUT.secrets))
    assert all(field.parse(field.default) is not None for field in (*ABOUT.settings, *ABOUT.options) if field.default)


def test_the_adapter_fits_every_port_that_it_names() -> None:
    with Sectigo(**LOGIN) as ca:
        for name in ("CertificateAuthority", *ABOUT.abilities):
            assert isinstance(ca, getattr(ports, name)), name
        assert not isinstance(ca, ports.Duplicates | ports.Approves)


def test_the_library_needs_no_django() -> None:
    code = "import sys, certwright.cas.sectigo; assert not {'django', 'dbos'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_roots_are_sectigos_public_ones() -> None:
    names = {
        root.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
        for root in x509.load_pem_x509_certificates(ABOUT.roots())
    }
    assert names == {
        "AAA Certificate Services",
        "Sectigo Public Server Authentication Root E46",
        "Sectigo Public Server Authentication Root R46",
        "USERTrust ECC Certification Authority",
        "USERTrust RSA Certification Authority",
    }


def test_it_looks_seldom_unless_told_otherwise() -> None:
    with Sectigo(**LOGIN) as ca:
        assert tuple(ca.looks) == (15, 60, 120, 420, 1200, 10800)
    with Sectigo(**LOGIN, settings={"poll_seconds": "1, 2.5"}) as ca:
        assert tuple(ca.looks) == (1, 2.5)


@pytest.mark.parametrize(
    "given",
    [
        {"poll_seconds": "soon"},
        {"poll_seconds": "60,,120"},
        {"poll_seconds": "0"},
        {"poll_seconds": "-1"},
        {"poll_seconds": "nan"},
        {"poll_seconds": "inf"},
        {"report_page": "0"},
        {"report_page": "many"},
        {"dcv_method": "email"},
        {"endpoint": "AutoApplyAnything"},
        {"products": "{}"},
        {"products": '["287"]'},
        {"products": '[{"code": "x", "name": "X", "validation": "dv", "kind": "single"}]'},
        {"products": '[{"code": "1", "name": "X", "validation": "xv", "kind": "single"}]'},
        {"products": '[{"code": "1", "name": "X", "validation": "dv", "kind": "triple"}]'},
        {"tls_roots": "no certificate"},
        {"nonsense": "1"},
    ],
)
def test_a_setting_that_does_not_fit_is_a_misconfiguration(given: dict[str, str]) -> None:
    with pytest.raises(Misconfigured):
        Sectigo(**LOGIN, settings=given)


def test_the_products_of_the_table_are_whole_and_unlike() -> None:
    table = products()
    assert {table[code].kind for code in ("287", "289", "279", "361")} == {"single", "wildcard", "multi", "ucc"}
    assert {table[code].validation for code in ("287", "7", "556")} == {"dv", "ov", "ev"}
    assert all(code == product.code and product.name for code, product in table.items())
    assert not [product for product in table.values() if product.validation == "ev" and product.kind == "wildcard"]


def test_an_account_corrects_a_product_of_the_table() -> None:
    own = {"code": "287", "name": "Own name", "validation": "dv", "kind": "multi"}
    assert products([own])["287"].name == "Own name"
    assert products()["287"].kind == "single"


def test_neither_password_nor_client_key_is_shown_anywhere() -> None:
    with Sectigo(**LOGIN) as ca:
        shown = repr(ca) + repr(ca.api) + repr(vars(ca))
    assert LOGIN["login_password"] not in shown
