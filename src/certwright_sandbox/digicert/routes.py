"""Every endpoint below /services/v2: method, path, area of the API, and who answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from certwright_sandbox.digicert import (
    account,
    domain_dcv,
    domains,
    downloads,
    order_changes,
    order_dcv,
    ordering,
    orders,
    organizations,
    people,
    products,
    reissue,
    requests,
    revoke,
    webhooks,
)
from certwright_sandbox.digicert.call import Call, File, Reply
from certwright_sandbox.digicert.office import Office

Endpoint = Callable[[Office, Call], Reply | File | Awaitable[Reply]]


@dataclass(frozen=True)
class Route:
    """An endpoint; a path part in braces is a parameter."""

    method: str
    path: str
    area: str
    reply: Endpoint


_TABLE: tuple[tuple[str, str, str, Endpoint], ...] = (
    ("common", "GET", "account", account.show_account),
    ("common", "GET", "account/metadata", account.list_fields),
    ("account", "POST", "account/metadata", account.add_field),
    ("account", "PUT", "account/metadata/{field_id}", account.change_field),
    ("users", "GET", "user", people.list_users),
    ("common", "GET", "user/me", people.show_me),
    ("users", "GET", "user/{user_id}", people.show_user),
    ("common", "GET", "container", account.list_containers),
    ("common", "GET", "container/{container_id}", account.show_container),
    ("account", "POST", "container/{container_id}/children", account.add_container),
    ("common", "GET", "container/{container_id}/template", account.list_templates),
    ("organizations", "GET", "organization", organizations.list_organizations),
    ("organizations", "POST", "organization", organizations.add_organization),
    ("organizations", "GET", "organization/{organization_id}", organizations.show_organization),
    ("organizations", "GET", "organization/{organization_id}/validation", organizations.show_vettings),
    ("organizations", "POST", "organization/{organization_id}/validation", organizations.submit),
    ("organizations", "PUT", "organization/{organization_id}/activate", organizations.activate),
    ("organizations", "PUT", "organization/{organization_id}/deactivate", organizations.deactivate),
    ("organizations", "GET", "domain", domains.list_domains),
    ("organizations", "POST", "domain", domains.add_domain),
    ("organizations", "GET", "domain/validation-type", domains.list_types),
    ("organizations", "GET", "domain/dcv/method", domains.list_methods),
    ("organizations", "GET", "domain/{domain_id}", domains.show_domain),
    ("organizations", "GET", "domain/{domain_id}/validation", domain_dcv.show_validation),
    ("organizations", "POST", "domain/{domain_id}/validation", domain_dcv.submit),
    ("organizations", "PUT", "domain/{domain_id}/activate", domains.activate),
    ("organizations", "PUT", "domain/{domain_id}/deactivate", domains.deactivate),
    ("organizations", "PUT", "domain/{domain_id}/dcv/method", domain_dcv.change_method),
    ("organizations", "POST", "domain/{domain_id}/dcv/method", domain_dcv.change_method),
    ("organizations", "POST", "domain/{domain_id}/dcv/token", domain_dcv.new_value),
    ("organizations", "PUT", "domain/{domain_id}/dcv/validate-token", domain_dcv.check),
    ("organizations", "GET", "domain/{domain_id}/dcv/emails", domain_dcv.list_emails),
    ("organizations", "POST", "domain/{domain_id}/dcv/emails", domain_dcv.resend_emails),
    ("common", "GET", "product", products.list_products),
    ("common", "GET", "product/platform-certformat-mapping", products.list_formats),
    ("common", "GET", "product/{name_id}", products.show_product),
    ("orders", "GET", "order/certificate", orders.list_orders),
    ("orders", "GET", "order/certificate/status-changes", orders.list_changes),
    ("orders", "GET", "order/alternate/{reference}", orders.find_orders),
    ("orders", "GET", "order/certificate/{order_id}", orders.show_order),
    ("orders", "POST", "order/certificate/{name_id}", ordering.place),
    ("orders", "GET", "order/certificate/{order_id}/validation", orders.show_validation),
    ("orders", "PUT", "order/certificate/{order_id}/check-dcv", order_dcv.check),
    ("orders", "PUT", "order/certificate/{order_id}/dcv-method", order_dcv.change_method),
    ("orders", "PUT", "order/certificate/{order_id}/dcv-random-value", order_dcv.change_value),
    ("orders", "PUT", "order/certificate/{order_id}/resend-emails", order_dcv.resend_emails),
    ("orders", "PUT", "order/certificate/{order_id}/status", order_changes.change_status),
    ("orders", "GET", "order/certificate/{order_id}/note", order_changes.list_notes),
    ("orders", "POST", "order/certificate/{order_id}/note", order_changes.add_note),
    ("orders", "POST", "order/certificate/{order_id}/csr", order_changes.add_csr),
    ("orders", "PUT", "order/certificate/{order_id}/auto-renew", order_changes.change_auto_renew),
    ("orders", "PUT", "order/certificate/{order_id}/auto-reissue", order_changes.change_auto_reissue),
    ("orders", "GET", "order/certificate/{order_id}/reissue", reissue.list_reissues),
    ("orders", "POST", "order/certificate/{order_id}/reissue", reissue.reissue),
    ("orders", "GET", "order/certificate/{order_id}/duplicate", reissue.list_duplicates),
    ("orders", "POST", "order/certificate/{order_id}/duplicate", reissue.duplicate),
    ("orders", "PUT", "order/certificate/{order_id}/revoke", revoke.revoke_order),
    ("orders", "PUT", "certificate/{certificate_id}/revoke", revoke.revoke_certificate),
    ("orders", "GET", "certificate/intermediates", downloads.list_intermediates),
    ("orders", "GET", "certificate/{certificate_id}/chain", downloads.show_chain),
    ("orders", "GET", "certificate/download/order/{order_id}", downloads.download_of_order),
    ("orders", "GET", "certificate/download/order/{order_id}/format/{format}", downloads.download_of_order),
    ("orders", "GET", "certificate/{certificate_id}/download/platform", downloads.download_platform),
    (
        "orders",
        "GET",
        "certificate/{certificate_id}/download/platform/{platform_id}",
        downloads.download_named_platform,
    ),
    ("orders", "GET", "certificate/{certificate_id}/download/format/{format}", downloads.download_format),
    ("orders", "GET", "request", requests.list_requests),
    ("orders", "GET", "request/{request_id}", requests.show_request),
    ("orders", "PUT", "request/{request_id}/status", requests.change_request),
    ("account", "GET", "webhook", webhooks.list_webhooks),
    ("account", "POST", "webhook", webhooks.add_webhook),
    ("account", "POST", "webhook/test-endpoint", webhooks.test_endpoint),
    ("account", "GET", "webhook/event-logs", webhooks.list_events),
    ("account", "PUT", "webhook/{webhook_id}/send-challenge", webhooks.send_challenge),
    ("account", "PUT", "webhook/{webhook_id}/check-challenge", webhooks.check_challenge),
    ("account", "PUT", "webhook/{webhook_id}/activate", webhooks.activate),
    ("account", "PUT", "webhook/{webhook_id}/deactivate", webhooks.deactivate),
    ("account", "DELETE", "webhook/{webhook_id}", webhooks.delete_webhook),
)


def _sorted() -> dict[tuple[str, int, str], list[tuple[tuple[str, ...], Route]]]:
    """The routes by method, number of parts and first part; literal paths before those with braces."""
    routes: dict[tuple[str, int, str], list[tuple[tuple[str, ...], Route]]] = {}
    for area, method, path, reply in _TABLE:
        parts = tuple(path.split("/"))
        routes.setdefault((method, len(parts), parts[0]), []).append((parts, Route(method, path, area, reply)))
    return routes


ROUTES = _sorted()


def find_route(method: str, parts: tuple[str, ...]) -> tuple[Route | None, Mapping[str, str]]:
    """The endpoint of a path's parts and its parameters; None where there is none."""
    if not parts:
        return None, {}
    for pattern, route in ROUTES.get((method, len(parts), parts[0]), ()):
        pairs = list(zip(pattern, parts, strict=True))
        if all(expected == given or expected.startswith("{") for expected, given in pairs):
            return route, {expected[1:-1]: given for expected, given in pairs if expected.startswith("{")}
    return None, {}
