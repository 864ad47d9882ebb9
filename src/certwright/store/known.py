"""Which certificates of the inventory somebody means who does not have their bytes."""

from __future__ import annotations

from collections.abc import Sequence

from certwright.model.inventory import Known
from certwright.pki.certificate import from_der
from certwright.store import bulk, models


def held(fingerprints: Sequence[str]) -> set[str]:
    """Those of the fingerprints that the inventory has."""
    return set(
        bulk.look_up(
            lambda keys: models.Certificate.objects.filter(fingerprint__in=keys).values_list("fingerprint", flat=True),
            list(dict.fromkeys(fingerprints)),
        )
    )


def meant(known: Sequence[Known]) -> list[tuple[bytes, ...]]:
    """For each, the certificates (DER) that it means: none, the one, or several that it does not tell apart."""
    ders = {
        *_ders("fingerprint", [one.sha256 for one in known if one.sha256]),
        *_ders("serial", [one.serial for one in known if one.serial and not one.sha256]),
    }
    by_name: dict[str, list[bytes]] = {}
    certificates = {der: from_der(der) for der in sorted(ders)}
    for der, certificate in certificates.items():
        by_name.setdefault(certificate.fingerprint, []).append(der)
        by_name.setdefault(certificate.serial, []).append(der)
    return [
        tuple(der for der in by_name.get(one.sha256 or one.serial, ()) if one.means(certificates[der])) for one in known
    ]


def _ders(column: str, values: Sequence[str]) -> set[bytes]:
    found = bulk.look_up(
        lambda keys: models.CertificateBytes.objects.filter(**{f"certificate__{column}__in": keys}).values_list(
            "der", flat=True
        ),
        list(dict.fromkeys(values)),
    )
    return {bytes(der) for der in found}
