"""What every kind of target can do with a proof, and how one is made from what was set."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from certwright.model.ca import Proof
from certwright.policy.egress import Network
from certwright.targets.dcv.kinds import Kind


class Publisher(Protocol):
    """A target, ready to be written to. Raises only Unavailable and Misconfigured."""

    def publish(self, proof: Proof, former: Collection[str]) -> None:
        """Publish the proof where it does not stand yet.

        What others made is never touched: where only one value can stand and another does, Misconfigured says which.
        Only ``former`` ones, values of ours that nobody needs any more, are replaced.
        """
        ...

    def look(self, proof: Proof) -> str:
        """Look at the proof from outside; "" when it stands there, else a sentence that says what does."""
        ...

    def withdraw(self, proof: Proof) -> None:
        """Take away exactly that value, and nothing when it does not stand there."""
        ...


def open_publisher(
    kind: str, settings: Mapping[str, str], secrets: Mapping[str, str], allowed: Sequence[Network] = ()
) -> Publisher:
    """The target of that kind; asks nobody yet. Raises Misconfigured when settings or secrets do not fit.

    ``allowed`` are networks where looks at the web servers of ordered names may go, beside public addresses.
    """
    known = Kind.load(kind)
    known.check_secrets(secrets)
    values: dict[str, Any] = {**known.parse_settings(settings), **secrets}
    # A kind's libraries are loaded only where there is such a target.
    if kind == "webroot":
        from certwright.targets.dcv.webroot import Webroot

        return Webroot(**values, allowed=allowed)
    if kind == "rfc2136":
        from certwright.targets.dcv.rfc2136 import DynamicUpdate

        return DynamicUpdate(**values)
    from certwright.targets.dcv.lexicon import Lexicon

    return Lexicon(**values)
