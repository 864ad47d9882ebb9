"""The settings of an emSign account, read once from the texts a person gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from certwright.cas.about import About
from certwright.cas.limits import Limit
from certwright.model.errors import Misconfigured

_MOST_PAGE = 500


@dataclass(frozen=True, slots=True)
class Settings:
    """``people`` are requestor, signer and technical contact by the names of options; ``looks`` are seconds.

    ``pace`` are the seconds between two orders, 0 for no pause.
    """

    account_number: str
    group_number: str
    organization: str
    dcv_method: str
    txt_hosts: tuple[str, ...]
    looks: tuple[float, ...]
    pace: float
    report_page: int
    accounting_model: str
    legacy_field_placement: bool
    keep_plus: bool
    people: Mapping[str, str]
    limits: tuple[Limit, ...]
    tls_roots: str

    @classmethod
    def read(cls, about: About, given: Mapping[str, str]) -> Settings:
        """Raises Misconfigured for a setting that does not exist or does not fit."""
        values = about.parse_settings(given)
        account_number = str(values.get("account_number", ""))
        if not account_number.isdecimal():
            raise Misconfigured("emSign needs the account number, ten digits.", advice="Give --set account_number=")
        page = int(str(values["report_page"]))
        if not 1 <= page <= _MOST_PAGE:
            raise Misconfigured(f"report_page must be between 1 and {_MOST_PAGE}.")
        hosts = tuple(filter(None, (host.strip() for host in str(values["txt_hosts"]).split(","))))
        if not hosts or any(host.count("{}") != 1 for host in hosts):
            raise Misconfigured("txt_hosts must be names separated by commas, each with {} for the name to be proven.")
        options = {field.name for field in about.options} - {"group_number"}
        return cls(
            account_number=account_number,
            group_number=str(values.get("group_number", "")),
            organization=str(values.get("organization", "")),
            dcv_method=str(values["dcv_method"]),
            txt_hosts=hosts,
            looks=_seconds("poll_seconds", str(values["poll_seconds"])),
            pace=_pace(str(values["seconds_between_orders"])),
            report_page=page,
            accounting_model=str(values["accounting_model"]),
            legacy_field_placement=bool(values["legacy_field_placement"]),
            keep_plus=bool(values["keep_plus"]),
            people={name: str(value) for name, value in values.items() if name in options},
            limits=(Limit(int(str(values["requests_per_minute"])), 60),),
            tls_roots=str(values.get("tls_roots", "")),
        )


def _seconds(name: str, text: str) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or any(not 0 < pause < 1e6 for pause in found):
        raise Misconfigured(f"{name} must be seconds separated by commas, such as 15,30,60,300.")
    return found


def _pace(text: str) -> float:
    try:
        pace = float(text)
    except ValueError:
        pace = -1.0
    if not 0 <= pace < 3600:
        raise Misconfigured("seconds_between_orders must be a number of seconds, 0 for no pause.")
    return pace
