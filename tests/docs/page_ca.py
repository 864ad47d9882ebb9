"""``docs/reference/CA.md`` of every CA, made from its ``about.toml`` and its adapter.

What only one CA has stands in a module of its own beside this one (``ca_digicert``, ``ca_emsign``, ``ca_sectigo``).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from certwright.cas.about import About
from certwright.model import ports
from certwright.model.fields import Field
from tests.docs.markdown import MADE, code, prose, table

_NO_CALLS = ("settle_time", "looks", "check", "close")


@dataclass(frozen=True)
class CAPage:
    """What the page of one CA says beside what its ``about.toml`` does.

    ``before`` follows the addresses; ``costs`` stands above the calls of each method; ``after`` makes the sections
    between these and the links.
    """

    name: str
    adapter: type
    before: str
    costs: str
    after: Callable[[], str]

    @property
    def about(self) -> About:
        """The CA's description of itself."""
        return About.load(self.name)

    def text(self) -> str:
        """The whole page."""
        about = self.about
        return "".join(
            (
                _head(about),
                self.before,
                "\n## Secrets of a CA account\n\nGiven with `account add --secret FIELD=@FILE`.\n\n",
                _fields(about.secrets),
                "\n## Settings of a CA account\n\nGiven with `account add --set FIELD=VALUE`; `VALUE` may be `@FILE`.",
                " Beside them, [every CA account](settings.md#settings-of-every-ca-account) has a few of ours.\n\n",
                _fields(about.settings),
                "\n## Options of an order\n\nGiven with `--set FIELD=VALUE` of `order place` and the commands of",
                " `cert` that order. What has an option of its own (names, organization, term …) is not here.\n\n",
                _fields(about.options),
                "\n## Abilities\n\n" + _abilities(about),
                "\n## What each operation costs\n\n" + self.costs + "\n\n" + self._calls(),
                self.after(),
                "\n## Links\n\n" + "".join(f"- [{link.title}]({link.url})\n" for link in about.links),
            )
        )

    def _calls(self) -> str:
        wanted = [
            name
            for port in ("CertificateAuthority", *self.about.abilities)
            for name, member in vars(getattr(ports, port)).items()
            if inspect.isfunction(member) and not name.startswith("_") and name not in _NO_CALLS
        ]
        rows = [(code(name), prose(getattr(self.adapter, name).__doc__)) for name in dict.fromkeys(wanted)]
        return table(("method", "calls"), rows)


def _head(about: About) -> str:
    secrets = " ".join(f"--secret {field.name}=@FILE" for field in about.secrets if field.required)
    urls = "".join(f"- `{url}` ({name.upper() if len(name) == 2 else name})\n" for name, url in about.urls.items())
    return f"""# {about.title}

{MADE}
`certwright account add NAME --ca {about.name} {secrets} …`

The API's base URL is `{about.url}` unless `--url` says otherwise:

{urls}
"""


def _fields(fields: Iterable[Field]) -> str:
    return table(("field", "value", "default", ""), map(_field, fields))


def _field(field: Field) -> tuple[str, str, str, str]:
    value = ", ".join(map(code, field.choices)) or {"json": "a list in JSON", "pem": "PEM"}.get(field.type, field.type)
    return code(field.name), value, "required" if field.required else code(field.default), field.help


def _abilities(about: About) -> str:
    rows = [(code(name), prose(getattr(ports, name).__doc__)) for name in about.abilities]
    return table(("port", ""), rows)
