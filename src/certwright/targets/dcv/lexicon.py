"""A DNS provider through the library dns-lexicon, in a process of its own.

Its providers set no time limit on their calls, one of them changes ``requests`` for the whole process while it is at
work, and their errors may quote a URL with a credential in it. A child that is given a time, gets the credentials on
its standard input and answers in our words leaves nothing of that with us.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Collection, Mapping
from typing import Any

import dns.name

from certwright.model.ca import Proof
from certwright.model.errors import Misconfigured, Unavailable
from certwright.pki.suffixes import registrable_domain
from certwright.targets.dcv.asking import authoritative, name_servers
from certwright.targets.dcv.records import DNSRecord
from certwright.targets.dcv.rfc2136 import conflict

_SECONDS = 90.0  # several calls of a provider's API, each of which may be slow
_CHILD = "certwright.targets.dcv.lexicon_call"


class Lexicon:
    """Adds records by a provider's API."""

    def __init__(self, provider: str, ttl: int, credentials: str, zone: str = "", resolver: str = "") -> None:
        """As ``about.toml`` names them; raises Misconfigured when dns-lexicon is missing or knows no such provider."""
        if importlib.util.find_spec("lexicon") is None:
            raise Misconfigured("dns-lexicon is not installed.", advice="pip install certwright[lexicon]")
        if not provider.isidentifier() or not importlib.util.find_spec(f"lexicon._private.providers.{provider}"):
            raise Misconfigured(
                f"dns-lexicon knows no provider {provider!r}.", advice="Its documentation lists the names."
            )
        self._provider = provider
        self._ttl = ttl
        self._zone = zone.rstrip(".").lower()
        self._credentials = _options(credentials)
        self._resolvers = name_servers(resolver)

    def __repr__(self) -> str:
        """The provider alone."""
        return f"<Lexicon for {self._provider}>"

    def publish(self, proof: Proof, former: Collection[str]) -> None:
        """See :class:`certwright.targets.dcv.publisher.Publisher`. The API's calls: login, list, create."""
        record = DNSRecord.of(proof)
        answer = self._call("publish", record, list(former))
        if taken := answer.get("taken"):
            raise conflict(record, f"a {record.type} to {taken}")

    def look(self, proof: Proof) -> str:
        """See :class:`certwright.targets.dcv.publisher.Publisher`: at the resolvers, else at the zone's own servers."""
        record = DNSRecord.of(proof)
        try:
            servers = self._resolvers or authoritative(record.owner)
        except Unavailable as error:
            return str(error)
        return " ".join(filter(None, (server.missing(record) for server in servers)))

    def withdraw(self, proof: Proof) -> None:
        """See :class:`certwright.targets.dcv.publisher.Publisher`."""
        self._call("withdraw", DNSRecord.of(proof), [])

    def _call(self, what: str, record: DNSRecord, former: list[str]) -> dict[str, Any]:
        """What the child answers; raises Unavailable or Misconfigured with what it could tell."""
        zone = self._zone or registrable_domain(record.name)
        if not zone or not record.owner.is_subdomain(dns.name.from_text(zone)):
            raise Misconfigured(f"{record.name} is in no zone of the target.", advice="Set zone.")
        question = {
            "what": what,
            "provider": self._provider,
            "zone": zone,
            "ttl": self._ttl,
            "options": dict(self._credentials),
            "record": {"name": record.name, "type": record.type, "value": record.value},
            "former": former,
        }
        answer = self._ask_child(json.dumps(question).encode())
        if "misconfigured" in answer:
            raise Misconfigured(
                f"{self._provider}: {answer['misconfigured']}.", advice="Check provider, zone and credentials."
            )
        if "unavailable" in answer:
            raise Unavailable(f"{self._provider}: {answer['unavailable']}.", advice="It is tried again later.")
        return answer

    def _ask_child(self, question: bytes) -> dict[str, Any]:
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", _CHILD],
                input=question,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # a library's words may quote a credential
                timeout=_SECONDS,
                check=False,
            )
            answer: dict[str, Any] = json.loads(done.stdout)
        except subprocess.TimeoutExpired:
            raise Unavailable(f"{self._provider} took longer than {_SECONDS:.0f} s.") from None
        except (OSError, ValueError):
            raise Unavailable(f"dns-lexicon gave no answer for {self._provider}.") from None
        return answer


def _options(credentials: str) -> Mapping[str, str]:
    """The provider's options; their text is quoted in no error."""
    try:
        options = json.loads(credentials)
    except ValueError:
        options = None
    if not isinstance(options, dict) or not all(isinstance(value, str) for value in options.values()):
        raise Misconfigured(
            "credentials is no JSON object of texts.", advice='For example: {"auth_token": "…"}, in a file.'
        )
    return options
