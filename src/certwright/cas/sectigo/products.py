"""What can be ordered: the table of the folder, and what an account's setting ``products`` adds to it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from certwright.model.errors import Misconfigured

SINGLE, WILDCARD, MULTI, UCC = "single", "wildcard", "multi", "ucc"
_KINDS = (SINGLE, WILDCARD, MULTI, UCC)
_VALIDATIONS = ("dv", "ov", "ev")


@dataclass(frozen=True, slots=True)
class Product:
    """A product: ``validation`` is ``dv``, ``ov`` or ``ev``, ``kind`` one of single, wildcard, multi and ucc."""

    code: str
    name: str
    validation: str
    kind: str

    @property
    def has_many_names(self) -> bool:
        """Whether it takes a list of names."""
        return self.kind in (MULTI, UCC)


@cache
def _known() -> Mapping[str, Product]:
    content = tomllib.loads((files(__package__) / "products.toml").read_text(encoding="utf-8"))
    return {entry["code"]: Product(**entry) for entry in content["product"]}


def products(more: Sequence[Any] = ()) -> Mapping[str, Product]:
    """Every product by its code, with those of the setting ``products``; raises Misconfigured for a wrong one."""
    return {**_known(), **{product.code: product for product in map(_product, more)}}


def _product(entry: object) -> Product:
    fields = entry if isinstance(entry, dict) else {}
    wanted = {name: str(fields.get(name, "")).strip() for name in ("code", "name", "validation", "kind")}
    product = Product(**wanted)
    if not product.code.isdecimal() or product.validation not in _VALIDATIONS or product.kind not in _KINDS:
        raise Misconfigured(
            "An entry of the setting products is not a product.",
            advice='Each is like {"code": "287", "name": "PositiveSSL", "validation": "dv", "kind": "single"}.',
        )
    return product
