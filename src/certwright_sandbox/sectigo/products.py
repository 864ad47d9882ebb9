"""What is sold (sectigo.md §5.4), as a table: kind, level of validation, and a price for each year begun."""

from __future__ import annotations

from dataclasses import dataclass

SINGLE, WILDCARD, MULTI, UCC = "single", "wildcard", "multi", "UCC"
INTRANET = 44
BONUS_DAYS = 90  # that a renewal may bring along without a price (sectigo.md §5.5)
YEAR = 365


@dataclass(frozen=True)
class Product:
    """A product; `validation` is dv, ov or ev; the price is in whole units of money."""

    code: int
    name: str
    validation: str
    kind: str
    price: int

    @property
    def is_multi(self) -> bool:
        """Whether its names come in domainNames."""
        return self.kind in (MULTI, UCC)

    @property
    def hours(self) -> int:
        """The expected delivery time; 240 is EV's mark."""
        return {"dv": 1, "ov": 24, "ev": 240}[self.validation]

    def cost(self, days: int) -> int:
        """What a term of so many days costs."""
        return self.price * max(1, -(-(days - BONUS_DAYS) // YEAR))


PRICES = {
    ("dv", SINGLE): 9,
    ("dv", WILDCARD): 79,
    ("dv", MULTI): 29,
    ("dv", UCC): 49,
    ("ov", SINGLE): 59,
    ("ov", WILDCARD): 199,
    ("ov", MULTI): 129,
    ("ov", UCC): 149,
    ("ev", SINGLE): 99,
    ("ev", MULTI): 249,
}
# code, name, validation, kind
TABLE = (
    (287, "PositiveSSL", "dv", SINGLE),
    (289, "PositiveSSL Wildcard", "dv", WILDCARD),
    (279, "PositiveSSL Multi-Domain", "dv", MULTI),
    (291, "PositiveSSL Trial", "dv", SINGLE),
    (556, "PositiveSSL EV", "ev", SINGLE),
    (557, "PositiveSSL EV Multi-Domain", "ev", MULTI),
    (330, "InstantSSL DV", "dv", SINGLE),
    (331, "InstantSSL DV Wildcard", "dv", WILDCARD),
    (7, "InstantSSL OV", "ov", SINGLE),
    (35, "InstantSSL OV Wildcard", "ov", WILDCARD),
    (361, "InstantSSL UCC OV", "ov", UCC),
    (567, "InstantSSL EV", "ev", SINGLE),
    (568, "InstantSSL EV Multi-Domain", "ev", MULTI),
    (488, "SectigoSSL DV", "dv", SINGLE),
    (448, "SectigoSSL DV", "dv", SINGLE),
    (489, "SectigoSSL Wildcard DV", "dv", WILDCARD),
    (492, "SectigoSSL UCC DV", "dv", UCC),
    (316, "SectigoSSL OV", "ov", SINGLE),
    (322, "SectigoSSL OV Wildcard", "ov", WILDCARD),
    (583, "SectigoSSL OV Multi-Domain", "ov", MULTI),
    (335, "EnterpriseSSL Pro Multi-Domain OV", "ov", MULTI),
    (337, "SectigoSSL EV", "ev", SINGLE),
    (410, "SectigoSSL EV Multi-Domain", "ev", MULTI),
    (749, "Enterprise SSL DV", "dv", SINGLE),
    (750, "Enterprise SSL DV Wildcard", "dv", WILDCARD),
    (751, "Enterprise SSL DV Multi-Domain", "dv", MULTI),
    (63, "EnterpriseSSL OV", "ov", SINGLE),
    (64, "EnterpriseSSL Pro OV", "ov", SINGLE),
    (65, "EnterpriseSSL Pro Wildcard OV", "ov", WILDCARD),
    (562, "EnterpriseSSL Pro EV", "ev", SINGLE),
    (563, "EnterpriseSSL Pro EV Multi-Domain", "ev", MULTI),
    (24, "InstantSSL", "ov", SINGLE),
    (34, "InstantSSL Pro", "ov", SINGLE),
    (62, "EliteSSL", "ov", SINGLE),
    (318, "PlatinumSSL Legacy", "ov", SINGLE),
    (324, "PlatinumSSL Legacy Wildcard", "ov", WILDCARD),
    (43, "Trial SSL", "ov", SINGLE),
    (INTRANET, "Intranet SSL", "ov", SINGLE),
    (301, "EssentialSSL", "dv", SINGLE),
    (342, "90-day Free SSL", "dv", SINGLE),
    (343, "EssentialSSL Wildcard", "dv", WILDCARD),
)
PRODUCTS = {
    code: Product(code, name, validation, kind, PRICES[validation, kind]) for code, name, validation, kind in TABLE
}
