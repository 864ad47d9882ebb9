"""DigiCert's answers about the account itself: organizations, domains, products, divisions, webhooks."""

from __future__ import annotations

from datetime import datetime

from certwright.cas.digicert.shapes import Many, Moment, Named, Rows, Shape
from certwright.cas.digicert.wire import Token, User


class Account(Shape):
    """The CertCentral account."""

    id: str
    primary_organization_id: str = ""
    primary_organization_name: str = ""
    root_container_id: str = ""
    cert_central_type: str = ""
    cert_transparency: str = ""


class Users(Rows):
    """A page of users."""

    users: Many[User] = ()


class Validation(Shape):
    """One kind of validation (ov, ev, dv ...) and how far it is."""

    type: str = ""
    name: str = ""
    status: str = ""
    date_created: Moment = None
    validated_until: Moment = None
    dcv_status: str = ""
    org_status: str = ""


class Validations(Rows):
    """The validations of an organization or domain."""

    validations: Many[Validation] = ()


class Organization(Shape):
    """Whom certificates are for."""

    id: str
    name: str = ""
    display_name: str = ""
    assumed_name: str = ""
    status: str = ""
    is_active: bool = True
    validations: Many[Validation] = ()


class Organizations(Rows):
    """A page of organizations."""

    organizations: Many[Organization] = ()


class Container(Shape):
    """A division of the account."""

    id: str
    name: str = ""
    parent_id: str = ""
    is_active: bool = True
    allowed_domain_names: Many[str] = ()


class Containers(Rows):
    """All divisions."""

    containers: Many[Container] = ()


class Created(Shape):
    """The id of what was made."""

    id: str


class DcvExpiration(Shape):
    """Until when a proof may be used again."""

    ov: Moment = None
    ev: Moment = None


class Domain(Shape):
    """A prevalidated (or not yet validated) domain."""

    id: str
    name: str = ""
    is_active: bool = True
    status: str = ""
    organization: Named = Named()
    validations: Many[Validation] = ()
    dcv_method: str = ""
    dcv_token: Token = Token()
    dcv_expiration: DcvExpiration = DcvExpiration()
    dcv_approval_datetime: Moment = None
    dcv_expiration_datetime: Moment = None

    @property
    def is_proven(self) -> bool:
        """Whether control was proven, be it long ago. A validation is active only with it (§6.2)."""
        return any(found.dcv_status == "complete" or found.status == "active" for found in self.validations)

    def proven_until(self, now: datetime) -> datetime | None:
        """Until when the proof may be used again: for the kind of validation that ends first, of those that still hold.

        An EV proof that has ended takes nothing from that for OV. When all have ended, the last of their ends.
        """
        told = (self.dcv_expiration_datetime, self.dcv_expiration.ov, self.dcv_expiration.ev)
        ends = [end for end in told if end is not None]
        return min((end for end in ends if end > now), default=max(ends, default=None))

    def end_of(self, kind: str) -> datetime | None:
        """Until when the proof counts for ``ov`` or ``ev``; None where that is not told of the kind."""
        return {"ov": self.dcv_expiration.ov, "ev": self.dcv_expiration.ev}.get(kind)


class Domains(Rows):
    """A page of domains."""

    domains: Many[Domain] = ()


class NewDomain(Created):
    """The answer to a submitted domain."""

    dcv_token: Token = Token()


class Emails(Shape):
    """The addresses to which proofs by e-mail go."""

    name_scope: str = ""
    base_emails: Many[str] = ()
    whois_emails: Many[str] = ()


class DomainToken(Token):
    """A new random value of a domain, sometimes inside another object."""

    dcv_token: Token = Token()


class CheckedDomain(Shape):
    """The answer to a check of a domain's proof."""

    status: str = ""


class DcvMethod(Shape):
    """A way to prove control."""

    name: str
    display_name: str = ""
    default: bool = False


class DcvMethods(Rows):
    """All ways to prove control."""

    methods: Many[DcvMethod] = ()


class ValidationType(Shape):
    """A kind of validation."""

    type: str
    name: str = ""
    requires_dcv: bool = False


class ValidationTypes(Rows):
    """All kinds of validation."""

    validation_types: Many[ValidationType] = ()


_FLEXIBLE = frozenset({"basic", "flex", "pro"})


class Product(Shape):
    """What the account may order."""

    name_id: str
    name: str = ""
    type: str = ""
    group_name: str = ""
    validation_type: str = ""
    replacement_product_name_id: str = ""
    allowed_ca_certs: Many[Named] = ()
    allowed_order_validity_years: Many[int] = ()
    duplicates_allowed: bool = False
    additional_dns_names_allowed: bool = False

    @property
    def is_tls(self) -> bool:
        """Whether it is a TLS server certificate, as far as DigiCert tells."""
        return not self.type or "ssl" in self.type

    @property
    def is_private(self) -> bool:
        """Whether it chains to a private root."""
        return "private" in f"{self.group_name} {self.name_id}"

    @property
    def validation(self) -> str:
        """``dv``, ``ov`` or ``ev``: told, or read from DigiCert's way of naming products."""
        if self.validation_type in ("dv", "ov", "ev"):
            return self.validation_type
        words = f"{self.name_id}_{self.group_name}".split("_")
        return next((kind for kind in ("dv", "ev") if kind in words), "ov")

    @property
    def kind(self) -> str:
        """What it holds, ``single`` and so on, read from DigiCert's way of naming products (§2); empty where unsure."""
        words = self.name_id.split("_")
        if "wildcard" in words:
            return "wildcard"
        if "multi" in words:
            return "multi"
        if _FLEXIBLE & set(words):  # any mix of names, but EV knows no wildcards
            return "multi" if self.validation == "ev" else "multi-wildcard"
        return "single" if "plus" in words else ""


class Products(Rows):
    """All products."""

    products: Many[Product] = ()


class CustomField(Shape):
    """A field that the account adds to its orders."""

    id: str
    label: str = ""
    is_required: bool = False
    is_active: bool = True
    data_type: str = ""


class CustomFields(Rows):
    """All such fields."""

    metadata: Many[CustomField] = ()


class NewWebhook(Shape):
    """The id of a new webhook."""

    webhook_id: str
