"""What is wrong where a certificate is served: with the name that is asked for, and with the chain shown there."""

# ruff: noqa: ARG001 - every rule takes the same two arguments
from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from certwright.pki import names
from certwright.pki.certificate import Certificate
from certwright.policy.faults.keys import BROKEN_HASHES
from certwright.policy.faults.words import day, enumerated
from certwright.policy.judged import Judged, Served, Shown, is_root

# Where clients encrypt with whoever answers and, unless told otherwise, ask for no name (RFC 7435): mail between
# servers, and databases. Mail programs at port 587 do ask.
_MAIL_PORT = "25"
_SELDOM_ASKED = frozenset({"postgresql", "mysql"})


def expired_but_served(judged: Judged, at: datetime) -> str | None:
    """Expired, and some place still shows it."""
    if at <= judged.not_after:
        return None
    return f"It expired on {judged.not_after:%Y-%m-%d %H:%M} UTC and is still served at {_places(judged.places)}."


def revoked_but_served(judged: Judged, at: datetime) -> str | None:
    """Revoked, and some place still shows it."""
    if judged.revoked_at is None or judged.revoked_at > at:
        return None
    why = f" ({judged.revocation_reason})" if judged.revocation_reason else ""
    return f"It was revoked on {day(judged.revoked_at)}{why} and is still served at {_places(judged.places)}."


def self_signed_but_served(judged: Judged, at: datetime) -> str | None:
    """Nobody but itself vouches for what a server shows."""
    if not judged.is_self_signed:
        return None
    return f"It is signed with its own key and served at {_places(judged.places)}: clients refuse it."


def ca_certificate_served(judged: Judged, at: datetime) -> str | None:
    """A server that holds the key of a CA: of one that others are under, or that some other CA vouches for.

    ``openssl req -x509`` and many appliances call what they sign with its own key a CA's; so do most self-signed
    certificates of servers. Those are ``self_signed_but_served`` and no more.
    """
    if not judged.is_authority:
        return None
    return f"It is a CA's certificate and served at {_places(judged.places)}: whoever takes the server can issue."


def wrong_name(judged: Judged, at: datetime) -> str | None:
    """Shown under a name that it does not carry."""
    wrong = [served for served in judged.places if _is_wrong(judged, served) and not _is_seldom_asked(served)]
    return f"It does not carry the name under which {_places(wrong)} shows it: clients refuse it." if wrong else None


def wrong_name_seldom_asked(judged: Judged, at: datetime) -> str | None:
    """The same where few clients ask for the name: mail between servers, databases."""
    wrong = [served for served in judged.places if _is_wrong(judged, served) and _is_seldom_asked(served)]
    return f"It does not carry the name under which {_places(wrong)} shows it." if wrong else None


def incomplete_chain(judged: Judged, at: datetime) -> str | None:
    """No intermediate shown that signed it, though no root did."""
    signed_by_root = judged.issuer is not None and is_root(judged.issuer)
    if signed_by_root or (judged.issuer is None and not judged.public) or judged.is_self_signed:
        return None
    return _where(judged, lambda shown: len(shown.path) == 1, "shows it without the intermediate that signed it.")


def disordered_chain(judged: Judged, at: datetime) -> str | None:
    """The right certificates in an order in which one does not certify the one before it."""
    return _where(judged, _is_disordered, "shows its chain in the wrong order.")


def foreign_in_chain(judged: Judged, at: datetime) -> str | None:
    """Certificates shown that are no part of the way up, or stand there twice."""
    return _where(judged, _has_foreign, "shows certificates with it that do not belong to its chain.")


def root_in_chain(judged: Judged, at: datetime) -> str | None:
    """The root shown, which clients have or do not trust."""
    return _where(judged, lambda shown: bool(shown.roots), "shows the root with it.")


def expired_in_chain(judged: Judged, at: datetime) -> str | None:
    """An intermediate on the way up that has expired."""
    what = "shows an intermediate with it that has expired."
    return _where(judged, lambda shown: any(upper.not_after < at for upper in shown.path[1:]), what)


def revoked_in_chain(judged: Judged, at: datetime) -> str | None:
    """An intermediate on the way up that the CA above it has revoked."""
    what = "shows an intermediate with it that was revoked: clients that ask refuse it."
    return _where(judged, lambda shown: not shown.served.revoked.isdisjoint(shown.path[1:]), what)


def broken_signature_in_chain(judged: Judged, at: datetime) -> str | None:
    """An intermediate on the way up whose signature can be forged."""
    what = "shows an intermediate with it that is signed with MD5 or SHA-1."
    return _where(judged, lambda shown: any(map(_is_forgeable, shown.path[1:])), what)


def _is_wrong(judged: Judged, served: Served) -> bool:
    """Whether no SAN covers the host.

    An address is asked for by a scan more often than by clients: it is wrong only where the certificate is for
    addresses at all. Without any name, ``no_names`` has it.
    """
    carried = judged.names
    if names.is_ip(served.host):
        carried = tuple(filter(names.is_ip, carried))
    return bool(carried) and not any(names.covers(name, served.host) for name in carried)


def _is_seldom_asked(served: Served) -> bool:
    return served.scheme in _SELDOM_ASKED or (served.scheme == "smtp" and served.port == _MAIL_PORT)


def _is_disordered(shown: Shown) -> bool:
    positions = [shown.above.index(upper) for upper in shown.path[1:]]
    return positions != sorted(positions)


def _has_foreign(shown: Shown) -> bool:
    repeated = len(set(shown.above)) < len(shown.above)
    return repeated or any(c not in shown.path and c not in shown.roots for c in shown.above)


def _is_forgeable(upper: Certificate) -> bool:
    return upper.signature_hash in BROKEN_HASHES and not upper.is_self_issued


def _where(judged: Judged, is_wrong: Callable[[Shown], bool], what: str) -> str | None:
    """The places where what is shown is wrong, and what that is."""
    found = [shown.served for shown in judged.shown if is_wrong(shown)]
    return f"{_places(found)} {what}" if found else None


def _places(served: Iterable[Served]) -> str:
    return enumerated(sorted({one.place for one in served}))
