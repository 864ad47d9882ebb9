"""Strict parsing of what a CA sends (rows 15, 39 and 40 of the reliability list)."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certwright.cas.parse import Unreadable, format_of, json_tree, xml_tree

LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><l>&b;</l>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><l>&a;</l>"""
PARAMETER = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY % a SYSTEM "http://127.0.0.1/x.dtd">%a;]><l/>"""
QUADRATIC = b"<!DOCTYPE l [<!ENTITY a '" + b"x" * 50_000 + b"'>]><l>" + b"&a;" * 50_000 + b"</l>"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}x",
        b'{"a":1,"a":2}',
        b"[NaN]",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e999]",
        b"[" + b"9" * 5000 + b"]",
        b'["\\ud800"]',
        b'{"\\udfff":1}',
        b"[" * 100_000,
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"\xff\xfe{\x00}\x00",
        b'"\xc3"',
        b"{'a':1}",
    ],
)
def test_json_that_is_not_strictly_json_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        json_tree(body)


def test_a_byte_order_mark_is_tolerated() -> None:
    assert json_tree(b'\xef\xbb\xbf{"a":[1,null,"\xc3\xa9"]}') == {"a": [1, None, "é"]}
    assert xml_tree(b"\xef\xbb\xbf<a><b>1</b></a>") == {"b": "1"}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=20,
    )
)
def test_whatever_json_writes_is_read_back(tree: object) -> None:
    import json

    assert json_tree(json.dumps(tree).encode()) == tree


@given(st.binary(max_size=300))
def test_noise_is_a_tree_or_unreadable_and_nothing_else(body: bytes) -> None:
    for read in (json_tree, xml_tree):
        with suppress(Unreadable):
            read(body)


@pytest.mark.parametrize(
    "body",
    [
        LAUGHS,
        OUTSIDE,
        PARAMETER,
        QUADRATIC,
        b"<!DOCTYPE html><html><body>Bad Gateway</body></html>",
        b"<a>" * 100_000,
        b"<a>" * 65 + b"</a>" * 65,
        b"<a><b></a>",
        b"<a/><b/>",
        b"",
        b'<?xml version="1.0" encoding="UTF-7"?><a>+ADw-b+AD4-</a>x',
        b"<a>\x00</a>",
    ],
)
def test_xml_with_a_dtd_or_broken_or_too_deep_is_refused_at_once(body: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(Unreadable):
        xml_tree(body)
    assert time.monotonic() - started < 1


def test_xinclude_is_only_an_element_like_any_other() -> None:
    body = b'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd" parse="text"/></a>'
    assert xml_tree(body) == {"{http://www.w3.org/2001/XInclude}include": ""}


def test_the_encoding_that_xml_claims_has_no_say() -> None:
    assert xml_tree('<?xml version="1.0" encoding="ISO-8859-1"?><a><b>é</b></a>'.encode()) == {"b": "é"}


def test_elements_beside_each_other_become_a_list() -> None:
    assert xml_tree(b"<l><r><i>1</i><i>2</i><i>3</i></r><n>x</n></l>") == {
        "r": {"i": ["1", "2", "3"]},
        "n": "x",
    }


@pytest.mark.parametrize(
    ("media_type", "body", "expected"),
    [
        ("application/json", b"<a/>", "json"),
        ("application/problem+json", b"", "json"),
        ("text/xml", b"{}", "xml"),
        ("", b" {", "json"),
        ("text/plain", b"\xef\xbb\xbf[1]", "json"),
        ("application/octet-stream", b"<?xml", "xml"),
        ("text/html", b"<html>", ""),
        ("text/plain", b"hello", ""),
        ("", b"", ""),
    ],
)
def test_the_content_type_decides_and_else_the_first_byte(media_type: str, body: bytes, expected: str) -> None:
    assert format_of(media_type, body) == expected
