"""DigiCert CertCentral behind the ports of ``model.ports``. Usable alone::

from certwright.cas.digicert import DigiCert

ca = DigiCert(api_key=Path("digicert.key").read_text())
print(ca.login().role)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from certwright.cas.about import About
from certwright.cas.digicert import (
    bodies,
    collecting,
    controlling,
    detailing,
    errors,
    finding,
    listings,
    progress,
    reporting,
    revoking,
    wire,
)
from certwright.cas.digicert.api import OrderAPI
from certwright.cas.digicert.api_account import AccountAPI
from certwright.cas.digicert.caller import Body, Caller
from certwright.cas.digicert.catalogue import Catalogue
from certwright.cas.digicert.reads import READS
from certwright.cas.digicert.settings import Settings
from certwright.cas.http import TOTAL_SECONDS, Transport, Trust
from certwright.cas.limits import Gate
from certwright.model.ca import (
    CAOrder,
    Domain,
    Group,
    Login,
    Organization,
    Placement,
    Product,
    Progress,
    Proof,
    ReportedOrder,
    ReportPage,
    RevocationProgress,
    RevocationTarget,
)
from certwright.model.errors import Misconfigured, Refused
from certwright.model.words import RevocationReason

if TYPE_CHECKING:
    from certwright.model import ports

    def _fits(
        ca: DigiCert,
    ) -> tuple[
        ports.CertificateAuthority,
        ports.FindsByReference,
        ports.Reissues,
        ports.Duplicates,
        ports.Revokes,
        ports.Cancels,
        ports.Approves,
        ports.ProvesControl,
        ports.HasCatalogue,
        ports.ListsGroups,
        ports.ListsDomains,
        ports.TestsLogin,
        ports.ListsChanges,
        ports.ReportsOrders,
        ports.DetailsOrders,
    ]:
        """The type checker's word that DigiCert fits every one of these ports."""
        return ca, ca, ca, ca, ca, ca, ca, ca, ca, ca, ca, ca, ca, ca, ca


SETTLE_TIME = timedelta(minutes=2)  # look-ups may lag behind orders (§9.4: look again over a minute)
OVERLAP = timedelta(minutes=15)  # windows of changes overlap generously (§10.4)
LONGEST_WINDOW = timedelta(days=7)
ABOUT = About.load("digicert")


class DigiCert:
    """One CertCentral account.

    ``url`` includes ``services/v2``; ``settings`` and ``api_key`` are texts as ``about.toml`` lists them.
    ``read_only`` lets nothing out but the calls of ``reads``, all GET. ``limits`` is the SQLite file in which all
    processes of this machine count their calls, None for a count of this object's own. ``timeout`` is the longest a
    call may take, in seconds. ``account`` is the name that log lines carry. Raises Misconfigured for whatever does
    not fit.
    """

    def __init__(
        self,
        *,
        api_key: str,
        url: str = ABOUT.url,
        settings: Mapping[str, str] | None = None,
        read_only: bool = False,
        limits: Path | None = None,
        timeout: float = TOTAL_SECONDS,
        account: str = "",
        trust: Trust | None = None,
    ) -> None:
        api_key = api_key.strip()
        if not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
            raise Misconfigured("The API key is empty or holds characters that no key has.")
        self._settings = Settings.read(ABOUT, settings or {})
        self._gate = Gate(limits, api_key, self._settings.limits, title="DigiCert")
        try:
            self._transport = Transport(
                url,
                title="DigiCert",
                headers={"X-DC-DEVKEY": api_key},
                gate=self._gate,
                account=account,
                read_only=read_only,
                reads=READS,
                timeout=timeout,
                trust=trust,
            )
        except Misconfigured:
            self._gate.close()
            raise
        caller = Caller(self._transport, self._settings.body_format)
        self.orders = OrderAPI(caller)
        self.account = AccountAPI(caller)
        self._catalogue = Catalogue(self.account)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def __repr__(self) -> str:
        """Without the API key."""
        return f"<DigiCert over {self._transport!r}>"

    def close(self) -> None:
        """Close connections and files."""
        self._transport.close()
        self._gate.close()

    # -- CertificateAuthority

    @property
    def settle_time(self) -> timedelta:
        """How long look-ups may lag behind a call's deadline."""
        return SETTLE_TIME

    @property
    def looks(self) -> Sequence[float]:
        """None of its own: DigiCert limits calls, not looks."""
        return ()

    def check(self, placement: Placement) -> None:
        """Raise Refused for what DigiCert is known to refuse, without asking it."""
        options = ABOUT.parse_options(placement.options)
        bodies.check(placement, options, self._settings.defaults, datetime.now(UTC).date())
        if placement.csr:
            bodies.order_body(placement, options, self._settings.defaults, "")

    def place(self, placement: Placement, *, deadline: float) -> Progress:
        """``POST order/certificate/{product}``: 1 call, which costs money.

        A renewal that DigiCert refuses as such is ordered once more as a new order (§9.5): the refusal is
        clear, so nothing is bought twice. Where the organization is not given by its id,
        1 or 2 more calls find it the first time.
        """
        options = ABOUT.parse_options(placement.options)
        if not placement.product:
            raise Refused("The order names no product.", advice="Choose one of the account's products.")
        organization = self._catalogue.organization_id(
            placement.organization, self._settings.organization, placement.product, placement.names
        )
        body = bodies.order_body(placement, options, self._settings.defaults, organization)
        try:
            placed = self.orders.place(placement.product, body, deadline=deadline)
        except Refused as error:
            if error.code not in errors.RENEWAL_REFUSED or "renewal_of_order_id" not in body:
                raise
            plain = {name: value for name, value in body.items() if name != "renewal_of_order_id"}
            placed = self.orders.place(placement.product, plain, deadline=deadline)
        return self._progress(placed, placement)

    def collect(self, ca_order: CAOrder, *, public_key_sha256: str) -> Progress:
        """1 or 2 calls as a rule; see ``collecting``."""
        return collecting.collect(self.orders, ca_order, public_key_sha256)

    # -- FindsByReference

    def find(self, reference: str) -> tuple[CAOrder, ...]:
        """``GET order/alternate/{reference}``: 1 call."""
        return finding.by_reference(self.orders, reference)

    # -- Reissues, Duplicates

    def marks(self, order_id: str) -> frozenset[str]:
        """Ids of the certificates and requests of the order: 1 to 3 calls."""
        return finding.marks(self.orders, order_id)

    def reissue(self, order_id: str, placement: Placement, *, deadline: float) -> Progress:
        """``POST …/reissue``: 1 call."""
        placed = self.orders.reissue(order_id, self._reissue_body(placement), deadline=deadline)
        return self._progress(placed, placement, order_id)

    def find_reissue(self, order_id: str, placement: Placement, known: Collection[str]) -> tuple[CAOrder, ...]:
        """1 to 3 calls."""
        wanted = bodies.decoded(placement).public_key_sha256
        return finding.reissue(self.orders, order_id, wanted, known)

    def duplicate(self, order_id: str, placement: Placement, *, deadline: float) -> Progress:
        """``POST …/duplicate``: 1 call."""
        placed = self.orders.duplicate(order_id, self._reissue_body(placement), deadline=deadline)
        return self._progress(placed, placement, order_id)

    def find_duplicate(self, order_id: str, placement: Placement, known: Collection[str]) -> tuple[CAOrder, ...]:
        """1 to 3 calls."""
        wanted = bodies.decoded(placement).public_key_sha256
        return finding.duplicate(self.orders, order_id, wanted, known)

    # -- Revokes

    def revoke(
        self, target: RevocationTarget, reason: RevocationReason, comment: str, *, deadline: float
    ) -> RevocationProgress:
        """``PUT …/revoke``: 1 call; more only after a refusal."""
        skip = self._settings.defaults.skip_approval
        return revoking.revoke(self.orders, target, reason, comment, skip_approval=skip, deadline=deadline)

    def revocation(self, target: RevocationTarget) -> RevocationProgress | None:
        """1 call, up to 2 more for one certificate among several."""
        return revoking.revocation(self.orders, target)

    # -- Cancels, Approves

    def cancel(self, ca_order: CAOrder, comment: str) -> None:
        """``PUT …/status``; an order that waits for approval is ended by rejecting its request."""
        note = comment or "Withdrawn by its subscriber."
        try:
            self.orders.set_order_status(ca_order.order_id, wire.CANCELLED, note)
        except Refused as error:
            order = self.orders.order(ca_order.order_id)
            if order.status == wire.NEEDS_APPROVAL:
                self.reject(ca_order, note)
            elif progress.of_ended(ca_order, order) is None:
                raise error from None

    def approve(self, ca_order: CAOrder, comment: str) -> None:
        """``PUT request/{id}/status``."""
        self._decide(ca_order, wire.APPROVED, comment)

    def reject(self, ca_order: CAOrder, comment: str) -> None:
        """``PUT request/{id}/status``."""
        self._decide(ca_order, wire.REJECTED, comment)

    def _decide(self, ca_order: CAOrder, status: str, comment: str) -> None:
        request_id = ca_order.request_id or self._open_request(ca_order.order_id, status)
        if not request_id:
            return
        try:
            self.orders.set_request_status(request_id, status, comment)
        except Refused as error:
            if error.code == errors.INVALID_APPROVER or self.orders.request(request_id).status != status:
                raise error from None

    def _open_request(self, order_id: str, status: str) -> str:
        """The order's open request; empty when none is open and the last one ended as wished."""
        requests = self.orders.order(order_id).requests
        for request in requests:
            if request.is_open:
                return request.id
        if any(request.status == status for request in requests):
            return ""
        raise Refused(f"Order {order_id} has no request that waits for an approver.")

    # -- ProvesControl

    def proofs(self, ca_order: CAOrder, placement: Placement) -> tuple[Proof, ...]:  # noqa: ARG002 - the CA tells all
        """2 calls and more; see ``controlling``."""
        return controlling.proofs(self.orders, self.account, ca_order.order_id)

    def check_control(self, ca_order: CAOrder, placement: Placement) -> bool:  # noqa: ARG002 - the CA knows all
        """``PUT …/check-dcv``: 1 call."""
        return controlling.check(self.orders, ca_order.order_id)

    def change_method(
        self,
        ca_order: CAOrder,
        placement: Placement,  # noqa: ARG002 - the CA knows all
        method: str,
        *,
        name: str = "",
    ) -> tuple[Proof, ...]:
        """``PUT …/dcv-method``: 2 calls."""
        if name:
            raise Refused("DigiCert changes the method of all names of an order together.", advice="Leave --name out.")
        return controlling.change_method(self.orders, ca_order, method)

    # -- HasCatalogue, ListsGroups, ListsDomains, TestsLogin, ListsChanges, ReportsOrders, DetailsOrders

    def organizations(self) -> Sequence[Organization]:
        """1 call per 1000."""
        return listings.organizations(self.account)

    def products(self) -> Sequence[Product]:
        """TLS products: 1 call."""
        return listings.products(self.account, self._settings.defaults.container)

    def groups(self) -> Sequence[Group]:
        """Divisions: 2 calls."""
        return listings.groups(self.account, self._settings.defaults.container)

    def domains(self) -> Sequence[Domain]:
        """1 call per 1000."""
        return listings.domains(self.account, now=datetime.now(UTC))

    def login(self) -> Login:
        """``GET user/me``: 1 call."""
        user = self.account.user()
        name = user.username or f"{user.first_name} {user.last_name}".strip()
        return Login(user.account_id, name, ", ".join(filter(None, (role.name for role in user.access_roles))))

    def changes(self, since: timedelta) -> tuple[CAOrder, ...]:
        """``GET …/status-changes``: 1 call; beyond its seven days the whole list, 1 call per 1000 orders."""
        window = since + OVERLAP
        if window <= LONGEST_WINDOW:
            rows = self.orders.status_changes(seconds=int(window.total_seconds()))
            return tuple(CAOrder(row.order_id, row.certificate_id) for row in rows)
        return tuple(CAOrder(order.id, order.certificate.id) for order in self.orders.orders())

    def report(self, order_ids: Sequence[str]) -> tuple[ReportedOrder, ...]:
        """``GET order/certificate/{id}``: 1 call for each."""
        return reporting.by_numbers(self.orders, order_ids, now=datetime.now(UTC))

    def report_page(self, cursor: str) -> ReportPage:
        """``GET order/certificate``: 1 call."""
        return reporting.page_of(self.orders, cursor, size=self._settings.report_page, now=datetime.now(UTC))

    def details(self, ca_order: CAOrder) -> tuple[ReportedOrder, ...]:
        """1 call; 1 more each for reissues, duplicates and a revocation, where the order has them."""
        return detailing.details(self.orders, ca_order, now=datetime.now(UTC))

    def download(self, ca_order: CAOrder) -> tuple[bytes, ...]:
        """``GET certificate/{id}/download``: 1 call."""
        return collecting.download(self.orders, ca_order)

    # -- inside

    def _progress(self, placed: wire.Placed, placement: Placement, order_id: str = "") -> Progress:
        method = placement.dcv_method or self._settings.defaults.dcv_method
        wanted = bodies.decoded(placement).public_key_sha256
        return progress.of_placed(placed, method, wanted, order_id)

    def _reissue_body(self, placement: Placement) -> Body:
        options = ABOUT.parse_options(placement.options)
        return bodies.reissue_body(placement, options, self._settings.defaults)
