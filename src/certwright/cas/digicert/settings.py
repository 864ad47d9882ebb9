"""The settings of a DigiCert account, read once from the texts a person gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from certwright.cas.about import About
from certwright.cas.digicert.bodies import Defaults
from certwright.cas.digicert.caller import PAGE_SIZE
from certwright.cas.limits import Limit
from certwright.model.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class Settings:
    """``organization`` is an id or a name; ``body_format`` is json or xml."""

    organization: str
    body_format: str
    report_page: int
    defaults: Defaults
    limits: tuple[Limit, ...]

    @classmethod
    def read(cls, about: About, given: Mapping[str, str]) -> Settings:
        """Raises Misconfigured for a setting that does not exist or does not fit."""
        values = about.parse_settings(given)
        container = values.get("container")
        page = int(str(values["report_page"]))
        if not 1 <= page <= PAGE_SIZE:
            raise Misconfigured(f"report_page must be between 1 and {PAGE_SIZE}.")
        return cls(
            organization=str(values.get("organization", "")),
            body_format=str(values["format"]),
            report_page=page,
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
