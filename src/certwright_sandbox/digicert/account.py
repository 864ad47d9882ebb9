"""The account itself, its divisions, and its custom order fields (digicert.md §3.1, §5, §8)."""

from __future__ import annotations

from typing import Any

from certwright_sandbox.digicert.call import NOTHING, Call, Reply
from certwright_sandbox.digicert.errors import invalid_value, missing_value, not_found
from certwright_sandbox.digicert.lists import page_of
from certwright_sandbox.digicert.office import Office, new_token, without_empty
from certwright_sandbox.digicert.people import container_view
from certwright_sandbox.digicert.records import Container, CustomField

FIRST_CONTAINER_ID = 410001
FIRST_FIELD_ID = 12
DATA_TYPES = ("text", "int", "email_address", "email_list")


def show_account(office: Office, call: Call) -> Reply:
    """GET account."""
    account = call.account
    primary = office.organizations.get(account.primary_organization_id or 0)
    view: dict[str, Any] = {
        "id": account.id,
        "make_renewal_calls": False,
        "express_install_enabled": False,
        "display_rep": False,
        "balance_negative_limit": 0,
        "root_container_id": account.root_container_id,
        "cert_transparency": "embed",
        "cert_central_type": "enterprise",
        "billing_account_id": account.id,
        "billing_account_name": account.name,
        "language_id": 1,
        "migrated": False,
        "has_auth_key": False,
        "default_country": "gb",
    }
    if primary is not None:
        view["primary_organization_id"] = primary.id
        view["primary_organization_name"] = primary.name
        view["primary_organization_country"] = primary.country
    return Reply(view, "account")


def list_containers(office: Office, call: Call) -> Reply:
    """GET container."""
    rows = office.containers_of.find(call.account_id)
    getters = {"id": lambda container: container.id, "name": lambda container: container.name}
    shown, page = page_of(call, rows, getters, container_view)
    return Reply({"containers": shown, "page": page}, "container_list")


def show_container(office: Office, call: Call) -> Reply:
    """GET container/{id}."""
    return Reply(container_view(_container_of(office, call)), "container")


def add_container(office: Office, call: Call) -> Reply:
    """POST container/{id}/children."""
    parent = _container_of(office, call)
    name = call.body.text("name")
    if not name:
        raise missing_value("name")
    child = Container(
        id=office.new_id(office.containers, FIRST_CONTAINER_ID),
        account_id=call.account_id,
        name=name,
        parent_id=int(parent.id),
        public_id=new_token()[:10],
        description=call.body.text("description"),
        allowed_domain_names=call.body.texts("allowed_domain_names"),
    )
    return Reply({"id": office.containers.add(child).id}, "container", 201)


def container_named(office: Office, call: Call) -> Container:
    """The division that the body names by `container.id`; the user's own where it names none. Raises Refusal 404."""
    return _container(office, call, call.body.object("container").number("id") or call.user.container_id)


def list_templates(office: Office, call: Call) -> Reply:
    """GET container/{id}/template."""
    _container_of(office, call)
    return Reply({"container_templates": [{"id": 5, "name": "Division"}]}, "container_template_list")


def list_fields(office: Office, call: Call) -> Reply:
    """GET account/metadata."""
    rows = [_field_view(field) for field in office.custom_fields_of.find(call.account_id)]
    return Reply({"metadata": rows}, "metadata_list")


def add_field(office: Office, call: Call) -> Reply:
    """POST account/metadata."""
    body = call.body
    label, data_type = body.text("label"), body.text("data_type") or None
    if not label:
        raise missing_value("label")
    if data_type is not None and data_type not in DATA_TYPES:
        raise invalid_value("data_type")
    field = CustomField(
        id=office.new_id(office.custom_fields, FIRST_FIELD_ID),
        account_id=call.account_id,
        label=label,
        is_required=body.flag("is_required"),
        is_active=True,
        data_type=data_type,
        description=body.text("description"),
        show_in_receipt=body.flag("show_in_receipt"),
    )
    return Reply({"id": office.custom_fields.add(field).id}, "metadata", 201)


def change_field(office: Office, call: Call) -> Reply:
    """PUT account/metadata/{id}: whether a custom field is required and active."""
    field = office.custom_fields.get(call.number("field_id", "metadata"))
    if field is None or field.account_id != call.account_id:
        raise not_found("metadata")
    if "is_required" in call.body:
        field.is_required = call.body.flag("is_required")
    if "is_active" in call.body:
        field.is_active = call.body.flag("is_active")
    return NOTHING


def _container_of(office: Office, call: Call) -> Container:
    return _container(office, call, call.number("container_id", "container"))


def _container(office: Office, call: Call, number: int) -> Container:
    container = office.containers.get(number)
    if container is None or container.account_id != call.account_id:
        raise not_found("container")
    return container


def _field_view(field: CustomField) -> dict[str, Any]:
    return without_empty(
        {
            "id": field.id,
            "label": field.label,
            "is_required": field.is_required,
            "is_active": field.is_active,
            "data_type": field.data_type,
            "description": field.description,
            "show_in_receipt": field.show_in_receipt,
        }
    )
