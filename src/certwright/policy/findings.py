"""What is wrong with a certificate, or will be? Named rules over what is known of one.

The tables at the end read as the specification. How bad a finding is follows from what clients do: ERROR where they
refuse the certificate or somebody else may use it, WARNING where they will, where the CA must revoke it or where some
clients refuse it, NOTICE for what is worth knowing. A certificate that is over and served nowhere harms nobody: of
that there are no findings.

:func:`findings` is cheap enough for every certificate of a large inventory. :func:`key_findings` and
:func:`lint_findings` cost a multiple (``benchmarks/findings.py`` has the figures) and their answers do not change
with time: they are for each certificate once, and after the rules have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from certwright.model.inventory import Finding, Severity
from certwright.pki import lint, weak
from certwright.policy import rules
from certwright.policy.faults import authorities, dates, issuance, keys, naming, places
from certwright.policy.judged import Judged

LINT = "lint:"  # begins the rule of each finding of the linter
AUTHORITY = "ca:"  # begins the rule of each finding about a CA's certificate that is not used as a leaf
VERSION = 1  # of the rules that take long, as they are written here: another number has them asked anew

ERROR, WARNING, NOTICE = Severity.ERROR, Severity.WARNING, Severity.NOTICE


class Rule(NamedTuple):
    """A rule, how bad it is when it speaks, what to do then, and where it is written."""

    check: Callable[[Judged, datetime], str | None]
    severity: Severity
    advice: str
    source: str


def findings(judged: Judged, at: datetime) -> tuple[Finding, ...]:
    """What every cheap rule finds at that time (aware UTC), each rule once at most; empty where all is well."""
    if judged.is_past(at):
        return ()
    found = _asked(ANY, judged, at)
    if not judged.is_authority:
        found += _asked(LEAVES, judged, at)
        if judged.public:
            found += _asked(PUBLIC_LEAVES, judged, at)
    if judged.places:
        found += _asked(SERVED, judged, at)
    return tuple(found)


def authority_findings(judged: Judged, at: datetime) -> tuple[Finding, ...]:
    """What is wrong with a CA's certificate on which leaf certificates in force hang, as rules ``ca:<rule>``.

    Here ``replaced`` tells of a certificate with the same name and key that ends later.
    """
    return tuple(replace(one, rule=AUTHORITY + one.rule) for one in _asked(AUTHORITIES, judged, at))


def slow_rules() -> str:
    """What the answers of the rules that take long depend on, beside the certificate: versions of rules and data.

    At most 200 characters. Another text means that they are to be asked again, unless it lacks (:func:`lacking`) what
    an earlier one had: then what they found is better left alone.
    """
    return f"rules {VERSION}, {weak.version()}, {lint.version()}"[:200]


def lacking() -> tuple[str, ...]:
    """What is not installed here of what these rules can use, as :func:`slow_rules` puts it."""
    return tuple(word for word in (weak.NO_LIST, lint.NO_LINTER) if word in slow_rules())


def key_findings(judged: Judged, at: datetime) -> tuple[Finding, ...]:
    """What the costly look at the public key finds; without badkeys' block list, known keys are not among it."""
    return () if judged.is_past(at) else tuple(_asked(KEYS, judged, at))


def lint_findings(judged: Judged, at: datetime) -> tuple[Finding, ...]:
    """The errors that the linter finds, each code once, as rule ``lint:<code>``.

    The CA of a public certificate must revoke it within five days for an error (BR 4.9.1.1): that is a WARNING, no
    client looks at it. Nothing binds a private CA to the Baseline Requirements, so of its certificates, and of those
    whose kind is not known, only errors against RFC 5280 count, as NOTICE. Errors against the profiles of the
    Baseline Requirements in a certificate from before those came into force are a NOTICE that says so. What the
    linter merely advises is no finding: nearly every certificate has some of it, and nobody can act on it.

    Raises Invalid when the linter is not installed: ask :func:`certwright.pki.lint.is_installed` before.
    """
    if judged.is_past(at):
        return ()
    errors = [one for one in lint.lint(judged.certificate, judged.issuer) if one.grade is lint.Grade.ERROR]
    return tuple(_from_lint(judged, one) for one in errors if judged.public or one.of_rfc)


def _asked(table: Iterable[Rule], judged: Judged, at: datetime) -> list[Finding]:
    return [
        Finding(rule.check.__name__, rule.severity, detail, rule.advice, rule.source)
        for rule in table
        if (detail := rule.check(judged, at)) is not None
    ]


def _from_lint(judged: Judged, one: lint.Lint) -> Finding:
    """An error of the linter in our words."""
    source = f"RFC 5280 and {lint.baseline()}, by pkilint"
    if not judged.public:
        return Finding(LINT + one.code, NOTICE, one.detail, _TELL_CA, source)
    if one.of_rfc or rules.on(judged.issued_on).certificate_profiles:
        return Finding(LINT + one.code, WARNING, one.detail, _ASK_CA, source)
    since = rules.since("certificate_profiles", value=True)
    detail = f"{one.detail} It was issued before these profiles came into force on {since}."
    return Finding(LINT + one.code, NOTICE, detail, "Nothing: its successor is made by the new rules.", source)


_RENEW = "Renew it now and install the successor."
_REPLACE = "Order a successor with a new key, install it, then revoke this one."
_REISSUE = "Order a successor: the CA must revoke this one as soon as somebody tells it."
_WITHOUT_CLIENT_AUTH = "Order a successor without clientAuth; clients get certificates of a private CA."
_MORE_SCTS = "Order a successor, or have the server send more SCTs itself."
_INSTALL = "Correct the chain in the server's configuration; the inventory's export has it in the right order."
_ASK_CA = "Order a successor, and ask the CA: it must revoke this one within five days of knowing."
_TELL_CA = "Tell the CA, so that the successor is right."

ANY: tuple[Rule, ...] = (  # every certificate, a CA's too
    Rule(keys.compromised_key, ERROR, _REPLACE, "BR 4.9.1.1 (3): the CA revokes within 24 hours"),
    Rule(dates.ends_before_it_begins, ERROR, "Order another one.", "RFC 5280 §4.1.2.5"),
    Rule(dates.not_yet_valid, ERROR, "Check this machine's clock; keep the predecessor until then.", "RFC 5280 §6.1.3"),
    Rule(dates.issuer_ends_first, WARNING, "Install the CA's newer intermediate, or renew.", "RFC 5280 §6.1.3"),
    Rule(issuance.precertificate, ERROR, "Collect the certificate itself.", "RFC 6962 §3.1"),
    Rule(issuance.bad_serial, WARNING, "Order a successor from a CA that numbers well.", "RFC 5280 §4.1.2.2"),
    Rule(
        issuance.unknown_issuer,
        WARNING,
        "Import the CA's root if it is yours; else find out whose it is.",
        "RFC 5280 §6",
    ),
    Rule(keys.broken_signature, ERROR, "Order a successor signed with SHA-256.", "BR 7.1.3.2; RFC 9155"),
    Rule(keys.unreadable_key, WARNING, "Order a successor with an RSA or P-256 key.", "RFC 5280 §4.1.2.7"),
    Rule(keys.small_key, ERROR, _REPLACE, "BR 6.1.5; NIST SP 800-131A"),
    Rule(keys.broken_exponent, ERROR, _REPLACE, "BR 6.1.6"),
    Rule(keys.small_exponent, NOTICE, "Make the next key with the exponent 65537.", "BR 6.1.6 (SHOULD)"),
    Rule(keys.shared_key, NOTICE, "Give each certificate a key of its own when it is renewed.", "NIST SP 800-57 §5.2"),
)

_NEWER_CA = "Install the CA's newer certificate on your servers and clients, or order from another CA."
_LEAVE_CA = "Order successors under another certificate of the CA, then take this one out of the chains."

AUTHORITIES: tuple[Rule, ...] = (  # CA certificates that leaf certificates in force hang on
    Rule(authorities.expired, ERROR, _NEWER_CA, "RFC 5280 §6.1.3"),
    Rule(authorities.ends_soon, WARNING, _NEWER_CA, "RFC 5280 §6.1.3"),
    Rule(authorities.revoked, ERROR, _LEAVE_CA, "RFC 5280 §6.1.3; BR 4.9.1.2"),
    Rule(keys.compromised_key, ERROR, _LEAVE_CA, "BR 4.9.1.2: the CA revokes within seven days"),
    Rule(keys.broken_signature, ERROR, _LEAVE_CA, "BR 7.1.3.2; RFC 9155"),
    Rule(keys.small_key, ERROR, _LEAVE_CA, "BR 6.1.5; NIST SP 800-131A"),
    Rule(keys.broken_exponent, ERROR, _LEAVE_CA, "BR 6.1.6"),
)

LEAVES: tuple[Rule, ...] = (  # certificates that are no CA's
    Rule(dates.ends_soon, WARNING, _RENEW, "Certwright's own, as for renewals"),
    Rule(dates.too_long_for_apple, WARNING, "Have the successor issued for 825 days at most.", "Apple HT210176"),
    Rule(keys.unusual_key, WARNING, "Order a successor with an RSA or P-256 key.", "BR 6.1.5; browsers' root programs"),
    Rule(naming.no_names, ERROR, "Order a successor with the names as SANs.", "RFC 9525 §2"),
    Rule(naming.many_names, NOTICE, "Split the names over several certificates.", "RFC 6928: what fits a first flight"),
    Rule(issuance.self_signed, NOTICE, "Have a CA issue it before it is used.", "RFC 5280 §6"),
    Rule(issuance.must_staple_without_ocsp, WARNING, "Order a successor without must-staple.", "RFC 7633 §4"),
    Rule(issuance.distrusted_issuer, ERROR, "Order a successor from another CA now.", "Chrome Root Program"),
    Rule(issuance.issuer_no_longer_trusted, NOTICE, "Order the successor from another CA.", "Chrome Root Program"),
)

PUBLIC_LEAVES: tuple[Rule, ...] = (  # those of them that were issued under a public root
    Rule(dates.too_long, WARNING, _REISSUE, "BR 6.3.2 (SC-081v3)"),
    Rule(naming.malformed_name, WARNING, _REISSUE, "BR 7.1.2.7.12; RFC 5280 §4.2.1.6"),
    Rule(naming.internal_name, WARNING, "Use a name of a registered domain, or a private CA.", "BR 7.1.2.7.12"),
    Rule(naming.underscore, WARNING, "Rename the host, or order a wildcard that covers it.", "BR 7.1.2.7.12 (SC-012)"),
    Rule(naming.reverse_zone, WARNING, "Order the host's own name.", "SC-086"),
    Rule(naming.wildcard_on_public_suffix, WARNING, "Order the wildcard of your own domain.", "BR 3.2.2.6"),
    Rule(naming.common_name_elsewhere, WARNING, _REISSUE, "BR 7.1.4.3"),
    Rule(naming.organizational_unit, WARNING, _REISSUE, "BR 7.1.2.7.4 (SC-047)"),
    Rule(keys.odd_modulus, WARNING, _REISSUE, "BR 6.1.5"),
    Rule(issuance.short_serial, NOTICE, _TELL_CA, "BR 7.1"),
    Rule(issuance.no_server_auth, NOTICE, "Do not install it on a server.", "BR 7.1.2.7.10"),
    Rule(
        issuance.client_auth_left_over,
        NOTICE,
        "Find out whether a client identifies itself with it; give that client a certificate of a private CA.",
        "Chrome Root Program 1.8",
    ),
    Rule(
        issuance.client_auth_outlives,
        WARNING,
        "Give every client that identifies itself with it a certificate of a private CA before it is renewed.",
        "Chrome Root Program 1.8",
    ),
    Rule(issuance.client_auth_forbidden, WARNING, _WITHOUT_CLIENT_AUTH, "Chrome Root Program 1.8"),
    Rule(issuance.too_few_scts, WARNING, _MORE_SCTS, "Chrome CT policy"),
    Rule(issuance.no_embedded_scts, NOTICE, "Order the successor with embedded SCTs.", "Chrome CT policy; RFC 6962"),
)

_OTHER_CHAIN = "Install a chain over another certificate of the same CA, or order a successor under one that is good."

SERVED: tuple[Rule, ...] = (  # what servers show
    Rule(places.expired_but_served, ERROR, "Install the successor, or order one now.", "RFC 5280 §6.1.3"),
    Rule(places.revoked_but_served, ERROR, "Install the successor, or order one now.", "RFC 5280 §6.1.3; BR 4.9.1"),
    Rule(places.self_signed_but_served, ERROR, "Order a certificate for it.", "RFC 5280 §6"),
    Rule(places.ca_certificate_served, ERROR, "Take the CA's key off the server; order a certificate.", "BR 7.1.2.7.8"),
    Rule(issuance.not_for_servers, ERROR, "Install a certificate for servers.", "RFC 5280 §4.2.1.12"),
    Rule(issuance.no_usages, WARNING, "Have the successor issued with serverAuth.", "Apple HT210176; BR 7.1.2.7.10"),
    Rule(places.wrong_name, ERROR, "Install one with that name, or take the name out of the DNS.", "RFC 9525 §6.3"),
    Rule(places.wrong_name_seldom_asked, NOTICE, "Order the successor with that name.", "RFC 7435; RFC 9525 §6.3"),
    Rule(places.incomplete_chain, WARNING, _INSTALL, "RFC 8446 §4.4.2"),
    Rule(places.disordered_chain, WARNING, _INSTALL, "RFC 5246 §7.4.2; RFC 8446 §4.4.2"),
    Rule(places.foreign_in_chain, NOTICE, _INSTALL, "RFC 8446 §4.4.2"),
    Rule(places.root_in_chain, NOTICE, _INSTALL, "RFC 8446 §4.4.2: it may be left out"),
    Rule(places.expired_in_chain, WARNING, _INSTALL, "RFC 5280 §6.1.3"),
    Rule(places.revoked_in_chain, ERROR, _OTHER_CHAIN, "RFC 5280 §6.1.3; BR 4.9.1.2"),
    Rule(places.broken_signature_in_chain, ERROR, _INSTALL, "BR 7.1.3.2; RFC 9155"),
)

KEYS: tuple[Rule, ...] = (  # costly
    Rule(keys.weak_key, ERROR, _REPLACE, "BR 6.1.1.3 (SC-073), 4.9.1.1: the CA revokes within 24 hours"),
)
