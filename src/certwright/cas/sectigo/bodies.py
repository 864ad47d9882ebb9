"""A placement of ours as the parameters of AutoApplySSL and AutoReplaceSSL, and what is wrong with it beforehand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from certwright.cas.sectigo import dcv
from certwright.cas.sectigo.api import pem
from certwright.cas.sectigo.products import SINGLE, UCC, WILDCARD, Product
from certwright.cas.sectigo.settings import Settings
from certwright.cas.sectigo.wire import NO, YES
from certwright.model.ca import Placement, Term
from certwright.model.errors import Refused
from certwright.model.fields import Value
from certwright.model.words import DCVMethod
from certwright.pki.names import is_ip

Options = Mapping[str, Value]
_DAYS_PER_YEAR: Final = 365
_MOST_EXTRA_DAYS: Final = 90  # what Sectigo adds at most for an early renewal (§5.5)
_LONGEST_DAYS: Final = 1825
_FILES: Final = (DCVMethod.HTTP, DCVMethod.HTTPS)

# Our option → Sectigo's parameter, where it is not plain camel case.
_PARAMETERS: Final[Mapping[str, str]] = {
    "street_address_1": "streetAddress1",
    "street_address_2": "streetAddress2",
    "street_address_3": "streetAddress3",
    "ca_certificate_id": "caCertificateID",
    "prioritise_csr_values": "prioritiseCSRValues",
    "max_subject_cns": "maxSubjectCNs",
}
_SUBJECT: Final = (
    "organization_name",
    "organizational_unit_name",
    "post_office_box",
    "street_address_1",
    "street_address_2",
    "street_address_3",
    "locality_name",
    "state_or_province_name",
    "postal_code",
    "country_name",
    "joi_locality_name",
    "joi_state_or_province_name",
    "joi_country_name",
)
_CONTACT: Final = (
    "duns_number",
    "company_number",
    "date_of_incorporation",
    "assumed_name",
    "business_category",
    "app_rep_forename",
    "app_rep_surname",
    "app_rep_email_address",
    "app_rep_telephone",
    "app_rep_title",
    "app_rep_fax",
)
_ORGANIZATION: Final = ("organization_name", "locality_name", "country_name")
_REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "dv": (),
    "ov": _ORGANIZATION,
    "ev": (*_ORGANIZATION, "app_rep_forename", "app_rep_surname", "app_rep_email_address"),
}
_LONGEST: Final[Mapping[str, int]] = {
    "organization_name": 64,
    "organizational_unit_name": 64,
    "post_office_box": 40,
    "street_address_1": 128,
    "street_address_2": 128,
    "street_address_3": 128,
    "locality_name": 128,
    "state_or_province_name": 128,
    "postal_code": 40,
    "country_name": 2,
}
_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")


@dataclass(frozen=True, slots=True)
class Wish:
    """A placement with what its options and the account's settings mean for it."""

    placement: Placement
    options: Options
    settings: Settings

    @property
    def product(self) -> Product:
        """The product; raises Refused for an unknown one."""
        product = self.settings.products.get(self.placement.product)
        if product is None:
            raise Refused(
                f"Sectigo's product {self.placement.product!r} is not known.",
                advice="Choose one of the account's products, or add it to the account's setting products.",
            )
        return product

    @property
    def adds_www(self) -> bool:
        """Whether the certificate holds www.x beside x, whichever of the two is ordered (§7.4)."""
        product = self.settings.products.get(self.placement.product)
        return product is not None and product.kind == SINGLE

    @property
    def is_for_many(self) -> bool:
        """Whether names are told one by one. Of an order whose product is forgotten, several names mean many."""
        product = self.settings.products.get(self.placement.product)
        return product.has_many_names if product is not None else _are_many(self.placement.names)

    def text(self, name: str) -> str:
        """An option, else the account's setting of that name, as text."""
        value = self.options.get(name, self.settings.subject.get(name, ""))
        if isinstance(value, bool):
            return YES if value else NO
        return value.isoformat() if isinstance(value, date) else str(value).strip()

    def way(self, name: str) -> dcv.Way:
        """How that name is to be proven."""
        wish = self.placement
        return dcv.Way.parse(wish.dcv_methods.get(name) or wish.dcv_method or self.settings.dcv_method)


def check(wish: Wish, *, inside: bool = False) -> None:
    """Raise Refused for what Sectigo is known to refuse. ``inside``: a reissue, whose product is the order's."""
    _check_reference(wish.placement.reference)
    for name in wish.placement.names:
        _check_way(name, wish.way(name))
    if wish.placement.lifetime_days is not None:
        raise Refused(
            "Sectigo gives every certificate the longest life that the day and the term allow.",
            advice="Leave --lifetime out.",
        )
    if inside and not wish.placement.product:
        return
    _check_names(wish.product, wish.placement.names)
    _check_subject(wish)
    days(wish, date.today())  # noqa: DTZ011 - only whether the term makes sense


def _check_reference(reference: str) -> None:
    if not _REFERENCE.fullmatch(reference):  # a comma would make it two
        detail = f"{reference!r} cannot be a reference at Sectigo."
        raise Refused(detail, advice="Up to 64 letters, digits and . _ : / - are safe.")


def _check_way(name: str, way: dcv.Way) -> None:
    """Whether that method proves such a name (§7.4)."""
    if name.startswith("*.") and way.method in _FILES:
        raise Refused(
            f"{name} cannot be proven by a file: that proves single names only.",
            advice="Prove a wildcard by dns-cname-token or by e-mail.",
        )
    if is_ip(name) and way.method not in _FILES:
        raise Refused(f"{name} is an address, which a file alone can prove.", advice="Use http-token for it.")


def _check_names(product: Product, names: tuple[str, ...]) -> None:
    wildcards = [name for name in names if name.startswith("*.")]
    bases = {name.removeprefix("*.").removeprefix("www.") for name in names}
    if product.kind == SINGLE and (wildcards or len(bases) > 1):
        raise Refused(
            f"{product.name} is for one name, with its www.", advice="Order a multi-domain or wildcard product."
        )
    if product.kind == WILDCARD and (len(wildcards) != 1 or len({name.removeprefix("*.") for name in names}) > 1):
        raise Refused(
            f"{product.name} is for one wildcard, with its base name.", advice="Order a product for several names."
        )
    addresses = [name for name in names if is_ip(name)]
    if addresses and (not product.has_many_names or product.validation == "ev"):
        raise Refused(f"{product.name} takes no IP address.", advice="Order a DV or OV multi-domain product.")
    if product.has_many_names and wildcards and product.validation == "ev":
        raise Refused("EV certificates have no wildcards.", advice="Order an OV product.")


def _check_subject(wish: Wish) -> None:
    product = wish.product
    missing = [name for name in _REQUIRED[product.validation] if not wish.text(name)]
    if missing:
        raise Refused(
            f"{product.name} ({product.validation.upper()}) needs {', '.join(missing)}.",
            advice=f"Give it with the order, --set {missing[0]}=…, or once for the account: certwright account change.",
        )
    for name, longest in _LONGEST.items():
        if len(wish.text(name)) > longest:
            raise Refused(f"{name} has at most {longest} characters.")
    country = wish.text("country_name")
    if country and not re.fullmatch(r"[A-Za-z]{2}", country):
        raise Refused(f"{country!r} is no country.", advice="Give it by two letters (ISO 3166), such as GB.")


def days(wish: Wish, today: date) -> int:
    """The days to ask for: the term, and what the certificate before still has. Raises Refused for none."""
    option = wish.options.get("days")
    asked = option if isinstance(option, int) else _term_days(wish.placement.term or Term(years=1), today)
    extra = wish.options.get("remaining_days", 0)
    extra = extra if isinstance(extra, int) else 0
    if not 0 <= extra <= _MOST_EXTRA_DAYS:
        raise Refused(f"Sectigo adds at most {_MOST_EXTRA_DAYS} days for what a certificate still has.")
    if not 1 <= asked <= _LONGEST_DAYS:
        raise Refused(f"A term of {asked} days is not sold.", advice="Give 1y, or days up to 1825.")
    return asked + extra


def _term_days(term: Term, today: date) -> int:
    if term.until is not None:
        return (term.until - today).days
    return term.days or (term.years or 1) * _DAYS_PER_YEAR


def apply(wish: Wish, today: date) -> dict[str, str]:
    """The parameters of AutoApplySSL."""
    placement = wish.placement
    return _without_empty(
        {
            "product": placement.product,
            "days": str(days(wish, today)),
            "servers": wish.text("servers"),
            "serverSoftware": wish.text("server_software") or "-1",
            "csr": pem(placement.csr),
            "isCustomerValidated": wish.text("is_customer_validated") or NO,
            "prioritiseCSRValues": wish.text("prioritise_csr_values") or NO,
            "foreignOrderNumber": placement.reference,
            "checkFONIsUnique": YES,
            "uniqueValue": dcv.unique_value(placement.reference),
            "caCertificateID": wish.text("ca_certificate_id"),
            "signatureHash": wish.text("signature_hash"),
            "test": wish.text("test"),
            "emailAddress": wish.text("email_address") or "none",
            "responseFormat": "1",
            "showCertificateID": YES,
            **_names(wish, wish.product),
            **_subject(wish, (*_SUBJECT, *_CONTACT)),
        }
    )


def replace(wish: Wish, order_number: str) -> dict[str, str]:
    """The parameters of AutoReplaceSSL."""
    placement = wish.placement
    product = wish.settings.products.get(placement.product)
    return _without_empty(
        {
            "orderNumber": order_number,
            "serverSoftware": wish.text("server_software") or "-1",
            "csr": pem(placement.csr),
            "isCustomerValidated": wish.text("is_customer_validated") or NO,
            "prioritiseCSRValues": wish.text("prioritise_csr_values") or NO,
            "foreignOrderNumber": placement.reference,
            "uniqueValue": dcv.unique_value(placement.reference),
            "caCertificateID": wish.text("ca_certificate_id"),
            "responseFormat": "1",
            "showCertificateID": YES,
            **_names(wish, product),
            **(_subject(wish, _SUBJECT) if product is not None and product.validation != "dv" else {}),
        }
    )


def _names(wish: Wish, product: Product | None) -> dict[str, str]:
    """Which names, and how each is proven. Of an order whose product is forgotten, several names mean many."""
    names = wish.placement.names
    many = product.has_many_names if product is not None else _are_many(names)
    if not many:
        way = wish.way(wish.placement.common_name if wish.placement.common_name in names else names[0])
        return {"dcvMethod": dcv.ONE[way.method], "dcvEmailAddress": way.address}
    primary = wish.placement.common_name if product is None or product.kind != UCC else ""
    return {
        "domainNames": ",".join(names),
        "primaryDomainName": primary,
        "maxSubjectCNs": wish.text("max_subject_cns") or "1",
        "dcvEmailAddresses": ",".join(wish.way(name).listed for name in names),
    }


def _are_many(names: tuple[str, ...]) -> bool:
    return len({name.removeprefix("*.").removeprefix("www.") for name in names}) > 1


def _subject(wish: Wish, names: tuple[str, ...]) -> dict[str, str]:
    if wish.product.validation == "dv":
        return {}
    fields = {_parameter(name): wish.text(name) for name in names}
    fields["stateOrProvinceName"] = fields["stateOrProvinceName"] or fields["localityName"]
    fields["countryName"] = fields["countryName"].upper()
    if wish.product.validation == "ev":
        fields["joiCountryName"] = (fields["joiCountryName"] or fields["countryName"]).upper()
    return fields


def _parameter(option: str) -> str:
    head, *rest = option.split("_")
    return _PARAMETERS.get(option, head + "".join(word.capitalize() for word in rest))


def _without_empty(parameters: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if value}
