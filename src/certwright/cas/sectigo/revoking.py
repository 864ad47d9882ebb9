"""AutoRevokeSSL, which revokes what is issued and rejects what is not (§13)."""

from __future__ import annotations

from collections.abc import Mapping

from certwright.cas.sectigo import collecting, errors
from certwright.cas.sectigo.api import SectigoAPI
from certwright.model.ca import CAOrder, RevocationProgress, RevocationTarget
from certwright.model.errors import Refused
from certwright.model.words import RevocationReason, RevocationState

_REASONS: Mapping[RevocationReason, int] = {
    RevocationReason.UNSPECIFIED: 0,
    RevocationReason.KEY_COMPROMISE: 1,
    RevocationReason.AFFILIATION_CHANGED: 3,
    RevocationReason.SUPERSEDED: 4,
    RevocationReason.CESSATION_OF_OPERATION: 5,
}
_DONE = frozenset({str(errors.REVOKED), str(errors.REJECTED)})
_WITHDRAWN = "Withdrawn by its subscriber."
_LONGEST_COMMENT = 1024


def revoke(
    api: SectigoAPI, target: RevocationTarget, reason: RevocationReason, comment: str, *, deadline: float
) -> RevocationProgress:
    """Revoke: 1 call. Revoked already is success."""
    given = {
        **_wanted(target),
        "codeReason": str(_REASONS[reason]),
        "revocationReason": (comment or str(reason))[:_LONGEST_COMMENT],
    }
    try:
        api.revoke(given, deadline=deadline)
    except Refused as error:
        if error.code not in _DONE:
            raise
        return RevocationProgress(RevocationState.REVOKED, why=error.detail)
    return RevocationProgress(RevocationState.REVOKED)


def revocation(api: SectigoAPI, target: RevocationTarget) -> RevocationProgress | None:
    """Whether it is revoked: 1 call."""
    wanted = {"certificateID": target.certificate_id} if target.certificate_id else {"orderNumber": target.order_id}
    form = collecting.status(api, wanted)
    if form.code in (errors.REVOKED, errors.REJECTED):
        return RevocationProgress(RevocationState.REVOKED, why=errors.words(form.code, form.message))
    return None


def _wanted(target: RevocationTarget) -> dict[str, str]:
    if target.certificate_id and not target.whole_order:
        return {"certificateID": target.certificate_id}
    if target.serial and not target.whole_order:
        serial = target.serial.upper()
        return {"serialNumber": serial if len(serial) % 2 == 0 else f"0{serial}"}  # whole bytes, as it is shown
    return {"orderNumber": target.order_id}


def cancel(api: SectigoAPI, ca_order: CAOrder, comment: str) -> None:
    """Reject an order that is not issued: 2 calls, the first of which makes sure of that. Rejected already is success.

    Between the two the CA may issue; the certificate is then revoked, which nobody has installed yet. Both calls name
    the same thing: of a reissue its own certificate, never the order whose earlier certificate is in use.
    """
    wanted = collecting.target(ca_order)
    form = collecting.status(api, wanted)
    if form.code in (errors.AVAILABLE, errors.ATTACHED, errors.BEING_ISSUED):
        raise Refused(
            "Sectigo has issued it, or is about to.", advice="Collect it; it is ended with: certwright cert revoke"
        )
    if form.code in (errors.REJECTED, errors.REVOKED):
        return
    given = {
        **wanted,
        "codeReason": "0",
        "revocationReason": (comment or _WITHDRAWN)[:_LONGEST_COMMENT],
    }
    try:
        api.revoke(given)
    except Refused as error:
        if error.code not in _DONE:
            raise
