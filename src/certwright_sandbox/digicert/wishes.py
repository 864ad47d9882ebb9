"""The `certificate` object that orders, reissues and duplicates have in common: read, checked, recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from certwright_sandbox.digicert.call import Call
from certwright_sandbox.digicert.csr import Csr, read_csr, read_name
from certwright_sandbox.digicert.errors import bad_request, invalid_value, missing_value
from certwright_sandbox.digicert.fields import Fields
from certwright_sandbox.digicert.looking import EMAIL, FILE_METHODS, METHODS, TXT
from certwright_sandbox.digicert.office import Office
from certwright_sandbox.digicert.products import Product, ca_certs
from certwright_sandbox.digicert.records import Certificate, Term
from certwright_sandbox.digicert.validity import EMAIL_DCV_ENDS
from certwright_sandbox.leaf import HASHES
from certwright_sandbox.names import is_address
from certwright_sandbox.names import registrable as registrable_domain

FIRST_CERTIFICATE_ID = 950101
RSA_CA_CERT = "SBX02"


@dataclass(frozen=True)
class CertificateWish:
    """What a certificate shall be, checked; `names` hold the common name first."""

    csr: Csr
    common_name: str
    names: tuple[str, ...]
    hash_name: str
    server_platform: int
    units: tuple[str, ...]
    authority: str
    profile_option: str


def read_wish(certificate: Fields, product: Product) -> CertificateWish:
    """Check the object; SANs that only the CSR holds do not count (digicert.md §9.1). Raises Refusal."""
    if "csr" not in certificate:
        raise missing_value("csr")
    if "common_name" not in certificate:
        raise missing_value("common_name")
    csr = read_csr(certificate.text("csr"))
    common_name = read_name(certificate.text("common_name"), "common_name")
    names = read_names(certificate, common_name, product)
    hash_name = certificate.text("signature_hash").lower() or "sha256"
    if hash_name not in HASHES:
        raise invalid_value("signature_hash")
    platform = certificate.object("server_platform").number("id")
    return CertificateWish(
        csr=csr,
        common_name=common_name,
        names=names,
        hash_name=hash_name,
        server_platform=-1 if platform is None else platform,
        units=certificate.texts("organization_units"),
        authority=_authority(certificate, product, csr),
        profile_option=certificate.text("profile_option"),
    )


def read_names(certificate: Fields, common_name: str, product: Product) -> tuple[str, ...]:
    """The common name, the `dns_names`, and the free www or base variant of a registrable domain."""
    names = [common_name, *(read_name(name, "dns_names") for name in certificate.texts("dns_names"))]
    if product.validation == "ev" and any(name.startswith("*.") for name in names):
        raise invalid_value("dns_names")
    if product.free_www and not is_address(common_name) and not common_name.startswith("*."):
        base = common_name.removeprefix("www.")
        if base == registrable_domain(common_name):
            names += [base, f"www.{base}"]
    return tuple(dict.fromkeys(names))


def read_method(body: Fields, names: tuple[str, ...], today: date) -> str:
    """The DCV method, which must be able to prove these names; email unless the body says otherwise."""
    method = body.text("dcv_method") or (EMAIL if today < EMAIL_DCV_ENDS else TXT)
    if method not in METHODS:
        raise invalid_value("dcv_method")
    check_method(method, names, today)
    return method


def check_method(method: str, names: tuple[str, ...], today: date) -> None:
    """Raise Refusal 400 where the method cannot prove one of the names: files prove no wildcards, only files
    prove addresses, and mail proves nothing from 2028-03-15 on (digicert.md §6.11, §19).
    """
    if method == EMAIL and today >= EMAIL_DCV_ENDS:
        raise bad_request("invalid_dcv_method", "The DCV method is no longer offered.")
    is_file = method in FILE_METHODS
    for name in names:
        if (is_file and name.startswith("*.")) or (is_address(name) and not is_file):
            raise bad_request("invalid_dcv_method", f"The DCV method cannot be used for {name}.")


def new_certificate(
    office: Office,
    call: Call,
    order_id: int,
    kind: str,
    wish: CertificateWish,
    term: Term | None,
    dcv_method: str,
) -> Certificate:
    """Write down a certificate that waits for approval."""
    certificate = Certificate(
        id=office.new_id(office.certificates, FIRST_CERTIFICATE_ID),
        account_id=call.account_id,
        order_id=order_id,
        kind=kind,
        state="waiting",
        common_name=wish.common_name,
        names=wish.names,
        csr=wish.csr.pem,
        key_size=wish.csr.key_size,
        authority=wish.authority,
        hash_name=wish.hash_name,
        server_platform=wish.server_platform,
        units=wish.units,
        date_created=office.now(),
        term=term,
        dcv_method=dcv_method,
        profile_option=wish.profile_option,
        requested_by=call.user_id,
        defect=call.twist.defect,
    )
    return office.certificates.add(certificate)


def _authority(certificate: Fields, product: Product, csr: Csr) -> str:
    """The issuing CA: the one asked for, else the one that signs with the same kind of key as the CSR's."""
    known = ca_certs(product)
    wanted = certificate.text("ca_cert_id")
    if wanted:
        if wanted not in known:
            raise invalid_value("ca_cert_id")
        return known[wanted][0]
    if csr.is_rsa and RSA_CA_CERT in known:
        return known[RSA_CA_CERT][0]
    return next(iter(known.values()))[0]
