"""JSON values as XML and back: fields are elements, `things` holds a `thing` per item, leaves are texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

DECLARATION = b'<?xml version="1.0"?>\n'
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
SINGULARS = {"certificate_chain": "certificate", "error_list": "error"}


class NotXml(ValueError):
    """The bytes are no XML document, or a dangerous one."""


def singular(name: str) -> str:
    """The element name of one item of `name`."""
    return SINGULARS.get(name) or name.removesuffix("s")


def to_xml(name: str, value: Mapping[str, Any]) -> bytes:
    """The document of an object whose root is called `name`."""
    root = Element(name)
    _fill(root, value)
    return DECLARATION + tostring(root)


def from_xml(content: bytes) -> dict[str, Any]:
    """The object in a document, whatever its root is called. Raises NotXml."""
    try:
        root = defusedxml.ElementTree.fromstring(content, forbid_dtd=True)
    except (defusedxml.ElementTree.ParseError, DefusedXmlException, ValueError) as error:
        raise NotXml(str(error)) from error
    value = _value(root)
    return value if isinstance(value, dict) else {}


def _fill(parent: Element, value: Mapping[str, Any]) -> None:
    for name, item in value.items():
        if NAME.match(name):
            _put(SubElement(parent, name), name, item)
        else:
            _put(SubElement(parent, "entry", {"name": name}), name, item)


def _put(element: Element, name: str, value: Any) -> None:
    if isinstance(value, Mapping):
        _fill(element, value)
    elif isinstance(value, list):
        for item in value:
            _put(SubElement(element, singular(name)), singular(name), item)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    else:
        element.text = str(value)


def _value(element: Element) -> Any:
    children = list(element)
    if not children:
        return (element.text or "").strip()
    item_name = singular(element.tag)
    if item_name != element.tag and all(child.tag == item_name for child in children):
        return [_value(child) for child in children]
    return {child.tag: _value(child) for child in children}
