"""``docs/reference/digicert.md``, made from DigiCert's ``about.toml`` and its adapter."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from certwright.cas.about import About
from certwright.cas.digicert import DigiCert, wire
from certwright.model import ports
from certwright.model.fields import Field
from tests.docs.markdown import MADE, code, prose, table

ABOUT = About.load("digicert")
_PROPERTIES = ("settle_time", "looks")


def page() -> str:
    """The whole page."""
    return "".join(
        (
            _head(),
            "\n## Secrets of a CA account\n\nGiven with `account add --secret FIELD=@FILE`.\n\n",
            _fields(ABOUT.secrets),
            "\n## Settings of a CA account\n\nGiven with `account add --set FIELD=VALUE`; `VALUE` may be `@FILE`.",
            " Beside them, [every CA account](settings.md#settings-of-every-ca-account) has a few of ours.\n\n",
            _fields(ABOUT.settings),
            "\n## Options of an order\n\nGiven with `--set FIELD=VALUE` of `order place`, `cert reissue` and",
            " `cert duplicate`. What has an option of its own (names, organization, term …) is not here.\n\n",
            _fields(ABOUT.options),
            "\n## Abilities\n\n" + _abilities(),
            "\n## What each operation costs\n\n" + _calls(),
            "\n## States\n\n" + _states(),
            "\n## Links\n\n" + "".join(f"- [{link.title}]({link.url})\n" for link in ABOUT.links),
        )
    )


def _head() -> str:
    urls = "".join(f"- `{url}` ({name.upper()})\n" for name, url in ABOUT.urls.items())
    return f"""# {ABOUT.title}

{MADE}
`certwright account add NAME --ca {ABOUT.name} --secret api_key=@FILE …`

The API's base URL is `{ABOUT.url}` unless `--url` says otherwise. It must end in `services/v2`, and a key works only at
the instance that gave it:

{urls}
A key that is restricted to reading belongs into an account with `--read-only`: then nothing but GET leaves Certwright.
"""


def _fields(fields: Iterable[Field]) -> str:
    return table(("field", "value", "default", ""), map(_field, fields))


def _field(field: Field) -> tuple[str, str, str, str]:
    value = ", ".join(map(code, field.choices)) or {"json": "a list in JSON", "pem": "PEM"}.get(field.type, field.type)
    return code(field.name), value, "required" if field.required else code(field.default), field.help


def _abilities() -> str:
    rows = [(code(name), prose(getattr(ports, name).__doc__)) for name in ABOUT.abilities]
    return table(("port", ""), rows)


def _calls() -> str:
    wanted = [
        name
        for port in ("CertificateAuthority", *ABOUT.abilities)
        for name, member in vars(getattr(ports, port)).items()
        if inspect.isfunction(member) and not name.startswith("_") and name not in (*_PROPERTIES, "check", "close")
    ]
    rows = [(code(name), prose(getattr(DigiCert, name).__doc__)) for name in dict.fromkeys(wanted)]
    return (
        "Counted in calls of the API, by method of `certwright.cas.digicert.DigiCert`. An order whose names and "
        "organization are prevalidated costs one call in all: `place` brings the certificate.\n\n"
        + table(("method", "calls"), rows)
    )


def _states() -> str:
    waiting = [(code(word), code("pending"), code(ours)) for word, ours in wire._WAITING.items()]
    open_ones = [
        (code(word), code("pending"), "`domain_control`, `organization` or `processing`, as its validation tells")
        for word in sorted(wire._UNFINISHED)
    ]
    ended = [(code(word), code(ours), "") for word, ours in wire._ENDED.items()]
    rows = [*waiting, *open_ones, (code(wire.ISSUED), code("issued"), "once the certificate is verified"), *ended]
    rows.append(("any other", code("pending"), "`processing`, and a warning in the log"))
    return "DigiCert's status of an order, and ours.\n\n" + table(("DigiCert", "state", "waiting_for"), rows)
