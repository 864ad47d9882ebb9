"""Where the public DNS begins: public suffixes, registrable domains, and names nobody can order publicly.

The list is the one that the publicsuffixlist package ships, ICANN section only, as the Baseline Requirements
want it for domain control and wildcards (BR 3.2.2.6). It is parsed at its first use. All names here are
normalised.
"""

from __future__ import annotations

import ipaddress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_SPECIAL_USE = (
    "localhost",
    "local",
    "internal",
    "home.arpa",
    "invalid",
    "onion",
    "alt",
    "corp",
    "home",
    "lan",
)
# Reserved for documentation and tests (RFC 2606 §2, RFC 6761): no CA issues for them, sandboxes do.
_RESERVED = ("example", "test")
_DOCUMENTATION_NETWORKS = tuple(  # RFC 5737, RFC 3849, RFC 9637
    ipaddress.ip_network(network)
    for network in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
)


@cache
def _list() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # parsing it costs too much for a command start

    return PublicSuffixList(only_icann=True)


def registrable_domain(name: str) -> str | None:
    """The domain one registers with a registrar: ``meadow.co.uk`` for ``*.shop.meadow.co.uk``.

    An unknown top-level domain counts as a suffix of its own (the list's default rule), so
    ``a.meadow.example`` gives ``meadow.example``. None for an IP address, a public suffix and a single label.
    """
    if _address(name) is not None:
        return None
    return _list().privatesuffix(name.removeprefix("*."), accept_unknown=True)


def is_public_suffix(name: str) -> bool:
    """Whether everybody can register names directly below ``name``: ``com``, ``co.uk``; unknown TLDs too."""
    return _address(name) is None and _list().is_public(name, accept_unknown=True)


def is_internal(name: str, *, reserved_allowed: bool = False) -> bool:
    """Whether no public CA may issue for the name: it belongs to nobody in the public DNS (BR 1.6.1,
    7.1.2.7.12).

    That is a single label, a name below no known public suffix or below one for special use (``.local``,
    ``.internal``, ``localhost`` …), and an IP address that is not globally reachable. With
    ``reserved_allowed``, the names and addresses set aside for documentation and tests (``.example``,
    ``.test``, 192.0.2.0/24) are not internal: sandboxes issue for them.
    """
    address = _address(name)
    if address is not None:
        if any(address in network for network in _DOCUMENTATION_NETWORKS):
            return not reserved_allowed
        return not address.is_global or address.is_multicast
    base = name.removeprefix("*.")
    if "." not in name or _is_below(base, _SPECIAL_USE):
        return True
    if _is_below(base, _RESERVED):
        return not reserved_allowed
    return _list().publicsuffix(base, accept_unknown=False) is None


def reverse_zone(name: str) -> bool:
    """Whether the name lies in a zone that maps addresses to names (banned since 2026-03-15, SC-086)."""
    return _is_below(name.removeprefix("*."), ("in-addr.arpa", "ip6.arpa"))


def _is_below(name: str, domains: tuple[str, ...]) -> bool:
    return any(name == domain or name.endswith(f".{domain}") for domain in domains)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if ":" not in name and not name[-1:].isdigit():  # the cheap look that spares nearly every name
        return None
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
