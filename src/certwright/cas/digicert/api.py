"""Orders, certificates and requests: one method per endpoint of the Services API (§9-§16).

Arguments and results are DigiCert's; what they mean to us is the adapter's business. ``deadline`` is a moment
of ``time.monotonic()``. Every method raises only the family of errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from certwright.cas.digicert import wire
from certwright.cas.digicert.caller import Body, Caller, File, part, read_as, read_if_any
from certwright.cas.http import Query

ORDER = "order/certificate"
_OLDEST_FIRST = (("sort", "order_id"),)  # new orders come last and disturb no page (§1.7)


class OrderAPI:
    """Placing orders, reading them, and everything that happens within one."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def place(self, product: str, body: Body, *, deadline: float) -> wire.Placed:
        """``POST order/certificate/{product}``. Costs money."""
        answer = self._caller.send("POST", f"{ORDER}/{part(product)}", body, root="order", deadline=deadline)
        return read_as(answer, wire.Placed)

    def orders(self, query: Query = ()) -> Iterator[wire.Order]:
        """``GET order/certificate``: every page, oldest first."""
        pages = self._caller.pages(ORDER, wire.Orders, lambda page: len(page.orders), (*_OLDEST_FIRST, *query))
        return chain.from_iterable(page.orders for page in pages)

    def orders_page(self, offset: int, size: int) -> tuple[wire.Orders, int | None]:
        """``GET order/certificate``: one page of at most ``size``, oldest first, and the offset of the next."""
        return self._caller.page(
            ORDER, wire.Orders, lambda page: len(page.orders), _OLDEST_FIRST, offset=offset, size=size
        )

    def orders_csv(self, query: Query = ()) -> File:
        """``GET order/certificate`` as CSV."""
        return self._caller.get_csv(ORDER, query)

    def order(self, order_id: str, *, include_caa_status: bool = False) -> wire.Order:
        """``GET order/certificate/{id}``; serial or thumbprint of the primary certificate do as well."""
        query = (("include_caa_status", "true"),) if include_caa_status else ()
        return self._caller.get(f"{ORDER}/{part(order_id)}", wire.Order, query)

    def alternate(self, reference: str) -> Iterator[wire.OrderStatus]:
        """``GET order/alternate/{alternative_order_id}``: every order with our reference."""
        pages = self._caller.pages(
            f"order/alternate/{part(reference)}", wire.OrderStatuses, lambda page: len(page.orders)
        )
        return chain.from_iterable(page.orders for page in pages)

    def status_changes(self, *, seconds: int) -> tuple[wire.OrderStatus, ...]:
        """``GET order/certificate/status-changes`` of the last ``seconds`` (at most 604 800)."""
        query = (("seconds", str(seconds)),)
        return self._caller.get(f"{ORDER}/status-changes", wire.OrderStatuses, query).orders

    def validation(self, order_id: str) -> wire.OrderValidation:
        """``GET order/certificate/{id}/validation``: what the order is waiting for."""
        return self._caller.get(f"{ORDER}/{part(order_id)}/validation", wire.OrderValidation)

    # -- proofs of an order (§11)

    def check_dcv(self, order_id: str, names: Sequence[str] = ()) -> wire.CheckedControl:
        """``PUT …/check-dcv``: look now, at some names or all."""
        body: Body | None = {"dns_names_validations": list(names)} if names else None
        answer = self._caller.send("PUT", f"{ORDER}/{part(order_id)}/check-dcv", body)
        return read_as(answer, wire.CheckedControl)

    def change_dcv_method(self, order_id: str, method: str) -> wire.RandomValue | None:
        """``PUT …/dcv-method``; None for e-mail, which has no value to publish."""
        answer = self._caller.send("PUT", f"{ORDER}/{part(order_id)}/dcv-method", {"dcv_method": method})
        return read_if_any(answer, wire.RandomValue)

    def new_random_value(self, order_id: str) -> wire.RandomValue:
        """``PUT …/dcv-random-value``."""
        answer = self._caller.send("PUT", f"{ORDER}/{part(order_id)}/dcv-random-value")
        return read_as(answer, wire.RandomValue)

    def resend_emails(self, order_id: str, email_domain: str = "") -> None:
        """``PUT …/resend-emails``."""
        body: Body | None = {"email_domain": email_domain} if email_domain else None
        self._caller.send("PUT", f"{ORDER}/{part(order_id)}/resend-emails", body)

    # -- requests and approval (§12)

    def requests(self, status: str = "") -> Iterator[wire.Request]:
        """``GET request``, all or those of one status."""
        query = (("status", status),) if status else ()
        pages = self._caller.pages("request", wire.Requests, lambda page: len(page.requests), query)
        return chain.from_iterable(page.requests for page in pages)

    def request(self, request_id: str) -> wire.Request:
        """``GET request/{id}``. The order inside is a copy and may be stale."""
        return self._caller.get(f"request/{part(request_id)}", wire.Request)

    def set_request_status(self, request_id: str, status: str, comment: str = "") -> None:
        """``PUT request/{id}/status``: approve or reject."""
        body: Body = {"status": status}
        if comment:
            body["processor_comment"] = comment
        self._caller.send("PUT", f"request/{part(request_id)}/status", body)

    # -- switches of an order (§13)

    def set_order_status(self, order_id: str, status: str, note: str) -> None:
        """``PUT …/status``: cancel, or mark as renewed or not."""
        body: Body = {"status": status, "note": note, "send_emails": False}
        self._caller.send("PUT", f"{ORDER}/{part(order_id)}/status", body)

    def add_note(self, order_id: str, text: str) -> None:
        """``POST …/note``."""
        self._caller.send("POST", f"{ORDER}/{part(order_id)}/note", {"text": text}, root="note")

    def submit_csr(self, order_id: str, csr: str) -> None:
        """``POST …/csr`` for an order that waits for one; ``csr`` is PEM."""
        self._caller.send("POST", f"{ORDER}/{part(order_id)}/csr", {"csr": csr})

    def set_auto_renew(self, order_id: str, value: int) -> None:
        """``PUT …/auto-renew``."""
        self._caller.send("PUT", f"{ORDER}/{part(order_id)}/auto-renew", {"auto_renew": value})

    def set_auto_reissue(self, order_id: str, value: int) -> None:
        """``PUT …/auto-reissue`` (multi-year plans)."""
        self._caller.send("PUT", f"{ORDER}/{part(order_id)}/auto-reissue", {"auto_reissue": value})

    # -- reissues and duplicates (§14)

    def reissue(self, order_id: str, body: Body, *, deadline: float) -> wire.Placed:
        """``POST …/reissue``."""
        path = f"{ORDER}/{part(order_id)}/reissue"
        return read_as(self._caller.send("POST", path, body, root="order", deadline=deadline), wire.Placed)

    def reissues(self, order_id: str) -> tuple[wire.Certificate, ...]:
        """``GET …/reissue``: every certificate that reissues made or replaced, in no promised order."""
        return self._caller.get(f"{ORDER}/{part(order_id)}/reissue", wire.Certificates).certificates

    def duplicate(self, order_id: str, body: Body, *, deadline: float) -> wire.Placed:
        """``POST …/duplicate``."""
        path = f"{ORDER}/{part(order_id)}/duplicate"
        return read_as(self._caller.send("POST", path, body, root="order", deadline=deadline), wire.Placed)

    def duplicates(self, order_id: str) -> tuple[wire.Certificate, ...]:
        """``GET …/duplicate``."""
        return self._caller.get(f"{ORDER}/{part(order_id)}/duplicate", wire.Certificates).certificates

    # -- revocation (§15)

    def revoke_certificate(self, identifier: str, body: Body, *, deadline: float) -> wire.Request | None:
        """``PUT certificate/{id or serial}/revoke``: the request it made, None when it was done at once."""
        answer = self._caller.send("PUT", f"certificate/{part(identifier)}/revoke", body, deadline=deadline)
        return read_if_any(answer, wire.Request)

    def revoke_order(self, order_id: str, body: Body, *, deadline: float) -> wire.Request | None:
        """``PUT order/certificate/{id}/revoke``: all certificates of the order."""
        answer = self._caller.send("PUT", f"{ORDER}/{part(order_id)}/revoke", body, deadline=deadline)
        return read_if_any(answer, wire.Request)

    # -- downloads (§16)

    def download(self, certificate_id: str, certificate_format: str) -> File:
        """``GET certificate/{id}/download/format/{format}``: pem_all, pem_noroot, p7b, apache, default …"""
        return self._caller.get_file(f"certificate/{part(certificate_id)}/download/format/{part(certificate_format)}")

    def download_for_platform(self, certificate_id: str, platform: str = "") -> File:
        """``GET certificate/{id}/download/platform[/{platform}]``: without one, the order's own platform."""
        tail = f"/{part(platform)}" if platform else ""
        return self._caller.get_file(f"certificate/{part(certificate_id)}/download/platform{tail}")

    def download_of_order(self, order_id: str, certificate_format: str = "") -> File:
        """``GET certificate/download/order/{id}[/format/{format}]``: the order's active certificate."""
        tail = f"/format/{part(certificate_format)}" if certificate_format else ""
        return self._caller.get_file(f"certificate/download/order/{part(order_id)}{tail}")

    def download_of_duplicate(self, order_id: str, sub_id: str, certificate_format: str = "pem_all") -> File:
        """``GET certificate/download/order/{id}?subId=…``, the older way to a duplicate."""
        query = (("subId", sub_id), ("formatType", certificate_format))
        return self._caller.get_file(f"certificate/download/order/{part(order_id)}", query)

    def certificate_chain(self, certificate_id: str) -> tuple[wire.ChainItem, ...]:
        """``GET certificate/{id}/chain``: leaf first."""
        path = f"certificate/{part(certificate_id)}/chain"
        return self._caller.get(path, wire.Intermediates).intermediates

    def intermediates(self) -> File:
        """``GET certificate/intermediates``: DigiCert's list of intermediates, as it comes."""
        return self._caller.get_file("certificate/intermediates")

    def platform_formats(self) -> File:
        """``GET product/platform-certformat-mapping``, as it comes."""
        return self._caller.get_file("product/platform-certformat-mapping")
