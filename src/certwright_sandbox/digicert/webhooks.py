"""Webhooks: one endpoint for each account, told of what happens (digicert.md §17).

The sandbox also takes a plain http endpoint on this machine, where the real CA takes public https alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from certwright_sandbox.digicert.call import NOTHING, Call, Reply
from certwright_sandbox.digicert.errors import bad_request, invalid_value, missing_value, not_found
from certwright_sandbox.digicert.fields import whole_number
from certwright_sandbox.digicert.lists import page_of
from certwright_sandbox.digicert.office import Office, new_token, stamp
from certwright_sandbox.digicert.records import Certificate, Webhook, WebhookEvent
from certwright_sandbox.digicert.signing import chain_of, chain_view
from certwright_sandbox.push import json_parcel

FIRST_WEBHOOK_ID = 1234
FIRST_EVENT_ID = 1
LEAST_SECRET_LENGTH = 32
CHALLENGE_LIFETIME = timedelta(minutes=30)
SUBJECTS = ("organization", "domain")
EVENTS = (
    "certificate_issued",
    "certificate_revoked",
    "order_rejected",
    *(f"{what}_{how}" for what in SUBJECTS for how in ("validated", "expired", "revalidation_notice")),
)
LOCAL_HOSTS = ("127.0.0.1", "::1", "localhost")
INSTANT = "instant_issue_webhook_notification"
CHAIN, INSTANT_CHAIN = "webhook_send_certificate_chain", "webhook_send_instant_issued_certificate_chain"
SETTINGS = (INSTANT, CHAIN, INSTANT_CHAIN)
FREQUENCY = "webhook_notification_frequency"


def announce(office: Office, account_id: int, event: str, facts: Mapping[str, Any]) -> None:
    """Tell the account's active webhooks of an event that they asked for."""
    for webhook in office.webhooks_of.find(account_id):
        if webhook.is_active and event in webhook.events:
            _send(office, webhook, {"event": event, "data": dict(facts)})


def announce_issued(office: Office, certificate: Certificate) -> None:
    """Tell of an issued certificate; of one issued at once only where the webhook wants that."""
    for webhook in office.webhooks_of.find(certificate.account_id):
        if not webhook.is_active or "certificate_issued" not in webhook.events:
            continue
        settings = dict(webhook.settings)
        is_instant = not certificate.has_waited
        if is_instant and settings.get(INSTANT) != "1":
            continue
        facts: dict[str, Any] = {"order_id": certificate.order_id, "certificate_id": certificate.id}
        if settings.get(INSTANT_CHAIN if is_instant else CHAIN) == "1":
            facts["certificate_chain"] = chain_view(chain_of(office, certificate))
        _send(office, webhook, {"event": "certificate_issued", "data": facts})


def add_webhook(office: Office, call: Call) -> Reply:
    """POST webhook: one for each account."""
    if office.webhooks_of.find(call.account_id):
        raise bad_request("webhook_endpoint_error", "The account has a webhook already.")
    body = call.body
    endpoint, secret = read_endpoint(body.text("endpoint")), body.text("secret")
    if secret and len(secret) < LEAST_SECRET_LENGTH:
        raise invalid_value("secret")
    events = body.texts("events") or ("certificate_issued",)
    if any(event not in EVENTS for event in events):
        raise invalid_value("events")
    settings = body.object("webhook_settings")
    webhook = Webhook(
        id=office.new_id(office.webhooks, FIRST_WEBHOOK_ID),
        account_id=call.account_id,
        endpoint=endpoint,
        secret=secret,
        events=events,
        settings=tuple((name, "1" if settings.flag(name) else "0") for name in SETTINGS if name in settings),
        frequency=tuple(whole_number(text) or 0 for text in settings.texts(FREQUENCY)),
    )
    return Reply({"webhook_id": office.webhooks.add(webhook).id}, "webhook", 201)


def list_webhooks(office: Office, call: Call) -> Reply:
    """GET webhook. The secret is never shown."""
    rows = [
        {
            "id": webhook.id,
            "endpoint": webhook.endpoint,
            "status": "active" if webhook.is_active else "inactive",
            "events": list(webhook.events),
            "webhook_settings": {**dict(webhook.settings), FREQUENCY: list(webhook.frequency)},
        }
        for webhook in office.webhooks_of.find(call.account_id)
    ]
    return Reply({"webhooks": rows}, "webhook_list")


def test_endpoint(office: Office, call: Call) -> Reply:
    """POST webhook/test-endpoint."""
    endpoint = read_endpoint(call.body.text("endpoint"))
    office.world.push.send(json_parcel(endpoint, "test_webhook_endpoint", {"event": "test_webhook_endpoint"}, {}))
    return NOTHING


def send_challenge(office: Office, call: Call) -> Reply:
    """PUT webhook/{id}/send-challenge."""
    webhook = _webhook_of(office, call)
    webhook.challenge = new_token()
    webhook.challenge_expires = office.now() + CHALLENGE_LIFETIME
    facts = {"token": webhook.challenge, "webhook_id": webhook.id}
    _send(office, webhook, {"event": "challenge_webhook_endpoint", "data": facts})
    return NOTHING


def check_challenge(office: Office, call: Call) -> Reply:
    """PUT webhook/{id}/check-challenge: the token that was sent, within 30 minutes."""
    webhook = _webhook_of(office, call)
    expires = webhook.challenge_expires
    is_right = webhook.challenge is not None and secrets.compare_digest(
        webhook.challenge.encode(), call.body.text("token").encode()
    )
    if not is_right or expires is None or expires < office.now():
        raise bad_request("webhook_invalid_token", "The token is invalid.")
    webhook.challenge = None
    webhook.is_active = True
    return NOTHING


def activate(office: Office, call: Call) -> Reply:
    """PUT webhook/{id}/activate."""
    _webhook_of(office, call).is_active = True
    return NOTHING


def deactivate(office: Office, call: Call) -> Reply:
    """PUT webhook/{id}/deactivate."""
    _webhook_of(office, call).is_active = False
    return NOTHING


def delete_webhook(office: Office, call: Call) -> Reply:
    """DELETE webhook/{id}."""
    office.webhooks.remove(_webhook_of(office, call))
    return NOTHING


def list_events(office: Office, call: Call) -> Reply:
    """GET webhook/event-logs; the outcome is known for what was sent since the sandbox started."""
    rows = office.webhook_events_of.find(call.account_id)
    getters = {
        "event_name": lambda event: event.name,
        "request_sent_time": lambda event: event.sent_at,
    }
    shown, page = page_of(call, rows, getters, lambda event: _event_view(office, event))
    return Reply({"events": shown, "page": page}, "event_list")


def read_endpoint(endpoint: str) -> str:
    """An endpoint that may be called: https, or http on this machine. Raises Refusal 400."""
    if not endpoint:
        raise missing_value("endpoint")
    try:
        url = urlsplit(endpoint)
        is_good = bool(url.hostname) and (
            url.scheme == "https" or (url.scheme == "http" and url.hostname in LOCAL_HOSTS)
        )
    except ValueError:
        is_good = False
    if not is_good:
        raise bad_request("webhook_invalid_endpoint", "The endpoint is invalid.")
    return endpoint


def _send(office: Office, webhook: Webhook, body: dict[str, Any]) -> None:
    headers = {"X-WEBHOOK-KEY": webhook.secret} if webhook.secret else {}
    event = office.webhook_events.add(
        WebhookEvent(
            id=office.new_id(office.webhook_events, FIRST_EVENT_ID),
            account_id=webhook.account_id,
            name=body["event"],
            text=", ".join(f"{name} {value}" for name, value in body["data"].items() if name.endswith("_id")),
            sent_at=office.now(),
        )
    )
    office.deliveries[int(event.id)] = office.world.push.send(
        json_parcel(webhook.endpoint, body["event"], body, headers)
    )


def _event_view(office: Office, event: WebhookEvent) -> dict[str, Any]:
    view: dict[str, Any] = {
        "event_name": event.name,
        "event_info": event.text,
        "request_sent_time": stamp(event.sent_at),
    }
    delivered = office.deliveries.get(int(event.id))
    if delivered is None:
        return {**view, "request_status": "unknown"}
    if delivered.status is not None:
        view["response_code"] = delivered.status
        view["response_received_time"] = delivered.answered_at
    is_done = delivered.status is not None or delivered.error is not None
    is_good = delivered.status is not None and delivered.status // 100 == 2
    return {**view, "request_status": "success" if is_good else ("failed" if is_done else "sent")}


def _webhook_of(office: Office, call: Call) -> Webhook:
    webhook = office.webhooks.get(call.number("webhook_id", "webhook"))
    if webhook is None or webhook.account_id != call.account_id:
        raise not_found("webhook")
    return webhook
