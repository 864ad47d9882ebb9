"""Where each API of Sectigo's is, and which parameters it takes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_PLACES = {"CollectSSL": "products/download/CollectSSL"}


@cache
def allowed() -> Mapping[str, frozenset[str]]:
    """The names of the parameters of each API, without those of the login."""
    content = tomllib.loads((files(__package__) / "parameters.toml").read_text(encoding="utf-8"))
    return {api: frozenset(entry["names"]) for api, entry in content.items()}


def place(api: str) -> str:
    """The path of an API below the base URL (§1.1)."""
    return _PLACES.get(api, f"products/!{api}")
