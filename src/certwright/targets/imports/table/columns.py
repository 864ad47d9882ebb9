"""What the columns of a CSV file mean: what somebody said, and beyond that headings that can mean one thing only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from certwright.model.errors import Misconfigured
from certwright.targets.imports.texts import line

MEANINGS = {
    "certificate": "the certificate as PEM or Base64",
    "sha256": "its SHA-256 fingerprint",
    "serial": "its serial number in hex",
    "serial_hex": "the same, where it may look like a decimal number",
    "serial_decimal": "its serial number in decimal",
    "issuer": "the issuer's name, or its common name",
    "owner": "who answers for it",
    "tags": "words, with commas or semicolons between",
    "known_since": "when the tool first had it",
    "replaces": "the SHA-256 fingerprint of the one before it",
}
FIELD = "field."
_SERIALS = ("serial", "serial_hex", "serial_decimal")
_GUESSES = {  # headings without case, spaces and punctuation, which say the same in whatever tool wrote them
    "certificate": ("pem", "certificatepem", "pemcertificate", "pemencoded", "peminfo", "x509certificate"),
    "sha256": ("sha256", "sha256fingerprint", "fingerprintsha256", "sha256thumbprint", "thumbprintsha256"),
    "serial": ("serial", "serialnumber", "certificateserialnumber"),
    "issuer": ("issuer", "issuerdn", "issuername", "issuerdistinguishedname"),
    "owner": ("owner", "certificateowner", "owneremail"),
    "tags": ("tags",),
    "known_since": ("dateadded", "addedon", "importdate", "importedon", "createdon", "datecreated"),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """The position of the column for each meaning, and for each custom field; ``width`` is how many there are."""

    width: int
    meanings: Mapping[str, int]
    fields: Mapping[str, int] = field(default_factory=dict)


def mapping(pairs: Iterable[str]) -> dict[str, str]:
    """A column map from texts like ``owner=Certificate Owner`` and ``field.cost_centre=Cost Centre``.

    Raises Misconfigured for a text of another form, a meaning that there is not, and one that is given twice.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        meaning, equals, heading = pair.partition("=")
        meaning, heading = meaning.strip(), heading.strip()
        if not equals or not heading:
            raise Misconfigured(f"{line(pair)!r} is no pair of a meaning and a heading.", advice='Say owner="Heading".')
        if meaning in found:
            raise Misconfigured(f"Two columns are given for {meaning}.")
        found[meaning] = heading
    _check(found)
    return found


def find_columns(headings: Sequence[str], told: Mapping[str, str], *, others: bool = False) -> Columns:
    """Where each meaning is, by what was ``told`` (meaning to heading) and else by the headings themselves.

    With ``others``, each further column is a custom field of its heading's name. Raises Misconfigured when a heading
    is missing or there twice, and when no column says which certificate a row is about.
    """
    _check(told)
    meanings = {meaning: _position(headings, heading) for meaning, heading in told.items()}
    for meaning, position in _guessed(headings, meanings.values()).items():
        if meaning not in meanings and not (meaning == "serial" and meanings.keys() & set(_SERIALS)):
            meanings[meaning] = position
    if not meanings.keys() & {"certificate", "sha256"} and not (
        "issuer" in meanings and meanings.keys() & set(_SERIALS)
    ):
        raise Misconfigured(
            "No column says which certificate a row is about: neither the certificate, nor its SHA-256 fingerprint, "
            f"nor serial number and issuer. The headings are: {_list(headings)}.",
            advice='Say which it is, for instance with certificate="Heading".',
        )
    fields = {meaning.removeprefix(FIELD): at for meaning, at in meanings.items() if meaning.startswith(FIELD)}
    if others:
        used = set(meanings.values())
        for position, heading in enumerate(headings):
            if position not in used and heading.strip():
                fields.setdefault(line(heading), position)
    return Columns(len(headings), {key: at for key, at in meanings.items() if not key.startswith(FIELD)}, fields)


def _check(told: Mapping[str, str]) -> None:
    for meaning in told:
        if meaning not in MEANINGS and not (meaning.startswith(FIELD) and meaning.removeprefix(FIELD).strip()):
            raise Misconfigured(
                f"There is no meaning {line(meaning)!r}.",
                advice=f"There are: {', '.join(MEANINGS)}, and field.NAME for a field of your own.",
            )


def _position(headings: Sequence[str], wanted: str) -> int:
    """Where that heading is, in any case and with any space around it."""
    found = [at for at, heading in enumerate(headings) if heading.strip().casefold() == wanted.strip().casefold()]
    if len(found) != 1:
        times = "twice" if found else "not"
        raise Misconfigured(f"The heading {line(wanted)!r} is {times} there. The headings are: {_list(headings)}.")
    return found[0]


def _guessed(headings: Sequence[str], taken: Iterable[int]) -> dict[str, int]:
    """The meanings that exactly one free column's heading has."""
    free = set(range(len(headings))) - set(taken)
    plain = {at: re.sub(r"[^a-z0-9]", "", headings[at].casefold()) for at in free}
    found = {meaning: [at for at in sorted(free) if plain[at] in known] for meaning, known in _GUESSES.items()}
    return {meaning: places[0] for meaning, places in found.items() if len(places) == 1}


def _list(headings: Sequence[str]) -> str:
    return ", ".join(line(heading, 60) for heading in headings[:40])
