"""``docs/reference/targets.md``, made from the kinds' ``about.toml`` and what the CLI prints."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable

from certwright.doors.cli import shapes
from certwright.model.fields import Field
from certwright.targets.dcv.kinds import Kind, kinds
from tests.docs.markdown import MADE, code, table

_HEAD = f"""# Targets

{MADE}
A target is a system where Certwright publishes DCV proofs itself:
[Have proofs published](../howto/publish-proofs.md).

    certwright target add NAME --kind KIND --domain DOMAIN … --set FIELD=VALUE … --secret FIELD=@FILE …

It serves each DOMAIN and the names below it. Of several targets that can publish a proof, the one with the longest
domain does; a disabled one is left out. A proof that is to stand outside of a target's domains is not published there.

| Kind | | Serves |
|---|---|---|
"""

_TAIL = """
## What is kept of a proof

A row is committed before anything is published, and marked when it stands and when it is gone. So what a killed process
may have left is known, published again without harm, and taken away when the order has ended: at once, and if that
fails, by a worker or server every five minutes. A value that two orders need stays until both have ended. Where only
one value can stand (a CNAME, a file), an order waits while another one that goes on needs the place.

Directories that are empty once a file is gone are removed if they belong to Certwright's user and have mode 0755, as it
makes them; the folder itself stays.

## How a look is made

A record is asked for at every server of `resolver`, which all must have it; without `resolver` at the server that is
updated, or (`lexicon`) at every server of the zone. A file is fetched from the name itself, at its address or at those
that `resolver` tells, within 5 s and 64 KiB: it is seen when the answer is 200 with the same words, in whatever case
and white space.

No redirect is followed and no proxy used. Over TLS the server's certificate must be valid for the name:
where it is not, the proof counts as not seen, though a CA may accept it.

## JSON

`target list --json`, and what `add`, `change`, `enable`, `disable` and `remove` print with `--json`:
"""


def page() -> str:
    """The whole page."""
    return "".join(
        (
            _HEAD,
            *(_line(kind) for kind in kinds().values()),
            *(_section(kind) for kind in kinds().values()),
            _TAIL,
            _keys("target_json"),
            "\n`target show --json` has `challenges` beside them, a list of:\n",
            _keys("challenge_json"),
        )
    )


def _line(kind: Kind) -> str:
    return f"| [{kind.name}](#{kind.name}) | {kind.title} | {', '.join(map(code, sorted(kind.serves)))} |\n"


def _section(kind: Kind) -> str:
    secrets = f"\nSecrets, given with `--secret FIELD=@FILE`:\n\n{_fields(kind.secrets)}" if kind.secrets else ""
    return f"\n## {kind.name}\n\n{kind.about}\n\n{_fields(kind.settings)}{secrets}"


def _fields(fields: Iterable[Field]) -> str:
    return table(("field", "value", "default", ""), map(_field, fields))


def _field(field: Field) -> tuple[str, str, str, str]:
    value = ", ".join(map(code, field.choices)) or field.type
    return code(field.name), value, "required" if field.required else code(field.default), field.help


def _keys(function: str) -> str:
    """The keys of the object that a function of the command group returns."""
    tree = ast.parse(inspect.getsource(getattr(shapes, function)))
    (returned,) = (node.value for node in ast.walk(tree) if isinstance(node, ast.Return))
    assert isinstance(returned, ast.Dict)
    keys = [str(key.value) for key in returned.keys if isinstance(key, ast.Constant)]
    return f"\n{', '.join(map(code, keys))}.\n"
