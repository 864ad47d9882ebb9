"""What DigiCert tells of an order only to be shown: people, notes, custom fields. Nothing here decides anything."""

from __future__ import annotations

from certwright.cas.digicert.shapes import Shape, Text


class Person(Shape):
    """A user or a contact."""

    first_name: Text = ""
    last_name: Text = ""
    email: Text = ""


class Note(Shape):
    """What somebody wrote to an order."""

    text: Text = ""


class CustomValue(Shape):
    """A custom field of an order (§8)."""

    metadata_id: Text = ""
    label: Text = ""
    value: Text = ""


class OrderedProduct(Shape):
    """The product of an order; how it is validated is told with a single order only."""

    name_id: Text = ""
    name: Text = ""
    type: Text = ""
    validation_type: Text = ""
