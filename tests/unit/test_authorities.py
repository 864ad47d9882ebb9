"""Who issued a certificate, and whether browsers trust that."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from certwright.engine.authorities import Authorities
from certwright.pki.certificate import Certificate
from certwright.wiring import public_roots
from tests.cases.authority import NOW, Authority, new_key, root


@dataclass
class Known:
    """CA certificates by common name, and for which they were asked."""

    every: Sequence[Certificate]
    asked: list[set[str]] = field(default_factory=list)

    def __call__(self, common_names: Collection[str]) -> list[Certificate]:
        self.asked.append(set(common_names))
        return [one for one in self.every if (one.common_name or "") in common_names]


def told(leaf: Certificate, *known: Authority, trusted: Sequence[Authority] = ()) -> tuple[Certificate | None, object]:
    """The issuer, and whether that is public."""
    authorities = Authorities(Known([one.certificate for one in known]), [one.certificate for one in trusted])
    authorities.learn([leaf])
    issuer = authorities.issuer_of(leaf)
    return issuer, authorities.is_public(leaf, issuer)


def crossed(subject: Authority, by: Authority) -> Authority:
    """The same name and key, signed by another CA."""
    return by.intermediate(subject.certificate.common_name or "", key=subject.key)


def test_below_a_root_that_browsers_trust_a_leaf_is_public() -> None:
    top = root("Trusted Root")
    middle = top.intermediate("Middle")
    assert told(middle.issue(), middle, trusted=[top]) == (middle.certificate, True)


def test_below_a_root_of_ones_own_it_is_not() -> None:
    top = root("Our Root")
    middle = top.intermediate("Middle")
    assert told(middle.issue(), middle, top, trusted=[root()]) == (middle.certificate, False)


def test_of_a_way_that_is_not_known_to_its_end_nothing_is_said() -> None:
    middle = root("Nobody's Root").intermediate("Middle")
    assert told(middle.issue(), middle, trusted=[root()]) == (middle.certificate, None)
    assert told(middle.issue(), trusted=[root()]) == (None, None)


def test_one_that_signed_itself_is_not_public() -> None:
    assert told(root("device").certificate) == (None, False)


def test_a_root_that_browsers_trust_is_public_itself_also_with_another_certificate_of_it() -> None:
    key = new_key()
    old, new = root("Trusted Root", key=key), root("Trusted Root", key=key, not_after=NOW + timedelta(days=9))
    assert told(new.certificate, trusted=[old])[1] is True


def test_the_name_of_a_trusted_root_alone_is_not_trusted() -> None:
    false = root("Trusted Root")
    assert told(false.issue(), false, trusted=[root("Trusted Root")]) == (false.certificate, False)


def test_the_way_to_a_trusted_root_is_found_beside_one_that_nobody_knows() -> None:
    trusted, young = root("Trusted Root"), root("Young Root")
    middle = young.intermediate("Middle")
    ways = [crossed(young, root("Forgotten Root")), crossed(young, trusted)]
    for known in ([middle, *ways], [middle, *reversed(ways)], [*ways, young, middle]):
        assert told(middle.issue(), *known, trusted=[trusted])[1] is True


def test_cas_that_certify_each_other_are_followed_once_around_and_out() -> None:
    trusted = root("Trusted Root")
    one, other = root("One"), root("Other")
    circle = [crossed(one, other), crossed(other, one)]
    leaf = circle[0].issue()
    assert told(leaf, *circle)[1] is None
    assert told(leaf, *circle, one)[1] is False
    for out in (crossed(one, trusted), crossed(other, trusted)):
        assert told(leaf, *circle, out, trusted=[trusted])[1] is True
        assert told(crossed(other, one).issue(), out, *circle, trusted=[trusted])[1] is True


def test_of_two_certificates_of_the_issuer_the_one_that_ends_last_is_taken() -> None:
    top, key = root(), new_key()
    short = top.intermediate("Middle", key=key, not_after=NOW + timedelta(days=30))
    long = top.intermediate("Middle", key=key)
    for known in ((short, long), (long, short)):
        assert told(short.issue(), *known)[0] == long.certificate


def test_among_thousands_that_bear_one_name_the_issuer_is_found_at_once() -> None:
    key = new_key()
    namesakes = [root("localhost", key=key) for _ in range(300)]
    real = root("localhost")
    leaf = real.issue()
    authorities = Authorities(Known([*(one.certificate for one in namesakes), real.certificate]), [])
    authorities.learn([leaf])
    began = time.process_time()
    for _ in range(20):
        assert authorities.issuer_of(leaf) == real.certificate
    assert time.process_time() - began < 1


def test_each_name_is_asked_for_once_and_those_above_it_too() -> None:
    top = root("Top")
    upper = top.intermediate("Upper")
    lower = upper.intermediate("Lower")
    known = Known([one.certificate for one in (top, upper, lower)])
    authorities = Authorities(known, [])
    authorities.learn([lower.issue(), lower.issue()])
    authorities.learn([lower.issue()])
    assert known.asked == [{"Lower"}, {"Upper"}, {"Top"}]


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # one of them has the serial 0
def test_every_root_of_mozillas_is_public_and_each_is_found_by_its_name() -> None:
    roots = public_roots()
    authorities = Authorities(Known([]), roots)
    assert len(roots) > 100
    for one in roots:
        assert authorities.is_public(one, None) is True
