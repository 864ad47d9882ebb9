"""The words of the made-up company and its CAs. The issuers resemble those of real CAs and are none of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Issuer:
    """An intermediate, and what it issues.

    ``kind`` is public, acme (90 days) or private; ``ca`` the CA whose accounts have what it issued, "" for none;
    ``key_spec`` what it signs with; ``weight`` its share in percent.
    """

    common_name: str
    organization: str
    country: str
    kind: str
    ca: str
    validation: str
    product: str
    key_spec: str
    weight: int


def _issued(organization: str, country: str, kind: str, ca: str, *rows: tuple[str, str, str, str, int]) -> list[Issuer]:
    """The issuers of one CA: each its common name, validation, product, key spec and weight."""
    return [
        Issuer(name, organization, country, kind, ca, validation, product, key_spec, weight)
        for name, validation, product, key_spec, weight in rows
    ]


ISSUERS = (
    *_issued(
        "DigiCert Benchmark Inc", "US", "public", "digicert",
        ("DigiCert TLS RSA SHA256 Benchmark CA1", "ov", "ssl_basic", "rsa-2048", 17),
        ("DigiCert Global G2 TLS RSA Benchmark CA1", "ov", "ssl_multi_domain", "rsa-2048", 11),
        ("DigiCert EV RSA Benchmark CA G2", "ev", "ssl_ev_basic", "rsa-2048", 5),
        ("DigiCert Hybrid ECC SHA384 Benchmark CA1", "ov", "ssl_securesite_flex", "ec-p384", 5),
    ),
    *_issued(
        "Sectigo Benchmark Limited", "GB", "public", "sectigo",
        ("Sectigo RSA Domain Validation Benchmark CA", "dv", "488", "rsa-2048", 10),
        ("Sectigo RSA Organization Validation Benchmark CA", "ov", "301", "rsa-2048", 7),
        ("Sectigo ECC Domain Validation Benchmark CA", "dv", "489", "ec-p256", 6),
        ("Sectigo Public Server OV Benchmark CA R36", "ov", "302", "rsa-4096", 4),
    ),
    *_issued(
        "emSign Benchmark Limited", "IN", "public", "emsign",
        ("emSign SSL Benchmark CA - G1", "ov", "ssl_ov", "rsa-2048", 6),
        ("emSign ECC SSL Benchmark CA - G3", "dv", "ssl_dv", "ec-p384", 2),
    ),
    *_issued(
        "Let's Benchmark", "US", "acme", "",
        ("R10B", "dv", "", "rsa-2048", 8),
        ("E6B", "dv", "", "ec-p384", 7),
    ),
    *_issued(
        "Meadow Holding SE", "DE", "private", "",
        ("Meadow Server Issuing CA 2", "", "", "rsa-4096", 8),
        ("Meadow Device Issuing CA 1", "", "", "ec-p256", 4),
    ),
)  # fmt: skip

ORGANIZATIONS = (
    "Meadow Holding SE", "Meadow Retail GmbH", "Meadow Logistics GmbH & Co. KG", "Meadow Energy AG",
    "Meadow Insurance plc", "Meadow Bank (Luxembourg) S.A.", "Müller & Söhne KG", "Harbour Freight Lines Ltd",
    "Orchard Foods Inc.", "Orchard Foods Canada ULC", "Riverside Health Trust", "Silver Birch Media Ltd",
    "Nordlys Kraft AS", "Campo Verde S.L.", "Vallée Verte SAS", "Tetra Polymers BV", "Granite Data Centers LLC",
    "Copper Kettle Travel Ltd", "Blue Heron Software GmbH", "Lark Mobility GmbH", "Otter Payments Europe SA",
    "Willow Property Management Ltd", "Fjord Seafood AS", "Quarry Building Materials Inc.",
)  # fmt: skip

WORDS = (
    "meadow", "river", "harbour", "orchard", "silver", "birch", "copper", "granite", "willow", "heron", "lark",
    "otter", "fjord", "quarry", "tetra", "campo", "vallee", "nordlys", "amber", "anchor", "apple", "arrow", "aspen",
    "atlas", "aurora", "badger", "bamboo", "beacon", "bison", "bloom", "breeze", "bridge", "canyon", "cedar",
    "cherry", "cliff", "cloud", "clover", "comet", "coral", "crane", "crystal", "dawn", "delta", "desert", "dove",
    "eagle", "ember", "falcon", "fern", "field", "finch", "flint", "forest", "fox", "garnet", "glacier", "grove",
    "hazel", "hill", "island", "ivory", "jade", "juniper", "lagoon", "lake", "linden", "lotus", "lunar", "maple",
    "marble", "mint", "moss", "north", "oak", "ocean", "olive", "opal", "pearl", "pebble", "pine", "plum", "prairie",
    "quartz", "raven", "reef", "robin", "ruby", "sage", "sand",
)  # fmt: skip

SUFFIXES = (".example", ".com.example", ".co.example", ".net.example", ".de.example")

APPLICATIONS = (
    "www", "api", "shop", "login", "mail", "vpn", "cdn", "static", "img", "auth", "sso", "portal", "intranet", "wiki",
    "git", "ci", "jira", "grafana", "prometheus", "kibana", "elastic", "kafka", "db", "ldap", "radius", "proxy",
    "gateway", "billing", "orders", "search", "stock", "crm", "erp", "hr", "payroll", "reports", "backup", "monitor",
    "xn--mnchen-3ya", "edge",
)  # fmt: skip

ENVIRONMENTS = ("", "", ".prod", ".stage", ".test", ".eu-west", ".us-east")

TEAMS = tuple(
    f"{team} {unit}"
    for team in (
        "Web", "Payments", "Identity", "Network", "Messaging", "Data", "Platform", "Store Systems", "Logistics",
        "Energy Trading", "Claims", "Mobile", "Workplace", "Security", "Database", "Analytics", "Customer Care",
        "Procurement", "Plant Control", "Research",
    )
    for unit in ("Core", "EMEA", "Americas", "Nordics", "Iberia", "DACH", "APAC", "Operations", "On-call", "Legacy")
)  # fmt: skip

TAGS = (
    "production", "staging", "test", "pci", "gdpr", "sox", "hipaa", "external", "internal", "partner", "legacy",
    "migrate", "kubernetes", "f5", "netscaler", "iis", "nginx", "apache", "tomcat", "sap", "azure", "aws", "gcp",
    "on-premises", "branch", "kiosk", "iot", "pos", "b2b", "mainframe", "decommission-2027", "critical", "tier-1",
    "tier-2", "tier-3", "dmz", "mtls", "pinned", "vendor-managed", "owner-unknown",
)  # fmt: skip
