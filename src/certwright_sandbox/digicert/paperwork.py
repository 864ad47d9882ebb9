"""What people have written on orders of the past: who asked, for which division, at whose cost, with what remarks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from certwright_sandbox.digicert.account import FIRST_CONTAINER_ID, FIRST_FIELD_ID
from certwright_sandbox.digicert.office import Office, new_token
from certwright_sandbox.digicert.people import FIRST_USER_ID
from certwright_sandbox.digicert.records import (
    ApiKey,
    Contact,
    Container,
    CustomField,
    CustomValue,
    Note,
    Order,
    User,
)
from certwright_sandbox.past import Lots

MAIL_DOMAIN = "meadow.example"
DIVISIONS = ("Retail", "Logistics", "Research")
PEOPLE = (
    ("Ines", "Okafor", "Platform engineer"),
    ("Tomasz", "Wilk", "Network engineer"),
    ("Priya", "Nair", "Web team lead"),
    ("Jonas", "Berg", "Operations"),
    ("Amélie", "Roux", "Payments"),
    ("Søren", "Holm", "Identity team"),
)
COST_CENTRES = tuple(f"R-{number}" for number in range(7, 103, 5))
APPLICATIONS = ("Web shop", "Order tracking", "Intranet", "Payment gateway", "Mail relay", "Build farm", "Überwachung")
REMARKS = (
    "Moved to the new load balancer.",
    "Ask the web team before it is renewed.",
    "Invoice goes to the branch office, not to us.",
    "Kept for the old scanners; they speak nothing newer.\nTo be dropped with them.",
    "=see ticket 4711",
)
MAILING_LISTS = ("certificates@meadow.example", "web-team@meadow.example", "noc@harbour.example")


@dataclass(frozen=True)
class Staff:
    """The people and divisions an account's orders come from, and its custom fields by their labels."""

    users: tuple[int, ...]
    containers: tuple[int, ...]
    fields: dict[str, int]


def hire(office: Office, key: ApiKey) -> Staff:
    """Give the key's account people, divisions and custom fields, beside those it has."""
    account_id = key.account_id
    root = office.accounts[account_id].root_container_id
    divisions = tuple(_division(office, account_id, root, name) for name in DIVISIONS)
    places = (root, *divisions)
    users = [_user(office, account_id, places[at % len(places)], at) for at in range(len(PEOPLE))]
    for label, data_type in (("Application", "text"), ("Owner", "email_address")):
        number = office.new_id(office.custom_fields, FIRST_FIELD_ID)
        office.custom_fields.add(
            CustomField(number, account_id, label, is_required=False, is_active=True, data_type=data_type)
        )
    fields = {row.label: int(row.id) for row in office.custom_fields if row.account_id == account_id}
    return Staff((key.user_id, *users), (root, root, *divisions), fields)


def fill_in(order: Order, staff: Staff, lots: Lots) -> None:
    """Say on a new order who asked for it, for whom, at whose cost, and what people have remarked since."""
    order.user_id = lots.one_of(staff.users)
    order.container_id = lots.one_of(staff.containers)
    order.custom_values = _custom_values(staff, lots)
    if lots.is_one_in(5):
        order.notes = _notes(1 + lots.below(2), lots.below(len(REMARKS)))
    if lots.is_one_in(4):
        order.technical_contact = _contact(lots.below(len(PEOPLE)))
    if lots.is_one_in(3):
        order.additional_emails = (lots.one_of(MAILING_LISTS),)
    order.auto_renew = int(lots.is_one_in(6))
    order.disable_renewal_notifications = lots.is_one_in(10)
    order.payment_method = "profile" if lots.is_one_in(8) else "balance"
    order.comments = "" if lots.below(4) else "As agreed with the security team"
    order.assigned_ids = (lots.one_of(staff.users),) if lots.is_one_in(9) else ()


def _custom_values(staff: Staff, lots: Lots) -> tuple[CustomValue, ...]:
    """Two orders in three say something: all of those the cost centre, half of those what it is for and whose."""
    cost_centre, application, owner = (lots.below(len(rows)) for rows in (COST_CENTRES, APPLICATIONS, PEOPLE))
    if lots.is_one_in(3):
        return ()
    values = (_value(staff.fields["Cost centre"], COST_CENTRES[cost_centre]),)
    if lots.is_one_in(2):
        return values
    application_value = _value(staff.fields["Application"], APPLICATIONS[application])
    return (*values, application_value, _value(staff.fields["Owner"], _address(owner)))


# The same text is one object however many orders carry it.
@cache
def _value(metadata_id: int, text: str) -> CustomValue:
    return CustomValue(metadata_id, text)


@cache
def _notes(count: int, first: int) -> tuple[Note, ...]:
    return tuple(Note(number + 1, REMARKS[(first + number) % len(REMARKS)]) for number in range(count))


@cache
def _contact(person: int) -> Contact:
    first, last, title = PEOPLE[person]
    return Contact(first, last, _address(person), title, f"+44111000{person + 1:04d}")


def _address(person: int) -> str:
    first, last, _ = PEOPLE[person]
    plain = f"{first}.{last}".lower().translate(str.maketrans("éø", "eo"))
    return f"{plain}@{MAIL_DOMAIN}"


def _division(office: Office, account_id: int, parent: int, name: str) -> int:
    number = office.new_id(office.containers, FIRST_CONTAINER_ID)
    office.containers.add(Container(number, account_id, name, parent, new_token()[:10], f"The {name} division"))
    return number


def _user(office: Office, account_id: int, container_id: int, person: int) -> int:
    first, last, title = PEOPLE[person]
    number = office.new_id(office.users, FIRST_USER_ID)
    office.users.add(
        User(
            number,
            account_id,
            _address(person),
            first,
            last,
            "standard",
            container_id,
            title,
            _contact(person).telephone,
        )
    )
    return number
