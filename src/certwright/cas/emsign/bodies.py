"""A placement as ``orderDetails`` (§6.7), and what is known to be refused before it is sent."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from certwright.cas.emsign import catalogue, contract, wire
from certwright.cas.emsign.settings import Settings
from certwright.model.ca import Placement, Product
from certwright.model.errors import Refused
from certwright.model.fields import Value
from certwright.model.words import DCVMethod
from certwright.pki import csr as csrs

_REQUESTOR = {
    "requestor_name": "requestorName",
    "requestor_email": "requestorEmail",
    "requestor_isd_code": "requestorIsdCode",
    "requestor_mobile_number": "requestorMobileNumber",
    "requestor_designation": "requestorDesignation",
}
_CONTACT = {
    "technical_contact_first_name": "pocFirstName",
    "technical_contact_last_name": "pocLastName",
    "technical_contact_email": "pocEmail",
    "technical_contact_isd_code": "pocIsdCode",
    "technical_contact_mobile_number": "pocMobileNumber",
}
_SIGNER = ("signer_place", "signer_ip")  # the name is the requestor's unless given
_KEYS = frozenset({"rsa-2048", "rsa-3072", "rsa-4096", "ec-p256", "ec-p384"})
_WWW = "www."
_MOST_REMARKS = 500


@dataclass(frozen=True, slots=True)
class Wish:
    """A placement with its options as what they are, and the account's settings."""

    placement: Placement
    options: Mapping[str, Value]
    settings: Settings

    def text(self, name: str) -> str:
        """An option, else the account's setting of the same name; "" for neither."""
        return str(self.options.get(name, self.settings.people.get(name, ""))).strip()

    def yes(self, name: str, *, default: bool) -> bool:
        """An option that is true or false."""
        return bool(self.options.get(name, default))

    @property
    def requestor_email(self) -> str:
        """Whose order it is; several calls ask for it."""
        return self.text("requestor_email")

    @property
    def organization(self) -> str:
        """Whom the certificate is to name, by emSign's number."""
        return self.placement.organization or self.settings.organization

    @property
    def group_number(self) -> str:
        """The group that the order is placed in; "" for the account's default."""
        return str(self.options.get("group_number", "")) or self.settings.group_number

    @property
    def renews_before(self) -> int | None:
        """How many days before its end emSign renews the certificate; None when it does not."""
        return int(str(self.options.get("renew_criteria", "30"))) if self.yes("auto_renew", default=True) else None

    def method(self, name: str) -> tuple[str, str]:
        """The DCV method of a name in our words, and the address of e-mail; raises Refused for one that it has not."""
        placement = self.placement
        single = placement.dcv_methods.get(name) or placement.dcv_methods.get(f"*.{name}")
        wanted = single or placement.dcv_method or self.settings.dcv_method
        word, _, address = wanted.partition(":")
        if word not in wire.METHOD_NUMBERS:
            known = ", ".join(wire.METHOD_NUMBERS)
            raise Refused(f"emSign has no DCV method {word!r}.", advice=f"It has: {known} (with :ADDRESS).")
        if word == DCVMethod.EMAIL and "@" not in address:
            raise Refused("To prove by e-mail an address is needed.", advice="Give email:ADDRESS.")
        if word == DCVMethod.HTTP and name.startswith("*."):
            raise Refused(f"{name} cannot be proven by a file.", advice="Use dns-txt-token or email:ADDRESS.")
        return word, address


def check(wish: Wish, product: Product | None) -> Product:
    """Raise Refused, with the option to give, for what emSign is known to refuse or to do otherwise.

    ``product`` is the one that was asked for, which is returned; None when emSign lists none such.
    """
    placement = wish.placement
    if product is None:
        raise Refused(
            f"emSign lists no TLS product {placement.product!r} for this account.",
            advice="See what it may order: certwright account sync ACCOUNT, and account show ACCOUNT.",
        )
    _check_names(wish, product)
    _check_term(placement, product)
    if product.organization_required and not wish.organization:
        raise Refused(f"{product.name} names an organization.", advice="Give --organization.")
    _check_people(wish)
    if placement.csr and (key := csrs.decode(placement.csr).key_spec) not in _KEYS:
        raise Refused(
            f"emSign takes no key such as that of the CSR ({key or 'another kind'}).",
            advice="It takes RSA of 2048, 3072 or 4096 bits and the curves P-256 and P-384.",
        )
    return product


def _check_names(wish: Wish, product: Product) -> None:
    names = wish.placement.names
    for name in names:
        if _is_address(name):
            raise Refused(f"{name} is no DNS name; emSign would take it and could never issue.")
        wish.method(name)
    wildcards = [name for name in names if name.startswith("*.")]
    if wildcards and product.kind in (catalogue.SINGLE, catalogue.MULTI):
        raise Refused(f"{product.name} takes no wildcard.", advice="Choose a wildcard product: account show.")
    if not wildcards and product.kind == catalogue.WILDCARD:
        raise Refused(f"{product.name} is for one wildcard.", advice="Order *.NAME, or choose another product.")
    if product.kind in (catalogue.SINGLE, catalogue.WILDCARD) and len(names) > 1 and not _is_twin(names):
        raise Refused(
            f"{product.name} takes one name, or one with its www variant; emSign would drop the others.",
            advice="Choose a multi-domain product: account show.",
        )


def _is_twin(names: tuple[str, ...]) -> bool:
    """Whether the names are one and its www variant."""
    base = min(names, key=len)
    return len(names) == 2 and not base.startswith("*.") and set(names) == {base, f"{_WWW}{base}"}


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "@" in name or "/" in name or ":" in name
    return True


def _check_term(placement: Placement, product: Product) -> None:
    if placement.lifetime_days is not None:
        raise Refused("At emSign an order cannot say how long a certificate lives.", advice="Leave --lifetime out.")
    term = placement.term
    if term is not None and term.years is None:
        raise Refused("emSign sells years.", advice=f"Give --term in years: {_offered(product)}.")
    if term is not None and product.years and term.years not in product.years:
        raise Refused(f"{product.name} is not sold for {term}.", advice=f"Give --term: {_offered(product)}.")


def _offered(product: Product) -> str:
    return ", ".join(f"{years}y" for years in product.years or (1, 2, 3))


def _check_people(wish: Wish) -> None:
    needed = ["requestor_name", "requestor_email", "requestor_isd_code", "requestor_mobile_number"]
    if any(wish.text(name) for name in _CONTACT):  # the block needs these once it is sent
        needed += ["technical_contact_first_name", "technical_contact_email"]
    agrees = wish.yes("accept_agreement", default=True)
    _check_given(wish, [*needed, *(_SIGNER if agrees else ())])
    if agrees:
        _check_public(wish.text("signer_ip"))


def check_agreement(wish: Wish) -> None:
    """Raise Refused when it is not told who agrees, and from where."""
    _check_given(wish, ["requestor_name", *_SIGNER])
    _check_public(wish.text("signer_ip"))


def _check_given(wish: Wish, needed: Sequence[str]) -> None:
    if missing := [name for name in needed if not wish.text(name)]:
        raise Refused(
            f"emSign wants {', '.join(missing)}.",
            advice="Give each with --set, or once for the CA account: certwright account change ACCOUNT --set …",
        )


def _check_public(text: str) -> None:
    try:
        public = _counts_as_public(ipaddress.ip_address(text))
    except ValueError:
        public = False
    if not public:
        raise Refused(f"signer_ip {text!r} is not a public IP address.", advice="Give the one seen from outside.")


def _counts_as_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """What emSign can refuse is an address of nobody else's network; addresses for documentation are let through."""
    inner = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
    nobody = address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast
    return not nobody and not any(address in ipaddress.ip_network(network) for network in inner)


def order(wish: Wish, product: Product) -> dict[str, Any]:
    """The ``orderDetails`` of GenerateOrderSSL. Nothing that the CA would fill in otherwise is left out."""
    placement, settings = wish.placement, wish.settings
    twin = product.kind == catalogue.SINGLE and _is_twin(placement.names)
    first = min(placement.names, key=len) if twin else placement.common_name
    certificate: dict[str, Any] = {"domainName": first}
    if product.kind in (catalogue.MULTI, catalogue.MULTI_WILDCARD, ""):
        certificate["additionalDomains"] = [name for name in placement.names if name != first]
    details: dict[str, Any] = {
        "productCode": placement.product,
        "accountingModel": settings.accounting_model,
        "saveAndHold": _flag(wish.yes("draft", default=False)),
        "emailNotifications": _flag(wish.yes("email_notifications", default=True)),
        "autoSecureWWW": _flag(twin),
        "requestorInformation": _requestor(wish),
        "certificateInformation": certificate,
        "subscriptionDetails": _subscription(wish),
        "additionalInformation": _additional(wish),
    }
    optional: dict[str, Any] = {
        "groupNumber": wish.group_number,
        "csr": wire.csr_pem(placement.csr) if placement.csr else "",
        "organizationDetails": _organization(wish, product),
        "agreementDetails": agreement(wish) if wish.yes("accept_agreement", default=True) else None,
        "technicalPointOfContact": _contact(wish),
        "delegationInformation": _delegation(wish),
    }
    details |= {name: value for name, value in optional.items() if value}
    if settings.legacy_field_placement:
        contract.also_nested(details)
    return details


def possible_first_names(placement: Placement) -> tuple[str, ...]:
    """The names by which a report may show the order, whatever its product is: that depends on it for a www twin."""
    shortest = (min(placement.names, key=len),) if _is_twin(placement.names) else ()
    return tuple(dict.fromkeys((placement.common_name, *shortest)))


def agreement(wish: Wish) -> dict[str, str]:
    """The ``agreementDetails``."""
    return {
        "acceptAgreement": wire.YES,
        "signerName": wish.text("signer_name") or wish.text("requestor_name"),
        "signerPlace": wish.text("signer_place"),
        "signerIP": wish.text("signer_ip"),
    }


def _flag(yes: bool) -> str:  # noqa: FBT001 - the one argument says it
    return wire.YES if yes else wire.NO


def _requestor(wish: Wish) -> dict[str, str]:
    filled = {field: wish.text(name) for name, field in _REQUESTOR.items()}
    filled["requestorIsdCode"] = contract.isd_code(filled["requestorIsdCode"], keep_plus=wish.settings.keep_plus)
    return {field: value for field, value in filled.items() if value}


def _contact(wish: Wish) -> dict[str, str] | None:
    if not any(wish.text(name) for name in _CONTACT):
        return None
    filled = {field: wish.text(name) for name, field in _CONTACT.items()}
    filled["pocIsdCode"] = contract.isd_code(filled["pocIsdCode"], keep_plus=wish.settings.keep_plus)
    return filled


def _organization(wish: Wish, product: Product) -> dict[str, str] | None:
    number = wish.organization if product.organization_required else wish.placement.organization
    if not number:
        return None
    details = {
        "preVetting": _flag(wish.yes("pre_vetting", default=True)),
        "organizationNumber": number,
    }
    token = wish.text("prevetting_token")
    return {**details, "prevettingToken": token} if token else details


def _delegation(wish: Wish) -> dict[str, str] | None:
    name, email = wish.text("delegate_name"), wish.text("delegate_email")
    return {"contactName": name, "email": email} if name or email else None


def _subscription(wish: Wish) -> dict[str, str]:
    term = wish.placement.term
    renews = wish.renews_before
    return {
        "validity": str(term.years if term and term.years else 1),
        "autoRenew": _flag(renews is not None),
        "renewCriteria": str(renews or 30),
    }


def _additional(wish: Wish) -> dict[str, Any]:
    placement = wish.placement
    remarks = wish.text("remarks") or placement.comment or f"Certwright order {placement.reference}"
    if unit := wish.text("organizational_unit"):
        remarks = f"{remarks} OU: {unit}"
    tags = [tag.strip() for tag in wish.text("tags").split(",") if tag.strip()]
    details: dict[str, Any] = {"remarks": remarks[:_MOST_REMARKS], "tags": [placement.reference, *tags]}
    if recipient := wish.text("recipient_email"):
        details["recipientEmail"] = recipient
    if fields := wish.options.get("custom_fields"):
        details["customFields"] = fields
    return details
