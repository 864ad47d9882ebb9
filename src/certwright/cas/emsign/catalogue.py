"""What an account has: groups, organizations, domains and products (§5, §6.2-6.5)."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from certwright.cas.emsign import contract, wire
from certwright.cas.emsign.api import EmSignAPI
from certwright.model.ca import Domain, Group, Organization, Product
from certwright.model.errors import Refused

_SSL = "3"  # categoryID of SSL/TLS
_FRESH_SECONDS = 600.0
SINGLE, WILDCARD, MULTI, MULTI_WILDCARD = "single", "wildcard", "multi", "multi-wildcard"
# productTypeID is the same everywhere, product codes are not (§5).
_TYPES: Mapping[str, tuple[str, str]] = {
    "13": ("dv", SINGLE),
    "14": ("dv", WILDCARD),
    "15": ("dv", MULTI),
    "21": ("dv", MULTI_WILDCARD),
    "16": ("ov", SINGLE),
    "17": ("ov", WILDCARD),
    "18": ("ov", MULTI),
    "22": ("ov", MULTI_WILDCARD),
    "19": ("ev", SINGLE),
    "20": ("ev", MULTI),
}


def groups(api: EmSignAPI) -> tuple[Group, ...]:
    """The groups: 1 call."""
    return tuple(
        Group(
            ca_id=wire.text(item.get("groupNumber")),
            name=wire.text(item.get("groupName")),
            default=wire.text(item.get("isDefaultGroup")) == wire.YES,
            balance=wire.text(item.get("groupBalance")) or wire.text(item.get("accountBalance")),
        )
        for item in contract.items(api.groups(), "groupDetails")
        if wire.text(item.get("groupNumber"))
    )


def organizations(api: EmSignAPI) -> tuple[Organization, ...]:
    """The organizations: 1 call."""
    return tuple(
        Organization(
            ca_id=wire.text(item.get("organizationNumber")),
            name=wire.text(item.get("organizationName")),
            active=wire.text(item.get("organizationStatusId")) == wire.YES,
            status=_standing(item),
        )
        for item in contract.items(api.organizations(), "organizationDetails")
        if wire.text(item.get("organizationNumber"))
    )


def _standing(item: Mapping[str, Any]) -> str:
    status = wire.text(item.get("organizationStatusId"))
    if status != wire.YES:
        return f"inactive ({status})"
    return "vetted" if wire.text(item.get("isPreVettingOrg")) == wire.YES else "not vetted"


def domains(api: EmSignAPI) -> tuple[Domain, ...]:
    """The domains: 1 call."""
    found = (_domain(item) for item in contract.items(api.domains(), "domainDetails"))
    return tuple(domain for domain in found if domain.name)


def _domain(item: Mapping[str, Any]) -> Domain:
    name = wire.text(contract.domain_field(item, "name")).lower()
    until = wire.moment(contract.domain_field(item, "until"))
    active = wire.text(contract.domain_field(item, "status")) in ("", wire.YES)
    fresh = until is None or until > datetime.now(UTC)
    dcv = wire.text(contract.domain_field(item, "dcv"))
    return Domain(
        ca_id=wire.text(contract.domain_field(item, "id")) or name,
        name=name,
        proven=dcv == wire.YES and active and fresh,
        active=active,
        organization=wire.text(contract.domain_field(item, "organization")),
        method=wire.method(contract.domain_field(item, "method")),
        status={"0": "pending", "1": "validated", "2": "rejected"}.get(dcv, dcv),
        proven_until=until,
    )


class Products:
    """The products for TLS, asked for once in ten minutes: what an order may hold is told by nothing else."""

    def __init__(self, api: EmSignAPI) -> None:
        self._api = api
        self._known: dict[str, tuple[float, Mapping[str, Product]]] = {}  # by group: until when it counts, and what

    def fresh(self, group_number: str) -> Mapping[str, Product]:
        """Those of a group ("" for the default) as emSign lists them now, by code.

        1 call; where that list is empty and no group was named, 1 for the groups and 1 for each (§6.5).
        """
        found = _products(self._api.products(group_number))
        if not found and not group_number:
            for group in groups(self._api):
                found += _products(self._api.products(group.ca_id))
        products = {product.ca_id: product for product in found}
        self._known[group_number] = time.monotonic() + _FRESH_SECONDS, products
        return products

    def validation_of(self, code: str, group_number: str) -> str:
        """``dv``, ``ov`` or ``ev`` of the product of that code, "" where the list of ten minutes ago has none such."""
        until, known = self._known.get(group_number, (0.0, {}))
        if time.monotonic() >= until:
            try:
                known = self.fresh(group_number)
            except Refused:  # an account that may not see products tells of its orders all the same
                self._known[group_number] = time.monotonic() + _FRESH_SECONDS, known
        return known[code].validation if code in known else ""

    def find(self, code: str, group_number: str) -> Product | None:
        """The product of that code; None when emSign lists none such now."""
        until, known = self._known.get(group_number, (0.0, {}))
        if time.monotonic() >= until or code not in known:  # one that is not known may have come since
            known = self.fresh(group_number)
        return known.get(code)


def _products(answer: Mapping[str, Any]) -> list[Product]:
    return [
        _product(item)
        for category in contract.items(answer, "productDetails")
        if wire.text(category.get("categoryID")) == _SSL
        for item in _listed(category.get("products"))
        if wire.text(item.get("productCode"))
    ]


def _listed(value: Any) -> Sequence[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _product(item: Mapping[str, Any]) -> Product:
    validation, kind = _TYPES.get(wire.text(item.get("productTypeID")), ("", ""))
    return Product(
        ca_id=wire.text(item.get("productCode")),
        name=wire.text(item.get("productName")),
        validation=validation,
        organization_required=validation in ("ov", "ev"),
        kind=kind,
        years=_years(wire.block(item, "subscriptionPrice")),
    )


def _years(prices: Mapping[str, Any]) -> tuple[int, ...]:
    """The terms that have a price: its keys are "1 Year", "2 Years" …"""
    found = (re.match(r"\s*(\d+)\s*Year", key, re.IGNORECASE) for key in prices)
    return tuple(sorted(int(match[1]) for match in found if match))
