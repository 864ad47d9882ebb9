"""Sectigo's reseller interface behind the ports of ``model.ports``. Usable alone::

from certwright.cas.sectigo import Sectigo

ca = Sectigo(login_name="acme", login_password=Path("sectigo.password").read_text())
for address in ca.dcv_addresses("shop.acme.example"):
    print(address)
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from certwright.cas.about import About
from certwright.cas.http import TOTAL_SECONDS, Transport, Trust
from certwright.cas.limits import Gate
from certwright.cas.sectigo import (
    bodies,
    collecting,
    controlling,
    dcv,
    errors,
    finding,
    reporting,
    revoking,
    vetting,
    wire,
)
from certwright.cas.sectigo.api import SectigoAPI
from certwright.cas.sectigo.reads import READS
from certwright.cas.sectigo.settings import Settings
from certwright.cas.turn import Turn
from certwright.model.ca import (
    Authorization,
    CAOrder,
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
from certwright.model.errors import CertwrightError, Misconfigured, Refused, Unknown
from certwright.model.words import RevocationReason, WaitingFor

if TYPE_CHECKING:
    from certwright.model import ports

    def _fits(
        ca: Sectigo,
    ) -> tuple[
        ports.CertificateAuthority,
        ports.FindsByReference,
        ports.Reissues,
        ports.Revokes,
        ports.Cancels,
        ports.ChecksCSR,
        ports.ProvesControl,
        ports.ProvesEachName,
        ports.ListsAddresses,
        ports.CallsBack,
        ports.ClicksThrough,
        ports.HasCatalogue,
        ports.TestsLogin,
        ports.ReportsOrders,
    ]:
        """The type checker's word that Sectigo fits every one of these ports."""
        return ca, ca, ca, ca, ca, ca, ca, ca, ca, ca, ca, ca, ca, ca


SETTLE_TIME = timedelta(minutes=2)  # how long a report may lag behind an order: not documented, so generous
ABOUT = About.load("sectigo")


class Sectigo:
    """One reseller login.

    ``login_name`` and ``login_password`` are both case-sensitive. With ``client_certificate`` and ``client_key`` (PEM
    texts) at the private address no password is sent. ``settings`` are texts as ``about.toml`` lists them.
    ``read_only`` lets only the calls of ``reads`` out. ``limits`` is the SQLite file in which all processes of this
    machine count their calls, None for a count of this object's own. ``timeout`` is the longest a call may take, in
    seconds. ``account`` is the name that log lines carry. ``trust`` tells which servers are trusted, instead of the
    setting ``tls_roots``. Raises Misconfigured for whatever does not fit.
    """

    def __init__(
        self,
        *,
        login_name: str,
        login_password: str = "",
        client_certificate: str = "",
        client_key: str = "",
        url: str = ABOUT.url,
        settings: Mapping[str, str] | None = None,
        read_only: bool = False,
        limits: Path | None = None,
        timeout: float = TOTAL_SECONDS,
        account: str = "",
        trust: Trust | None = None,
    ) -> None:
        login_name, login_password = login_name.strip(), login_password.strip("\r\n")
        if not login_name or not (login_password or client_certificate):
            raise Misconfigured("Sectigo needs a login name, and a password or a client certificate.")
        self._settings = Settings.read(ABOUT, settings or {})
        self._gate = Gate(limits, login_name, self._settings.limits, title="Sectigo")
        try:
            self._transport = Transport(
                url,
                title="Sectigo",
                headers={},
                gate=self._gate,
                account=account,
                read_only=read_only,
                reads=READS,
                timeout=timeout,
                trust=replace(
                    trust or Trust(roots_pem=self._settings.tls_roots),
                    certificate_pem=client_certificate,
                    private_key_pem=client_key,
                ),
            )
        except Misconfigured:
            self._gate.close()
            raise
        login = {"loginName": login_name}
        if not client_certificate:
            login["loginPassword"] = login_password
        turn = Turn(limits, login_name, title="Sectigo")
        self.api = SectigoAPI(self._transport, login, apply=self._settings.endpoint, turn=turn)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def __repr__(self) -> str:
        """Without the login."""
        return f"<Sectigo over {self._transport!r}>"

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
        """How often CollectSSL may be asked about one order, by the setting ``poll_seconds``."""
        return self._settings.looks

    def check(self, placement: Placement) -> None:
        """Raise Refused for what Sectigo is known to refuse, without asking it."""
        bodies.check(self._wish(placement), inside=not placement.product)

    def check_csr(self, placement: Placement) -> None:
        """DecodeCSR: 1 call, unless the setting ``decode_csr`` says otherwise."""
        if not self._settings.decode_csr:
            return
        lines = self.api.decode_csr(placement.csr, placement.product)
        count = wire.number_of(lines[0], 0) or 0
        if count:
            said = " ".join(" ".join(lines[1 : 1 + count]).split())
            raise Refused(f"Sectigo does not take the CSR: {said}", advice="Make a new CSR.")
        told = next((line.partition("=")[2] for line in lines if line.lower().startswith("sha256=")), "")
        if told and told.strip().lower() != hashlib.sha256(placement.csr).hexdigest():
            raise Refused("Sectigo has read another CSR than was sent.", advice="Find out who stands between.")

    def place(self, placement: Placement, *, deadline: float) -> Progress:
        """AutoApplySSL: 1 call, which costs money."""
        wish = self._wish(placement)
        try:
            form = self.api.apply(bodies.apply(wish, datetime.now(UTC).date()), deadline=deadline)
        except Unknown as error:
            if error.code == str(errors.VALUE_INVALID):
                self._refuse_old_reference(placement.reference)
            raise
        return self._placed(form, wish)

    def _refuse_old_reference(self, reference: str) -> None:
        """Raise Refused when the reference belongs to an order of another day: that is not the one being placed."""
        try:
            found = self.find(reference)
        except CertwrightError:
            return  # the flow searches again, and again
        before = datetime.now(UTC) - finding.SAME_ORDER
        if found and all(one.placed_at is not None and one.placed_at < before for one in found):
            numbers = ", ".join(one.order_id for one in found)
            detail = f"The reference {reference!r} belongs to Sectigo's order {numbers}."
            raise Refused(detail, advice="Choose another --reference.")

    def collect(self, ca_order: CAOrder, *, public_key_sha256: str) -> Progress:
        """CollectSSL: 1 call; 1 more when nothing is missing and nothing is issued, to see whether it has failed."""
        progress = collecting.collect(self.api, ca_order, public_key_sha256)
        if not (isinstance(progress, Pending) and collecting.may_have_failed(progress)):
            return progress
        try:
            return finding.failure(self.api, ca_order) or progress
        except CertwrightError:  # what CollectSSL said stands
            return progress

    # -- FindsByReference

    def find(self, reference: str) -> tuple[CAOrder, ...]:
        """WebHostReport: 1 call."""
        return finding.by_reference(self.api, reference)

    # -- Reissues

    def marks(self, order_id: str) -> frozenset[str]:
        """WebHostReport: 1 call."""
        return finding.marks(self.api, order_id)

    def reissue(self, order_id: str, placement: Placement, *, deadline: float) -> Progress:
        """AutoReplaceSSL: 1 call. The certificate before stays valid until it is revoked."""
        wish = self._wish(placement)
        form = self.api.replace(bodies.replace(wish, order_id), deadline=deadline)
        return self._placed(form, wish, order_id)

    def find_reissue(self, order_id: str, placement: Placement, known: Collection[str]) -> tuple[CAOrder, ...]:
        """WebHostReport: 2 calls."""
        return finding.replacement(self.api, order_id, placement.reference, known)

    # -- Revokes, Cancels

    def revoke(
        self, target: RevocationTarget, reason: RevocationReason, comment: str, *, deadline: float
    ) -> RevocationProgress:
        """AutoRevokeSSL: 1 call."""
        return revoking.revoke(self.api, target, reason, comment, deadline=deadline)

    def revocation(self, target: RevocationTarget) -> RevocationProgress | None:
        """CollectSSL: 1 call."""
        return revoking.revocation(self.api, target)

    def cancel(self, ca_order: CAOrder, comment: str) -> None:
        """AutoRevokeSSL, once it is sure that nothing is issued: 2 calls."""
        revoking.cancel(self.api, ca_order, comment)

    # -- ProvesControl, ProvesEachName, ListsAddresses

    def proofs(self, ca_order: CAOrder, placement: Placement) -> tuple[Proof, ...]:
        """GetMDCDomainDetails: 1 call."""
        return controlling.proofs(self.api, ca_order, self._wish(placement))

    def check_control(self, ca_order: CAOrder, placement: Placement) -> bool:
        """GetMDCDomainDetails, AutoUpdateDCV with the same methods, and the first again: 1 to 3 calls."""
        return controlling.check(self.api, ca_order, self._wish(placement))

    def change_method(
        self, ca_order: CAOrder, placement: Placement, method: str, *, name: str = ""
    ) -> tuple[Proof, ...]:
        """AutoUpdateDCV: 3 calls."""
        return controlling.change_method(self.api, ca_order, self._wish(placement), dcv.Way.parse(method), name)

    def authorizations(self, ca_order: CAOrder) -> tuple[Authorization, ...]:
        """GetMDCDomainDetails: 1 call."""
        return controlling.authorizations(self.api, ca_order)

    def resend(self, ca_order: CAOrder, address: str) -> None:
        """ResendDCVEmail: 1 call."""
        self.api.resend_dcv_mail(ca_order.order_id, address)

    def remove_name(self, ca_order: CAOrder, name: str) -> None:
        """AutoRemoveMDCDomain: 1 call, 1 more after a refusal."""
        controlling.remove_name(self.api, ca_order, name)

    def dcv_addresses(self, name: str) -> tuple[str, ...]:
        """GetDCVEmailAddressList: 1 call. What it lists may be used for 24 hours."""
        return self.api.dcv_addresses(name.removeprefix("*."))

    # -- CallsBack, ClicksThrough

    def schedule_call_back(
        self, ca_order: CAOrder, at: datetime, *, by_person: bool = False, extension: str = ""
    ) -> str:
        """UpdateUserOvCallback: 1 call."""
        return vetting.schedule(self.api, ca_order.order_id, at, by_person=by_person, extension=extension)

    def replace_phone(self, ca_order: CAOrder, phone: str) -> str:
        """UpdateUserOvCallback: 1 call."""
        return vetting.replace_phone(self.api, ca_order.order_id, phone)

    def replace_call_back_address(self, ca_order: CAOrder, address: str) -> str:
        """UpdateUserOvCallback: 1 call."""
        return vetting.replace_address(self.api, ca_order.order_id, address)

    def send_call_back_mail(self, ca_order: CAOrder) -> str:
        """UpdateUserOvCallback: 1 call."""
        return vetting.send_mail(self.api, ca_order.order_id)

    def resend_click_through(self, ca_order: CAOrder) -> str:
        """UpdateUserEvClickThrough: 1 call."""
        return vetting.resend_click_through(self.api, ca_order.order_id)

    def replace_click_through_address(self, ca_order: CAOrder, address: str) -> str:
        """UpdateUserEvClickThrough: 1 call."""
        return vetting.replace_click_through_address(self.api, ca_order.order_id, address)

    # -- HasCatalogue, TestsLogin, ReportsOrders

    def organizations(self) -> Sequence[Organization]:
        """None: an order says whom the certificate names."""
        return ()

    def products(self) -> Sequence[Product]:
        """The table, with what the setting ``products`` adds: no call."""
        return tuple(
            Product(product.code, product.name, validation=product.validation, organization_required=False)
            for product in self._settings.products.values()
        )

    def login(self) -> Login:
        """WebHostReport of one row: 1 call."""
        self.api.report({"firstResultNo": "1", "lastResultNo": "1"})
        name = self.api.login_name
        return Login(name, name, "reseller")

    def report(self, order_ids: Sequence[str]) -> tuple[ReportedOrder, ...]:
        """WebHostReport: 1 call for each hundred."""
        return reporting.by_numbers(self.api, order_ids)

    def report_page(self, cursor: str) -> ReportPage:
        """WebHostReport: 1 call."""
        return reporting.page_of(self.api, cursor, size=self._settings.report_page, now=datetime.now(UTC))

    def download(self, ca_order: CAOrder) -> tuple[bytes, ...]:
        """CollectSSL: 1 call."""
        return collecting.download(self.api, ca_order)

    # -- inside

    def _wish(self, placement: Placement) -> bodies.Wish:
        return bodies.Wish(placement, ABOUT.parse_options(placement.options), self._settings)

    def _placed(self, form: wire.Form, wish: bodies.Wish, inside: str = "") -> Progress:
        """What AutoApplySSL or AutoReplaceSSL answered: proofs are built from the uniqueValue that came back."""
        value = form.get("uniqueValue") or dcv.unique_value(wish.placement.reference)
        ca_order = CAOrder(form.get("orderNumber") or inside, form.get("certificateID"), dcv_value=value)
        if not ca_order.order_id:
            raise Unknown("Sectigo answered the order without its number.")
        if form.code == errors.PAYMENT_PENDING:
            return Pending(ca_order, WaitingFor.PAYMENT, "Sectigo: accepted, and payment is due.")
        proofs = controlling.first_proofs(wish, value)
        return Pending(ca_order, WaitingFor.DOMAIN_CONTROL, proofs=proofs)
