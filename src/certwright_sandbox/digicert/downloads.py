"""Certificates as files and as chains (digicert.md §16)."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from certwright_sandbox.digicert.call import Call, File, Reply
from certwright_sandbox.digicert.errors import invalid_value, not_found
from certwright_sandbox.digicert.fields import whole_number
from certwright_sandbox.digicert.office import Office
from certwright_sandbox.digicert.orders import order_of
from certwright_sandbox.digicert.products import PLATFORMS
from certwright_sandbox.digicert.records import Certificate
from certwright_sandbox.digicert.revoke import certificate_of
from certwright_sandbox.digicert.signing import chain_of, chain_view, common_name_of, crlf

ZIP, PEM, P7B = "application/zip", "application/x-pem-file", "application/x-pkcs7-certificates"
ZIPPED = {
    "default": (".crt", True),
    "default_pem": (".crt", True),
    "default_cer": (".cer", True),
    "apache": (".crt", False),
}
WHOLE, WITHOUT_ROOT, LEAF_ALONE = slice(None), slice(0, -1), slice(0, 1)
PLAIN = {
    "pem_all": WHOLE,
    "pem_noroot": WITHOUT_ROOT,
    "pem_nointermediate": LEAF_ALONE,
    "crt": LEAF_ALONE,
    "pem": LEAF_ALONE,
}
BUNDLED = ("cer", "p7b")
ZIP_TIME = (2020, 1, 1, 0, 0, 0)  # the same download twice is the same bytes


def download_platform(office: Office, call: Call) -> File:
    """GET certificate/{id}/download/platform: for the order's own server platform, always a ZIP."""
    certificate = _issued(office, call)
    form = PLATFORMS.get(certificate.server_platform, PLATFORMS[-1])[1]
    return file_of(office, call, certificate, form if form in ZIPPED else "default")


def download_named_platform(office: Office, call: Call) -> File:
    """GET certificate/{id}/download/platform/{platform_id}: in the format of that platform."""
    platform = whole_number(call.param("platform_id"))
    if platform is None or platform not in PLATFORMS:
        raise not_found("platform")
    return file_of(office, call, _issued(office, call), PLATFORMS[platform][1])


def download_format(office: Office, call: Call) -> File:
    """GET certificate/{id}/download/format/{format}."""
    return file_of(office, call, _issued(office, call), call.param("format"))


def download_of_order(office: Office, call: Call) -> File:
    """GET certificate/download/order/{id}[/format/{format}], `formatType`; `subId` for a duplicate."""
    order = order_of(office, call)
    certificate = office.certificates[order.certificate_id]
    sub_id = call.query("subId")
    if sub_id is not None:
        siblings = office.certificates_of_order.find(order.id)
        certificate = next((row for row in siblings if row.sub_id == sub_id), certificate)
        if certificate.sub_id != sub_id:
            raise not_found("certificate")
    if not certificate.was_issued:
        raise not_found("certificate")
    form = call.params.get("format") or call.query("formatType") or "default"
    return file_of(office, call, certificate, form)


def show_chain(office: Office, call: Call) -> Reply:
    """GET certificate/{id}/chain: `intermediates` with the leaf first."""
    pems = chain_of(office, _issued(office, call), call.twist.defect)
    return Reply({"intermediates": chain_view(pems)}, "certificate")


def list_intermediates(office: Office, call: Call) -> Reply:  # noqa: ARG001 - every endpoint takes both
    """GET certificate/intermediates: the issuing CAs."""
    rows: list[dict[str, Any]] = [
        {
            "subject_common_name": common_name_of(authority.pem),
            "issuer_common_name": common_name_of(authority.parent.pem),
            "pem": crlf(authority.pem),
        }
        for authority in office.world.hierarchy.all()
        if authority.parent is not None
    ]
    return Reply({"intermediates": rows}, "certificate_list")


def file_of(office: Office, call: Call, certificate: Certificate, form: str) -> File:
    """The certificate's chain in a format. Raises Refusal 400 for an unknown one."""
    pems = chain_of(office, certificate, call.twist.defect)
    name = re.sub(r"[^a-z0-9]+", "_", certificate.common_name.replace("*", "star")).strip("_")
    if form in ZIPPED:
        suffix, with_root = ZIPPED[form]
        return File(_zip(pems, name, suffix, with_root=with_root), ZIP, f"{name}.zip")
    if form in PLAIN:
        return File("".join(map(crlf, pems[PLAIN[form]])).encode(), PEM, f"{name}.{'crt' if form == 'crt' else 'pem'}")
    if form in BUNDLED:
        return File(_pkcs7(pems), P7B, f"{name}.{form}")
    raise invalid_value("format")


def _issued(office: Office, call: Call) -> Certificate:
    certificate = certificate_of(office, call)
    if not certificate.was_issued:
        raise not_found("certificate")
    return certificate


def _zip(pems: list[str], name: str, suffix: str, *, with_root: bool) -> bytes:
    """A folder `certs` with one file for each certificate: leaf, intermediates, root."""
    kept = pems if with_root or len(pems) == 1 else pems[:-1]
    names = [f"{name}{suffix}"]
    for at in range(1, len(kept)):
        if at == len(pems) - 1:
            names.append(f"TrustedRoot{suffix}")
        else:
            names.append(f"DigiCertCA{'' if at == 1 else at}{suffix}")
    archive_bytes = io.BytesIO()
    with zipfile.ZipFile(archive_bytes, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, pem in zip(names, kept, strict=True):
            archive.writestr(zipfile.ZipInfo(f"certs/{member}", ZIP_TIME), crlf(pem))
    return archive_bytes.getvalue()


def _pkcs7(pems: list[str]) -> bytes:
    """A PKCS#7 bundle in PEM of everything in the chain that is a certificate."""
    certificates = []
    for pem in pems:
        try:
            certificates.append(x509.load_pem_x509_certificate(pem.encode()))
        except ValueError:  # a defect put something else there, which no bundle can hold
            continue
    return pkcs7.serialize_certificates(certificates, serialization.Encoding.PEM)
