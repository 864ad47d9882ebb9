"""What a certificate says, its signature, and the chain as this CA shows it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from certwright_sandbox.ca import pem_of
from certwright_sandbox.defects import DEFECTS, Case
from certwright_sandbox.digicert.office import Office
from certwright_sandbox.digicert.products import PRODUCTS
from certwright_sandbox.digicert.records import Certificate, Order, Signed
from certwright_sandbox.digicert.validity import CLIENT_AUTH_ENDS, CLIENT_AUTH_OPTIONAL_FROM, last_second
from certwright_sandbox.leaf import POLICIES, Leaf, public_key_of

BOTH_PURPOSES = "server_client_auth_eku"
OTHER_AUTHORITY = "tls-r1"  # whose chain is a wrong one for most certificates


def sign(office: Office, order: Order, certificate: Certificate, start: date, end: date) -> None:
    """Fill in what issuance makes; valid from the first second of `start` to the last of `end`, UTC."""
    certificate.valid_from, certificate.valid_till = start, end
    leaf = leaf_of(office, order, certificate)
    signed = office.world.hierarchy[certificate.authority].sign(leaf)
    certificate.pem = pem_of(signed)
    certificate.serial = serial_text(signed.serial_number)
    certificate.thumbprint = _thumbprint(signed)
    certificate.date_issued = office.now()
    certificate.state = "issued"
    if certificate.defect is not None:
        certificate.shown = tuple(spoiled(office, certificate, certificate.defect))


def serial_text(serial: int) -> str:
    """A serial as this API writes it."""
    return f"{serial:032X}"


def thumbprint_of(office: Office, certificate: Certificate) -> str:
    """The certificate's thumbprint; empty before it is issued."""
    return certificate.thumbprint or (_signed(office, certificate).thumbprint if certificate.was_issued else "")


def _pem_of(office: Office, certificate: Certificate) -> str:
    return certificate.pem or _signed(office, certificate).pem


def _signed(office: Office, certificate: Certificate) -> Signed:
    """A certificate of the stock, signed now unless somebody has looked at it before."""
    before = office.signed.get(certificate.id)
    if before is not None:
        return before
    leaf = leaf_of(office, office.orders[certificate.order_id], certificate)
    signed = office.world.hierarchy[certificate.authority].sign(leaf, int(certificate.serial, 16))
    return office.signed.add(Signed(certificate.id, certificate.account_id, pem_of(signed), _thumbprint(signed)))


def _thumbprint(signed: x509.Certificate) -> str:
    return signed.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - as the API identifies it


def leaf_of(office: Office, order: Order, certificate: Certificate) -> Leaf:
    """What the certificate says. OUs are left out of public certificates (digicert.md §19, 2022-08)."""
    product = PRODUCTS[order.product]
    assert certificate.valid_from is not None
    assert certificate.valid_till is not None
    subject: list[tuple[str, str]] = []
    if order.organization_id is not None:
        organization = office.organizations[order.organization_id]
        subject = [
            ("country", organization.country.upper()),
            ("state", organization.state),
            ("city", organization.city),
            ("organization", organization.name),
        ]
    if not product.is_public:
        subject += [("unit", unit) for unit in certificate.units]
    return Leaf(
        public_key=public_key_of(certificate.csr),
        common_name=certificate.common_name,
        names=certificate.names,
        not_before=datetime.combine(certificate.valid_from, time(), UTC),
        not_after=last_second(certificate.valid_till),
        subject=tuple(subject),
        policy=POLICIES[product.validation] if product.is_public else "",
        client_auth=may_authenticate_clients(
            certificate.profile_option, certificate.valid_from, is_public=product.is_public
        ),
        hash_name=certificate.hash_name,
    )


def may_authenticate_clients(profile_option: str, day: date, *, is_public: bool) -> bool:
    """Whether clientAuth goes in: always before 2025-10-01, on request until 2027-03-01, then never (§19)."""
    if not is_public:
        return profile_option == BOTH_PURPOSES
    if day >= CLIENT_AUTH_ENDS:
        return False
    return day < CLIENT_AUTH_OPTIONAL_FROM or profile_option == BOTH_PURPOSES


def chain_of(office: Office, certificate: Certificate, defect: str | None = None) -> list[str]:
    """The certificate and the CAs above it as PEM, the root last, as this CA shows them now.

    `defect` makes this one showing wrong; a certificate that was issued with a defect is always shown so.
    """
    if defect is not None:
        return spoiled(office, certificate, defect)
    return list(certificate.shown) or right_chain_of(office, certificate)


def right_chain_of(office: Office, certificate: Certificate) -> list[str]:
    """The chain as it should be."""
    return [_pem_of(office, certificate), *office.world.hierarchy[certificate.authority].chain()]


def spoiled(office: Office, certificate: Certificate, defect: str) -> list[str]:
    """The chain with a defect."""
    hierarchy = office.world.hierarchy
    other = OTHER_AUTHORITY if certificate.authority != OTHER_AUTHORITY else "tls-e1"
    case = Case(
        leaf=leaf_of(office, office.orders[certificate.order_id], certificate),
        issuer=hierarchy[certificate.authority],
        other_issuer=hierarchy[other],
        csr=certificate.csr,
        sibling=_sibling(office, certificate),
        now=office.now(),
    )
    return DEFECTS[defect](case)


def chain_view(pems: list[str]) -> list[dict[str, Any]]:
    """The chain as JSON, PEM with CRLF as this API has it."""
    return [{"subject_common_name": common_name_of(pem), "pem": crlf(pem)} for pem in pems]


def crlf(pem: str) -> str:
    """The text with CRLF line ends."""
    return pem.replace("\n", "\r\n")


def common_name_of(pem: str) -> str:
    """The subject's common name; empty for what is no certificate."""
    try:
        subject = x509.load_pem_x509_certificate(pem.encode()).subject
    except ValueError:
        return ""
    found = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def _sibling(office: Office, certificate: Certificate) -> str | None:
    """Another certificate, of the same order if there is one, else of the same account."""
    others = [
        other
        for other in office.certificates
        if other.account_id == certificate.account_id and other.pem and other.csr != certificate.csr
    ]
    nearest = [other for other in others if other.order_id == certificate.order_id] or others
    return nearest[-1].pem if nearest else None
