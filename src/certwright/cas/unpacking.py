"""The body of an answer: unpacked in bounded steps, and cut at 4 MiB."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import httpx2

MAX_BODY = 4 * 1024 * 1024
MAX_HEADERS = 32 * 1024


class Broken(Exception):
    """The answer broke off or is not one; the text says how."""


def body_of(response: httpx2.Response) -> bytes:
    """The whole body, unpacked in bounded steps; raises Broken when it is too large or breaks off."""
    if sum(len(name) + len(value) for name, value in response.headers.raw) > MAX_HEADERS:
        raise Broken("the headers of the answer are too large")
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        return _joined(response.iter_raw())
    if encoding in ("gzip", "x-gzip"):
        return _unpacked(response.iter_raw())
    raise Broken("the answer is packed in a way that was not asked for")


def _joined(chunks: Iterable[bytes]) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MAX_BODY:
            raise Broken("the answer is larger than 4 MiB")
    return bytes(body)


def _unpacked(chunks: Iterable[bytes]) -> bytes:
    gzip = zlib.decompressobj(wbits=31)
    body = bytearray()
    try:
        for chunk in chunks:
            body += gzip.decompress(chunk, MAX_BODY + 1 - len(body))
            if len(body) > MAX_BODY:
                raise Broken("the answer unpacks to more than 4 MiB")
    except zlib.error:
        raise Broken("the packed answer is damaged") from None
    if not gzip.eof:
        raise Broken("the packed answer breaks off")
    return bytes(body)
