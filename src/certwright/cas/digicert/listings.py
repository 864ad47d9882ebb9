"""What an account has, in our words: divisions, organizations, domains and products (§4-§7)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from certwright.cas.digicert import wire_account
from certwright.cas.digicert.api_account import AccountAPI
from certwright.cas.digicert.catalogue import is_active
from certwright.model.ca import Domain, Group, Organization, Product

_WITH_VALIDATION = (("include_validation", "true"),)
_WITH_PROOF = (*_WITH_VALIDATION, ("include_dcv", "true"))


def groups(account: AccountAPI, container: int | None) -> tuple[Group, ...]:
    """The divisions: 2 calls. Orders go to ``container`` where one is set, else to that of the API key's user."""
    default = account.user().container.id if container is None else str(container)
    return tuple(
        Group(found.id, found.name, default=found.id == default, active=found.is_active)
        for found in account.containers()
    )


def organizations(account: AccountAPI) -> tuple[Organization, ...]:
    """The organizations, with what they are vetted for: 1 call per 1000."""
    return tuple(
        Organization(
            found.id,
            found.name or found.display_name,
            is_active(found),
            "inactive" if not is_active(found) else _validated(found.validations) or found.status,
        )
        for found in account.organizations(_WITH_VALIDATION)
    )


def domains(account: AccountAPI, *, now: datetime) -> tuple[Domain, ...]:
    """The domains, with how long their control counts: 1 call per 1000."""
    return tuple(_domain(found, now) for found in account.domains(_WITH_PROOF))


def _domain(found: wire_account.Domain, now: datetime) -> Domain:
    until = found.proven_until(now)
    return Domain(
        ca_id=found.id,
        name=found.name.lower(),
        proven=found.is_proven and found.is_active and (until is None or until > now),
        active=found.is_active,
        organization=found.organization.id,
        method=found.dcv_method,
        status=", ".join(_with_end(one, found.end_of(one.type)) for one in found.validations) or found.status,
        proven_until=until,
    )


def products(account: AccountAPI, container: int | None) -> tuple[Product, ...]:
    """The TLS products of the division, or of all: 1 call."""
    return tuple(
        Product(
            found.name_id,
            found.name,
            validation=found.validation,
            public_trust=not found.is_private,
            organization_required=found.validation != "dv",
            kind=found.kind,
            years=found.allowed_order_validity_years,
        )
        for found in account.products("" if container is None else str(container))
        if found.is_tls
    )


def _validated(validations: Iterable[wire_account.Validation]) -> str:
    """How far each kind of validation is: ``ov active, ev pending``."""
    return ", ".join(_with_end(found, None) for found in validations)


def _with_end(found: wire_account.Validation, end: datetime | None) -> str:
    """How far one kind is and, of a domain, how long its proof counts: ``ov active (proof until 2027-06-08)``."""
    return f"{found.type} {found.status}".strip() + (f" (proof until {end.date()})" if end else "")
