"""One word of what a person wants scanned: a name, an address, a network or a range, with a scheme and a port."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_network

from certwright.model.errors import Misconfigured
from certwright.pki import names
from certwright.pki.errors import Invalid
from certwright.policy.egress import Address
from certwright.targets.scan.target import Scheme

# What people write for TLS from the first byte, and the port that it has then (the registry of IANA).
_AT_ONCE = {
    "tls": 443,
    "https": 443,
    "smtps": 465,
    "ldaps": 636,
    "ftps": 990,
    "imaps": 993,
    "pop3s": 995,
    "xmpps": 5223,
}
_AFTER_STARTTLS = {
    Scheme.SMTP: 25,
    Scheme.IMAP: 143,
    Scheme.POP3: 110,
    Scheme.FTP: 21,
    Scheme.LDAP: 389,
    Scheme.POSTGRESQL: 5432,
    Scheme.MYSQL: 3306,
    Scheme.XMPP: 5222,
    Scheme.XMPP_SERVER: 5269,
}
_OTHER_SPELLINGS = {"postgres": Scheme.POSTGRESQL}
_IN_BRACKETS = re.compile(r"\[(?P<inside>[^\[\]]*)\](?P<prefix>/\d{1,3})?(?::(?P<port>\d{1,5}))?", re.ASCII)
_WITH_PORT = re.compile(r"(?P<hosts>[^:]*)(?::(?P<port>\d{1,5}))?", re.ASCII)
_LAST_NUMBER = re.compile(r"\d{1,3}", re.ASCII)
_ADVICE = "Write shop.example, 192.0.2.7:8443, 192.0.2.0/24, 192.0.2.10-20, [2001:db8::7]:443 or smtp://mx.example:25."


@dataclass(frozen=True, slots=True)
class Hosts:
    """A name, or all addresses from ``first`` to ``last`` of one version; iterating gives their text."""

    name: str = ""
    first: int = 0
    last: int = 0
    version: int = 4

    @property
    def count(self) -> int:
        """How many hosts that is."""
        return 1 if self.name else self.last - self.first + 1

    def __iter__(self) -> Iterator[str]:
        """The hosts in order."""
        if self.name:
            yield self.name
            return
        kind = IPv4Address if self.version == 4 else IPv6Address
        for number in range(self.first, self.last + 1):
            yield str(kind(number))

    def holds(self, address: Address) -> bool:
        """Whether the address is one of them."""
        return not self.name and address.version == self.version and self.first <= int(address) <= self.last


@dataclass(frozen=True, slots=True)
class Word:
    """Hosts, and the scheme and port where the word named them (a scheme alone names its usual port)."""

    hosts: Hosts
    scheme: Scheme | None
    port: int | None

    def places(self, ports: Sequence[int]) -> tuple[tuple[Scheme, int], ...]:
        """Schemes and ports to look at; ``ports`` where the word names none."""
        wanted = tuple(dict.fromkeys(ports)) if self.port is None else (self.port,)
        return tuple((self.scheme or Scheme.of_port(port), port) for port in wanted)


def read_word(text: str) -> Word:
    """Read one word (see :func:`~certwright.targets.scan.wanted.read_targets`); raises Misconfigured that names it."""
    try:
        before, separator, rest = text.strip().rpartition("://")
        scheme, usual = _scheme(before) if separator else (None, None)
        hosts, port = _hosts_and_port(rest.removesuffix("/"))
        return Word(hosts, scheme, usual if port is None else port)
    except Invalid as error:
        raise Misconfigured(f"{text[:100]!r} cannot be scanned: {error.detail}", advice=_ADVICE) from None


def _scheme(word: str) -> tuple[Scheme, int]:
    name = word.lower()
    if name in _AT_ONCE:
        return Scheme.TLS, _AT_ONCE[name]
    found = _OTHER_SPELLINGS.get(name, name)
    if found in _AFTER_STARTTLS:
        return Scheme(found), _AFTER_STARTTLS[Scheme(found)]
    known = ", ".join(sorted({*_AT_ONCE, *_AFTER_STARTTLS}))
    raise Invalid(f"There is no scheme {name[:40]!r}, only {known}.")


def _hosts_and_port(text: str) -> tuple[Hosts, int | None]:
    if text.startswith("["):
        found = _IN_BRACKETS.fullmatch(text)
        hosts = found["inside"] + (found["prefix"] or "") if found else ""
    elif text.count(":") > 1:  # IPv6 without brackets has no port
        return _hosts(text), None
    else:
        found = _WITH_PORT.fullmatch(text)
        hosts = found["hosts"] if found else ""
    if not found:
        raise Invalid("What stands after the host is no port.")
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < 65_536:
        raise Invalid(f"{port} is no port: ports are 1 to 65535.")
    return _hosts(hosts), port


def _hosts(text: str) -> Hosts:
    start, dash, end = text.partition("-")
    first = address_of(start) if dash else None
    if first is not None:
        return _range(first, end)
    if "/" in text:
        return _network(text)
    name = names.normalise(text)
    if names.is_wildcard(name):
        raise Invalid("A wildcard is no host: name the hosts.")
    address = address_of(name)
    return Hosts(name) if address is None else Hosts("", int(address), int(address), address.version)


def _range(first: Address, end: str) -> Hosts:
    """``192.0.2.10-192.0.2.20`` or, of IPv4, ``192.0.2.10-20``."""
    short = first.version == 4 and _LAST_NUMBER.fullmatch(end)
    last = address_of(f"{str(first).rpartition('.')[0]}.{int(end)}" if short else end)
    if last is None or last.version != first.version or int(last) < int(first):
        raise Invalid(f"No range of addresses goes from {first} to {end!r}.")
    return Hosts("", int(first), int(last), first.version)


def _network(text: str) -> Hosts:
    try:
        network = ip_network(text)
    except ValueError:
        raise Invalid("It is no network; one is written as 192.0.2.0/24, without bits beside its prefix.") from None
    first, last = int(network.network_address), int(network.broadcast_address)
    if isinstance(network, IPv4Network) and network.prefixlen < 31:  # RFC 3021: of a /31 both are hosts
        first, last = first + 1, last - 1
    return Hosts("", first, last, network.version)


def address_of(text: str) -> Address | None:
    """The address that a text is, None when it is none."""
    try:
        return ip_address(text)
    except ValueError:
        return None
