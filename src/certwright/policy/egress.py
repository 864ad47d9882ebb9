"""Where our own server may connect to when somebody else names the place: public unicast addresses alone.

Whoever names a target, a URL or a certificate's AIA chooses where we connect from inside the network. The addresses
below are refused unless the operator allows their network. They are listed here, each with a word for people, and not
taken from ``ipaddress.is_global``, whose answer changes with the version of Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, collapse_addresses, ip_network

from certwright.model.errors import Misconfigured

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_METADATA = "where a cloud hands its machines their credentials (metadata service)"
_PRIVATE = "a private address (RFC 1918)"
_DOCUMENTATION = "an address for documentation (RFC 5737, RFC 3849, RFC 9637)"
_BENCHMARKING = "an address for benchmarking (RFC 2544, RFC 5180)"
_PROTOCOL = "kept for protocols of the IETF (RFC 6890)"

# The special-purpose registries of IANA (RFC 6890), and the metadata addresses of clouds. The first that fits speaks.
_SPECIAL: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), what)
    for network, what in (
        ("169.254.169.254/32", _METADATA),
        ("100.100.100.200/32", _METADATA),
        ("168.63.129.16/32", _METADATA),  # looks public, answers on every Azure machine
        ("192.0.0.192/32", _METADATA),
        ("fd00:ec2::254/128", _METADATA),
        ("fd20:ce::254/128", _METADATA),
        ("127.0.0.0/8", "a loopback address"),
        ("10.0.0.0/8", _PRIVATE),
        ("172.16.0.0/12", _PRIVATE),
        ("192.168.0.0/16", _PRIVATE),
        ("169.254.0.0/16", "a link-local address (RFC 3927)"),
        ("100.64.0.0/10", "shared address space of a carrier (RFC 6598)"),
        ("0.0.0.0/8", "an unspecified address, which reaches this machine itself"),
        ("192.0.0.0/24", _PROTOCOL),
        ("192.0.2.0/24", _DOCUMENTATION),
        ("198.51.100.0/24", _DOCUMENTATION),
        ("203.0.113.0/24", _DOCUMENTATION),
        ("192.88.99.0/24", "a relay of 6to4 (RFC 7526)"),
        ("198.18.0.0/15", _BENCHMARKING),
        ("224.0.0.0/4", "a multicast address"),
        ("255.255.255.255/32", "the broadcast address"),
        ("240.0.0.0/4", "reserved (RFC 1112)"),
        ("::1/128", "a loopback address"),
        ("::/128", "an unspecified address, which reaches this machine itself"),
        ("fc00::/7", "a private address (ULA, RFC 4193)"),
        ("fe80::/10", "a link-local address (RFC 4291)"),
        ("fec0::/10", "a site-local address (RFC 3879)"),
        ("ff00::/8", "a multicast address"),
        ("2001:db8::/32", _DOCUMENTATION),
        ("3fff::/20", _DOCUMENTATION),
        ("2001:2::/48", _BENCHMARKING),
        ("2001::/23", _PROTOCOL),
        ("64:ff9b:1::/48", "an address of a local translator (RFC 8215)"),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all that IANA hands out of IPv6 (RFC 4291 §2.4)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1


def refusal(address: Address, allowed: Sequence[Network] = ()) -> str | None:
    """Why our server must not connect to ``address``, as a sentence; None when it may.

    Public unicast may; everything else only where a network in ``allowed`` contains it. An IPv6 address that stands
    for an IPv4 one (mapped, NAT64, 6to4, Teredo) is judged by that one, since that is where the packets come out:
    allowing a network of IPv6 does not open what is inside.
    """
    inner = tuple(inside(address))
    for carried in inner:
        if (what := _special(carried, allowed)) is not None:
            return f"{address} leads to {carried}, which is {what}."
    what = None if inner else _special(address, allowed)
    return None if what is None else f"{address} is {what}."


def refusal_of_span(first: Address, last: Address, allowed: Sequence[Network] = ()) -> str | None:
    """Why our server must not connect to all from ``first`` to ``last``, as a sentence, where one reason fits them all.

    None where they are public, allowed, or of several kinds: then each is to be judged by itself.
    """
    if first == last:
        return refusal(first, allowed)
    if any(first in network and last in network for network in _joined(allowed)):
        return None
    what = next((what for network, what in _SPECIAL if first in network and last in network), None)
    return None if what is None else f"Each address from {first} to {last} is {what}."


def _joined(allowed: Sequence[Network]) -> Iterator[Network]:
    """The same networks, neighbours as one."""
    yield from collapse_addresses([network for network in allowed if isinstance(network, IPv4Network)])
    yield from collapse_addresses([network for network in allowed if isinstance(network, IPv6Network)])


def inside(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that an IPv6 address stands for, where its packets come out; none for any other address."""
    if isinstance(address, IPv4Address):
        return
    if address.ipv4_mapped is not None:  # RFC 4291 §2.5.5.2
        yield address.ipv4_mapped
    if address in _NAT64:
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.sixtofour is not None:  # RFC 3056
        yield address.sixtofour
    if address.teredo is not None:  # RFC 4380: server and client
        yield from address.teredo


def networks(text: str) -> tuple[Network, ...]:
    """Read networks separated by commas: ``10.0.0.0/8, 2001:db8::/32``; an address alone is a network of one.

    Raises Misconfigured that names the word that is no network, also when it has bits set beside its prefix.
    """
    return tuple(_network(word.strip()) for word in text.split(",") if word.strip())


def _network(word: str) -> Network:
    try:
        return ip_network(word)
    except ValueError:
        raise Misconfigured(
            f"{word!r} is no network.", advice="Write networks as 10.20.0.0/16 or 2001:db8::/32, separated by commas."
        ) from None


def _special(address: Address, allowed: Sequence[Network]) -> str | None:
    """What the address is, where that is not a public unicast address and not allowed."""
    if any(address in network for network in allowed):
        return None
    for network, what in _SPECIAL:
        if address in network:
            return what
    if address.version == 6 and address not in _GLOBAL_UNICAST:
        return "not among the addresses that are handed out (RFC 4291 §2.4)"
    return None
