"""What a person types, turned into what is wanted; everything that is wrong with it is said before it is recorded."""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from certwright.cas.about import About
from certwright.engine import succession
from certwright.model.errors import Misconfigured, Refused
from certwright.model.order import KeyReference, Request
from certwright.model.words import KeyKind, Operation, RevocationReason
from certwright.pki import csr as csrs
from certwright.pki import names as pki_names
from certwright.pki.csr import CSR
from certwright.pki.keys import KeySpec, parse_key_spec
from certwright.store.inventory import Entry
from certwright.store.orders import KeyWish
from certwright.wiring import Certwright

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
_LONGEST_COMMON_NAME = 64  # RFC 5280 appendix A.1, ub-common-name
_LARGEST_CSR = 65_536


def check_account(certwright: Certwright, name: str) -> None:
    """Raise when the CA account cannot order: unknown, read-only, disabled or paused."""
    account = certwright.accounts.get(name)
    if account.read_only:
        raise Refused(
            f"{name} is a read-only account: nothing is ordered, changed or revoked with it.",
            advice="Use a CA account that was added without --read-only.",
        )
    if not account.enabled:
        raise Misconfigured(f"{name} is disabled.", advice=f"certwright account enable {name}")
    if account.paused_because:
        raise Misconfigured(
            f"{name} is paused: {account.paused_because}",
            advice=f"Mend it, then: certwright account test {name}",
        )


def check_reason(certwright: Certwright, account: str, reason: RevocationReason) -> None:
    """Raise Refused when the CA does not take this reason for a revocation."""
    about = About.load(certwright.accounts.get(account).ca)
    if reason not in about.revocation_reasons:
        raise Refused(
            f"{about.title} does not take {reason} as a reason.",
            advice=f"Give --reason, one of: {', '.join(about.revocation_reasons)}.",
        )


def read_csr(file: str) -> CSR:
    """The CSR in a file, or on standard input for ``-``; raises Refused or Invalid."""
    try:
        with sys.stdin.buffer if file == "-" else Path(file).open("rb") as stream:
            content = stream.read(_LARGEST_CSR + 1)
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}.") from None
    return csrs.decode(content)


def given_csr(certwright: Certwright, text: str) -> CSR:
    """The CSR that was typed: a file, ``-`` for standard input, or ``made:N`` for one that was made here."""
    kind, _, number = text.partition(":")
    if kind == "made" and number.isdecimal():
        return certwright.csrs.get(int(number)).csr
    return read_csr(text)


def with_www(names: Sequence[str]) -> list[str]:
    """The names, and the ``www`` variant of each DNS name that is no wildcard."""
    plain = [name for name in names if not (name.startswith(("*.", "www.")) or _is_address(name))]
    return list(dict.fromkeys([*names, *(f"www.{name}" for name in plain)]))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def request(
    operation: Operation,
    names: Sequence[str],
    given: CSR | None,
    **rest: Any,
) -> Request:
    """The request for the names typed, or for those of the CSR when none were; raises Refused or Invalid.

    The first name that fits becomes the common name. Names of a CSR that were not asked for would be lost at the
    CA, and names asked for but not in it would surprise its owner: they must be the same.
    """
    wanted = list(dict.fromkeys(pki_names.normalise(name) for name in names))
    if given is not None:
        missing, extra = pki_names.missing_and_extra(wanted, given.names) if wanted else (frozenset(), frozenset())
        if missing or extra:
            raise Refused(
                f"The CSR is for {', '.join(given.names)}, the order for {', '.join(wanted)}.",
                advice="Leave --name out to take the names of the CSR.",
            )
        wanted = list(given.names)
    if not wanted:
        raise Refused("No name to order for.", advice="Give --name, once for each.")
    common = next((name for name in wanted if len(name) <= _LONGEST_COMMON_NAME), "")
    if given is not None and given.common_name:
        common = pki_names.normalise(given.common_name)
    if not common:
        raise Refused("Every name is longer than the 64 characters that a common name may have.")
    return Request(operation=operation, names=tuple(wanted), common_name=common, **rest)


def key(certwright: Certwright, text: str, given: CSR | None, *, label: str) -> KeyWish:
    """Where the key is to live: ``software:SPEC``, ``pkcs11:TOKEN:SPEC``, or that of the CSR."""
    if given is not None:
        if text:
            raise Refused("A CSR brings its own key.", advice="Give --csr or --key, not both.")
        ours = certwright.keys.by_public_key(given.public_key_sha256)
        return KeyWish(
            KeyKind.EXTERNAL,
            given.key_spec,
            public_key_sha256=given.public_key_sha256,
            existing=ours.id if ours else None,
        )
    kind, _, rest = (text or f"software:{KeySpec.EC_P256}").partition(":")
    if kind == KeyKind.SOFTWARE:
        return KeyWish(KeyKind.SOFTWARE, parse_key_spec(rest), label=label)
    token, _, spec = rest.rpartition(":")
    if kind != KeyKind.PKCS11 or not token:
        raise Refused(f"{text!r} is no place for a key.", advice="software:ec-p256 or pkcs11:TOKEN:rsa-2048.")
    return KeyWish(
        KeyKind.PKCS11,
        parse_key_spec(spec),
        token=token,
        label=label,
        id_length=certwright.token(token).profile.id_length,
    )


def same_place(certwright: Certwright, known: KeyReference | None, label: str) -> KeyWish:
    """A fresh key of the same kind in the same place as a known one; raises Refused when that is not ours."""
    return succession.same_place(known, label, lambda token: certwright.token(token).profile.id_length)


def reference(certwright: Certwright, text: str) -> str:
    """The reference of a new order; raises Refused for one that a CA might not store as it is."""
    if not text:
        return certwright.new_reference()
    if text.isdecimal():
        raise Refused(f"{text} could be our number of an order.", advice="Put a letter into the reference.")
    if not _REFERENCE.fullmatch(text):
        raise Refused(
            f"{text!r} cannot be a reference.", advice="Up to 64 letters, digits and . _ : / - are safe at every CA."
        )
    return text


def remaining(certwright: Certwright, entry: Entry) -> Mapping[str, str]:
    """The option that has a CA add the days a predecessor still has; empty at CAs without, or when none are left."""
    return succession.remaining(certwright.accounts.get(entry.account).ca, entry, certwright.clock.now())


def dcv(words: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    """``METHOD`` and ``NAME=METHOD`` words: the method of all names, and those of single ones by name."""
    single = [word for word in words if "=" not in word]
    if len(single) > 1:
        raise Refused("One method is for all names; give others as NAME=METHOD.")
    each = pairs([word for word in words if "=" in word])
    return "".join(single), {pki_names.normalise(name): method for name, method in each.items()}


def pairs(words: Sequence[str]) -> Mapping[str, str]:
    """``FIELD=VALUE`` words as a mapping; raises Refused for a word without ``=`` or a field given twice."""
    found: dict[str, str] = {}
    for word in words:
        field, sign, value = word.partition("=")
        if not sign or not field:
            raise Refused(f"{field!r} is not FIELD=VALUE.")
        if field in found:
            raise Refused(f"{field} is given twice.")
        found[field] = value
    return found
