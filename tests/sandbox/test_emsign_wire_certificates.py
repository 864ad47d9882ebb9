"""GetCertificate and what it gives (§6.13, §10.5; contract tests 38-41). Judged by `cryptography` and `openssl`."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.sandbox.certificates import (
    certificates_in,
    is_self_issued,
    lifetime_days,
    names_of,
    openssl,
    write_pem,
)
from tests.sandbox.emsign_tenant import (
    DV,
    DV_UCC,
    EV,
    OV,
    PATIENT,
    UNVETTED,
    NewSubscriber,
    Subscriber,
    certificate_of,
)
from tests.sandbox.emsign_wire import blank
from tests.sandbox.tenant import NewName

FIELDS = {"endEntityCertificate", "caCertificate", "rootCertificate", "expiryDate", "ceritficateSerialNumber"}
BARE = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def _details(tenant: Subscriber, name: str, kind: str = DV, **changes: object) -> dict[str, str]:
    details: dict[str, str] = tenant.certificate(tenant.issue(name, kind, **changes))["certificateDetails"]
    return details


def _settings(tenant: Subscriber, what: str) -> list[x509.Certificate]:
    return certificates_in(str(tenant.element["settings"][what]))


def _verifies(tenant: Subscriber, leaf: x509.Certificate, between: list[x509.Certificate], folder: Path) -> bool:
    roots = write_pem(folder / "roots.pem", _settings(tenant, "roots"))
    middle = write_pem(folder / "middle.pem", between)
    file = write_pem(folder / "leaf.pem", [leaf])
    options = ("-purpose", "sslserver", "-x509_strict", "-CAfile", roots, "-untrusted", middle)
    return openssl("verify", *options, file).returncode == 0


def test_38_a_certificate_is_downloadable_before_its_order_is_fulfilled(subscriber: NewSubscriber) -> None:
    """§6.13: 20 with 2 before, 9 with 6 after, in both look-ups."""
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")
    before, row_before = tenant.standing(order), tenant.row(order)

    leaf = tenant.leaf(order)

    after, row_after = tenant.track(order), tenant.row(order)
    assert before == ("2", "20")
    assert (row_before["orderStatusId"], row_before["certificateStatusId"]) == ("2", "20")
    assert (row_before["orderStatus"], row_before["certificateStatus"]) == ("Order Accepted", "Certificate Generated")
    assert (after["orderStatusId"], after["orderStatus"]) == ("6", "Order Fulfilled")
    assert (after["certificateStatusId"], after["certificateStatus"]) == ("9", "Certificate Downloaded")
    assert (row_after["orderStatusId"], row_after["certificateStatusId"]) == ("6", "9")
    assert tenant.leaf(order) == leaf
    assert tenant.standing(order) == ("6", "9")


def test_a_certificate_that_is_not_there_is_ems_1010(subscriber: NewSubscriber, fresh: NewName) -> None:
    tenant = subscriber(**PATIENT)
    order = tenant.buy(fresh())

    assert tenant.certificate(order).refuses("EMS-1010")
    assert tenant.certificate("1111111111").refuses("EMS-943")
    assert tenant.standing(order) == ("2", "24")


def test_39_a_certificate_may_be_pem(subscriber: NewSubscriber) -> None:
    tenant = subscriber(pem_style="pem")

    details = _details(tenant, f"shop.{tenant.domain}")

    assert set(details) == FIELDS
    for field in ("endEntityCertificate", "caCertificate", "rootCertificate"):
        assert details[field].strip().startswith("-----BEGIN CERTIFICATE-----"), field
        assert details[field].strip().endswith("-----END CERTIFICATE-----"), field
        assert len(certificates_in(details[field])) == 1


def test_39_a_certificate_may_be_bare_base64_in_one_line(subscriber: NewSubscriber) -> None:
    tenant = subscriber(pem_style="bare")

    details = _details(tenant, f"shop.{tenant.domain}")

    for field in ("endEntityCertificate", "caCertificate", "rootCertificate"):
        assert BARE.fullmatch(details[field]), field
        assert x509.load_der_x509_certificate(base64.b64decode(details[field], validate=True))


def test_39_the_two_styles_are_of_one_certificate(subscriber: NewSubscriber) -> None:
    tenant = subscriber(pem_style="pem")
    order = tenant.issue(f"shop.{tenant.domain}")
    plain = tenant.leaf(order)

    tenant.switch(pem_style="bare")

    assert tenant.leaf(order) == plain


def test_39_the_ca_certificates_may_be_missing(subscriber: NewSubscriber) -> None:
    tenant = subscriber(ca_certificate=False)

    details = _details(tenant, f"shop.{tenant.domain}")

    assert (details["caCertificate"], details["rootCertificate"]) == ("", "")
    assert names_of(certificate_of(details["endEntityCertificate"])) == {f"shop.{tenant.domain}"}


def test_40_serial_and_expiry_are_told_beside_the_certificate(subscriber: NewSubscriber) -> None:
    """§3.5, §6.13: the key is misspelt; the serial is decimal."""
    tenant = subscriber()

    details = _details(tenant, f"shop.{tenant.domain}")

    leaf = certificate_of(details["endEntityCertificate"])
    assert details["ceritficateSerialNumber"] == str(leaf.serial_number)
    assert details["expiryDate"] == leaf.not_valid_after_utc.strftime("%Y-%m-%d %H:%M:%S")


def test_tracking_tells_when_a_certificate_ends(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")

    told = tenant.track(order)["certificateExpiryDate"]

    assert told == tenant.leaf(order).not_valid_after_utc.strftime("%Y-%m-%d %H:%M:%S")


def test_41_a_chain_of_two_is_issuer_and_root(subscriber: NewSubscriber, tmp_path: Path) -> None:
    tenant = subscriber(chain_depth=2)

    details = _details(tenant, f"shop.{tenant.domain}")

    leaf, issuer, root = (
        certificate_of(details[field]) for field in ("endEntityCertificate", "caCertificate", "rootCertificate")
    )
    leaf.verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(root)
    assert is_self_issued(root)
    assert root in _settings(tenant, "roots")
    assert _verifies(tenant, leaf, [issuer], tmp_path)


def test_41_a_chain_of_three_leaves_one_out(subscriber: NewSubscriber, tmp_path: Path) -> None:
    tenant = subscriber(chain_depth=3)

    details = _details(tenant, f"shop.{tenant.domain}")

    leaf, issuer, root = (
        certificate_of(details[field]) for field in ("endEntityCertificate", "caCertificate", "rootCertificate")
    )
    leaf.verify_directly_issued_by(issuer)
    assert is_self_issued(root)
    assert issuer.issuer != root.subject
    assert not _verifies(tenant, leaf, [issuer], tmp_path)
    assert _verifies(tenant, leaf, _settings(tenant, "intermediates"), tmp_path)
    (between,) = [found for found in _settings(tenant, "intermediates") if found.subject == issuer.issuer]
    between.verify_directly_issued_by(root)
    assert _verifies(tenant, leaf, [issuer, between], tmp_path)


def test_the_roots_of_the_management_door_are_those_of_the_account(subscriber: NewSubscriber) -> None:
    tenant = subscriber()

    answer = tenant.management.call("GET", "roots")

    assert set(_settings(tenant, "roots")) <= set(certificates_in(answer.body))


@pytest.mark.parametrize("kind", [DV, OV, EV])
def test_a_certificate_is_what_public_tls_asks_for(kind: str, subscriber: NewSubscriber, tmp_path: Path) -> None:
    """§10.5."""
    tenant = subscriber()
    name = f"shop.{tenant.domain}"

    leaf = tenant.leaf(tenant.issue(name, kind))

    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert ExtendedKeyUsageOID.SERVER_AUTH in usage
    assert names_of(leaf) == {name}
    assert leaf.version is x509.Version.v3
    assert leaf.serial_number.bit_length() > 64
    text = openssl("x509", "-in", write_pem(tmp_path / "leaf.pem", [leaf]), "-noout", "-text").stdout
    assert f"DNS:{name}" in text
    assert "CA:TRUE" not in text


def test_a_dv_subject_is_the_common_name_alone(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    name = f"shop.{tenant.domain}"

    leaf = tenant.leaf(tenant.issue(name))

    assert [(a.oid, a.value) for a in leaf.subject] == [(NameOID.COMMON_NAME, name)]


@pytest.mark.parametrize("kind", [OV, EV])
@pytest.mark.parametrize("changes", [{}, UNVETTED], ids=["vetted", "unvetted"])
def test_an_ov_subject_is_that_of_the_organization(
    kind: str, changes: dict[str, str], subscriber: NewSubscriber
) -> None:
    """§10.5: O, L and C."""
    tenant = subscriber()
    name = f"shop.{tenant.domain}"

    leaf = tenant.leaf(tenant.issue(name, kind, **changes))

    (organization,) = tenant.ask("GetOrganizationDetails")["organizationDetails"]
    found = {attribute.oid: attribute.value for attribute in leaf.subject}
    assert found[NameOID.COMMON_NAME] == name
    assert found[NameOID.ORGANIZATION_NAME] == organization["organizationName"]
    assert found[NameOID.LOCALITY_NAME] == organization["organizationLocality"]
    assert found[NameOID.COUNTRY_NAME] == organization["organizationCountryCode"]
    assert NameOID.ORGANIZATIONAL_UNIT_NAME not in found


def test_a_certificate_begins_at_most_a_minute_ago(subscriber: NewSubscriber) -> None:
    """§10.5: backdated 0 to 60 s, and 199 days long."""
    tenant = subscriber()
    before = tenant.management.now()

    leaf = tenant.leaf(tenant.issue(f"shop.{tenant.domain}"))

    assert timedelta(seconds=-62) <= leaf.not_valid_before_utc - before <= timedelta(seconds=20)
    assert 198 < lifetime_days(leaf) <= 199


def test_every_certificate_has_a_serial_of_its_own(subscriber: NewSubscriber) -> None:
    tenant = subscriber()

    leaves = [tenant.leaf(tenant.issue(f"host{n}.{tenant.domain}")) for n in range(4)]

    assert len({leaf.serial_number for leaf in leaves}) == 4


def test_a_certificate_of_many_names_has_them_all(subscriber: NewSubscriber) -> None:
    tenant = subscriber()
    names = [f"host{number}.{tenant.domain}" for number in range(60)]

    leaf = tenant.leaf(tenant.issue(names[0], DV_UCC, extra=names[1:]))

    assert names_of(leaf) == set(names)


def test_the_report_tells_of_the_certificate(subscriber: NewSubscriber) -> None:
    """§6.14; the serial is decimal."""
    tenant = subscriber()
    order = tenant.issue(f"shop.{tenant.domain}")

    leaf = tenant.leaf(order)
    row = tenant.row(order)

    assert row["certificateSerialNumber"] == str(leaf.serial_number)
    assert row["certificateExpiryDate"] == leaf.not_valid_after_utc.strftime("%Y-%m-%d %H:%M:%S")
    assert not blank(row["issuerCA"])
