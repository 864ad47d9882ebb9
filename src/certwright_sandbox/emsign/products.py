"""The ten standard products (emsign.md §5); their codes differ from account to account, their types do not."""

from __future__ import annotations

from dataclasses import dataclass

from certwright_sandbox.emsign.records import Account

SSL_CATEGORY, PRIVATE_CATEGORY = "3", "8"


@dataclass(frozen=True)
class Product:
    """A product: its place in the row of codes, its type, and the yearly price in whole units.

    `kind` has a `*` where it takes wildcards, and a `+` where it takes more names than one.
    """

    place: int
    type: str
    name: str
    validation: str
    kind: str
    price: int

    @property
    def has_wildcard(self) -> bool:
        """Whether it takes wildcards."""
        return "*" in self.kind

    @property
    def has_more_names(self) -> bool:
        """Whether it takes more names than one."""
        return "+" in self.kind

    def code(self, account: Account) -> str:
        """Its code at that account."""
        return str(account.first_product_code + self.place)

    def cost(self, years: int) -> int:
        """What so many years cost: a little less a year for more of them."""
        return self.price * years - (years - 1) * 2


PRODUCTS = (
    Product(0, "13", "emSign DV SSL", "dv", "", 12),
    Product(1, "14", "emSign DV SSL Wildcard", "dv", "*", 60),
    Product(2, "15", "emSign DV SSL UCC", "dv", "+", 48),
    Product(3, "21", "emSign DV SSL Wildcard UCC", "dv", "*+", 120),
    Product(4, "16", "emSign OV SSL", "ov", "", 40),
    Product(5, "17", "emSign OV SSL Wildcard", "ov", "*", 150),
    Product(6, "18", "emSign OV SSL UCC", "ov", "+", 110),
    Product(7, "22", "emSign OV SSL Wildcard UCC", "ov", "*+", 260),
    Product(8, "19", "emSign EV SSL", "ev", "", 120),
    Product(9, "20", "emSign EV SSL UCC", "ev", "+", 300),
)
BY_TYPE = {product.type: product for product in PRODUCTS}
YEARS = (1, 2, 3)


def by_code(account: Account, code: str) -> Product | None:
    """The product of that code at that account."""
    return next((product for product in PRODUCTS if product.code(account) == code), None)


def years_of(product: Product) -> tuple[int, ...]:
    """The years that a product is sold for: EV for one or two."""
    return YEARS[:2] if product.validation == "ev" else YEARS
