"""Users and contacts as the API shows them (digicert.md §3)."""

from __future__ import annotations

from typing import Any

from certwright_sandbox.digicert.call import Call, Reply
from certwright_sandbox.digicert.errors import not_found
from certwright_sandbox.digicert.lists import page_of
from certwright_sandbox.digicert.office import Office, without_empty
from certwright_sandbox.digicert.records import Contact, Container, User

FIRST_USER_ID = 610001
ROLES = {
    "administrator": (1, "Administrator"),
    "limited": (2, "Limited User"),
    "finance": (3, "Finance Manager"),
    "manager": (4, "Manager"),
    "standard": (5, "Standard User"),
}


def person_view(user: User) -> dict[str, Any]:
    """A user in few words."""
    return {
        "id": user.id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.username,
    }


def contact_view(contact: Contact) -> dict[str, Any]:
    """A contact."""
    return without_empty(
        {
            "id": contact.user_id,
            "first_name": contact.first_name,
            "last_name": contact.last_name,
            "email": contact.email,
            "job_title": contact.job_title,
            "telephone": contact.telephone,
            "telephone_extension": contact.telephone_extension,
        }
    )


def container_view(container: Container) -> dict[str, Any]:
    """A division."""
    view: dict[str, Any] = {
        "id": container.id,
        "public_id": container.public_id,
        "name": container.name,
        "parent_id": container.parent_id,
        "template_id": 5,
        "ekey": f"k{container.id}",
        "has_logo": False,
        "is_active": container.is_active,
    }
    if container.description:
        view["description"] = container.description
    if container.allowed_domain_names:
        view["allowed_domain_names"] = list(container.allowed_domain_names)
    return view


def user_view(office: Office, user: User) -> dict[str, Any]:
    """A user; what has no value is left out."""
    number, name = ROLES[user.role]
    return without_empty(
        {
            "id": user.id,
            "username": user.username,
            "account_id": user.account_id,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "email": user.username,
            "job_title": user.job_title,
            "telephone": user.telephone,
            "status": "active",
            "container": container_view(office.containers[user.container_id]),
            "access_roles": [{"id": number, "name": name}],
            "type": "standard",
            "has_container_assignments": False,
        }
    )


def list_users(office: Office, call: Call) -> Reply:
    """GET user."""
    getters = {
        "id": lambda user: user.id,
        "username": lambda user: user.username,
        "email": lambda user: user.username,
        "first_name": lambda user: user.first_name,
        "last_name": lambda user: user.last_name,
        "status": lambda user: "active",  # noqa: ARG005 - every getter takes its row
        "container_id": lambda user: user.container_id,
    }
    rows = office.users_of.find(call.account_id)
    shown, page = page_of(call, rows, getters, lambda user: user_view(office, user))
    return Reply({"users": shown, "page": page}, "user_list")


def show_me(office: Office, call: Call) -> Reply:
    """GET user/me: the key's own user."""
    return Reply(user_view(office, call.user), "user")


def show_user(office: Office, call: Call) -> Reply:
    """GET user/{id}."""
    user = office.users.get(call.number("user_id", "user"))
    if user is None or user.account_id != call.account_id:
        raise not_found("user")
    return Reply(user_view(office, user), "user")
