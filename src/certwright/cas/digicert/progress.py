"""What DigiCert's answers mean in our words: issued, pending (for what), ended; and what to publish where."""

from __future__ import annotations

from collections.abc import Iterable

from certwright.cas.digicert import wire
from certwright.model.ca import CAOrder, Ended, Issued, Pending, Progress, Proof
from certwright.model.words import WaitingFor
from certwright.pki import certificate, csr
from certwright.pki.errors import Invalid

TXT, CNAME, FILE, DYNAMIC_FILE, EMAIL = (
    "dns-txt-token",
    "dns-cname-token",
    "http-token",
    "http-token-dynamic",
    "email",
)
CNAME_TARGET = "dcv.digicert.com"


def of_placed(placed: wire.Placed, method: str, public_key_sha256: str, order_id: str = "") -> Progress:
    """What the answer to an order, reissue or duplicate means: its three kinds differ by what is there."""
    request_id = placed.requests[0].id if placed.requests else ""
    ca_order = CAOrder(order_id or placed.id, placed.certificate_id, request_id)
    if placed.certificate_chain:
        chain = chain_of(placed.certificate_chain)
        if has_key(chain, public_key_sha256):
            return Issued(ca_order, ders(chain))
        why = "DigiCert issued at once, but its answer does not hold the certificate of our key"
        return Pending(ca_order, WaitingFor.PROCESSING, why)
    if not placed.certificate_id:
        return Pending(ca_order, WaitingFor.CA_APPROVAL, "the request waits for an approver")
    proofs = proofs_of_placed(placed, method)
    if proofs:
        return Pending(ca_order, WaitingFor.DOMAIN_CONTROL, "pending: control of names is not proven", proofs)
    return Pending(ca_order, WaitingFor.PROCESSING, "pending")


def of_unfinished(ca_order: CAOrder, status: str, validation: wire.OrderValidation | None) -> Pending:
    """What an unfinished order waits for, told by its status or else by its validation."""
    if (reason := wire.waiting_for(status)) is not None:
        return Pending(ca_order, reason, status)
    if validation is None:
        return Pending(ca_order, WaitingFor.PROCESSING, status)
    missing = [name for row in validation.dns_name_validations if not row.is_done for name in row.names]
    if missing:
        shown = ", ".join(missing[:10]) + (f" and {len(missing) - 10} more" if len(missing) > 10 else "")
        return Pending(ca_order, WaitingFor.DOMAIN_CONTROL, f"{status}: control is not proven of {shown}")
    vetting = [row.type for row in validation.organization_validations if row.status != "active"]
    if vetting:
        name = validation.organization_name or "the organization"
        why = f"{status}: {name} is not vetted for {', '.join(vetting)}"
        return Pending(ca_order, WaitingFor.ORGANIZATION, why)
    return Pending(ca_order, WaitingFor.PROCESSING, status)


def of_ended(ca_order: CAOrder, order: wire.Order) -> Ended | None:
    """The end of the order, or of the one request of it that ``ca_order`` names; None when there is none."""
    if (state := wire.ending(order.status)) is not None:
        return Ended(ca_order, state, f"DigiCert says {order.status}")
    for request in order.requests:
        if request.id == ca_order.request_id and (state := wire.ending(request.status)) is not None:
            comment = request.processor_comment or request.comments
            return Ended(ca_order, state, f"request {request.id} was {request.status}: {comment}".rstrip(": "))
    return None


# -- certificates


def chain_of(items: Iterable[wire.ChainItem]) -> list[certificate.Certificate]:
    """The certificates of a chain, passing over what is none."""
    found: list[certificate.Certificate] = []
    for item in items:
        found.extend(readable(item.pem.encode()))
    return found


def readable(pem: bytes) -> list[certificate.Certificate]:
    """The certificates of a PEM text; nothing when it cannot be read."""
    try:
        return certificate.parse_pem_many(pem)
    except Invalid:
        return []


def ders(certificates: Iterable[certificate.Certificate]) -> tuple[bytes, ...]:
    """Their DER."""
    return tuple(found.der for found in certificates)


def has_key(certificates: Iterable[certificate.Certificate], public_key_sha256: str) -> bool:
    """Whether one of them carries that key."""
    for found in certificates:
        try:
            if found.public_key_sha256 == public_key_sha256:
                return True
        except Invalid:  # a key of an unknown kind is not ours
            continue
    return False


def csr_has_key(pem: str, public_key_sha256: str) -> bool | None:
    """Whether a CSR that DigiCert shows carries that key; None when it shows none that can be read."""
    try:
        return csr.decode(pem.encode()).public_key_sha256 == public_key_sha256 if pem else None
    except Invalid:
        return None


# -- proofs


def proofs_of_placed(placed: wire.Placed, method: str) -> tuple[Proof, ...]:
    """What the answer to an order asks to be published: one random value serves all its names (§9.3c)."""
    proofs = []
    for domain in placed.domains:
        token = domain.dcv_token
        if domain.either_name and (token.token or placed.dcv_random_value) and token.status in ("", "pending"):
            shared = token if token.token else token.model_copy(update={"token": placed.dcv_random_value})
            proofs.append(proof(domain.either_name, method, shared))
    return tuple(proofs)


def proof(name: str, method: str, token: wire.Token) -> Proof:
    """What to publish where, so that ``token`` proves control of ``name`` (§6.11)."""
    host = name.removeprefix("*.")
    where, value = host, token.token
    if method == CNAME:
        where, value = f"{token.token}.{host}", token.verification_value or CNAME_TARGET
    elif method in (FILE, DYNAMIC_FILE):
        where = token.http_token_url or f"http://{host}/.well-known/pki-validation/fileauth.txt"
    elif method == EMAIL:
        value = ""
    return Proof(name, method, where, value, token.expiration_date)
