"""``docs/reference/tokens.md``, made from the token profile's own docstrings."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import MISSING, fields

from certwright.keys.pkcs11 import profile
from certwright.keys.pkcs11.profile import TokenProfile
from tests.docs.markdown import MADE, code, table

_HEAD = f"""# Tokens

{MADE}
A token has a *profile*: `tokens/NAME.toml` in [the state folder](settings.md#the-state-folder), written by
[`certwright token add`](cli.md#certwright-token-add) and yours to edit. `NAME` is what `--key pkcs11:NAME:SPEC` means.
Without a profile, `NAME` is the token's label, at the library that `CERTWRIGHT_PKCS11_MODULE` names.

```toml
module = "/usr/lib/softhsm/libsofthsm2.so"
label = "web-tls"
pin_file = "/etc/certwright/web-tls.pin"
```

## Fields

The defaults suit most tokens.

"""

_TAIL = """
A *template* changes the attributes that are sent when an object is made. `…_add` maps an attribute's name without
`CKA_`, or its number, to a value; `…_omit` lists names that are not sent:

```toml
private_template_add = { "VERIFY" = false, "0x80000101" = 1 }
private_template_omit = ["LABEL"]
```

## What a key must be

Made in the token, and by the token's own word `CKA_SENSITIVE`, `CKA_ALWAYS_SENSITIVE` and `CKA_NEVER_EXTRACTABLE` true
and `CKA_EXTRACTABLE` false. A key of which the token says otherwise is refused. What a token keeps silent about is no
reason to refuse; `token check` shows what it says. That is the token's word and no attestation.

Objects are told by `CKA_ID`, which is chosen anew for each key and committed before the key is made, never by label or
slot. Changed keys never share an id, so a reader that selects by id always finds a pair that fits.
"""

# What the class's own docstring says of these, or what is read beside the profile.
_SAID_ELSEWHERE = {
    "label": "The token's label. Label, serial or both must match exactly one token.",
    "serial": "Its serial number.",
    "public_template_add": "Added to what is sent for a public key.",
    "public_template_omit": "Left out of it.",
    "private_template_add": "Added to what is sent for a private key.",
    "private_template_omit": "Left out of it.",
    "certificate_template_add": "Added to what is sent for a certificate.",
    "certificate_template_omit": "Left out of it.",
}


def page() -> str:
    """The whole page."""
    said = dict(_docstrings())
    rows = [
        (
            code(item.name),
            _default(item.default, item.default_factory),
            said.get(item.name) or _SAID_ELSEWHERE[item.name],
        )
        for item in fields(TokenProfile)
    ]
    sources = "[other sources](../howto/order-from-a-token.md#introduce-the-token)"
    pin = f"File with the user PIN, mode 0600 or 0400. Else {sources}."
    pad = "`true` where the PIN is typed at the token itself (protected authentication path)."
    return (
        _HEAD
        + table(("field", "default", ""), [*rows, (code("pin_file"), "", pin), (code("pin_pad"), code("false"), pad)])
        + _TAIL
    )


def _docstrings() -> Iterator[tuple[str, str]]:
    """The string under each field."""
    (found,) = (
        node
        for node in ast.parse(inspect.getsource(profile)).body
        if isinstance(node, ast.ClassDef) and node.name == "TokenProfile"
    )
    for line, following in zip(found.body, found.body[1:], strict=False):
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and isinstance(following, ast.Expr):
            value = following.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield line.target.id, value.value.replace("``", "`")


def _default(value: object, factory: object) -> str:
    if value is MISSING:
        return "required" if factory is MISSING else ""
    if value in ("", (), None):
        return ""
    return code(str(value).lower() if isinstance(value, bool) else str(value))
