"""Lint: does a certificate follow RFC 5280 and the Baseline Requirements to the letter? pkilint's answer, in values.

pkilint is DigiCert's linter, one of those that CAs run before they sign (BR 4.3.1.2, SC-075). It is an optional
dependency, ``pip install certwright[lint]``, of a third of a second to load, so it is loaded at the first certificate.

It judges by the Baseline Requirements of its own release (:func:`baseline`). It knows from which day on lifetimes,
reverse zones, short-lived certificates and EV policies are judged in which way; all its other rules it applies to
certificates of any age. What a finding weighs for an older certificate is the caller's to say.

One set of validators per kind of certificate is made and kept; they hold no state of a certificate, so threads may
lint at the same time. pkilint is pure Python: they gain nothing by it.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from typing import Any

from certwright.pki.certificate import Certificate
from certwright.pki.errors import Invalid

UNREADABLE = "unreadable"  # the code of a certificate that the linter cannot type or read
NO_LINTER = "no linter"
_LONGEST_MESSAGE = 200
_SHOWN = 3
_OF_RFC = ("pkix.", "itu.", "base.", UNREADABLE)


class Grade(StrEnum):
    """What kind of rule is broken: a MUST, a SHOULD, or advice."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Lint:
    """A rule that a certificate breaks: pkilint's ``code`` for it, and where and how in one sentence, ``detail``."""

    code: str
    grade: Grade
    detail: str

    @property
    def of_rfc(self) -> bool:
        """Whether the rule is X.509's own (RFC 5280 and the ASN.1 below it), which binds private CAs too."""
        return self.code.startswith(_OF_RFC)


def is_installed() -> bool:
    """Whether the linter is there; says nothing of what it costs to load."""
    return find_spec("pkilint") is not None


def version() -> str:
    """Which linter judges, ``pkilint 0.13.0``; NO_LINTER where none is installed. Loads nothing."""
    return f"pkilint {metadata.version('pkilint')}" if is_installed() else NO_LINTER


def baseline() -> str:
    """The Baseline Requirements by which it judges: ``BR 2.2.5``. Raises Invalid when pkilint is not installed."""
    _load()
    from pkilint.cabf.serverauth import serverauth_constants

    return f"BR {serverauth_constants.BR_VERSION}"


def lint(certificate: Certificate, issuer: Certificate | None = None) -> tuple[Lint, ...]:
    """The rules that a certificate breaks, each once, the worst first; empty when it breaks none.

    Which rules apply follows from the certificate itself: its policies (DV, OV, IV, EV; DV without one), its
    extended key usages and whether it is a CA's. With ``issuer``, its signature, names and key identifiers are
    compared with that certificate too. A certificate that pkilint cannot read breaks the rule UNREADABLE.

    Raises Invalid when pkilint is not installed, and nothing else.
    """
    _load()
    try:
        results = [*_linted(certificate), *(_linted_with(certificate, issuer) if issuer else ())]
    except Exception as problem:  # noqa: BLE001 - somebody else's parser over hostile bytes: all it stumbles over
        return (Lint(UNREADABLE, Grade.ERROR, f"The linter cannot read it: {_inert(type(problem).__name__)}."),)
    return tuple(_summed_up(results))


def _load() -> None:
    """Load pkilint at its first use. Raises Invalid when it is not installed."""
    try:
        _set_up()
    except ImportError as problem:
        raise Invalid(
            "Linting needs the optional pkilint library.", advice="Install certwright[lint], or leave lint out."
        ) from problem


@cache
def _set_up() -> None:
    import pkilint.cabf.serverauth  # noqa: F401 - the third of a second goes here

    # A validator that stumbles says so in its result: the traceback that pkilint logs as well helps nobody.
    logging.getLogger("pkilint.validation").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", category=UserWarning, module=r"pkilint\.")


@cache
def _validators(kind: Any) -> tuple[Any, tuple[Any, ...]]:  # pkilint has few types
    """The validators for one kind of certificate, and the filters of what the Baseline Requirements supersede."""
    from pkilint.cabf import serverauth
    from pkilint.pkix import certificate as pkix

    rules = pkix.create_pkix_certificate_validator_container(
        serverauth.create_decoding_validators(), serverauth.create_validators(kind)
    )
    return rules, tuple(serverauth.create_serverauth_finding_filters(kind))


@cache
def _pair_validators() -> tuple[Any, Any, Any]:
    """The validators that decode a certificate, that look at an issuer and at what it signed."""
    from pkilint.bin import lint_pkix_signer_signee_cert_chain as pair

    return (
        pair.create_decoder_validation_container(),
        pair.create_issuer_validation_container(),
        pair.create_subject_validation_container(),
    )


def _linted(certificate: Certificate) -> Sequence[Any]:
    from pkilint import finding_filter, loader
    from pkilint.cabf import serverauth

    document = loader.load_der_certificate(certificate.der, "certificate")
    rules, filters = _validators(serverauth.determine_certificate_type(document))
    kept: Sequence[Any] = finding_filter.filter_results(filters, rules.validate(document.root))[0]
    return kept


def _linted_with(certificate: Certificate, issuer: Certificate) -> Iterator[Any]:
    """What of the two does not fit together; what is wrong with the issuer alone is left to its own lint."""
    from pkilint import loader

    pair: dict[str, Any] = {}
    pair["issuer"] = loader.load_der_certificate(issuer.der, "issuer", "issuer", pair)
    pair["subject"] = loader.load_der_certificate(certificate.der, "subject", "subject", pair)
    decoding, of_issuer, of_subject = _pair_validators()
    for document in pair.values():
        decoding.validate(document.root)
    yield from of_issuer.validate(pair["issuer"].root)
    yield from of_subject.validate(pair["subject"].root)


def _summed_up(results: Iterable[Any]) -> Iterator[Lint]:
    """Each code once, with where it was found; what is only information is left out."""
    said: dict[str, list[str]] = {}
    grades: dict[str, Grade] = {}
    for result in results:
        for found in result.finding_descriptions:
            grade = _grade(found.finding.severity)
            if grade is not None:
                code = _inert(found.finding.code)
                grades[code] = grade
                said.setdefault(code, []).append(_said(result.node.path, found.message))
    for code in sorted(grades, key=lambda code: (list(Grade).index(grades[code]), code)):
        yield Lint(code, grades[code], _sentence(code, said[code]))


def _grade(severity: int) -> Grade | None:
    """pkilint's severity in ours: 0 fatal, 1 error, 2 warning, 3 notice, then information."""
    return {0: Grade.ERROR, 1: Grade.ERROR, 2: Grade.WARNING, 3: Grade.NOTICE}.get(int(severity))


def _said(path: str, message: str | None) -> str:
    where = _inert(path.removeprefix("certificate.").removeprefix("tbsCertificate."))
    return f"{where}: {_inert(message).rstrip('.')}" if message else where


def _sentence(code: str, said: Sequence[str]) -> str:
    words = code.rpartition(".")[2].replace("_", " ")
    more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    return f"The linter finds: {words} (at {'; '.join(said[:_SHOWN])}{more})."


def _inert(text: str) -> str:
    """Printable ASCII, no longer than what a person reads: the text quotes the certificate."""
    cut = text[:_LONGEST_MESSAGE]
    return "".join(c if " " <= c <= "~" else f"\\u{ord(c):04x}" for c in cut)
