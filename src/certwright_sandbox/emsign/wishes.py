"""What an order asks for, read and checked in the order of emsign.md §10.1."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

from certwright_sandbox.emsign import csr, errors
from certwright_sandbox.emsign.call import Block, Call, block_of, is_known, text, texts
from certwright_sandbox.emsign.errors import refuse
from certwright_sandbox.emsign.office import Office
from certwright_sandbox.emsign.products import Product, by_code, years_of
from certwright_sandbox.emsign.records import Account
from certwright_sandbox.names import base_name, is_dns_name

YES, NO = "1", "0"
RENEW_DAYS = ("30", "60")
WWW = "www."
ISD_CODE = re.compile(r"\+?\d{1,4}\Z", re.ASCII)


@dataclass(frozen=True)
class Wish:
    """A wish that can be met. `organization` is a number, empty for none; `csr` is PEM, empty for one to come."""

    product: Product
    group: str
    remarks: str
    tags: tuple[str, ...]
    custom_fields: tuple[tuple[str, str], ...]
    requestor_name: str
    requestor_email: str
    organization: str
    is_pre_vetted: bool
    csr: str
    names: tuple[str, ...]
    years: int
    auto_renew: bool
    renew_days: int
    is_agreed: bool
    is_draft: bool


def read_wish(office: Office, call: Call) -> Wish:
    """The wish of a placement. Raises Refusal."""
    account, details = call.account, call.block("orderDetails")
    product = by_code(account, text(details, "productCode"))
    if product is None:
        raise refuse(errors.PRODUCT_UNKNOWN)
    group = _group(account, details)
    additional = block_of(details, "additionalInformation")
    if not text(additional, "remarks"):
        raise refuse(errors.ADDITIONAL_MISSING)
    requestor = _requestor(account, block_of(details, "requestorInformation"))
    _check_technical_contact(account, details)
    organization, is_pre_vetted = _organization(account, product, block_of(details, "organizationDetails"))
    pem = read_csr(office, text(details, "csr"))
    names = _names(account, product, details)
    years, auto_renew, renew_days = _subscription(product, block_of(details, "subscriptionDetails"))
    return Wish(
        product=product,
        group=group,
        remarks=text(additional, "remarks"),
        tags=texts(additional, "tags"),
        custom_fields=_custom_fields(additional),
        requestor_name=text(requestor, "requestorName"),
        requestor_email=text(requestor, "requestorEmail"),
        organization=organization,
        is_pre_vetted=is_pre_vetted,
        csr=pem,
        names=names,
        years=years,
        auto_renew=auto_renew,
        renew_days=renew_days,
        is_agreed=is_agreed(block_of(details, "agreementDetails")) or is_pre_vetted,
        is_draft=text(details, "saveAndHold") == YES,
    )


def read_csr(office: Office, given: str) -> str:
    """The CSR as PEM, empty for none; one that an order has had is refused. Raises Refusal."""
    if not given:
        return ""
    pem = csr.read(given)
    if office.used_csrs.get(csr.digest(pem)) is not None:
        raise refuse(errors.CSR_USED)
    return pem


def is_agreed(given: Block) -> bool:
    """Whether a block accepts the subscriber agreement. Raises Refusal for one that does so by half."""
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


def _place_of(account: Account, details: Block, nested: str) -> Block:
    """Where the account reads a field that is in `orderDetails` by measure and in `nested` by the books (§6.7, §13)."""
    return block_of(details, nested) if account.field_placement == "nested" else details


def _group(account: Account, details: Block) -> str:
    wanted = text(_place_of(account, details, "delegationInformation"), "groupNumber")
    if not wanted:
        return next((group.number for group in account.groups if group.is_default), "")
    if all(group.number != wanted for group in account.groups):
        raise refuse(errors.NOT_IN_GROUP)
    return wanted


def _requestor(account: Account, requestor: Block) -> Block:
    is_whole = text(requestor, "requestorName") and text(requestor, "requestorMobileNumber")
    is_reached = ISD_CODE.match(text(requestor, "requestorIsdCode")) is not None
    if not is_whole or not is_reached or not is_known(account, text(requestor, "requestorEmail")):
        raise refuse(errors.REQUESTOR)
    return requestor


def _check_technical_contact(account: Account, details: Block) -> None:
    contact = block_of(_place_of(account, details, "additionalInformation"), "technicalPointOfContact")
    has_name = text(contact, "pocFirstName") or text(contact, "pocName")
    if contact and not (has_name and text(contact, "pocEmail")):
        raise refuse(errors.REQUESTOR)


def _organization(account: Account, product: Product, wanted: Block) -> tuple[str, bool]:
    """The organization's number, and whether its vetting of before is used again."""
    number = text(wanted, "organizationNumber")
    if not number:
        if product.validation != "dv":
            raise refuse(errors.ORGANIZATION_MISSING)
        return "", False
    found = next((one for one in account.orgs if one.number == number), None)
    is_pre_vetted = text(wanted, "preVetting") == YES
    if found is None or (is_pre_vetted and not found.is_vetted):
        raise refuse(errors.ORGANIZATION_UNKNOWN)
    return number, is_pre_vetted


def _names(account: Account, product: Product, details: Block) -> tuple[str, ...]:
    """The names that are asked for, the common name first, whatever the CSR says (emsign.md §6.7, §10)."""
    certificate = block_of(details, "certificateInformation")
    first = text(certificate, "domainName").lower()
    if not is_dns_name(base_name(first)):
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
    wants_twin = text(_place_of(account, details, "certificateInformation"), "autoSecureWWW") != NO
    if wants_twin and not is_wildcard and not first.startswith(WWW):
        names.append(f"{WWW}{first}")
    return tuple(dict.fromkeys(names))


def _subscription(product: Product, wanted: Block) -> tuple[int, bool, int]:
    """The years, whether the CA renews by itself, and how many days before the end of a certificate."""
    years = text(wanted, "validity") or YES
    days = text(wanted, "renewCriteria") or RENEW_DAYS[0]
    renews = text(wanted, "autoRenew") or YES
    if years not in map(str, years_of(product)) or days not in RENEW_DAYS or renews not in (YES, NO):
        raise refuse(errors.SUBSCRIPTION)
    return int(years), renews == YES, int(days)


def _custom_fields(additional: Block) -> tuple[tuple[str, str], ...]:
    given = additional.get("customFields")
    rows = [row for row in given if isinstance(row, Mapping)] if isinstance(given, list) else []
    return tuple((text(row, "fieldID"), text(row, "fieldValue")) for row in rows)
