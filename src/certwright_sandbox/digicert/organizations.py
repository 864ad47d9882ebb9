"""Organizations and their validation (digicert.md §4)."""

from __future__ import annotations

from typing import Any

from certwright_sandbox.digicert.account import container_named
from certwright_sandbox.digicert.call import NOTHING, Call, Reply
from certwright_sandbox.digicert.errors import invalid_value, missing_value, not_found
from certwright_sandbox.digicert.fields import Fields
from certwright_sandbox.digicert.issuing import is_vetted, submit_organization
from certwright_sandbox.digicert.lists import page_of
from certwright_sandbox.digicert.office import Office, stamp, without_empty
from certwright_sandbox.digicert.people import contact_view
from certwright_sandbox.digicert.products import VALIDATIONS
from certwright_sandbox.digicert.records import Contact, Organization, Vetting

FIRST_ORGANIZATION_ID = 301201
TYPES = ("ov", "ev", "cs", "ev_cs", "ds", "smime")
REQUIRED = ("name", "address", "city", "state", "zip", "country", "telephone")
LONGEST = {"name": 64, "zip": 40, "telephone": 32, "country": 2}
LONGEST_WITH_ASSUMED_NAME = 61
LENGTH_OF_COUNTRY = 2


def list_organizations(office: Office, call: Call) -> Reply:
    """GET organization."""
    with_validation = call.asks_for("include_validation")

    def view(organization: Organization) -> dict[str, Any]:
        shown = organization_view(office, organization)
        return {**shown, "validations": _vettings(office, organization)} if with_validation else shown

    getters = {
        "id": lambda organization: organization.id,
        "name": lambda organization: organization.name,
        "status": status_of,
        "container_id": lambda organization: organization.container_id,
        "country": lambda organization: organization.country,
    }
    rows = office.organizations_of.find(call.account_id)
    shown, page = page_of(call, rows, getters, view)
    return Reply({"organizations": shown, "page": page}, "organization_list")


def show_organization(office: Office, call: Call) -> Reply:
    """GET organization/{id}."""
    organization = organization_of(office, call)
    view = organization_view(office, organization)
    if call.asks_for("include_validation"):
        view["validations"] = _vettings(office, organization)
    return Reply({**view, "organization_contact": contact_view(organization.contact)}, "organization")


def show_vettings(office: Office, call: Call) -> Reply:
    """GET organization/{id}/validation."""
    return Reply({"validations": _vettings(office, organization_of(office, call))}, "validation_list")


def add_organization(office: Office, call: Call) -> Reply:
    """POST organization."""
    body = call.body
    for name in REQUIRED:
        if name not in body:
            raise missing_value(name)
    for name, most in LONGEST.items():
        if len(body.text(name)) > most:
            raise invalid_value(name)
    if "assumed_name" in body and len(body.text("name") + body.text("assumed_name")) > LONGEST_WITH_ASSUMED_NAME:
        raise invalid_value("assumed_name")
    if len(body.text("country")) != LENGTH_OF_COUNTRY:
        raise invalid_value("country")
    if "organization_contact" not in body:
        raise missing_value("organization_contact")
    kinds = _types(body)
    organization = office.organizations.add(_organization(office, call))
    for kind in kinds:
        submit_organization(office, organization, kind)
    return Reply({"id": organization.id}, "organization", 201)


def submit(office: Office, call: Call) -> Reply:
    """POST organization/{id}/validation: put it before the validation staff."""
    organization = organization_of(office, call)
    kinds = _types(call.body)
    if not kinds:
        raise missing_value("validations")
    for kind in kinds:
        submit_organization(office, organization, kind)
    return NOTHING


def activate(office: Office, call: Call) -> Reply:
    """PUT organization/{id}/activate."""
    organization_of(office, call).is_active = True
    return NOTHING


def deactivate(office: Office, call: Call) -> Reply:
    """PUT organization/{id}/deactivate."""
    organization_of(office, call).is_active = False
    return NOTHING


def organization_of(office: Office, call: Call) -> Organization:
    """The organization that the path names. Raises Refusal 404."""
    organization = office.organizations.get(call.number("organization_id", "organization"))
    if organization is None or organization.account_id != call.account_id:
        raise not_found("organization")
    return organization


def status_of(organization: Organization) -> str:
    """`active` or `inactive`."""
    return "active" if organization.is_active else "inactive"


def organization_view(office: Office, organization: Organization) -> dict[str, Any]:
    """An organization as the list shows it."""
    container = office.containers[organization.container_id]
    return without_empty(
        {
            "id": organization.id,
            "status": status_of(organization),
            "name": organization.name,
            "assumed_name": organization.assumed_name,
            "display_name": organization.display_name,
            "is_active": organization.is_active,
            "address": organization.address,
            "address2": organization.address2,
            "zip": organization.zip,
            "city": organization.city,
            "state": organization.state,
            "country": organization.country,
            "telephone": organization.telephone,
            "container": {
                "id": container.id,
                "parent_id": container.parent_id,
                "name": container.name,
                "is_active": container.is_active,
            },
        }
    )


def vetting_view(office: Office, organization: Organization, vetting: Vetting) -> dict[str, Any]:
    """A validation of an organization; dates are absent until it is validated."""
    name, description = VALIDATIONS.get(vetting.type, (vetting.type.upper(), vetting.type))
    is_over = vetting.status == "active" and not is_vetted(office, organization, vetting.type)
    view: dict[str, Any] = {
        "type": vetting.type,
        "name": name,
        "description": description,
        "status": "expired" if is_over else vetting.status,
    }
    if vetting.validated_until is not None:
        view["date_created"] = stamp(vetting.date_created)
        view["validated_until"] = stamp(vetting.validated_until)
    if vetting.verified_users:
        users = [office.users[number] for number in vetting.verified_users]
        view["verified_users"] = [
            {"id": user.id, "first_name": user.first_name, "last_name": user.last_name} for user in users
        ]
    return view


def _vettings(office: Office, organization: Organization) -> list[dict[str, Any]]:
    return [vetting_view(office, organization, vetting) for vetting in organization.vettings]


def _types(body: Fields) -> list[str]:
    kinds = [fields.text("type").lower() for fields in body.objects("validations")]
    if any(kind not in TYPES for kind in kinds):
        raise invalid_value("validations")
    return kinds


def _organization(office: Office, call: Call) -> Organization:
    body, contact = call.body, call.body.object("organization_contact")
    return Organization(
        id=office.new_id(office.organizations, FIRST_ORGANIZATION_ID),
        account_id=call.account_id,
        name=body.text("name"),
        container_id=int(container_named(office, call).id),
        address=body.text("address"),
        city=body.text("city"),
        state=body.text("state"),
        zip=body.text("zip"),
        country=body.text("country").lower(),
        telephone=body.text("telephone"),
        contact=Contact(
            first_name=contact.text("first_name"),
            last_name=contact.text("last_name"),
            email=contact.text("email"),
            job_title=contact.text("job_title"),
            telephone=contact.text("telephone"),
            telephone_extension=contact.text("telephone_extension"),
        ),
        assumed_name=body.text("assumed_name"),
        address2=body.text("address2"),
    )
