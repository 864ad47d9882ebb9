"""CollectSSL (sectigo.md §6): how an order stands, and its certificate in every form."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import timedelta

from certwright_sandbox.sectigo import downloads, errors
from certwright_sandbox.sectigo.call import Call, Pairs, Raw, Reply, seconds
from certwright_sandbox.sectigo.errors import invalid
from certwright_sandbox.sectigo.looking_up import (
    by_certificate_id,
    by_order_number,
    newest,
    one_of,
    refusal_of_end,
)
from certwright_sandbox.sectigo.office import Office
from certwright_sandbox.sectigo.products import PRODUCTS
from certwright_sandbox.sectigo.records import Collected, Order
from certwright_sandbox.sectigo.signing import chain_of
from certwright_sandbox.sectigo.standing import details, name_status, standing, validation_status

STATUS_ONLY, ALL, LEAF_ONLY, AUTHORITIES_ONLY = 0, 1, 2, 3
AS_ZIP, AS_NETSCAPE, AS_PKCS7, AS_PEM = 0, 1, 2, 3
MIME_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}\Z")  # RFC 6838 §4.2
PROCESSED, AVAILABLE, ATTACHED = 0, 1, 2
BUNDLE_KEYS = {AS_ZIP: "zipFile", AS_NETSCAPE: "netscapeCertificateSequence", AS_PKCS7: "pkcs7"}


@dataclass(frozen=True)
class Wanted:
    """What the call wants to see, and how."""

    query: int
    response: int
    is_binary: bool

    @property
    def shows_certificates(self) -> bool:
        """Whether anything beside the status is wanted."""
        return self.query != STATUS_ONLY


def collect(office: Office, call: Call) -> Reply | Raw:
    """Answer one CollectSSL. Raises Refusal; -20, -21, -22 and -26 tell where the order stands."""
    wanted = _wanted(call)
    order = _order(office, call)
    _count(office, call, order)
    refusal = refusal_of_end(order, errors.REJECTED, errors.REVOKED)
    if refusal is not None:
        raise refusal
    if order.state == "unpaid":
        raise errors.UNPAID
    if order.state == "signing":
        raise errors.BEING_ISSUED
    is_issued = order.state == "issued"
    chain = chain_of(office, order, call.twist.defect) if is_issued and wanted.shows_certificates else []
    if chain and office.collected.get(order.id) is None:
        office.collected.add(Collected(order.id))
    if chain and wanted.is_binary:
        content_type = downloads.ZIP_TYPE if wanted.response == AS_ZIP else downloads.PKCS7_TYPE
        return Raw(_bundle(order, wanted, chain), call.text("responseMimeType") or content_type)
    code = PROCESSED if not is_issued else ATTACHED if chain else AVAILABLE
    return Reply(
        _pairs(office, call, order, code, _as_pairs(order, wanted, chain)),
        _lines(office, call, order, code, _as_lines(order, wanted, chain)),
        call.text("responseMimeType") if chain else "",
    )


def _wanted(call: Call) -> Wanted:
    query = call.choice("queryType", (STATUS_ONLY, ALL, LEAF_ONLY, AUTHORITIES_ONLY), STATUS_ONLY)
    response = call.choice("responseType", (AS_ZIP, AS_NETSCAPE, AS_PKCS7, AS_PEM), AS_PEM)
    is_binary = call.choice("responseEncoding", (0, 1), 0) == 1
    call.choice("responseFormat", (0, 1), 0)
    if response != AS_PEM and query != ALL:
        raise invalid("responseType")
    if is_binary and (query != ALL or response not in (AS_ZIP, AS_PKCS7)):
        raise invalid("responseEncoding")
    if call.text("responseMimeType") and MIME_TYPE.match(call.text("responseMimeType")) is None:
        raise invalid("responseMimeType")
    return Wanted(query, response, is_binary)


def _order(office: Office, call: Call) -> Order:
    """The order that is meant; only a certificateID leads to a certificate that has been replaced."""
    match one_of(call, "orderNumber", "certificateID", "baseOrderNumber"):
        case "certificateID":
            return by_certificate_id(office, call)
        case "baseOrderNumber":
            return newest(office, call, by_order_number(office, call, "baseOrderNumber"))
    order = by_order_number(office, call)
    successor = office.orders.get(order.replaced_by or 0)
    return newest_issued(office, order) if successor is not None and order.revoked_at is None else order


def newest_issued(office: Office, order: Order) -> Order:
    """The newest of the family that has a certificate."""
    return [other for other in office.family(order) if other.state == "issued"][-1]


def _count(office: Office, call: Call, order: Order) -> None:
    """Raise Refusal -42 for a look at the same order that comes too soon after the last."""
    now, last, gap = office.now(), office.last_collects.get(order.number), call.account.poll_seconds
    if gap is not None and last is not None and last <= now < last + timedelta(seconds=gap):
        raise errors.TOO_MANY_CALLS
    office.last_collects[order.number] = now


def _bundle(order: Order, wanted: Wanted, chain: list[str]) -> bytes:
    leaf, *authorities = chain
    if wanted.response == AS_ZIP:
        return downloads.zipped(order.common_name or order.names[0].name, leaf, authorities)
    if wanted.response == AS_NETSCAPE:
        return downloads.netscape_sequence(chain)
    return downloads.bundled(chain)


def _shown(wanted: Wanted, chain: list[str]) -> tuple[list[str], list[str]]:
    """The CA certificates, the root first, and the leaf, as far as they are wanted."""
    authorities = list(reversed(chain[1:])) if wanted.query in (ALL, AUTHORITIES_ONLY) else []
    return authorities, chain[:1] if wanted.query in (ALL, LEAF_ONLY) else []


def _as_lines(order: Order, wanted: Wanted, chain: list[str]) -> list[str]:
    if not chain:
        return []
    if wanted.response != AS_PEM:
        return [base64.b64encode(_bundle(order, wanted, chain)).decode()]
    authorities, leaf = _shown(wanted, chain)
    return "".join([*authorities, *leaf]).splitlines()


def _as_pairs(order: Order, wanted: Wanted, chain: list[str]) -> Pairs:
    if not chain:
        return []
    if wanted.response != AS_PEM:
        return [(BUNDLE_KEYS[wanted.response], base64.b64encode(_bundle(order, wanted, chain)).decode())]
    authorities, leaf = _shown(wanted, chain)
    return [
        *(("certificate", downloads.bare(pem)) for pem in leaf),
        *(("caCertificate", downloads.bare(pem)) for pem in authorities),
    ]


def _lines(office: Office, call: Call, order: Order, code: int, certificates: list[str]) -> tuple[str, ...]:
    """The newline layout of sectigo.md §6.2."""
    texts = [str(code)]
    if call.flag("showValidityPeriod") and order.not_before is not None:
        texts += [str(seconds(order.not_before)), str(seconds(order.not_after))]
    if call.flag("showFQDN"):
        texts.append(order.common_name)
    if call.flag("showSubject"):
        texts.append(_subject(order))
    texts += certificates
    if call.flag("showExtStatus"):
        texts += ["", validation_status(order), standing(office, order).text]
    for flag in ("showMDCDomainDetails", "showMDCDomainDetails2"):
        if call.flag(flag) and PRODUCTS[order.product].is_multi:
            texts += _name_lines(order)
    if call.flag("showStatusDetails"):
        texts += [f"{name}={value}" for name, value in details(order)]
    return tuple(texts)


def _pairs(office: Office, call: Call, order: Order, code: int, certificates: Pairs) -> Pairs:
    """The URL-encoded layout of sectigo.md §6.3."""
    pairs: Pairs = [("errorCode", code), ("orderNumber", order.number)]
    if call.flag("showValidityPeriod"):
        pairs += [("notBefore", seconds(order.not_before)), ("notAfter", seconds(order.not_after))]
    if call.flag("showFQDN"):
        pairs.append(("fqdn", order.common_name))
    if call.flag("showSubject"):
        pairs.append(("subject", _subject(order)))
    pairs += certificates
    if call.flag("showExtStatus"):
        pairs.append(("certificateStatus", standing(office, order).text))
        pairs.append(("validationStatus", validation_status(order)))
    for flag, key in (("showMDCDomainDetails", "mdcDomainDetails"), ("showMDCDomainDetails2", "mdcDomainDetails2")):
        if call.flag(flag) and PRODUCTS[order.product].is_multi:
            pairs.append((key, "\n".join(_name_lines(order))))
    if call.flag("showStatusDetails"):
        pairs += details(order)
        pairs += term_pairs(order)
    return pairs


def term_pairs(order: Order, prefix: str = "") -> Pairs:
    """How long the certificate and the purchased term are, in days, and the term's Unix seconds."""
    pairs: Pairs = []
    if order.not_before is not None and order.not_after is not None:
        length = order.not_after - order.not_before + timedelta(seconds=1)
        pairs.append((f"{prefix}certificateDuration", length.days))
    if order.term_start is not None:
        pairs.append((f"{prefix}productTermStartDate", seconds(order.term_start)))
        pairs.append((f"{prefix}productTermEndDate", seconds(order.term_end)))
    return [*pairs, (f"{prefix}productTermDuration", order.days)]


def _name_lines(order: Order) -> list[str]:
    return [f"{name.name}\t{name_status(order, is_proven=name.proven_at is not None)}" for name in order.names]


def _subject(order: Order) -> str:
    parts = {"CN": order.common_name, "O": order.subject.organization, "C": order.subject.country}
    return ",".join(f"{name}={value}" for name, value in parts.items() if value)
