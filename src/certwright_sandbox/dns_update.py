"""Dynamic updates of the sandbox's DNS server (RFC 2136), signed with its one TSIG key (RFC 8945)."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass

import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update

from certwright_sandbox.dns_zone import TYPES, Zone, plain
from certwright_sandbox.state import Record, State

KEY_NAME = "certwright-sandbox."
ALGORITHM = "hmac-sha256"
KEY_BYTES = 32
ANY, NONE = dns.rdataclass.ANY, dns.rdataclass.NONE


@dataclass(eq=False, slots=True)
class UpdateKey(Record):
    """The key that updates must be signed with; `secret` in base64."""

    secret: str


class Updates:
    """Takes updates of the zone's records."""

    def __init__(self, state: State, zone: Zone) -> None:
        """Go on with the key that the state holds, or make one."""
        table = state.table("dns_key", UpdateKey)
        if table.get(1) is None:
            table.add(UpdateKey(1, base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()))
        self._secret = table[1].secret
        self._state = state
        self._zone = zone
        key = dns.tsig.Key(KEY_NAME, self._secret, ALGORITHM)
        self.keyring = {key.name: key}

    def as_json(self) -> dict[str, str]:
        """The key as the management door shows it."""
        return {"name": KEY_NAME.rstrip("."), "algorithm": ALGORITHM, "secret": self._secret}

    def reply(self, message: dns.update.UpdateMessage) -> dns.message.Message:
        """Do what an update asks, all of it or nothing (§3.4)."""
        answer = dns.message.make_response(message)
        if not message.had_tsig:
            answer.set_rcode(dns.rcode.REFUSED)
            return answer
        failed = self._unmet(message.prerequisite)
        if failed is not None:
            answer.set_rcode(failed)
            return answer
        if any(dns.rdatatype.to_text(rrset.rdtype) not in (*TYPES, "ANY") for rrset in message.update):
            answer.set_rcode(dns.rcode.REFUSED)
            return answer
        for rrset in message.update:
            self._change(rrset)
        self._state.commit()
        return answer

    def _unmet(self, prerequisites: list[dns.rrset.RRset]) -> dns.rcode.Rcode | None:
        """The code of the first prerequisite that does not hold (§3.2); None when all hold."""
        for rrset in prerequisites:
            name = plain(rrset.name.to_text())
            any_type = rrset.rdtype == dns.rdatatype.ANY
            kinds = TYPES if any_type else (dns.rdatatype.to_text(rrset.rdtype),)
            values = {value for kind in kinds for value in self._zone.find(name, kind)}
            if rrset.deleting == ANY and not values:
                return dns.rcode.NXDOMAIN if any_type else dns.rcode.NXRRSET
            if rrset.deleting == NONE and values:
                return dns.rcode.YXDOMAIN if any_type else dns.rcode.YXRRSET
            if rrset.deleting is None and values != set(_texts(rrset)):
                return dns.rcode.NXRRSET
        return None

    def _change(self, rrset: dns.rrset.RRset) -> None:
        """Add or delete what one RRset of the update section says (§3.4.2)."""
        name, kind = plain(rrset.name.to_text()), dns.rdatatype.to_text(rrset.rdtype)
        if rrset.deleting is None:
            for value in _texts(rrset):
                self._add(name, kind, value)
        elif rrset.deleting == NONE:
            for value in _texts(rrset):
                self._zone.remove(name, kind, value)
        else:
            for each in TYPES if kind == "ANY" else (kind,):
                for value in list(self._zone.find(name, each)):
                    self._zone.remove(name, each, value)

    def _add(self, name: str, kind: str, value: str) -> None:
        """A CNAME stands alone at its name, and a new one takes its place (§3.4.2.2)."""
        others = [other for other in TYPES if other != "CNAME" and self._zone.find(name, other)]
        aliases = self._zone.find(name, "CNAME")
        if (kind == "CNAME" and others) or (kind != "CNAME" and aliases):
            return
        if kind == "CNAME":
            for alias in list(aliases):
                self._zone.remove(name, kind, alias)
        self._zone.add(name, kind, value)


def _texts(rrset: dns.rrset.RRset) -> list[str]:
    """The values as the zone keeps them."""
    if rrset.rdtype == dns.rdatatype.TXT:
        return [b"".join(rdata.strings).decode("utf-8", "replace") for rdata in rrset]
    if rrset.rdtype == dns.rdatatype.CNAME:
        return [plain(rdata.target.to_text()) for rdata in rrset]
    return [rdata.to_text() for rdata in rrset]
