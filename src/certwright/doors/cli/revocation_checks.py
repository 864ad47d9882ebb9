"""``certwright cert check-revocation``: asking issuers now which certificates they have revoked."""

from __future__ import annotations

from certwright.doors.cli.options import AsJSON
from certwright.doors.cli.session import opened
from certwright.doors.cli.sources import progress
from certwright.doors.cli.terminal import print_json, say, warn


def check_revocation(as_json: AsJSON = False) -> None:
    """Ask the issuers of certificates in force, by CRL or OCSP, which of them are revoked; only those not asked lately.

    A worker does that by itself, twice a day.
    """
    with opened() as certwright, progress() as step:
        came = certwright.checking.run(lambda asked: step("certificates", asked, None))
        if as_json:
            print_json(
                {"asked": came.asked, "revoked": came.revoked, "unknown": came.unknown, "troubles": came.troubles}
            )
            return
        say(f"{came.asked:,} certificates were asked about; {came.revoked:,} of them are newly known to be revoked.")
        for why, count in came.troubles.items():
            warn(f"of {count:,} it is not known: {why}")
