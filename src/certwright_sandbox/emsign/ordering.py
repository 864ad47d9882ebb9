"""GenerateOrderSSL, SubmitCSR and AgreementAcceptance (emsign.md §6.7-6.9)."""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from certwright_sandbox.emsign import control, csr, errors, issuing
from certwright_sandbox.emsign.call import Block, Call, block_of, filled, order_of, text, texts
from certwright_sandbox.emsign.errors import refuse
from certwright_sandbox.emsign.office import CA_NAME, Office
from certwright_sandbox.emsign.products import Product, by_code, years_of
from certwright_sandbox.emsign.records import Account, Name, Order, UsedCsr
from certwright_sandbox.ledger import Entry
from certwright_sandbox.names import base_name, is_dns_name

BURST = timedelta(seconds=10)
YES, NO = "1", "0"
RENEW_DAYS = ("30", "60")
WWW = "www."


async def place(office: Office, call: Call) -> dict[str, Any]:
    """Place an order, or keep a draft. Raises Refusal."""
    account, details = call.account, call.block("orderDetails")
    _check_burst(office, account)
    product = by_code(account, text(details, "productCode"))
    if product is None:
        raise refuse(errors.PRODUCT_UNKNOWN)
    group = _group(account, details)
    additional = block_of(details, "additionalInformation")
    if not text(additional, "remarks"):
        raise refuse(errors.ADDITIONAL_MISSING)
    requestor = _requestor(details)
    organization, pre_vetted = _organization(account, product, block_of(details, "organizationDetails"))
    pem = _csr(office, text(details, "csr"))
    common_name, names = _names(account, product, details)
    terms = _subscription(product, block_of(details, "subscriptionDetails"))
    agreed = _agreed(block_of(details, "agreementDetails")) or pre_vetted
    is_draft = text(details, "saveAndHold") == YES
    number, now, hidden = office.new_request_number(), office.now(), call.twist.hidden_seconds
    order = Order(
        id=number,
        account=str(account.id),
        number="",
        base_id=number,
        product=text(details, "productCode"),
        product_type=product.type,
        state="draft",
        placed_at=now,
        names=names,
        common_name=common_name,
        requestor_name=text(requestor, "requestorName"),
        requestor_email=text(requestor, "requestorEmail"),
        years=terms.years,
        auto_renew=terms.auto_renew,
        renew_days=terms.renew_days,
        group=group,
        tags=texts(additional, "tags"),
        remarks=text(additional, "remarks"),
        csr=pem,
        agreed=agreed,
        organization=organization,
        pre_vetted=pre_vetted,
        price=product.cost(terms.years),
        defect=call.twist.defect,
        visible_from=now + timedelta(seconds=hidden) if hidden else None,
    )
    office.add(order)
    if pem:
        office.used_csrs.add(UsedCsr(csr.digest(pem), number))
    if not is_draft:
        await submit(office, order)
    return {"orderDetails": _placed(office, account, order)}


async def submit(office: Office, order: Order) -> None:
    """The order counts from now on, and is charged."""
    account = office.account_of(order)
    order.number = office.new_order_number()
    order.state = "pending"
    order.placed_at = office.now()
    order.names = control.with_domains(office, account, order.names)
    office.world.ledger.bill(
        Entry(
            id=f"{CA_NAME}/{order.number}",
            ca=CA_NAME,
            account=str(account.id),
            order_id=int(order.number),
            reference=order.tags[0] if order.tags else None,
            product=order.product,
            names=tuple(name.name for name in order.names),
            status="pending",
            placed_at=order.placed_at,
            price=order.price,
        )
    )
    await issuing.start(office, order)


def _placed(office: Office, account: Account, order: Order) -> dict[str, Any]:
    return filled(
        account,
        {
            "requestNumber": str(order.request_number),
            "orderNumber": order.number or None,
            "trackingURL": f"{office.world.url}/track/{order.request_number}",
        },
    )


def _check_burst(office: Office, account: Account) -> None:
    """Too many placements at once are told as if the account were inactive (emsign.md §9)."""
    if account.burst_limit is None:
        return
    now, name = office.now(), str(account.id)
    if office.blocked_until.get(name, now) > now:
        raise refuse(errors.INACTIVE)
    latest = office.placements.setdefault(name, deque())
    while latest and latest[0] <= now - BURST:
        latest.popleft()
    if len(latest) >= account.burst_limit:
        office.blocked_until[name] = now + timedelta(seconds=account.burst_seconds)
        raise refuse(errors.INACTIVE)
    latest.append(now)


def _group(account: Account, details: Block) -> str:
    """The group that the order is placed in, read where the account reads it (emsign.md §6.7, §13)."""
    nested = account.field_placement == "nested"
    wanted = text(block_of(details, "delegationInformation") if nested else details, "groupNumber")
    if not wanted:
        return next((group.number for group in account.groups if group.is_default), "")
    if all(group.number != wanted for group in account.groups):
        raise refuse(errors.NOT_IN_GROUP)
    return wanted


def _requestor(details: Block) -> Block:
    requestor = block_of(details, "requestorInformation")
    needed = ("requestorName", "requestorEmail", "requestorIsdCode", "requestorMobileNumber")
    if any(not text(requestor, field) for field in needed) or "@" not in text(requestor, "requestorEmail"):
        raise refuse(errors.REQUESTOR)
    contact = block_of(details, "technicalPointOfContact")
    if contact and not (text(contact, "pocFirstName") and text(contact, "pocEmail")):
        raise refuse(errors.REQUESTOR)
    return requestor


def _organization(account: Account, product: Product, wanted: Block) -> tuple[str, bool]:
    """The organization's number, and whether its vetting of before is used again."""
    number = text(wanted, "organizationNumber")
    if not number:
        if product.validation != "dv":
            raise refuse(errors.ORGANIZATION_MISSING)
        return "", False
    found = next((one for one in account.orgs if one.number == number), None)
    pre_vetted = text(wanted, "preVetting") == YES
    if found is None or (pre_vetted and not found.is_vetted):
        raise refuse(errors.ORGANIZATION_UNKNOWN)
    return number, pre_vetted


def _csr(office: Office, given: str) -> str:
    """The CSR as PEM, empty for none; one that an order has had is refused."""
    if not given:
        return ""
    pem = csr.read(given)
    if office.used_csrs.get(csr.digest(pem)) is not None:
        raise refuse(errors.CSR_USED)
    return pem


def _names(account: Account, product: Product, details: Block) -> tuple[str, tuple[Name, ...]]:
    """The common name and all names: those that are asked for, whatever the CSR says (emsign.md §6.7, §10)."""
    certificate = block_of(details, "certificateInformation")
    first = text(certificate, "domainName").lower()
    plain = base_name(first)
    if not is_dns_name(plain):
        raise refuse(errors.DOMAIN)
    is_wildcard = first.startswith("*.")
    if is_wildcard and not product.has_wildcard:
        raise refuse(errors.DOMAIN)
    if product.has_wildcard and not product.has_more_names and not is_wildcard:
        raise refuse(errors.DOMAIN)
    names = [first]
    if product.has_more_names:
        more = [name.lower() for name in texts(certificate, "additionalDomains")]
        if not product.has_wildcard and any(name.startswith("*.") for name in more):
            raise refuse(errors.DOMAIN)
        names += more
    nested = account.field_placement == "nested"
    wants_twin = text(certificate if nested else details, "autoSecureWWW") != NO
    if wants_twin and not is_wildcard and not first.startswith(WWW):
        names.append(f"{WWW}{first}")
    return first, tuple(Name(name) for name in dict.fromkeys(names))


@dataclass(frozen=True)
class Terms:
    """What of a subscription an order says, or what counts where it says nothing."""

    years: int
    auto_renew: bool
    renew_days: int


def _subscription(product: Product, wanted: Block) -> Terms:
    years = text(wanted, "validity") or YES
    days = text(wanted, "renewCriteria") or RENEW_DAYS[0]
    if years not in map(str, years_of(product)) or days not in RENEW_DAYS:
        raise refuse(errors.SUBSCRIPTION)
    return Terms(int(years), text(wanted, "autoRenew") != NO, int(days))


def _agreed(given: Block) -> bool:
    """Whether the subscriber agreement is accepted. Raises Refusal for one that is half accepted."""
    if not given:
        return False
    if text(given, "acceptAgreement") != YES or not text(given, "signerName") or not text(given, "signerPlace"):
        raise refuse(errors.AGREEMENT)
    try:
        address = ipaddress.ip_address(text(given, "signerIP"))
    except ValueError:
        raise refuse(errors.SIGNER_IP) from None
    if address.is_loopback:
        raise refuse(errors.SIGNER_IP)
    return True


async def submit_csr(office: Office, call: Call) -> dict[str, Any]:
    """Give an order that has no certificate its CSR, or another one. Raises Refusal."""
    details = call.block("orderDetails")
    order = order_of(office, call, text(details, "orderNumber"), drafts=True)
    if order.state not in ("draft", "pending"):
        raise refuse(errors.NOT_OPEN)
    pem = _csr(office, text(details, "csr"))
    if not pem:
        raise refuse(errors.CSR)
    order.csr = pem
    office.used_csrs.add(UsedCsr(csr.digest(pem), order.request_number))
    await issuing.advance(office, order)
    return {}


async def accept_agreement(office: Office, call: Call) -> dict[str, Any]:
    """Accept the subscriber agreement of an order. Raises Refusal."""
    details: Mapping[str, Any] = call.block("agreementDetails")
    order = order_of(office, call, text(details, "orderNumber"), drafts=True)
    if order.agreed:
        raise refuse(errors.AGREED_ALREADY)
    if not _agreed(details):
        raise refuse(errors.AGREEMENT)
    order.agreed = True
    await issuing.advance(office, order)
    return {}
