"""Bodies in XML, for accounts set to it: the object's own name as root, one child per item of a list."""

from __future__ import annotations

import re
from typing import Any
from xml.sax.saxutils import escape

from certwright.model.errors import Refused

_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 §2.2


def to_xml(root: str, tree: dict[str, Any]) -> bytes:
    """The tree as an XML document in UTF-8. Raises Refused for characters that XML cannot carry."""
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + _element(root, tree).encode()


def _element(name: str, value: Any) -> str:
    return f"<{name}>{_content(name, value)}</{name}>"


def _content(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return "".join(_element(key, item) for key, item in value.items() if item is not None)
    if isinstance(value, list | tuple):
        singular = name.removesuffix("s") if name.endswith("s") else "item"
        return "".join(_element(singular, item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if _FORBIDDEN.search(text):
        raise Refused(f"{name} holds a character that cannot be sent as XML.", advice="Remove it.")
    return escape(text)
