"""How an order stands at DigiCert, in as few calls as that takes.

Calls: 1 for what the status alone explains (approval, CSR, processing, an end); 2 for an order that is
pending (its validation tells for what) and for one that is issued (the download); up to 2 more where a
reissue or duplicate has to be told apart by its key, and 1 more when the download holds another certificate.
"""

from __future__ import annotations

from dataclasses import replace

from certwright.cas.digicert import progress, wire
from certwright.cas.digicert.api import OrderAPI
from certwright.cas.digicert.caller import File
from certwright.model.ca import CAOrder, Issued, Pending, Progress
from certwright.model.errors import NotFound, Unavailable
from certwright.model.words import WaitingFor
from certwright.pki import formats
from certwright.pki.certificate import Certificate
from certwright.pki.errors import Invalid

DOWNLOAD_FORMAT = "pem_all"


def collect(api: OrderAPI, ca_order: CAOrder, public_key_sha256: str) -> Progress:
    """See :class:`certwright.model.ports.CertificateAuthority`."""
    try:
        order = api.order(ca_order.order_id)
    except NotFound as error:
        # DigiCert gave us this id: it is behind, or the key no longer sees the order. Neither means "lost".
        raise Unavailable(error.detail, advice=error.advice, code=error.code) from None
    if (ended := progress.of_ended(ca_order, order)) is not None:
        return ended
    certificate_id = _certificate_id(api, ca_order, order, public_key_sha256)
    found = replace(ca_order, certificate_id=certificate_id)
    if certificate_id and _is_issued(order, certificate_id):
        return _fetch(api, found, order, public_key_sha256)
    if order.status == wire.ISSUED:
        return Pending(found, WaitingFor.PROCESSING, "issued, but no certificate of our key is shown yet")
    return progress.of_unfinished(found, order.status, _validation(api, order))


def _certificate_id(api: OrderAPI, ca_order: CAOrder, order: wire.Order, public_key_sha256: str) -> str:
    """The id of our certificate within the order; empty while it cannot be told."""
    if ca_order.certificate_id:
        return ca_order.certificate_id
    primary = order.certificate
    matches = progress.csr_has_key(primary.csr, public_key_sha256)
    if matches or (matches is None and not order.reissues_count and not order.duplicates_count):
        return primary.id
    for certificates in (api.reissues, api.duplicates):
        for certificate in certificates(order.id):
            if progress.csr_has_key(certificate.csr, public_key_sha256):
                return certificate.id
    return ""


def _is_issued(order: wire.Order, certificate_id: str) -> bool:
    """Whether that certificate can be there: of an order being changed, the one before the change is."""
    if order.status == wire.ISSUED:
        return True
    primary = order.certificate
    return order.status in wire.ANOTHER_PENDING and primary.id == certificate_id and bool(primary.serial_number)


def _validation(api: OrderAPI, order: wire.Order) -> wire.OrderValidation | None:
    """What is missing, asked only where the status leaves it open."""
    if wire.waiting_for(order.status) is not None:
        return None
    try:
        return api.validation(order.id)
    except NotFound:
        return None


def _fetch(api: OrderAPI, ca_order: CAOrder, order: wire.Order, public_key_sha256: str) -> Progress:
    """Download the certificate and see that it is ours; a sibling has been served in its place (§14.4)."""
    try:
        downloaded = _certificates(api.download(ca_order.certificate_id, DOWNLOAD_FORMAT))
        if progress.has_key(downloaded, public_key_sha256):
            return Issued(ca_order, progress.ders(downloaded))
        chain = progress.chain_of(api.certificate_chain(ca_order.certificate_id))
    except NotFound:
        return Pending(ca_order, WaitingFor.PROCESSING, "issued, but not yet to be downloaded")
    if progress.has_key(chain, public_key_sha256):
        return Issued(ca_order, progress.ders(chain))
    siblings = order.reissues_count or order.duplicates_count
    if chain and downloaded and chain[0] == downloaded[0] and not siblings:
        # The only certificate of the order, twice the same: no mix-up. Handed on for the verdict and as
        # evidence.
        return Issued(ca_order, progress.ders(chain))
    why = "issued, but what DigiCert serves is not the certificate of our key"
    return Pending(ca_order, WaitingFor.PROCESSING, why)


def download(api: OrderAPI, ca_order: CAOrder) -> tuple[bytes, ...]:
    """The certificate and its chain, DER in any order: 1 call. Raises NotFound when there is none to be had.

    Without a certificate id it is what the order has at that time: its newest.
    """
    if ca_order.certificate_id:
        file = api.download(ca_order.certificate_id, DOWNLOAD_FORMAT)
    else:
        file = api.download_of_order(ca_order.order_id, DOWNLOAD_FORMAT)
    if certificates := _certificates(file):
        return progress.ders(certificates)
    raise Unavailable("What DigiCert serves is no certificate that can be read.", advice="It is asked again later.")


def _certificates(file: File) -> tuple[Certificate, ...]:
    """The certificates of a download; nothing when it is no file of certificates."""
    try:
        return formats.read(file.body).certificates
    except Invalid:
        return ()
