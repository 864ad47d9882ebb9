"""The product table: what accounts may order, at what price, and how it is validated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from certwright_sandbox.digicert.call import Call, Reply
from certwright_sandbox.digicert.errors import bad_request, not_found
from certwright_sandbox.digicert.office import Office

HASHES = (("sha256", "SHA-256"), ("sha384", "SHA-384"), ("sha512", "SHA-512"))


@dataclass(frozen=True)
class Product:
    """A product. `price` is for one year in whole units of money; `free_www` adds the www or base variant."""

    name_id: str
    name: str
    validation: str
    price: int
    is_public: bool = True
    replacement: str = ""
    free_www: bool = False

    @property
    def group(self) -> str:
        """The group's name."""
        if not self.is_public:
            return "private_ssl_certificate"
        return "dv_ssl_certificate" if self.validation == "dv" else "ssl_certificate"

    @property
    def wants_organization(self) -> bool:
        """Whether an order must name an organization."""
        return self.validation != "dv"


_TABLE = (
    Product("ssl_basic", "Basic OV", "ov", 238),
    Product("ssl_ev_basic", "Basic EV", "ev", 344),
    Product("ssl_plus", "Standard SSL", "ov", 218, replacement="ssl_basic", free_www=True),
    Product("ssl_multi_domain", "Multi-Domain SSL", "ov", 299, replacement="ssl_basic"),
    Product("ssl_wildcard", "Wildcard Plus", "ov", 688, replacement="ssl_basic"),
    Product("ssl_cloud_wildcard", "Cloud Wildcard", "ov", 988, replacement="ssl_basic"),
    Product("ssl_ev_plus", "Extended Validation SSL", "ev", 344, replacement="ssl_ev_basic"),
    Product("ssl_ev_multi_domain", "EV Multi-Domain", "ev", 489, replacement="ssl_ev_basic"),
    Product("ssl_securesite", "Secure Site SSL", "ov", 399, replacement="ssl_securesite_flex"),
    Product("ssl_securesite_multi_domain", "Secure Site MD", "ov", 499, replacement="ssl_securesite_flex"),
    Product("ssl_securesite_wildcard", "Secure Site WC", "ov", 1999, replacement="ssl_securesite_flex"),
    Product("ssl_securesite_flex", "Secure Site OV", "ov", 399),
    Product("ssl_ev_securesite_flex", "Secure Site EV", "ev", 995),
    Product("ssl_securesite_pro", "Secure Site Pro SSL", "ov", 995),
    Product("ssl_ev_securesite_pro", "Secure Site Pro EV SSL", "ev", 1499),
    Product("ssl_geotrust_truebizid", "GeoTrust TrueBusiness ID OV", "ov", 199),
    Product("ssl_thawte_webserver", "Thawte SSL Webserver OV", "ov", 199),
    Product("ssl_dv_geotrust", "GeoTrust Standard DV", "dv", 149),
    Product("ssl_dv_rapidssl", "RapidSSL Standard DV", "dv", 59),
    Product("wildcard_dv_geotrust", "GeoTrust Wildcard DV", "dv", 688),
    Product("wildcard_dv_rapidssl", "RapidSSL Wildcard DV", "dv", 249),
    Product("cloud_dv_geotrust", "GeoTrust Cloud DV", "dv", 149),
    Product("ssl_dv_geotrust_flex", "GeoTrust DV SSL", "dv", 149),
    Product("private_ssl_plus", "Private SSL", "ov", 195, is_public=False),
    Product("private_ssl_wildcard", "Private SSL Wildcard", "ov", 595, is_public=False),
    Product("private_ssl_multi_domain", "Private SSL Multi-Domain", "ov", 295, is_public=False),
)
PRODUCTS = {product.name_id: product for product in _TABLE}

# What goes into certificate.ca_cert_id, and the CA of the sandbox's hierarchy behind it.
PUBLIC_CA_CERTS = {
    "SBX01": ("tls-e1", "Certwright Sandbox TLS Issuing CA E1"),
    "SBX02": ("tls-r1", "Certwright Sandbox TLS Issuing CA R1"),
    "SBX03": ("root-e1", "Certwright Sandbox Root E1 (chain of two)"),
    "SBX04": ("tls-e2", "Certwright Sandbox TLS Issuing CA E2 (chain of four)"),
}
PRIVATE_CA_CERTS = {"SBX11": ("private-p1", "Certwright Sandbox Private TLS Issuing CA P1")}

# Platform id → name and the download format it stands for.
PLATFORMS = {
    -1: ("OTHER", "default"),
    2: ("Apache", "apache"),
    14: ("Microsoft IIS 5 or 6", "cer"),
    29: ("Barracuda", "pem_all"),
    31: ("F5 BIG-IP", "default_pem"),
    34: ("Other PEM", "default_pem"),
    40: ("Microsoft IIS 7", "p7b"),
    45: ("nginx", "default"),
    55: ("Java", "p7b"),
    67: ("Microsoft IIS 8", "p7b"),
    68: ("Microsoft Exchange Server 2013", "p7b"),
}
VALIDATIONS = {
    "ov": ("OV", "Normal Organization Validation"),
    "ev": ("EV", "Extended Organization Validation (EV)"),
    "dv": ("DV", "Domain Validation"),
}


def product_of(name_id: str) -> Product:
    """The product of this name id. Raises Refusal 404."""
    product = PRODUCTS.get(name_id)
    if product is None:
        raise not_found("product")
    return product


def determine(names: tuple[str, ...], type_hint: str) -> Product:
    """The product behind `order/certificate/ssl`, from the names and `product.type_hint`. Raises Refusal."""
    if type_hint not in ("", "private", "public"):
        raise bad_request("ambiguous_product", "The product could not be determined.")
    prefix = "private_ssl" if type_hint == "private" else "ssl"
    if any(name.startswith("*.") for name in names):
        return PRODUCTS[f"{prefix}_wildcard"]
    return PRODUCTS[f"{prefix}_multi_domain" if len(names) > 1 else f"{prefix}_plus"]


def ca_certs(product: Product) -> dict[str, tuple[str, str]]:
    """The issuing CAs a product may be ordered from."""
    return PUBLIC_CA_CERTS if product.is_public else PRIVATE_CA_CERTS


def product_view(product: Product) -> dict[str, Any]:
    """The product as the product list shows it."""
    view: dict[str, Any] = {
        "group_name": product.group,
        "name_id": product.name_id,
        "name": product.name,
        "type": "ssl_certificate",
        "allowed_container_ids": [],
        "allowed_validity_years": [1],
        "allowed_order_validity_years": [1, 2, 3],
        "signature_hash_types": {
            "allowed_hash_types": [{"id": value, "name": name} for value, name in HASHES],
            "default_hash_type_id": "sha256",
        },
        "allowed_ca_certs": [{"id": cert_id, "name": name} for cert_id, (_, name) in ca_certs(product).items()],
        "csr_required": True,
    }
    if product.replacement:
        view["replacement_product_name_id"] = product.replacement
    return view


def platform_view(platform: int) -> dict[str, Any]:
    """A server platform."""
    name = PLATFORMS.get(platform, PLATFORMS[-1])[0]
    page = "https://platforms.sandbox.example"
    return {"id": platform, "name": name, "install_url": f"{page}/install", "csr_url": f"{page}/csr"}


def list_products(office: Office, call: Call) -> Reply:  # noqa: ARG001 - every endpoint takes both
    """GET product."""
    return Reply({"products": [product_view(product) for product in PRODUCTS.values()]}, "product_list")


def show_product(office: Office, call: Call) -> Reply:  # noqa: ARG001 - every endpoint takes both
    """GET product/{name_id}."""
    product = product_of(call.param("name_id"))
    more = {
        "duplicates_allowed": True,
        "additional_dns_names_allowed": not product.free_www,
        "increased_compatibility_allowed": False,
        "custom_expiration_date_allowed": True,
        "custom_order_expiration_date_allowed": True,
        "allow_auto_renew": True,
        "server_platforms": [platform_view(platform) for platform in PLATFORMS],
        "license_agreement": "Sandbox certificates are worth nothing outside the sandbox.",
        "validation_type": product.validation,
    }
    return Reply({**product_view(product), **more}, "product")


def list_formats(office: Office, call: Call) -> Reply:  # noqa: ARG001 - every endpoint takes both
    """GET product/platform-certformat-mapping."""
    rows = [{"id": number, "name": name, "cert_format": form} for number, (name, form) in PLATFORMS.items()]
    return Reply({"platforms": rows}, "platform_list")
