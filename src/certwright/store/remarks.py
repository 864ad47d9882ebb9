"""What people say of certificates: who owns them, tags, custom fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from django.db import transaction

from certwright.model.errors import Refused
from certwright.store import bulk, models

_LONGEST_OWNER = 200
_LONGEST_TAG = 100
_LONGEST_VALUE = 2000
_NOBODY = "-"  # what a query for certificates without an owner says


@dataclass(frozen=True, slots=True)
class RemarkChange:
    """What is to be said differently of certificates; raises Refused for what cannot be kept.

    ``owner`` None leaves the owner alone, "" and "-" take it away. ``fields`` are set by name, and taken away where
    the value is "". What is not named stays.
    """

    owner: str | None = None
    tag: tuple[str, ...] = ()
    untag: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check what is said."""
        _check("An owner", [self.owner or ""], _LONGEST_OWNER, empty=True)
        _check("A tag", self.tag, _LONGEST_TAG)
        _check("The name of a field", tuple(self.fields), _LONGEST_TAG)
        _check("The value of a field", tuple(self.fields.values()), _LONGEST_VALUE, empty=True)
        if both := sorted(set(self.tag) & set(self.untag)):
            raise Refused(f"The tag {both[0]!r} is to be both set and taken away.")

    @property
    def is_nothing(self) -> bool:
        """Whether it would change nothing."""
        return self == RemarkChange()


class RemarkStore:
    """Writes remarks."""

    def change(self, certificates: Iterable[int], change: RemarkChange) -> int:
        """Say it of all those (our ids); returns how many they are.

        Each batch is a transaction of its own, for a change of a million certificates must not keep orders waiting.
        Repeatable: after an interruption give the same change again.
        """
        numbers = iter(certificates)
        count = 0
        while some := list(islice(numbers, bulk.LOOKED_UP)):
            with transaction.atomic():
                self._change(some, change)
            count += len(some)
        return count

    def _change(self, numbers: Sequence[int], change: RemarkChange) -> None:
        mine = models.Certificate.objects.filter(pk__in=numbers)
        if change.owner is not None:
            owner = "" if change.owner == _NOBODY else change.owner.strip()
            mine.exclude(owner=owner).update(owner=owner)
        if change.untag:
            models.Tag.objects.filter(certificate__in=numbers, tag__in=change.untag).delete()
        if change.tag:
            tags = [models.Tag(certificate_id=number, tag=tag) for number in numbers for tag in change.tag]
            models.Tag.objects.bulk_create(tags, ignore_conflicts=True)
        if change.fields:
            rows = mine.select_for_update().order_by("pk").values_list("pk", "fields")
            changed = [(_merged(old, change.fields), pk) for pk, old in rows if _merged(old, change.fields) != old]
            bulk.update(models.Certificate, ("fields",), changed)


def _merged(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in {**old, **new}.items() if value}


def _check(what: str, texts: Sequence[str], longest: int, *, empty: bool = False) -> None:
    for text in texts:
        if not text.isprintable() or len(text) > longest or text != text.strip() or not (text or empty):
            raise Refused(
                f"{what} cannot be {text[:60]!r}.",
                advice=f"Up to {longest} printable characters on one line, no space at the ends.",
            )
