"""The certificates that are built in for emSign."""

from __future__ import annotations

from datetime import UTC, datetime

from certwright.cas.about import About
from certwright.cas.emsign import EmSign
from certwright.model import ports
from certwright.pki import chain as chains
from certwright.pki.certificate import Certificate, parse_pem_many

ABOUT = About.load("emsign")
ROOTS = parse_pem_many(ABOUT.roots())
INTERMEDIATES = parse_pem_many(ABOUT.intermediates())


def _names(certificates: list[Certificate]) -> set[str | None]:
    return {certificate.common_name for certificate in certificates}


def test_the_roots_are_emsigns_public_ones() -> None:
    assert _names(ROOTS) == {
        "emSign ECC Root CA - C3",
        "emSign ECC Root CA - G3",
        "emSign Root CA - C1",
        "emSign Root CA - G1",
    }
    assert all(chains.is_root(root) for root in ROOTS)


def test_every_pinned_intermediate_is_a_ca_whose_signatures_lead_to_a_root() -> None:
    trusted = list(ROOTS)
    for certificate in INTERMEDIATES:  # in the file each stands after its issuer
        assert certificate.is_ca, certificate
        assert not chains.is_root(certificate), certificate
        assert any(chains.signed_by(certificate, issuer) for issuer in trusted), certificate
        assert certificate.not_before < datetime(2026, 11, 21, tzinfo=UTC) < certificate.not_after
        trusted.append(certificate)


def test_the_ca_between_the_root_and_todays_issuers_is_pinned() -> None:
    assert {"emSign SSL CA - G1", "emSign Root TLS CA - G1"} <= _names(INTERMEDIATES)


def test_a_chain_whose_middle_is_left_out_is_mended() -> None:
    (issuer,) = [one for one in INTERMEDIATES if one.common_name == "InCommon Intermediate CA - OVG2C"]
    path = chains.build([issuer], public_key_sha256=issuer.public_key_sha256, known=INTERMEDIATES)
    assert [one.common_name for one in path.certificates] == [issuer.common_name, "emSign Root TLS CA - G1"]


def test_emsign_describes_itself() -> None:
    assert ABOUT.url == ABOUT.urls["india_and_global"]
    assert [field.name for field in ABOUT.secrets if field.required] == ["access_key"]
    fields = (*ABOUT.settings, *ABOUT.options, *ABOUT.secrets)
    assert all(field.help for field in fields)
    assert all(field.parse(field.default) is not None for field in fields if field.default)


def test_the_adapter_fits_every_port_that_it_names() -> None:
    with EmSign(access_key="k", settings={"account_number": "4000000017"}) as ca:
        for name in ("CertificateAuthority", *ABOUT.abilities):
            assert isinstance(ca, getattr(ports, name)), name
        assert not isinstance(ca, ports.Reissues | ports.FindsByReference)
