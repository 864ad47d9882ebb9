"""Lint: pkilint's judgement in our values; what it cannot read is a finding; without it, the message says so."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography.x509.oid import NameOID

from certwright.model.inventory import Severity
from certwright.pki import lint
from certwright.pki.lint import Grade
from certwright.policy.findings import lint_findings
from certwright.policy.judged import Judged
from tests.cases import odd
from tests.cases.authority import NOW, new_key, root
from tests.cases.odd import day

TOP = root()
CA = TOP.intermediate()
HOST = "shop.meadow.com"
DV, OV = "2.23.140.1.2.1", "2.23.140.1.2.2"  # BR 7.1.6.1
INTERNAL = "cabf.internal_domain_name"


def codes(*names: str, issuer: bool = False) -> set[str]:
    made = CA.issue(*names)
    return {one.code for one in lint.lint(made, CA.certificate if issuer else None)}


def test_an_internal_name_is_an_error_that_quotes_it() -> None:
    found = {one.code: one for one in lint.lint(CA.issue("host.internal"))}
    assert found[INTERNAL].grade is Grade.ERROR
    assert "host.internal" in found[INTERNAL].detail
    assert INTERNAL not in codes(HOST)


def test_a_sound_profile_has_no_error() -> None:
    assert [one for one in lint.lint(sound()) if one.grade is Grade.ERROR] == []


def test_each_code_comes_once_however_often_it_was_found() -> None:
    found = lint.lint(CA.issue(*(f"n{n}.internal" for n in range(5))))
    assert len({one.code for one in found}) == len(found)
    assert "and 2 more" in next(one.detail for one in found if one.code == INTERNAL)


def test_the_worst_comes_first() -> None:
    grades = [list(Grade).index(one.grade) for one in lint.lint(CA.issue("host.internal"))]
    assert grades == sorted(grades)
    assert len(set(grades)) > 1


def test_the_kind_is_read_from_the_policies() -> None:
    """An OV certificate without an organization breaks a rule that a DV certificate does not have."""
    ov = {one.code for one in lint.lint(sound(policy=OV))}
    dv = {one.code for one in lint.lint(sound())}
    assert any("ov.organization_name" in code for code in ov - dv)


def test_a_root_and_an_intermediate_are_judged_as_such() -> None:
    assert any("root" in one.code for one in lint.lint(TOP.certificate))
    assert lint.lint(CA.certificate)


def test_a_wrong_issuer_is_told() -> None:
    other = TOP.intermediate("Other")
    right = {one.code for one in lint.lint(sound(), CA.certificate)}
    wrong = {one.code for one in lint.lint(sound(), other.certificate)}
    assert any("signature" in code for code in wrong - right)


def test_errors_of_x509_are_told_from_those_of_the_baseline_requirements() -> None:
    found = {one.code: one.of_rfc for one in lint.lint(CA.issue("host.internal"))}
    assert not found[INTERNAL]
    assert all(of_rfc == code.startswith("pkix.") for code, of_rfc in found.items())


def test_quoted_text_cannot_write_to_a_terminal() -> None:
    made = odd.issue(CA, names=("a\x1b[31m.internal\r\nX",))
    assert all(one.detail.isascii() and one.detail.isprintable() for one in lint.lint(made))


def test_threads_may_lint_at_the_same_time() -> None:
    made = [CA.issue("host.internal" if n % 2 else HOST) for n in range(20)]
    with ThreadPoolExecutor(4) as pool:
        found = [{one.code for one in each} for each in pool.map(lint.lint, made)]
    assert [INTERNAL in each for each in found] == [bool(n % 2) for n in range(20)]


def test_what_the_linter_cannot_read_is_a_finding() -> None:
    """Nobody's parser is asked to be perfect: BER that our library takes, and its does not."""

    class Unreadable:
        der = b"\x30\x03\x02\x01\x05"

    assert [one.code for one in lint.lint(Unreadable())] == [lint.UNREADABLE]  # type: ignore[arg-type]


def test_without_the_library_the_message_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['pkilint'] = None\n"
        "from certwright.pki import lint\n"
        "try: lint.lint(None)\n"
        "except lint.Invalid as problem: print(problem)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "certwright[lint]" in told


def test_the_library_is_loaded_with_the_first_certificate_and_not_before() -> None:
    program = "import sys; from certwright.pki import lint; print(lint.is_installed(), 'pkilint.cabf' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["True", "False"]


# --- what its errors weigh


def test_a_public_certificate_with_an_error_will_be_revoked() -> None:
    found = {one.rule: one for one in lint_findings(Judged(CA.issue("host.internal"), public=True), NOW)}
    assert found[f"lint:{INTERNAL}"].severity is Severity.WARNING
    assert "BR 2." in found[f"lint:{INTERNAL}"].source


def test_the_baseline_requirements_bind_no_private_ca() -> None:
    for public in (False, None):
        found = lint_findings(Judged(CA.issue("host.internal"), public=public), NOW)
        assert all(one.rule.startswith("lint:pkix.") and one.severity is Severity.NOTICE for one in found)


def test_a_certificate_from_before_the_profiles_is_judged_mildly() -> None:
    def severities(begin_day: int) -> set[Severity]:
        begin = day(2023, 9, begin_day)
        made = odd.issue(CA, names=("host.internal",), not_before=begin, not_after=begin + timedelta(days=100))
        found = lint_findings(Judged(made, public=True), begin)
        return {one.severity for one in found if one.rule == f"lint:{INTERNAL}"}

    assert severities(14) == {Severity.NOTICE}
    assert severities(15) == {Severity.WARNING}


def test_advice_alone_is_no_finding() -> None:
    advised = odd.sound(CA, names=(HOST,), policy=DV, subject=[(NameOID.COMMON_NAME, HOST)])
    assert {one.grade for one in lint.lint(advised)} == {Grade.WARNING}
    assert lint_findings(Judged(advised, public=True), NOW) == ()


def test_a_certificate_that_is_over_is_not_linted() -> None:
    old = CA.issue("host.internal", not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1))
    assert lint_findings(Judged(old, public=True), NOW) == ()


def sound(policy: str = DV) -> odd.Certificate:
    """A certificate after the profile of DV, or of another policy."""
    return odd.sound(CA, names=(HOST,), policy=policy, key=new_key())


def test_a_sound_certificate_passes_with_its_issuer() -> None:
    found = {one.code for one in lint.lint(sound(), CA.certificate) if one.grade is Grade.ERROR}
    assert found == set()


def test_a_linter_that_is_newly_installed_is_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lint.version().startswith("pkilint ")
    monkeypatch.setattr(lint, "find_spec", lambda _name: None)
    assert lint.version() == "no linter"
