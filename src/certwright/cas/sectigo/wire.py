"""Sectigo's wire: forms out, lines or forms in. No spelling of Sectigo's leaves this file, ``api.py`` and the data.

An application error comes with HTTP 200 and a negative code. Whatever is neither lines that begin with a code nor a
form with one is a failure of the transport, never an answer (§1.4).
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

from certwright.cas.http import Answer

FORM = "application/x-www-form-urlencoded"
YES, NO = "Y", "N"
MOST_FIELDS = 200_000  # of one answer: 500 rows of a report with a hundred fields each are 50,000

_CODE_LINE = re.compile(r"\s*(-?\d{1,6})\s*(?:\r?\n|\Z)")
_ROW = re.compile(r"(\d+)_(?:(\d+)_)?([A-Za-z]\w*)\Z")
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----(.*?)-----END [A-Z0-9 ]+-----", re.DOTALL)
_NO_VALUE = frozenset({"", "none"})
_DATES = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%d-%b-%Y", "%d/%m/%Y")


@dataclass(frozen=True, slots=True)
class Form:
    """An answer: its code, message and every field by name in lower case, each with all its values."""

    code: int
    message: str
    item: str
    fields: Mapping[str, tuple[str, ...]]

    def get(self, name: str) -> str:
        """The first value of a field, empty when it is not there."""
        return self.fields.get(name.lower(), ("",))[0]

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field."""
        return self.fields.get(name.lower(), ())


@dataclass(frozen=True, slots=True)
class Row:
    """One certificate of a report: the fields of its order and its own, by name in lower case."""

    number: int
    order: Mapping[str, str]
    item: Mapping[str, str]

    def get(self, name: str) -> str:
        """The certificate's field of that name, else the order's, else empty."""
        return self.item.get(name.lower()) or self.order.get(name.lower(), "")


def encode(parameters: Mapping[str, str]) -> bytes:
    """The body of a call; everything percent-encoded, so that no ``+`` of a CSR becomes a blank (§1.2)."""
    return urlencode(parameters).encode("ascii")


def text_of(answer: Answer) -> str:
    """The body as text. Raises Unavailable (of a read) or Unknown (of a change) when it can be no API result."""
    if answer.status != 200:
        raise answer.unreadable(f"HTTP {answer.status}")
    try:
        text = answer.body.decode("utf-8")
    except UnicodeDecodeError:
        raise answer.unreadable("it is not text") from None
    if not text.strip():
        raise answer.unreadable("an empty body")
    if text.lstrip().startswith("<"):
        raise answer.unreadable("a page")
    return text


def form_of(answer: Answer) -> Form:
    """A URL-encoded answer. One in lines (a code, then a message) is read too: errors may come so.

    Raises as :func:`text_of`.
    """
    text = text_of(answer)
    if line := _CODE_LINE.match(text):
        message = text[line.end() :].strip()
        return Form(int(line[1]), message, "", {})
    try:
        pairs = parse_qsl(text.strip(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise answer.unreadable(str(error)) from None
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        known = name.strip().lower()
        fields[known] = (*fields.get(known, ()), value)
    code = (fields.get("errorcode") or fields.get("error_code") or ("",))[0].strip()
    if not re.fullmatch(r"-?\d{1,6}", code):
        raise answer.unreadable("neither a code nor a form with one")
    message = (fields.get("errormessage") or fields.get("error_message") or ("",))[0]
    detail = fields.get("errordetail", ("",))[0]
    item = fields.get("erroritem", ("",))[0]
    return Form(int(code), f"{message} {detail}".strip(), item, fields)


def lines_of(answer: Answer) -> tuple[int, list[str]]:
    """An answer in lines: its code, and the lines after it. Raises as :func:`text_of`."""
    text = text_of(answer)
    line = _CODE_LINE.match(text)
    if line is None:
        form = form_of(answer)  # an error may come as a form
        return form.code, [form.message]
    return int(line[1]), [one.rstrip("\r") for one in text[line.end() :].split("\n")]


def certificates_of(form: Form) -> tuple[bytes, ...]:
    """The certificates of a collected order as DER, the leaf first where it is told apart.

    They come as bare base64 DER, as PEM or as base64 of PEM (§6.3). Raises ValueError for anything else.
    """
    texts = (*form.all("certificate"), *form.all("caCertificate"))
    return tuple(der for text in texts if text.strip() for der in _ders(text))


def _ders(text: str) -> Iterator[bytes]:
    blocks = _PEM.findall(text)
    if blocks:
        yield from (b64decode("".join(block.split()), validate=True) for block in blocks)
        return
    content = b64decode("".join(text.split()), validate=True)
    if content.lstrip().startswith(b"-----BEGIN"):
        yield from _ders(content.decode("ascii"))
    else:
        yield content


def rows_of(form: Form) -> tuple[Row, ...]:
    """The rows of a report, however they are numbered (§11): one for each certificate of each order."""
    orders: dict[int, dict[str, str]] = {}
    items: dict[int, dict[int, dict[str, str]]] = {}
    for name, values in form.fields.items():
        found = _ROW.match(name)
        if found is None:
            continue
        number = int(found[1])
        if found[2] is None:
            orders.setdefault(number, {})[found[3]] = values[0]
        else:
            orders.setdefault(number, {})
            item = items.setdefault(number, {}).setdefault(int(found[2]), {})
            item[found[3]] = ",".join(filter(None, values))
    return tuple(
        Row(number, order, item)
        for number, order in sorted(orders.items())
        for _, item in sorted(items.get(number, {0: {}}).items())
    )


def numbered_names_of(form: Form) -> tuple[Mapping[str, str], ...]:
    """GetMDCDomainDetails: the fields ``domainname``, ``dcvmethod``, ``dcvstatus`` of each name, in order (§10)."""
    found: dict[int, dict[str, str]] = {}
    for name, values in form.fields.items():
        if match := re.fullmatch(r"(\d+)_(domainname|dcvmethod|dcvstatus)", name):
            found.setdefault(int(match[1]), {})[match[2]] = values[0].strip()
    return tuple(fields for _, fields in sorted(found.items()) if fields.get("domainname"))


def addresses_of(lines: Sequence[str]) -> tuple[str, ...]:
    """GetDCVEmailAddressList: every address once, in the CA's order; ``none`` is not one (§8)."""
    found: dict[str, None] = {}
    for line in lines:
        label, _, value = line.partition("\t")
        if label.strip().lower().replace(" ", "_").endswith("_email") and value.strip().lower() not in _NO_VALUE:
            found[value.strip().lower()] = None
    return tuple(found)


def json_addresses_of(answer: Answer) -> tuple[str, ...]:
    """The same as JSON, wherever in it the addresses stand; with contacts from DNS TXT and CAA (§8)."""
    try:
        tree = json.loads(text_of(answer))
    except ValueError:
        raise answer.unreadable("it is not JSON") from None
    return tuple(dict.fromkeys(_addresses_in(tree)))


def _addresses_in(tree: object) -> Iterator[str]:
    if isinstance(tree, dict):
        for value in tree.values():
            yield from _addresses_in(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _addresses_in(value)
    elif isinstance(tree, str) and re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", tree.strip()):
        yield tree.strip().lower()


def moment_of(text: str) -> datetime | None:
    """A time as Sectigo writes it, Unix seconds or a date, in UTC; None for none or one that cannot be read."""
    text = text.strip()
    if re.fullmatch(r"\d{1,11}", text):
        return datetime.fromtimestamp(int(text), UTC) if int(text) else None
    for pattern in _DATES:
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # a moment at the end of time may be outside it in another zone
        return None


def number_of(text: str, default: int | None = None) -> int | None:
    """A whole number, ``default`` when there is none."""
    return int(text) if re.fullmatch(r"-?\d{1,9}", text.strip()) else default
