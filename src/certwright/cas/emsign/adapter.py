"""emSign's classic API behind the ports of ``model.ports``. Usable alone::

from certwright.cas.emsign import EmSign

ca = EmSign(access_key=Path("emsign.key").read_text(), settings={"account_number": "4000000017"})
for domain in ca.domains():
    print(domain.name, domain.proven_until)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from certwright.cas.about import About
from certwright.cas.emsign import (
    bodies,
    catalogue,
    collecting,
    contract,
    controlling,
    detailing,
    errors,
    finding,
    reporting,
    revoking,
    wire,
)
from certwright.cas.emsign.api import EmSignAPI
from certwright.cas.emsign.bodies import Wish
from certwright.cas.emsign.meta import AccessKeySigner
from certwright.cas.emsign.reads import READS
from certwright.cas.emsign.reporting import Row
from certwright.cas.emsign.settings import Settings
from certwright.cas.http import Transport, Trust
from certwright.cas.limits import TRAVEL_SECONDS, Gate, Limit
from certwright.model.ca import (
    CAOrder,
    Domain,
    Ended,
    Group,
    Issued,
    Login,
    Organization,
    Pending,
    Placement,
    Product,
    Progress,
    Proof,
    ReportedOrder,
    ReportPage,
    RevocationProgress,
    RevocationTarget,
)
from certwright.model.errors import Misconfigured, Refused, Unknown
from certwright.model.words import OrderState, RevocationReason, WaitingFor

if TYPE_CHECKING:
    from certwright.model import ports

    def _fits(
        ca: EmSign,
    ) -> tuple[
        ports.CertificateAuthority,
        ports.FindsByPlacement,
        ports.Revokes,
        ports.Cancels,
        ports.ProvesControl,
        ports.HasCatalogue,
        ports.ListsGroups,
        ports.ListsDomains,
        ports.TestsLogin,
        ports.ReportsOrders,
        ports.DetailsOrders,
        ports.TakesCSRLate,
        ports.TakesAgreementLate,
        ports.RenewsItself,
    ]:
        """The type checker's word that emSign fits every one of these ports."""
        return ca, ca, ca, ca, ca, ca, ca, ca, ca, ca, ca, ca, ca, ca


SETTLE_TIME = timedelta(minutes=5)  # how long a report may lag behind an order: not documented, so generous
ORDER_SECONDS = 120.0  # the longest that an order may take (§9), as far as its deadline allows
_DRAFT_ENDS = (OrderState.CANCELLED, OrderState.REJECTED)
ABOUT = About.load("emsign")


class EmSign:
    """One account of emSign.

    ``url`` is the base URL with or without a final slash. ``settings`` are texts as ``about.toml`` lists them, the
    account number among them. ``read_only`` lets only the calls of ``reads`` out. ``limits`` is the SQLite file in
    which all processes of this machine count their calls, None for a count of this object's own. ``timeout`` is the
    longest a call may take, in seconds. ``account`` is the name that log lines carry. ``trust`` tells which servers are
    trusted, instead of the setting ``tls_roots``. Raises Misconfigured for whatever does not fit.
    """

    def __init__(
        self,
        *,
        access_key: str,
        url: str = ABOUT.url,
        settings: Mapping[str, str] | None = None,
        read_only: bool = False,
        limits: Path | None = None,
        timeout: float = ORDER_SECONDS,
        account: str = "",
        trust: Trust | None = None,
    ) -> None:
        access_key = access_key.strip()
        if not access_key:
            raise Misconfigured("The access key is empty.")
        self._settings = Settings.read(ABOUT, settings or {})
        number = self._settings.account_number
        place = f"{urlsplit(url).hostname} {number}"  # an account of that number at another address is another account
        self._gates = [Gate(limits, place, self._settings.limits, title="emSign")]
        try:
            pace = self._settings.pace
            if pace:
                rest = max(pace - TRAVEL_SECONDS, 0.001)  # the gate adds that itself
                self._gates.append(Gate(limits, f"{place} orders", (Limit(1, rest),), title="emSign"))
            self._transport = Transport(
                url,
                title="emSign",
                headers={},
                gate=self._gates[0],
                account=account,
                read_only=read_only,
                reads=READS,
                timeout=timeout,
                trust=trust or Trust(roots_pem=self._settings.tls_roots),
            )
        except Misconfigured:
            for gate in self._gates:
                gate.close()
            raise
        signer = AccessKeySigner(number, access_key)
        self.api = EmSignAPI(self._transport, signer, self._gates[1] if pace else None)
        self._products = catalogue.Products(self.api)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def __repr__(self) -> str:
        """Without the access key."""
        return f"<EmSign over {self._transport!r}>"

    def close(self) -> None:
        """Close connections and files."""
        self._transport.close()
        for gate in self._gates:
            gate.close()

    # -- CertificateAuthority

    @property
    def settle_time(self) -> timedelta:
        """How long look-ups may lag behind a call's deadline."""
        return SETTLE_TIME

    @property
    def looks(self) -> Sequence[float]:
        """How often an order may be asked about, by the setting ``poll_seconds``."""
        return self._settings.looks

    def check(self, placement: Placement) -> None:
        """Raise Refused for what emSign is known to refuse; its list of products is asked for once in ten minutes."""
        wish = self._wish(placement)
        bodies.check(wish, self._products.find(placement.product, wish.group_number))

    def place(self, placement: Placement, *, deadline: float) -> Progress:
        """GenerateOrderSSL: 1 call, which costs money. A CSR that was used before is looked for: 1 call or more."""
        wish = self._wish(placement)
        product = bodies.check(wish, self._products.find(placement.product, wish.group_number))
        details = bodies.order(wish, product)
        try:
            answer = self.api.order(details, deadline=deadline)
        except Refused as error:
            if error.code != errors.CSR_USED:
                raise
            return self._used_before(placement, error)
        number, request = wire.text(answer.get("orderNumber")), wire.text(answer.get("requestNumber"))
        if number:
            return Pending(CAOrder(number, request_id=request), WaitingFor.PROCESSING, "emSign: order accepted")
        if request and wish.yes("draft", default=False):
            return _draft(request, None)
        raise Unknown("emSign answered the order without its number.")

    def _used_before(self, placement: Placement, error: Refused) -> Progress:
        """The CSR is in an order already: in ours, whose answer was lost, or in somebody's."""
        names = bodies.possible_first_names(placement)
        found = finding.search(self.api, placement, names, None, size=self._settings.report_page)
        if found.tagged:
            return Pending(found.tagged[0], WaitingFor.PROCESSING, "Found at emSign, which has the CSR already.")
        if found.same_csr:
            number = found.same_csr[0]
            raise Refused(f"{error.detail} It is in emSign's order {number}.", advice=error.advice, code=error.code)
        raise Unknown(f"{error.detail} No order shows it yet.", code=error.code)

    def collect(self, ca_order: CAOrder, *, public_key_sha256: str) -> Progress:
        """TrackOrder, and GetCertificate when there may be one: 1 or 2 calls. A draft: 1 call or more."""
        _ = public_key_sha256  # an order has one certificate at a time
        if not ca_order.order_id:
            row = finding.draft(self.api, ca_order.request_id)
            number = reporting.ca_order(row).order_id if row is not None else ""
            if not number:
                return _draft(ca_order.request_id, row)
            ca_order = replace(ca_order, order_id=number)
        return collecting.collect(self.api, ca_order, self._settings.people.get("requestor_email", ""))

    # -- FindsByPlacement

    def find_placed(self, placement: Placement, since: datetime) -> tuple[CAOrder, ...]:
        """GetOrderReport by name: 1 call, and where no row shows our tag 1 more for each order of that name."""
        names = bodies.possible_first_names(placement)
        return finding.placed(self.api, placement, names, since, size=self._settings.report_page)

    # -- RenewsItself

    def renews_before(self, placement: Placement) -> int | None:
        """30 or 60 days, unless the order was placed without auto-renewal."""
        return self._wish(placement).renews_before

    def newest(self, ca_order: CAOrder, placement: Placement, *, public_key_sha256: str) -> Progress:
        """The certificate of the newest order that renews this one, else its own: 3 calls or more."""
        names = bodies.possible_first_names(placement)
        first = contract.parent_of(ca_order.order_id) or ca_order.order_id
        rows = reporting.by_names(self.api, names, None, size=self._settings.report_page)
        children = [one for one in map(reporting.ca_order, rows) if contract.parent_of(one.order_id) == first]
        for child in reversed(children):
            progress = self.collect(child, public_key_sha256=public_key_sha256)
            if isinstance(progress, Issued):
                return progress
        return self.collect(ca_order, public_key_sha256=public_key_sha256)

    # -- Revokes, Cancels

    def revoke(
        self, target: RevocationTarget, reason: RevocationReason, comment: str, *, deadline: float
    ) -> RevocationProgress:
        """RevokeOrder, with a look before and after: 3 calls."""
        email = self._settings.people.get("requestor_email", "")
        return revoking.revoke(self.api, target, reason, comment, email, deadline=deadline)

    def revocation(self, target: RevocationTarget) -> RevocationProgress | None:
        """TrackOrder: 1 call."""
        return revoking.revocation(self.api, target)

    def cancel(self, ca_order: CAOrder, comment: str) -> None:
        """RejectOrder, or RejectRequest of a draft, once it is sure that nothing is issued: 2 or 3 calls."""
        revoking.cancel(self.api, ca_order, comment)

    # -- ProvesControl

    def proofs(self, ca_order: CAOrder, placement: Placement) -> tuple[Proof, ...]:
        """TrackOrder, and GetDcv for each unproven name."""
        return controlling.proofs(self.api, ca_order, self._wish(placement))

    def check_control(self, ca_order: CAOrder, placement: Placement) -> bool:
        """VerifyDcv for each unproven name, TrackOrder before and after."""
        return controlling.check(self.api, ca_order, self._wish(placement))

    def change_method(
        self, ca_order: CAOrder, placement: Placement, method: str, *, name: str = ""
    ) -> tuple[Proof, ...]:
        """emSign has no call for it: GetDcv by the other method is all there is to do."""
        if name:
            changed = replace(placement, dcv_methods={**placement.dcv_methods, name: method})
        else:
            changed = replace(placement, dcv_method=method, dcv_methods={})
        return controlling.proofs(self.api, ca_order, self._wish(changed))

    # -- HasCatalogue, ListsGroups, ListsDomains, TestsLogin, ReportsOrders, DetailsOrders

    def organizations(self) -> Sequence[Organization]:
        """GetOrganizationDetails: 1 call."""
        return catalogue.organizations(self.api)

    def products(self) -> Sequence[Product]:
        """GetProductDetails: 1 call, and 1 for each group where the account wants that."""
        return tuple(self._products.fresh(self._settings.group_number).values())

    def groups(self) -> Sequence[Group]:
        """GetGroupDetails: 1 call."""
        return catalogue.groups(self.api)

    def domains(self) -> Sequence[Domain]:
        """GetDomainDetails: 1 call."""
        return catalogue.domains(self.api)

    def login(self) -> Login:
        """ValidateCredentials: 1 call."""
        self.api.validate_credentials()
        return Login(self._settings.account_number, "", "")

    def report(self, order_ids: Sequence[str]) -> tuple[ReportedOrder, ...]:
        """GetOrderReport: 1 call for each."""
        return reporting.by_numbers(self.api, order_ids)

    def report_page(self, cursor: str) -> ReportPage:
        """GetOrderReport: 1 call."""
        return reporting.page_of(self.api, cursor, size=self._settings.report_page)

    def details(self, ca_order: CAOrder) -> tuple[ReportedOrder, ...]:
        """GetOrderReport and TrackOrder: 2 calls; GetProductDetails at most once in ten minutes."""
        group = self._settings.group_number
        return detailing.details(self.api, ca_order, lambda code: self._products.validation_of(code, group))

    def download(self, ca_order: CAOrder) -> tuple[bytes, ...]:
        """TrackOrder and GetCertificate: 2 calls."""
        return collecting.download(self.api, ca_order, self._settings.people.get("requestor_email", ""))

    # -- TakesCSRLate, TakesAgreementLate

    def submit_csr(self, ca_order: CAOrder, placement: Placement) -> None:
        """SubmitCSR, unless TrackOrder shows the CSR already: 1 or 2 calls, 1 more after a refusal."""
        _check_submitted(ca_order)
        if collecting.track(self.api, ca_order.order_id).csr == placement.csr:
            return
        details = {
            "orderNumber": ca_order.order_id,
            "requestorEmail": self._wish(placement).requestor_email,
            "csr": wire.csr_pem(placement.csr),
        }
        try:
            self.api.submit_csr(details)
        except Refused as error:
            if error.code != errors.CSR_USED or collecting.track(self.api, ca_order.order_id).csr != placement.csr:
                raise

    def agree(self, ca_order: CAOrder, placement: Placement) -> None:
        """AgreementAcceptance: 1 call."""
        wish = self._wish(placement)
        _check_submitted(ca_order)
        bodies.check_agreement(wish)
        details = {
            "orderNumber": ca_order.order_id,
            "requestorEmail": wish.requestor_email,
            **bodies.agreement(wish),
        }
        try:
            self.api.accept_agreement(details)
        except Refused as error:
            if error.code != errors.AGREED_ALREADY:
                raise

    # -- inside

    def _wish(self, placement: Placement) -> Wish:
        return Wish(placement, ABOUT.parse_options(placement.options), self._settings)


def _check_submitted(ca_order: CAOrder) -> None:
    if not ca_order.order_id:
        raise Refused("The order is a draft at emSign.", advice="Somebody must submit it in the portal first.")


def _draft(request_number: str, row: Row | None) -> Progress:
    """How a draft stands, by its row of a report where there is one."""
    draft = CAOrder("", request_id=request_number)
    if row is not None and (state := reporting.state_of(row)) in _DRAFT_ENDS:
        return Ended(draft, state, f"emSign: {reporting.why(row)}")
    return Pending(draft, WaitingFor.SUBMISSION, "emSign: a draft; somebody submits it in the portal.")
