"""The account around the orders: one method per endpoint of the Services API (§3-§8, §17).

Arguments and results are DigiCert's. Every method raises only the family of errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from certwright.cas.digicert import wire, wire_account
from certwright.cas.digicert.caller import Body, Caller, File, part, read_as, read_if_any
from certwright.cas.http import Query


class AccountAPI:
    """Account, users, organizations, divisions, domains, products, custom fields and webhooks."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def account(self) -> wire_account.Account:
        """``GET account``."""
        return self._caller.get("account", wire_account.Account)

    def users(self) -> Iterator[wire.User]:
        """``GET user``."""
        pages = self._caller.pages("user", wire_account.Users, lambda page: len(page.users))
        return chain.from_iterable(page.users for page in pages)

    def user(self, user_id: str = "me") -> wire.User:
        """``GET user/{id}``; ``me`` is the API key's own user."""
        return self._caller.get(f"user/{part(user_id)}", wire.User)

    # -- organizations (§4)

    def organizations(self, query: Query = ()) -> Iterator[wire_account.Organization]:
        """``GET organization``."""
        pages = self._caller.pages(
            "organization", wire_account.Organizations, lambda page: len(page.organizations), query
        )
        return chain.from_iterable(page.organizations for page in pages)

    def organization(self, organization_id: str) -> wire_account.Organization:
        """``GET organization/{id}``."""
        return self._caller.get(f"organization/{part(organization_id)}", wire_account.Organization)

    def organization_validations(self, organization_id: str) -> tuple[wire_account.Validation, ...]:
        """``GET organization/{id}/validation``."""
        path = f"organization/{part(organization_id)}/validation"
        return self._caller.get(path, wire_account.Validations).validations

    def create_organization(self, body: Body) -> str:
        """``POST organization``: the new id."""
        return read_as(self._caller.send("POST", "organization", body, root="organization"), wire_account.Created).id

    def submit_organization(self, organization_id: str, validations: Sequence[Body]) -> None:
        """``POST organization/{id}/validation``: ask DigiCert to vet it for these types."""
        path = f"organization/{part(organization_id)}/validation"
        self._caller.send("POST", path, {"validations": list(validations)}, root="organization")

    def set_organization_active(self, organization_id: str, *, active: bool) -> None:
        """``PUT organization/{id}/activate`` or ``…/deactivate``."""
        self._caller.send("PUT", f"organization/{part(organization_id)}/{_switch(active)}")

    # -- divisions (§5)

    def containers(self) -> tuple[wire_account.Container, ...]:
        """``GET container``."""
        return self._caller.get("container", wire_account.Containers).containers

    def container(self, container_id: str) -> wire_account.Container:
        """``GET container/{id}``."""
        return self._caller.get(f"container/{part(container_id)}", wire_account.Container)

    def create_container(self, parent_id: str, body: Body) -> str:
        """``POST container/{id}/children``: the new id."""
        path = f"container/{part(parent_id)}/children"
        return read_as(self._caller.send("POST", path, body, root="container"), wire_account.Created).id

    def container_template(self, container_id: str) -> File:
        """``GET container/{id}/template``, as it comes."""
        return self._caller.get_file(f"container/{part(container_id)}/template")

    # -- domains and prevalidation (§6)

    def domains(self, query: Query = ()) -> Iterator[wire_account.Domain]:
        """``GET domain``."""
        pages = self._caller.pages("domain", wire_account.Domains, lambda page: len(page.domains), query)
        return chain.from_iterable(page.domains for page in pages)

    def domain(self, domain_id: str) -> wire_account.Domain:
        """``GET domain/{id}`` with its proof and validations."""
        query = (("include_dcv", "true"), ("include_validation", "true"))
        return self._caller.get(f"domain/{part(domain_id)}", wire_account.Domain, query)

    def create_domain(self, body: Body) -> wire_account.NewDomain:
        """``POST domain``: submit a domain for prevalidation."""
        return read_as(self._caller.send("POST", "domain", body, root="domain"), wire_account.NewDomain)

    def submit_domain(self, domain_id: str, validations: Sequence[str], dcv_method: str) -> wire.Token | None:
        """``POST domain/{id}/validation``: submit again; the random value when the answer has one."""
        body: Body = {"validations": [{"type": kind} for kind in validations], "dcv_method": dcv_method}
        return _token(
            read_if_any(
                self._caller.send("POST", f"domain/{part(domain_id)}/validation", body, root="domain"),
                wire_account.DomainToken,
            )
        )

    def domain_validations(self, domain_id: str) -> tuple[wire_account.Validation, ...]:
        """``GET domain/{id}/validation``."""
        path = f"domain/{part(domain_id)}/validation"
        return self._caller.get(path, wire_account.Validations).validations

    def set_domain_active(self, domain_id: str, *, active: bool) -> None:
        """``PUT domain/{id}/activate`` or ``…/deactivate``."""
        self._caller.send("PUT", f"domain/{part(domain_id)}/{_switch(active)}")

    def dcv_methods(self) -> tuple[wire_account.DcvMethod, ...]:
        """``GET domain/dcv/method``."""
        return self._caller.get("domain/dcv/method", wire_account.DcvMethods).methods

    def validation_types(self) -> tuple[wire_account.ValidationType, ...]:
        """``GET domain/validation-type``."""
        path = "domain/validation-type"
        return self._caller.get(path, wire_account.ValidationTypes).validation_types

    def change_domain_dcv_method(self, domain_id: str, method: str) -> wire.Token | None:
        """``PUT domain/{id}/dcv/method``; None when the method has no random value."""
        answer = self._caller.send("PUT", f"domain/{part(domain_id)}/dcv/method", {"dcv_method": method})
        return _token(read_if_any(answer, wire_account.DomainToken))

    def new_domain_token(self, domain_id: str) -> wire.Token:
        """``POST domain/{id}/dcv/token``: a new random value; the domain's former one ends."""
        answer = self._caller.send("POST", f"domain/{part(domain_id)}/dcv/token")
        return _token(read_as(answer, wire_account.DomainToken)) or wire.Token()

    def check_domain(self, domain_id: str) -> str:
        """``PUT domain/{id}/dcv/validate-token``: look now; the domain's status."""
        answer = self._caller.send("PUT", f"domain/{part(domain_id)}/dcv/validate-token")
        return read_as(answer, wire_account.CheckedDomain).status

    def domain_emails(self, domain_id: str) -> wire_account.Emails:
        """``GET domain/{id}/dcv/emails``."""
        return self._caller.get(f"domain/{part(domain_id)}/dcv/emails", wire_account.Emails)

    def resend_domain_emails(self, domain_id: str, name_scope: str) -> None:
        """``POST domain/{id}/dcv/emails``."""
        self._caller.send("POST", f"domain/{part(domain_id)}/dcv/emails", {"name_scope": name_scope})

    # -- products and custom fields (§7, §8)

    def products(self, container_id: str = "") -> tuple[wire_account.Product, ...]:
        """``GET product``."""
        return self._caller.get("product", wire_account.Products, _container(container_id)).products

    def product(self, name_id: str, container_id: str = "") -> wire_account.Product:
        """``GET product/{name_id}``."""
        return self._caller.get(f"product/{part(name_id)}", wire_account.Product, _container(container_id))

    def custom_fields(self) -> tuple[wire_account.CustomField, ...]:
        """``GET account/metadata``."""
        return self._caller.get("account/metadata", wire_account.CustomFields).metadata

    # -- webhooks (§17)

    def webhooks(self) -> File:
        """``GET webhook``, as it comes."""
        return self._caller.get_file("webhook")

    def create_webhook(self, body: Body) -> str:
        """``POST webhook``: the new id. ``body`` carries the secret, which no log line shows."""
        return read_as(self._caller.send("POST", "webhook", body, root="webhook"), wire_account.NewWebhook).webhook_id

    def test_webhook(self, endpoint: str) -> None:
        """``POST webhook/test-endpoint``."""
        self._caller.send("POST", "webhook/test-endpoint", {"endpoint": endpoint}, root="webhook")

    def send_webhook_challenge(self, webhook_id: str) -> None:
        """``PUT webhook/{id}/send-challenge``."""
        self._caller.send("PUT", f"webhook/{part(webhook_id)}/send-challenge")

    def check_webhook_challenge(self, webhook_id: str, token: str) -> None:
        """``PUT webhook/{id}/check-challenge``, within 30 minutes."""
        self._caller.send("PUT", f"webhook/{part(webhook_id)}/check-challenge", {"token": token})

    def activate_webhook(self, webhook_id: str) -> None:
        """``PUT webhook/{id}/activate``."""
        self._caller.send("PUT", f"webhook/{part(webhook_id)}/activate")

    def webhook_log(self, query: Query = ()) -> File:
        """``GET webhook/event-logs``, as it comes."""
        return self._caller.get_file("webhook/event-logs", query)


def _switch(active: bool) -> str:  # noqa: FBT001 - the one argument says it
    return "activate" if active else "deactivate"


def _container(container_id: str) -> Query:
    return (("container_id", container_id),) if container_id else ()


def _token(answer: wire_account.DomainToken | None) -> wire.Token | None:
    """The random value, given at the top or inside."""
    if answer is None:
        return None
    return answer if answer.token else answer.dcv_token
