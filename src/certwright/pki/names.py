"""Names as certificates carry them: DNS names, wildcards and IP addresses, in one canonical spelling.

A name is a ``str``: a DNS name in lower-case A-labels without the trailing dot, ``*.`` in front for a
wildcard, or an IP address in its canonical text. :func:`normalise` is the only way in for text that a person
or CA typed; everything else here expects names that went through it. This module loads nothing but ``idna``.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

import idna

from certwright.pki.errors import Invalid
from certwright.pki.suffixes import is_internal, is_public_suffix, registrable_domain, reverse_zone

__all__ = [
    "MAXIMUM_LENGTH",
    "Display",
    "covers",
    "display",
    "is_internal",
    "is_ip",
    "is_public_suffix",
    "is_wildcard",
    "missing_and_extra",
    "normalise",
    "normalise_found",
    "parent_domains",
    "registrable_domain",
    "reverse_zone",
    "same_names",
    "www_variants",
]

MAXIMUM_LENGTH = 253  # characters of a DNS name in text form, without the trailing dot (RFC 1035 §2.3.4)
_MAXIMUM_TYPED = 1024  # what we are willing to look at before IDN mapping, which may shorten a name

# A label of a name found in DNS: LDH plus underscore, 63 octets (RFC 1034 §3.5, RFC 5890 §2.3.1). Underscores
# are well-formed in DNS and refused for public certificates by policy, where the reason can be told.
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_PLAIN_NAME = re.compile(rf"(?:\*\.)?(?:{_LABEL}\.)*{_LABEL}", re.ASCII)
_USUAL_NAME = re.compile(rf"(?:\*\.)?(?:{_LABEL}\.)+[a-z]{{2,63}}", re.ASCII)
_PLAIN_LABEL = re.compile(_LABEL, re.ASCII)
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)
_NOT_PLAIN = re.compile(r"[^*.A-Za-z0-9_-]")
_JOINERS = "\u200c\u200d"  # format characters that IDNA2008 allows in the right context (RFC 5892 appendix A)


class Display(NamedTuple):
    """A name for people's eyes, and whether to warn them.

    ``text`` is the name in U-labels. ``mixed_scripts`` is True when one label mixes scripts that no writing
    system mixes, the usual sign of a look-alike name (UTS #39 §5.2, "highly restrictive").
    """

    text: str
    mixed_scripts: bool


def normalise(name: str) -> str:
    """The canonical spelling of a DNS name, wildcard or IP address that somebody typed.

    Surrounding space and one trailing dot are dropped, letters become lower-case, internationalised labels
    become A-labels (UTS #46, IDNA2008), IPv6 addresses take the form of RFC 5952. Idempotent.

    Raises Invalid for what is no such name: empty, over-long, with spaces, control or bidirectional
    characters, a URL, an e-mail address, a port, a number that only resembles an IP address, a wildcard
    anywhere but in front.
    """
    text = name.strip()
    if not text:
        raise Invalid("The name is empty.")
    if len(text) > _MAXIMUM_TYPED:
        raise Invalid(f"The name is {len(text)} characters long; DNS allows {MAXIMUM_LENGTH}.")
    address = _address(text)
    if address is not None:
        return address
    _refuse_what_is_no_name(text)
    mapped = _to_ascii(text)
    address = _address(mapped)  # full-width digits turn into an address only now
    if address is not None:
        return address
    _check_dns_name(mapped)
    return mapped


def normalise_found(name: str, *, as_dns_name: bool = True) -> str:
    """The spelling of a name found inside somebody's certificate: never raises, never loses a difference.

    A dNSName that is well-formed gets its lower-case spelling, an iPAddress (``as_dns_name`` False) its
    canonical one. Anything else, a trailing dot included, stays as it is with unprintable characters escaped,
    so it compares unequal to every name that can be ordered. An IP address in a dNSName becomes
    ``dns:192.0.2.1``: it is not the iPAddress 192.0.2.1 (BR 7.1.2.7.12).
    """
    if as_dns_name and _is_usual(name):
        return name
    try:
        found = normalise(name)
    except Invalid:
        return _inert(name)
    if not as_dns_name:
        return found
    if is_ip(found):
        return f"dns:{_inert(name)}"
    return found if found == name.lower() else _inert(name)


def _is_usual(name: str) -> bool:
    """Whether it is the canonical spelling of a DNS name as nearly all are: told at a glance."""
    return len(name) <= MAXIMUM_LENGTH and _USUAL_NAME.fullmatch(name) is not None and "xn--" not in name


def is_wildcard(name: str) -> bool:
    """Whether the normalised name is a wildcard such as ``*.meadow.example``."""
    return name.startswith("*.")


def is_ip(name: str) -> bool:
    """Whether the normalised name is an IPv4 or IPv6 address."""
    return _address(name) is not None


def display(name: str) -> Display:
    """The normalised name in U-labels, with a flag for labels that mix scripts. Never raises."""
    if "xn--" not in name:
        return Display(name, mixed_scripts=False)
    labels = [_to_unicode(label) for label in name.split(".")]
    return Display(".".join(labels), mixed_scripts=any(_mixes_scripts(label) for label in labels))


def covers(pattern: str, name: str) -> bool:
    """Whether a certificate that carries ``pattern`` may be used for ``name``; both normalised.

    The wildcard stands for exactly one whole left-most label and never for an IP address (RFC 9525 §6.3).
    """
    if pattern == name:
        return True
    if not is_wildcard(pattern) or is_wildcard(name) or is_ip(name):
        return False
    label, dot, rest = name.partition(".")
    return bool(label and dot) and rest == pattern[2:]


def parent_domains(name: str) -> tuple[str, ...]:
    """The domains above a normalised name, nearest first, down to its registrable domain.

    Proof of control over any of them is proof for the name (BR 3.2.2.4, "Authorization Domain Name"). The
    name itself is not among them; the base of a wildcard is. Empty for an IP address and for a registrable
    domain.
    """
    if is_ip(name):
        return ()
    base = name.removeprefix("*.")
    parents = [base] if is_wildcard(name) else []
    registrable = registrable_domain(base)
    while registrable is not None and base != registrable:
        base = base.partition(".")[2]
        parents.append(base)
    return tuple(parents)


def www_variants(name: str) -> frozenset[str]:
    """The names a CA may add beside a normalised one: its ``www`` sibling, or the base of a ``www`` or
    wildcard.
    """
    if is_ip(name):
        return frozenset()
    if is_wildcard(name):
        return frozenset({name[2:]})
    if name.startswith("www.") and name.count(".") > 1:
        return frozenset({name[4:]})
    return frozenset({f"www.{name}"})


def same_names(a: Iterable[str], b: Iterable[str]) -> bool:
    """Whether two lists hold the same names, whatever their order, spelling and repetitions."""
    missing, extra = missing_and_extra(a, b)
    return not missing and not extra


def missing_and_extra(wanted: Iterable[str], got: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """(wanted but not there, there but not wanted), compared by canonical spelling."""
    wanted_set = frozenset(_comparable(name) for name in wanted)
    got_set = frozenset(_comparable(name) for name in got)
    return wanted_set - got_set, got_set - wanted_set


def _inert(name: str) -> str:
    """Lower-case text in which everything but printable ASCII is escaped."""
    return "".join(c if "!" <= c <= "~" else f"\\u{ord(c):04x}" for c in name.lower())


def _comparable(name: str) -> str:
    return normalise_found(name, as_dns_name=False)


def _address(text: str) -> str | None:
    """The canonical text of an IP address; None for anything else."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if ":" not in bare and not bare[-1:].isdigit():  # the cheap look that spares nearly every DNS name
        return None
    if "%" in bare or "/" in bare:  # a zone or a network is no address in a certificate
        return None
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return f"::ffff:{address.ipv4_mapped}"  # RFC 5952 §5; Python's own text changed in 3.13
    return str(address)


def _refuse_what_is_no_name(text: str) -> None:
    """Name the usual mistakes by their names, before IDN mapping can hide them."""
    if _NOT_PLAIN.search(text) is None:
        return
    if "://" in text or "/" in text:
        raise Invalid(f"{text!r} is a URL or a path, not a name.", advice="Give the host name alone.")
    if "@" in text:
        raise Invalid(f"{text!r} is an e-mail address, not a DNS name.", advice="Give the host name alone.")
    if ":" in text:
        raise Invalid(f"{text!r} has a port or is no valid IPv6 address.", advice="Give the host name alone.")
    invisible = next(filter(_is_invisible, text), None)
    if invisible is not None:
        raise Invalid(
            f"{text!a} contains a space, a control or an invisible character (U+{ord(invisible):04X}).",
            advice="Type the name afresh instead of pasting it; give several names one by one.",
        )


def _is_invisible(character: str) -> bool:
    """Spaces (Z), and control, format, surrogate, private and unassigned characters (C)."""
    return unicodedata.category(character)[0] in "CZ" and character not in _JOINERS


def _to_ascii(text: str) -> str:
    """Lower-case A-labels without the trailing dot; a wildcard keeps its ``*.``."""
    if text.isascii():
        return text.lower().removesuffix(".")
    try:
        mapped = idna.uts46_remap(text, std3_rules=False, transitional=False).removesuffix(".")
        wildcard, base = ("*.", mapped[2:]) if mapped.startswith("*.") else ("", mapped)
        return wildcard + ".".join(_label_to_ascii(label) for label in base.split("."))
    except (idna.IDNAError, UnicodeError) as problem:
        raise Invalid(f"{text!a} is no valid internationalised name: {str(problem)!a}.") from problem


def _label_to_ascii(label: str) -> str:
    return label if label.isascii() else idna.alabel(label).decode("ascii")


def _check_dns_name(name: str) -> None:
    """Raise Invalid with the precise reason unless ``name`` (ASCII, lower-case) is a well-formed DNS name."""
    if len(name) > MAXIMUM_LENGTH:
        raise Invalid(f"The name is {len(name)} characters long; DNS allows {MAXIMUM_LENGTH}.")
    if _PLAIN_NAME.fullmatch(name) is None:
        raise Invalid(_what_is_malformed(name))
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        # Browsers read such a name as an IP address in some notation (WHATWG URL §3.5, "ends in a number").
        raise Invalid(f"{name!r} ends in a number and is no IP address either.")
    if "xn--" in name:
        for label in labels:
            _check_punycode(label)


def _what_is_malformed(name: str) -> str:
    """One sentence on why ``name`` is no DNS name."""
    base = name.removeprefix("*.")
    if "*" in base:
        return f"{name!r} has a wildcard that is not the whole left-most label."
    for label in base.split("."):
        if not label:
            return f"{name!r} has an empty label."
        if len(label) > 63:
            return f"{name!r} has a label of {len(label)} characters; DNS allows 63."
        if _PLAIN_LABEL.fullmatch(label) is None:
            return f"{name!r} has a label with characters or hyphens that DNS names cannot have: {label!r}."
    return f"{name!r} is no DNS name."


def _check_punycode(label: str) -> None:
    """Raise Invalid for an ``xn--`` label that is not the Punycode of anything (BR 1.6.1, "P-Label")."""
    if not label.startswith("xn--"):
        return
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
        genuine = not decoded.isascii() and decoded.encode("punycode").decode("ascii") == label[4:]
    except (UnicodeError, ValueError, OverflowError):
        genuine, decoded = False, ""
    if not genuine or any(map(_is_invisible, decoded)):
        raise Invalid(f"{label!r} looks like an internationalised label but is no valid Punycode.")


def _to_unicode(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        return label  # valid Punycode outside IDNA2008 (emoji, unassigned): safer shown as it is


_MIXED_BY_NATURE = (
    {"LATIN", "CJK", "HIRAGANA", "KATAKANA"},  # Japanese
    {"LATIN", "CJK", "BOPOMOFO"},  # Chinese
    {"LATIN", "CJK", "HANGUL"},  # Korean
)


def _mixes_scripts(label: str) -> bool:
    """Whether the U-label mixes scripts that no writing system mixes (UTS #39 §5.2)."""
    # The standard library has no script property; the first word of a letter's name is its script for every
    # script in use ("LATIN SMALL LETTER A", "CJK UNIFIED IDEOGRAPH-…").
    scripts = {unicodedata.name(c, "UNKNOWN").split()[0].split("-")[0] for c in label if c.isalpha()}
    return len(scripts) > 1 and not any(scripts <= together for together in _MIXED_BY_NATURE)
