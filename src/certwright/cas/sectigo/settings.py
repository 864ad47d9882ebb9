"""The settings of a Sectigo account, read once from the texts a person gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from certwright.cas.about import About
from certwright.cas.limits import Limit
from certwright.cas.sectigo.products import Product, products
from certwright.model.errors import Misconfigured

_MOST_PAGE = 1000  # an answer has at most 4 MiB, an order about two kilobytes, one of many names more


@dataclass(frozen=True, slots=True)
class Settings:
    """``subject`` are the organization's fields by the names of options; ``looks`` are seconds."""

    endpoint: str
    dcv_method: str
    looks: tuple[float, ...]
    decode_csr: bool
    report_page: int
    products: Mapping[str, Product]
    subject: Mapping[str, str]
    limits: tuple[Limit, ...]
    tls_roots: str

    @classmethod
    def read(cls, about: About, given: Mapping[str, str]) -> Settings:
        """Raises Misconfigured for a setting that does not exist or does not fit."""
        values = about.parse_settings(given)
        more = values.get("products", [])
        options = {field.name for field in about.options}
        page = int(str(values["report_page"]))
        if not 1 <= page <= _MOST_PAGE:
            raise Misconfigured(f"report_page must be between 1 and {_MOST_PAGE}.")
        return cls(
            endpoint=str(values["endpoint"]),
            dcv_method=str(values["dcv_method"]),
            looks=_looks(str(values["poll_seconds"])),
            decode_csr=bool(values["decode_csr"]),
            report_page=page,
            products=products(more if isinstance(more, list) else []),
            subject={name: str(value) for name, value in values.items() if name in options},
            limits=(Limit(int(str(values["requests_per_minute"])), 60),),
            tls_roots=str(values.get("tls_roots", "")),
        )


def _looks(text: str) -> tuple[float, ...]:
    try:
        looks = tuple(float(part) for part in text.split(","))
    except ValueError:
        looks = ()
    if not looks or any(not 0 < pause < 1e6 for pause in looks):
        raise Misconfigured("poll_seconds must be seconds separated by commas, such as 15,60,120,420,1200,10800.")
    return looks
