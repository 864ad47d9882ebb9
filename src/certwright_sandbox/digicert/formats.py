"""JSON, XML or CSV: what a call's headers ask for, how its body is read and its answer written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from certwright_sandbox.digicert.call import File, Reply
from certwright_sandbox.digicert.errors import Refusal, bad_request
from certwright_sandbox.digicert.fields import Fields
from certwright_sandbox.digicert.lists import csv_of
from certwright_sandbox.digicert.xml import NotXml, from_xml, to_xml
from certwright_sandbox.http import JSON, Request, Response

XML, CSV = "application/xml", "text/csv"
XML_TYPES = (XML, "text/xml")
ANY_TYPES = ("*/*", "application/*", JSON, *XML_TYPES, CSV)
CSV_LISTS = ("orders", "requests", "users")
PRIVATE = {"Cache-Control": "private,no-cache"}


def media_type(header: str) -> str:
    """A media type without its parameters, lower case."""
    return header.partition(";")[0].strip().lower()


def wants_xml(request: Request) -> bool:
    """The request's Content-Type decides (digicert.md §1.3); without one, what Accept names first."""
    content_type = media_type(request.header("content-type"))
    if content_type:
        return content_type in XML_TYPES
    return media_type(request.header("accept").partition(",")[0]) in XML_TYPES


def check_accept(request: Request, served: str = "") -> None:
    """Raise Refusal 406 for an Accept that names nothing this endpoint can answer."""
    accepted = [media_type(part) for part in request.header("accept").split(",") if part.strip()]
    if accepted and not any(kind in ANY_TYPES or kind == served for kind in accepted):
        raise Refusal(406, "not_acceptable", "None of the accepted types can be answered.")


def read_body(request: Request, *, xml: bool) -> Fields:
    """The request's body. Raises Refusal 400 for one that is no JSON or XML object."""
    if not request.body.strip():
        return Fields({})
    broken = bad_request("bad_request_format", "The request body cannot be read.")
    is_xml = media_type(request.header("content-type")) in XML_TYPES
    try:
        if is_xml and not xml:
            raise broken
        value: Any = from_xml(request.body) if is_xml else json.loads(request.body)
    except (NotXml, ValueError, RecursionError):
        raise broken from None
    if not isinstance(value, dict):
        raise broken
    return Fields(value)


def write(reply: Reply | File, request: Request, *, xml: bool) -> Response:
    """The reply in the format that the request asks for. Raises Refusal 406."""
    if isinstance(reply, File):
        check_accept(request, reply.content_type)
        disposition = {"Content-Disposition": f'attachment; filename="{reply.file_name}"', **PRIVATE}
        return Response(200, reply.content, reply.content_type, disposition)
    if reply.body is None:
        return Response(reply.status)
    check_accept(request)
    rows = next((reply.body[name] for name in CSV_LISTS if name in reply.body), None)
    if rows is not None and media_type(request.header("accept")) == CSV:
        return Response(reply.status, csv_of(rows), CSV, PRIVATE)
    if xml and wants_xml(request):
        return Response(reply.status, to_xml(reply.name or "response", reply.body), XML, PRIVATE)
    return Response(reply.status, json.dumps(reply.body).encode(), JSON, PRIVATE)


def write_refusal(refusal: Refusal, request: Request, *, xml: bool = True) -> Response:
    """The error list of a refusal."""
    refusal.with_traceback(None)  # many are constants, which would gather the frames of every time they were raised
    errors: Mapping[str, Any] = {"errors": [{"code": refusal.code, "message": refusal.message}]}
    if xml and wants_xml(request):
        return Response(refusal.status, to_xml("error_list", errors), XML, PRIVATE)
    return Response(refusal.status, json.dumps(errors).encode(), JSON, PRIVATE)
