"""How a certificate, or all of a CA order, is revoked: asked for exactly once, then followed until it is done."""

from __future__ import annotations

from certwright.flow.advance import Step, Story
from certwright.flow.answers import Answer, Done, Refuse, Wait
from certwright.flow.paid import Call
from certwright.flow.trouble import Talks
from certwright.model.ca import RevocationProgress
from certwright.model.errors import Refused
from certwright.model.order import EventKind, Revocation
from certwright.model.ports import Ports, Revokes
from certwright.model.words import RevocationState, WaitingFor
from certwright.policy import cadence


def ask(revocation: Revocation, at: Ports) -> Call[RevocationProgress]:
    """Ask the CA to revoke."""
    ca = _able(at)
    return Call(
        what="revocation",
        send=lambda deadline: ca.revoke(revocation.target, revocation.reason, revocation.comment, deadline=deadline),
        done=_asked,
        found=_asked,
        settle_time=at.settle_time,
        search=lambda _: ca.revocation(revocation.target),
        sending={"state": RevocationState.SENDING},
    )


def _able(at: Ports) -> Revokes:
    if not isinstance(at.ca, Revokes):
        raise Refused("This CA has no revocation over its API.", advice="Revoke in the CA's console.")
    return at.ca


def _asked(progress: RevocationProgress) -> Done | Refuse:
    if progress.state is RevocationState.REFUSED:
        return Refuse(progress.why or "The CA refused the revocation.")
    note = "the CA has it" if progress.state is RevocationState.PENDING else "the CA revoked at once"
    return Done(
        note,
        {"state": progress.state, "request_id": progress.request_id, "why": progress.why, "looks": 0},
        kind=EventKind.CA,
        must_be_kept=True,
    )


def follow(revocation: Revocation, at: Ports) -> Answer:
    """See whether an approver has let it through; nothing to ask when the CA revoked at once."""
    if revocation.state is RevocationState.REVOKED:
        return Done()
    progress = _able(at).revocation(revocation.target)
    at.standing.answered()
    if progress is None:  # it had it, so this answer is a stale one
        progress = RevocationProgress(RevocationState.PENDING, why="The CA does not show the revocation yet.")
    if progress.state is RevocationState.REFUSED:
        return Refuse(progress.why or "The revocation was rejected.")
    if progress.state is RevocationState.REVOKED:
        return Done("revoked", {"state": progress.state}, kind=EventKind.CA)
    now = at.clock.now()
    watched = revocation.watched_until is not None and now < revocation.watched_until
    return Wait(
        now + cadence.next_look(WaitingFor.CA_APPROVAL, revocation.looks, watched=watched),
        progress.why or "The revocation waits for an approver.",
        {"looks": revocation.looks + 1, "request_id": progress.request_id or revocation.request_id},
        kind=EventKind.CA,
    )


def mark(revocation: Revocation, at: Ports) -> Answer:
    """Mark the certificates in the inventory."""
    count = at.inventory.revoked(revocation, at.clock.now())
    return Done(f"{count} certificates marked revoked")


REVOKE: Story[Revocation] = Story(
    steps=(
        Step("ask", Talks.CA, call=ask),
        Step("follow", Talks.CA, run=follow),
        Step("mark", Talks.NOBODY, run=mark),
    ),
    fulfilled={"state": RevocationState.REVOKED},
    refused={"state": RevocationState.REFUSED},
)
