"""Which organization an order is for, when a person gave its name or nothing at all.

An id needs no call. A name, or the organization under which the ordered domains are validated, is looked up
once and remembered for as long as the adapter lives; what is not found is looked up again.
"""

from __future__ import annotations

from collections.abc import Sequence

from certwright.cas.digicert.api_account import AccountAPI
from certwright.cas.digicert.wire_account import Organization, Product
from certwright.model.errors import Refused


class Catalogue:
    """The organizations and domains of the account, read when first needed."""

    def __init__(self, account: AccountAPI) -> None:
        self._account = account
        self._organizations: tuple[Organization, ...] = ()
        self._by_domain: dict[str, str] = {}

    def organization_id(self, wanted: str, default: str, product: str, names: Sequence[str]) -> str:
        """The id to send, empty for none.

        ``wanted`` is the order's own organization, ``default`` the account's setting, each an id, a name or
        empty. DV products have no organization (§9.1). Raises Refused for a name that no or several
        organizations have.
        """
        if not wanted and Product(name_id=product).validation == "dv":
            return ""
        chosen = wanted or default
        if not chosen:
            return self._of_domains(names)
        return chosen if chosen.isdecimal() else self._called(chosen)

    def _called(self, name: str) -> str:
        for fresh in (False, True):
            found = [one for one in self._active(fresh=fresh) if _is_called(one, name)]
            if len(found) == 1:
                return found[0].id
        raise Refused(
            f"DigiCert knows {len(found)} active organizations called {name!r}.",
            advice=f"Give the id of one: {self._listed()}.",
        )

    def _of_domains(self, names: Sequence[str]) -> str:
        """The one organization of the names' domains, else the account's only one; empty when it is open."""
        for fresh in (False, True):
            found = {self._of_domain(name, fresh=fresh) for name in names}
            if len(found) == 1 and "" not in found:
                return found.pop()
        active = self._active(fresh=False)
        return active[0].id if len(active) == 1 else ""

    def _of_domain(self, name: str, *, fresh: bool) -> str:
        if fresh or not self._by_domain:
            domains = [domain for domain in self._account.domains() if domain.is_active]
            self._by_domain = {domain.name: domain.organization.id for domain in domains}
        labels = name.removeprefix("*.").split(".")
        parents = (".".join(labels[start:]) for start in range(len(labels)))
        return next((self._by_domain[parent] for parent in parents if parent in self._by_domain), "")

    def _active(self, *, fresh: bool) -> list[Organization]:
        if fresh or not self._organizations:
            self._organizations = tuple(self._account.organizations())
        return [one for one in self._organizations if is_active(one)]

    def _listed(self) -> str:
        shown = self._active(fresh=False)[:20]
        return ", ".join(f"{one.id} ({one.name})" for one in shown) or "there is none"


def is_active(organization: Organization) -> bool:
    """Whether it may be ordered for."""
    return organization.is_active and organization.status != "inactive"


def _is_called(organization: Organization, name: str) -> bool:
    names = (organization.name, organization.display_name, organization.assumed_name)
    return name.casefold() in [one.casefold() for one in names if one]
