"""The generated inventory: its certificates are ones that anybody can read, and the company is as told."""

from __future__ import annotations

import statistics
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from benchmarks import certificates
from benchmarks.certificates import certificate, read, stored
from benchmarks.estate import TODAY, Estate, Known, Plan

from certwright.model.words import CertificateState
from certwright.pki.certificate import Certificate, from_der

ESTATE = Estate(30_000)
SAMPLE = range(0, ESTATE.count, ESTATE.count // 50)
MANY = range(0, ESTATE.count, 7)


@cache
def sample() -> dict[int, Certificate]:
    """Fifty certificates, read as the product reads them."""
    return {number: from_der(certificate(ESTATE, number)) for number in SAMPLE}


@cache
def plans() -> list[Plan]:
    """What thousands of certificates are to say."""
    return [ESTATE.plan(number) for number in MANY]


@cache
def known() -> list[Known]:
    """What is known of all certificates."""
    return [ESTATE.known(number) for number in range(ESTATE.count)]


def test_a_certificate_says_what_its_plan_says() -> None:
    for number, found in sample().items():
        plan = ESTATE.plan(number)
        assert (found.names, found.common_name) == (plan.names, plan.names[0])
        assert (found.not_before, found.not_after) == (plan.not_before, plan.not_after)
        assert (found.organization, found.validation) == (plan.organization, plan.issuer.validation)
        assert found.issuer_common_name == plan.issuer.common_name
        assert found.key_spec == plan.key_spec
        assert not found.is_ca


def test_openssl_reads_every_certificate_of_a_sample(tmp_path: Path) -> None:
    file = tmp_path / "sample.pem"
    file.write_text("".join(found.pem for found in sample().values()))

    told = subprocess.run(
        ["openssl", "storeutl", "-certs", "-text", "-noout", file], check=True, capture_output=True, text=True
    ).stdout

    assert f"Total found: {len(SAMPLE)}" in told
    assert told.count("Signed Certificate Timestamp:") > len(SAMPLE)
    assert not any(word in told for word in ("<INVALID>", "<parse error>", "Unable to load Public Key"))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    der = certificate(Estate(1000, seed=3), 77)
    assert certificate(Estate(1000, seed=3), 77) == der
    assert certificate(Estate(1000, seed=4), 77) != der


def test_no_two_certificates_are_the_same() -> None:
    found = [from_der(der) for der in certificates.certificates(Estate(3000))]
    assert len({one.fingerprint for one in found}) == len({one.serial for one in found}) == 3000


def test_a_serial_has_sixteen_bytes_and_is_positive() -> None:
    assert all(found.parsed.serial_number.bit_length() in range(121, 128) for found in sample().values())


def test_most_leaves_are_as_large_as_real_ones() -> None:
    sizes = sorted(len(certificate(ESTATE, number)) for number in range(1000))
    assert 1400 < statistics.median(sizes) < 1800
    assert sizes[100] > 1100
    assert sizes[900] < 2200


def test_a_third_is_in_force_today_and_nothing_begins_later() -> None:
    in_force = sum(plan.not_before <= TODAY <= plan.not_after for plan in plans())
    assert in_force / len(MANY) == pytest.approx(0.35, abs=0.02)
    assert all(plan.not_before <= TODAY for plan in plans())


def test_no_public_certificate_lives_longer_than_was_allowed_when_it_was_issued() -> None:
    for plan in plans():
        if plan.issuer.kind == "private":
            continue
        days = (plan.not_after - plan.not_before).total_seconds() / 86_400
        allowed = 825 if plan.not_before < datetime(2020, 9, 1, tzinfo=UTC) else 398
        assert days < (200 if plan.not_before >= datetime(2026, 3, 15, tzinfo=UTC) else allowed)


def test_half_of_the_certificates_have_one_name_or_two_and_none_has_more_than_a_hundred() -> None:
    counts = [len(plan.names) for plan in plans()]
    assert statistics.median(counts) == 2
    assert 60 < max(counts) <= 100


def test_there_are_wildcards_and_addresses_among_the_names() -> None:
    names = [name for plan in plans() for name in plan.names]
    assert any(name.startswith("*.") for name in names)
    assert any(name[-1].isdigit() for name in names)


def test_keys_are_mixed_as_told() -> None:
    found = Counter(plan.key_spec for plan in plans())
    assert found["rsa-2048"] / len(MANY) == pytest.approx(0.4, abs=0.02)
    assert found["ec-p256"] / len(MANY) == pytest.approx(0.5, abs=0.02)


def test_three_in_a_hundred_are_revoked_after_they_began_and_not_in_the_future() -> None:
    revoked = {number: one for number, one in enumerate(known()) if one.state is CertificateState.REVOKED}
    assert len(revoked) / ESTATE.count == pytest.approx(0.03, abs=0.004)
    for number in list(revoked)[:500]:
        assert revoked[number].revoked_at is not None
        assert ESTATE.plan(number).not_before <= revoked[number].revoked_at <= TODAY


def test_a_certificate_replaces_an_older_one_with_the_same_names() -> None:
    for number in MANY:
        before = known()[number].replaces
        if before is None:
            continue
        assert ESTATE.plan(before).names == ESTATE.plan(number).names
        assert ESTATE.plan(before).not_before <= ESTATE.plan(number).not_before


def test_lineages_have_three_to_eight_certificates() -> None:
    assert set(Counter(lineages()).values()) <= {*range(3, 9)}
    assert len(set(lineages())) == pytest.approx(ESTATE.count / 5, rel=0.01)


def lineages() -> Iterator[int]:
    """Of every certificate but the few whose lineage the end of the estate cuts off, the oldest of its lineage."""
    oldest: dict[int, int] = {}
    for start in range(ESTATE.count):
        path, number = [], start
        while number not in oldest:
            path.append(number)
            before = known()[number].replaces
            if before is None:
                oldest[number] = number
            else:
                number = before
        oldest.update(dict.fromkeys(path, oldest[number]))
    sizes = Counter(oldest.values())
    last = next(number for number in range(ESTATE.count) if number * ESTATE._step % ESTATE.count == ESTATE.count - 1)
    assert sizes[oldest[last]] <= 8
    return (found for found in oldest.values() if found != oldest[last])


def test_a_stored_estate_is_read_back_as_it_was_generated_and_generated_once(tmp_path: Path) -> None:
    estate = Estate(300)
    path = stored(tmp_path, estate)
    written = path.stat().st_mtime_ns

    assert list(read(path)) == list(certificates.certificates(estate))
    assert stored(tmp_path, Estate(300)) == path
    assert path.stat().st_mtime_ns == written


def test_an_interrupted_generation_leaves_no_file_that_is_taken_for_a_whole_one(tmp_path: Path) -> None:
    class Interrupted(Estate):
        def plan(self, number: int) -> Plan:
            if number == 100:
                raise KeyboardInterrupt
            return super().plan(number)

    with pytest.raises(KeyboardInterrupt):
        stored(tmp_path, Interrupted(300))

    assert list(read(stored(tmp_path, Estate(300)))) == list(certificates.certificates(Estate(300)))
