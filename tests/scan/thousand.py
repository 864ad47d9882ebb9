"""A thousand TLS ports in one process, the bad among the good: prints them as JSON, and ends with its input.

Usage: ``python -m tests.scan.thousand PEM``, where PEM holds the key and the chain that the good ones present.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from tests.scan import faults
from tests.scan.certificates import Identity
from tests.scan.conversations import smtp
from tests.scan.servers import Servers, serving

GOOD, GOOD_SMTP, OF_EACH_FAULT = 900, 40, 10


def listening(servers: Servers, pem: Path) -> dict[str, list[int]]:
    """Ports by what is there."""
    context = Identity((), pem).context()
    good = [servers.tls(context) for _ in range(GOOD)]
    bad = {
        "half-open": faults.never,
        "slow-loris": faults.slow_loris,
        "truncated": faults.truncated(good[0], 300),
        "garbage": faults.endless(b"\xa5" * 4096),
        "reset": faults.reset,
        "html": faults.says(faults.HTML),
    }
    ports = {"tls": good, "smtp": [servers.plain(smtp, context) for _ in range(GOOD_SMTP)]}
    return ports | {name: [servers.plain(talk) for _ in range(OF_EACH_FAULT)] for name, talk in bad.items()}


def main() -> None:
    """Listen until the input ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most if most == resource.RLIM_INFINITY else min(most, 8192), most))
    with serving() as servers:
        print(json.dumps(listening(servers, Path(sys.argv[1]))), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
