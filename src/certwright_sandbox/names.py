"""Names as every CA reads them: DNS names, wildcards, IP addresses, and which parents may prove one."""

from __future__ import annotations

import re
from functools import lru_cache

from publicsuffixlist import PublicSuffixList

LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")
MOST_NAME_LENGTH = 253
INTERNAL_ENDS = ("corp", "home", "internal", "intranet", "lan", "local", "localdomain", "localhost", "private")


def is_dns_name(name: str) -> bool:
    """Whether a lower-case name without a wildcard is a fully qualified DNS name of letters, digits and hyphens."""
    labels = name.split(".")
    is_good = len(name) <= MOST_NAME_LENGTH and len(labels) > 1 and all(LABEL.match(label) for label in labels)
    return is_good and not name.endswith(".arpa") and not labels[-1].isdigit()


def is_internal(name: str) -> bool:
    """Whether a DNS name ends in a label that no public DNS holds (RFC 6762 §3 and appendix G; ICANN's .internal)."""
    return name.rpartition(".")[2] in INTERNAL_ENDS


def is_address(name: str) -> bool:
    """Whether a name is an IP address."""
    return name.rpartition(".")[2].isdigit() or ":" in name


def base_name(name: str) -> str:
    """The name whose control proves a wildcard, or the name itself."""
    return name.removeprefix("*.")


def places(name: str) -> list[str]:
    """The name and its parents down to the registrable domain: where a record proves the name."""
    last = registrable(name)
    labels = name.split(".")
    parents = [".".join(labels[at:]) for at in range(len(labels))]
    return parents[: parents.index(last) + 1] if last in parents else [name]


def registrable(name: str) -> str:
    """The registrable domain of a name by the public suffix list; the name itself where it has none."""
    return name if is_address(name) else (_suffixes().privatesuffix(name) or name)


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
