"""The settings of a DigiCert account, read once from the texts a person gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from certwright.cas.about import About
from certwright.cas.digicert.bodies import Defaults
from certwright.cas.limits import Limit


@dataclass(frozen=True, slots=True)
class Settings:
    """``organization`` is an id or a name; ``body_format`` is json or xml."""

    organization: str
    body_format: str
    defaults: Defaults
    limits: tuple[Limit, ...]

    @classmethod
    def read(cls, about: About, given: Mapping[str, str]) -> Settings:
        """Raises Misconfigured for a setting that does not exist or does not fit."""
        values = about.parse_settings(given)
        container = values.get("container")
        return cls(
            organization=str(values.get("organization", "")),
            body_format=str(values["format"]),
            defaults=Defaults(
                skip_approval=bool(values["skip_approval"]),
                dcv_method=str(values["dcv_method"]),
                payment_method=str(values.get("payment_method", "")),
                container=container if isinstance(container, int) else None,
            ),
            limits=(
                Limit(int(str(values["requests_per_5_seconds"])), 5),
                Limit(int(str(values["requests_per_3_minutes"])), 180),
            ),
        )
