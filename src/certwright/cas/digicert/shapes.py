"""What all shapes of DigiCert's answers have in common: how a value is read that comes in several forms (§1.8).

One shape reads JSON and XML alike: the numbers, booleans and dates that come as texts, lists that come as an
object of one field (XML) or as a lone object, fields that are left out, null or empty. Ids are text.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError, model_validator

T = TypeVar("T")
LONGEST_TEXT = 2000
MOST_DIGITS = 9
MOST_ITEMS = 200
_FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_MOMENT = TypeAdapter(datetime)


def _many(value: Any) -> Any:
    """A list, whatever stands for it: nothing, an XML parent with its items, a lone item."""
    if value is None or value == "":
        return []
    if isinstance(value, dict):
        items = list(value.values())
        return (items[0] if isinstance(items[0], list) else items) if len(items) == 1 else [value]
    return value


def moment(value: Any) -> datetime | None:
    """A moment in UTC; None for what is none, since nothing of weight is decided by DigiCert's dates."""
    try:
        read = _MOMENT.validate_python(value)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValidationError, OverflowError):  # a moment at the end of time may be outside it in another zone
        return None


def _some(value: Any) -> Any:
    """As :func:`_many`, without the items that are no objects, and no more than anybody reads."""
    many = _many(value)
    return [item for item in many if isinstance(item, dict)][:MOST_ITEMS] if isinstance(many, list) else []


def _one(value: Any) -> Any:
    """An object; an empty one where something else stands."""
    return value if isinstance(value, dict | BaseModel) else {}


def _text(value: Any) -> str:
    """A text of any scalar: ``238.0`` and ``238`` are the same price. Anything else is none.

    A long one is cut, and NUL is left out: no database takes it.
    """
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).replace("\0", "").strip()[:LONGEST_TEXT]


def _texts(value: Any) -> list[str]:
    """As :func:`_many`, of texts; those that are empty are left out."""
    many = _many(value)
    return list(filter(None, map(_text, many if isinstance(many, list) else [many])))


def _count(value: Any) -> int | None:
    """A number that came as one or as a text; None for what is none."""
    text = _text(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else None


def _flag(value: Any) -> bool | None:
    """A yes or no in any of DigiCert's spellings (§1.8); None for what is neither."""
    return _FLAGS.get(_text(value).lower())


Many = Annotated[tuple[T, ...], BeforeValidator(_many)]
Moment = Annotated[datetime | None, BeforeValidator(moment)]
# What is only shown, and must never make an answer unreadable, whatever it turns out to be.
Some = Annotated[tuple[T, ...], BeforeValidator(_some)]
One = Annotated[T, BeforeValidator(_one)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]
Text = Annotated[str, BeforeValidator(_text)]
Count = Annotated[int | None, BeforeValidator(_count)]
Flag = Annotated[bool | None, BeforeValidator(_flag)]


class Shape(BaseModel):
    """A frozen value; unknown fields are ignored, empty ones count as left out."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty_fields(cls, value: Any) -> Any:
        if value == "":
            return {}
        if not isinstance(value, dict):
            return value
        return {name: field for name, field in value.items() if field is not None and field != ""}


class Named(Shape):
    """An id with a name."""

    id: Text = ""
    name: Text = ""


class Page(Shape):
    """Where a page of a list lies."""

    total: int = 0
    limit: int = 0
    offset: int = 0


class Rows(Shape):
    """A page of a list. An empty answer is an empty list; one without the list is none of ours."""

    page: Page = Page()

    @model_validator(mode="before")
    @classmethod
    def _holds_the_list(cls, value: Any) -> Any:
        fields = [name for name in cls.model_fields if name != "page"]
        if isinstance(value, dict) and value and not {*fields, "page"} & set(value):
            raise ValueError(f"{fields[0]} is missing")
        return value
