"""``docs/reference/findings.md``, made from the tables of rules and from ``rules.toml``."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from importlib import resources
from typing import Any

from certwright.policy import findings, rules
from certwright.policy.faults import dates, issuance, keys, naming, places
from certwright.policy.findings import Rule
from tests.docs.markdown import MADE, code, prose, table

_HEAD = f"""# Findings

{MADE}
What the rules say of certificates in the inventory: [when, and what they do not see](../explanation/findings.md).

    certwright cert findings [CERTIFICATE]
    certwright cert list --finding RULE
    certwright cert authorities [--used]
    certwright cert judge [--slow] [--wait [SECONDS]]

An **error**: clients refuse it, or somebody else may use it. A **warning**: they will, some do, or the CA must revoke
it. A **notice**: worth knowing.
"""

_SECTIONS: Sequence[tuple[str, Sequence[Rule]]] = (
    ("Every certificate", findings.ANY),
    ("Certificates of CAs that leaf certificates in force hang on", findings.AUTHORITIES),
    ("Certificates that are no CA's", findings.LEAVES),
    ("Those of them that were issued under a root that browsers trust", findings.PUBLIC_LEAVES),
    ("Where a certificate is served", findings.SERVED),
    ("Rules that take long, asked once of each certificate", findings.KEYS),
)

_LINTER = """
## The linter

With `certwright[lint]` installed, pkilint looks at each certificate once. Each error that it finds is a finding
`lint:CODE` with pkilint's own code: a warning for a public certificate, and a notice where only RFC 5280 binds, or
where the certificate is older than the profiles of the Baseline Requirements. What pkilint merely advises is left out.

## Dates

The rules of the day on which a certificate was issued count. The first value of each also holds before its date.
"""

_DISTRUST = """
CAs that browsers distrust, for certificates issued later than this:

"""


def page() -> str:
    """The whole page."""
    return "".join((_HEAD, *(_section(*one) for one in _SECTIONS), _LINTER, "\n", _dates(), _DISTRUST, _distrusted()))


def _section(title: str, every: Iterable[Rule]) -> str:
    return f"\n## {title}\n\n" + table(("rule", "severity", "what it finds", "advice", "source"), map(_line, every))


def _line(rule: Rule) -> tuple[str, str, str, str, str]:
    what = prose(rule.check.__doc__).removeprefix("Public: ")
    prefix = findings.AUTHORITY if rule in findings.AUTHORITIES else ""
    return code(prefix + rule.check.__name__), rule.severity, what[0].upper() + what[1:], rule.advice, rule.source


def _dates() -> str:
    return table(
        ("of rules.toml", "from", "source"), ((code(name), _steps(name), rules.source_of(name)) for name in _used())
    )


def _used() -> list[str]:
    """The names of the dated values that some rule asks for."""
    texts = "".join(inspect.getsource(module) for module in (dates, issuance, keys, naming, places, findings))
    return [one.name for one in fields(rules.Rules) if re.search(rf"\b{one.name}\b", texts)]


def _steps(name: str) -> str:
    return ", ".join(f"{step['from']}: {_plain(step['value'])}" for step in _file()[name]["steps"])


def _plain(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _distrusted() -> str:
    lines = (("; ".join(sorted(one.organizations)), f"{one.after:%Y-%m-%d}", one.source) for one in rules.distrusted())
    return table(("organizations", "after", "source"), lines)


def _file() -> Mapping[str, Any]:
    return tomllib.loads(resources.files("certwright.policy").joinpath("rules.toml").read_text("utf-8"))
