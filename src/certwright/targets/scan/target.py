"""One place to look at: a host, a port, and what is spoken there before TLS."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from certwright.pki.names import is_ip


class Scheme(StrEnum):
    """How TLS begins at a port: at once, or after STARTTLS in one of these protocols."""

    TLS = "tls"
    SMTP = "smtp"
    IMAP = "imap"
    POP3 = "pop3"
    FTP = "ftp"
    LDAP = "ldap"
    POSTGRESQL = "postgresql"
    MYSQL = "mysql"
    XMPP = "xmpp"
    XMPP_SERVER = "xmpp-server"

    @classmethod
    def of_port(cls, port: int) -> Scheme:
        """What is spoken at a well-known port (the registry of IANA); TLS at once at any other."""
        return _OF_PORT.get(port, cls.TLS)


_OF_PORT = {
    21: Scheme.FTP,
    25: Scheme.SMTP,
    110: Scheme.POP3,
    143: Scheme.IMAP,
    389: Scheme.LDAP,
    587: Scheme.SMTP,
    3306: Scheme.MYSQL,
    5222: Scheme.XMPP,
    5269: Scheme.XMPP_SERVER,
    5432: Scheme.POSTGRESQL,
}


@dataclass(frozen=True, slots=True)
class Target:
    """One host at one port. ``host`` is a normalised name or the canonical text of an IP address."""

    scheme: Scheme
    host: str
    port: int

    @property
    def place(self) -> str:
        """The place as the inventory names it: ``smtp://mx.example:25``, ``tls://[2001:db8::1]:443``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def server_name(self) -> str:
        """What SNI asks for: the name, and nothing for an address (RFC 6066 §3)."""
        return "" if is_ip(self.host) else self.host
