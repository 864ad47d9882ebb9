"""DigiCert's office: every record it keeps, how they are found, and what belongs to more than one desk."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from certwright_sandbox.digicert.records import (
    Account,
    ApiKey,
    Approval,
    Certificate,
    Container,
    CustomField,
    Domain,
    Order,
    Organization,
    Signed,
    User,
    Webhook,
    WebhookEvent,
)
from certwright_sandbox.ledger import Entry
from certwright_sandbox.office import AnyOffice
from certwright_sandbox.playing import World
from certwright_sandbox.push import Delivered

CA_NAME = "digicert"
TOKEN_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"  # noqa: S105 - letters, not a password
TOKEN_LENGTH = 32


class Office(AnyOffice):
    """The records, and how they are found."""

    ca_name = CA_NAME

    def __init__(self, world: World) -> None:
        """Go on with what the state holds."""
        super().__init__(world)
        self.deliveries: dict[int, Delivered] = {}  # of webhook events, by their ids; of this run
        state = world.state
        self.accounts = state.table("digicert.account", Account)
        self.keys = state.table("digicert.key", ApiKey)
        self.users = state.table("digicert.user", User)
        self.containers = state.table("digicert.container", Container)
        self.organizations = state.table("digicert.organization", Organization)
        self.domains = state.table("digicert.domain", Domain)
        self.orders = state.table("digicert.order", Order)
        self.certificates = state.table("digicert.certificate", Certificate)
        self.signed = state.table("digicert.signed", Signed)
        self.approvals = state.table("digicert.request", Approval)
        self.custom_fields = state.table("digicert.custom_field", CustomField)
        self.webhooks = state.table("digicert.webhook", Webhook)
        self.webhook_events = state.table("digicert.webhook_event", WebhookEvent)
        self._index()
        self._orders_by_age: dict[int, list[Order]] = {}
        for order in self.orders:
            self._file(order)

    def _index(self) -> None:
        self.key_by_secret = self.keys.index(lambda key: key.secret)
        self.users_of = self.users.index(lambda user: user.account_id)
        self.containers_of = self.containers.index(lambda container: container.account_id)
        self.organizations_of = self.organizations.index(lambda organization: organization.account_id)
        self.domains_of = self.domains.index(lambda domain: domain.account_id)
        self.domain_named = self.domains.index(lambda domain: (domain.account_id, domain.name))
        self.hidden_of = self.orders.index(lambda order: order.account_id if order.visible_from else None)
        self.orders_referred = self.orders.index(
            lambda order: (order.account_id, order.reference) if order.reference else None
        )
        self.waiting_orders_of = self.orders.index(
            lambda order: order.account_id if order.pending_certificate_id is not None else None
        )
        self.certificates_of_order = self.certificates.index(lambda certificate: certificate.order_id)
        self.certificates_by_serial = self.certificates.index(lambda certificate: certificate.serial or None)
        self.certificates_by_thumbprint = self.certificates.index(
            lambda certificate: (certificate.account_id, certificate.thumbprint) if certificate.thumbprint else None
        )
        self.signed_by_thumbprint = self.signed.index(lambda signed: (signed.account_id, signed.thumbprint))
        self.revoked_by = self.certificates.index(
            lambda certificate: certificate.authority if certificate.revoked_at else None
        )
        self.approvals_of = self.approvals.index(lambda approval: approval.account_id)
        self.approvals_of_order = self.approvals.index(lambda approval: approval.order_id)
        self.custom_fields_of = self.custom_fields.index(lambda field: field.account_id)
        self.webhooks_of = self.webhooks.index(lambda webhook: webhook.account_id)
        self.webhook_events_of = self.webhook_events.index(lambda event: event.account_id)

    def _file(self, order: Order) -> None:
        self._orders_by_age.setdefault(order.account_id, []).append(order)

    def add_order(self, order: Order) -> Order:
        """Keep a new order."""
        self.orders.add(order)
        self._file(order)
        return order

    def orders_by_age(self, account_id: int) -> list[Order]:
        """The account's orders, oldest first; not to be changed."""
        return self._orders_by_age.get(account_id, [])

    def with_serial(self, account_id: int, serial: str) -> list[Certificate]:
        """The account's certificates with this serial, as this API writes it."""
        return [one for one in self.certificates_by_serial.find(serial) if one.account_id == account_id]

    def with_thumbprint(self, account_id: int, thumbprint: str) -> list[Certificate]:
        """The account's certificates with this thumbprint; one that nobody has looked at has none yet."""
        found = self.certificates_by_thumbprint.find((account_id, thumbprint))
        signed = self.signed_by_thumbprint.find((account_id, thumbprint))
        return found + [self.certificates[one.id] for one in signed]

    def set_status(self, order: Order, status: str) -> None:
        """Move an order to another status, in the ledger too."""
        if order.status != status:
            order.status = status
            order.status_changed_at = self.now()
            self.entry(order).status = status

    def entry(self, order: Order) -> Entry:
        """The order's entry in the ledger."""
        return self.world.ledger.entry(CA_NAME, order.id)

    def account_of(self, record: Domain | Order | Certificate | Organization) -> Account:
        """The account a record belongs to."""
        return self.accounts[record.account_id]


def new_token() -> str:
    """A fresh random value of 32 letters and digits (BR §3.2.2.4 asks for 112 bits; these are 165)."""
    return "".join(secrets.choice(TOKEN_ALPHABET) for _ in range(TOKEN_LENGTH))


def stamp(at: datetime) -> str:
    """A time as the API writes it."""
    return at.isoformat(timespec="seconds")


def without_empty(values: dict[str, Any]) -> dict[str, Any]:
    """The fields that have a value: this API leaves the others out."""
    return {name: value for name, value in values.items() if value not in (None, "", [], ())}
