"""What is said before TLS, a function for each protocol: it returns where the TLS handshake may begin.

Each raises NoCertificate when the server offers no TLS (absent) or says something else, OSError when the connection
breaks. Nothing personal is said: no login, no password.
"""

from __future__ import annotations

from certwright.targets.scan.reaching import Stream
from certwright.targets.scan.starttls import packets, text, xmpp
from certwright.targets.scan.target import Scheme

_SPOKEN = {
    Scheme.SMTP: text.smtp,
    Scheme.IMAP: text.imap,
    Scheme.POP3: text.pop3,
    Scheme.FTP: text.ftp,
    Scheme.LDAP: packets.ldap,
    Scheme.POSTGRESQL: packets.postgresql,
    Scheme.MYSQL: packets.mysql,
}


async def ask_for_tls(scheme: Scheme, stream: Stream, host: str) -> None:
    """Say what the scheme has said before TLS: nothing, where TLS begins at once. ``host`` is named to XMPP alone."""
    if scheme is Scheme.XMPP:
        await xmpp.as_client(stream, host)
    elif scheme is Scheme.XMPP_SERVER:
        await xmpp.as_server(stream, host)
    elif scheme is not Scheme.TLS:
        await _SPOKEN[scheme](stream)
