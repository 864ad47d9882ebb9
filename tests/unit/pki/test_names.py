"""Names: what is accepted, what is refused, and that the canonical spelling is one."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from certwright.pki import names
from certwright.pki.errors import Invalid

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True).filter(lambda s: s[2:4] != "--")
DNS_NAME = st.builds(
    lambda wild, labels, tld: wild + ".".join([*labels, tld]),
    st.sampled_from(["", "*."]),
    st.lists(LABEL, min_size=1, max_size=4),
    st.from_regex(r"[a-z]{2,10}", fullmatch=True),
)


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        (" Shop.Meadow.Example. ", "shop.meadow.example"),
        ("*.Meadow.example", "*.meadow.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("*.bücher.example", "*.xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("shop。meadow.example", "shop.meadow.example"),
        ("ｓｈｏｐ.example", "shop.example"),
        ("xn--i-7iq.example", "xn--i-7iq.example"),
        ("localhost", "localhost"),
        ("a_b.example", "a_b.example"),
        ("r3---sn.example", "r3---sn.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0::0001", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("::FFFF:C000:201", "::ffff:192.0.2.1"),
        ("１９２.0.2.1", "192.0.2.1"),
        (f"{'a' * 63}.example", f"{'a' * 63}.example"),
    ],
)
def test_typed_names_get_their_canonical_spelling(typed: str, canonical: str) -> None:
    assert names.normalise(typed) == canonical


@pytest.mark.parametrize(
    "typed",
    [
        "", "   ", ".", "*", "*.", "*.*.example", "w*.example", "shop.*.example", "a..example", ".example",
        "-a.example", "a-.example", "a" * 64 + ".example", ".".join(["a" * 60] * 5), "a" * 2000,
        "a b.example", "a\x00b.example", "a.example\n.b.example", "a\u202eb.example", "a\u200bb.example",
        "\ufeffa.example", "a\u00a0b.example", "https://shop.example/", "shop.example/path",
        "shop.example:443", "post@shop.example", "192.0.2.1/24", "192.0.2", "192.0.2.256", "0x7f.0.0.1",
        "0177.0.0.01", "1.2.3.4.5", "shop.0x7f", "*.192.0.2.1", "fe80::1%eth0", "[::1", "xn--.example",
        "xn--a.example", "xn--abc-.example", "xn--bcher-kvA!.example", "a\ud800.example",
        "Meadow Works Ltd", "a,b.example", "a;b.example", "$(id).example",
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused_with_a_reason(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        names.normalise(typed)
    assert refused.value.detail.isprintable()


@pytest.mark.parametrize(
    ("pasted", "word"),
    [
        ("https://shop.example/x", "URL"),
        ("shop.example:443", "port"),
        ("post@shop.example", "e-mail"),
        ("a b.example", "U+0020"),
        ("a\u202eb.example", "U+202E"),
        ("a" * 64 + ".example", "64 characters"),
        ("a..example", "empty label"),
        ("1.2.3", "ends in a number"),
        ("x.*.example", "wildcard"),
        ("xn--a.example", "Punycode"),
    ],
)
def test_the_reason_names_the_mistake(pasted: str, word: str) -> None:
    with pytest.raises(Invalid, match=word.replace("+", r"\+")):
        names.normalise(pasted)


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=40) | DNS_NAME)
@example("a\u200d.example")
@example("ß\u0307.de")
def test_normalising_twice_changes_nothing(typed: str) -> None:
    try:
        once = names.normalise(typed)
    except Invalid:
        return
    assert names.normalise(once) == once
    assert once.isascii()
    assert once.isprintable()
    assert 0 < len(once) <= names.MAXIMUM_LENGTH


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=40))
def test_a_found_name_never_raises_and_is_always_printable(found: str) -> None:
    assert names.normalise_found(found).isprintable()
    assert names.normalise_found(found, as_dns_name=False).isprintable()


@settings(deadline=None, max_examples=300)
@given(DNS_NAME | st.from_regex(r"[a-z0-9_*.xX-]{1,70}(\.[a-z0-9]{1,3})?", fullmatch=True))
@example("a" * 64 + ".example")
@example("a." * 126 + "de")
@example("shop.example\n")
@example("192.0.2.a1")
@example("xn--a.example")
def test_a_name_told_at_a_glance_is_the_one_that_a_longer_look_finds(found: str) -> None:
    told = names.normalise_found(found)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names, "_is_usual", lambda name: False)
        assert names.normalise_found(found) == told


@settings(deadline=None, max_examples=200)
@given(DNS_NAME)
def test_case_trailing_dot_and_space_make_no_other_name(name: str) -> None:
    assert names.normalise(f" {name.upper()}. ") == name


@settings(deadline=None, max_examples=100)
@given(st.ip_addresses())
def test_every_address_survives_its_own_spelling(address: object) -> None:
    text = names.normalise(str(address))
    assert names.is_ip(text)
    assert names.normalise(text) == text


@pytest.mark.parametrize(
    ("pattern", "name", "covered"),
    [
        ("shop.meadow.example", "shop.meadow.example", True),
        ("*.meadow.example", "shop.meadow.example", True),
        ("*.meadow.example", "*.meadow.example", True),
        ("*.meadow.example", "meadow.example", False),
        ("*.meadow.example", "a.shop.meadow.example", False),
        ("*.meadow.example", "*.shop.meadow.example", False),
        ("*.meadow.example", ".meadow.example", False),
        ("*.0.2.1", "192.0.2.1", False),
        ("meadow.example", "shop.meadow.example", False),
    ],
)
def test_a_wildcard_covers_one_whole_label(pattern: str, name: str, covered: bool) -> None:
    assert names.covers(pattern, name) is covered


@pytest.mark.parametrize(
    ("name", "text", "mixed"),
    [
        ("shop.meadow.example", "shop.meadow.example", False),
        ("xn--bcher-kva.example", "bücher.example", False),
        (names.normalise("пример.example"), "пример.example", False),
        (names.normalise("東京タワー.example"), "東京タワー.example", False),
        (names.normalise("раypal.example"), "раypal.example", True),  # Cyrillic er and a
        (names.normalise("αbc.example"), "αbc.example", True),
        ("xn--i-7iq.example", "xn--i-7iq.example", False),
    ],
)
def test_names_are_shown_in_their_own_script_with_a_warning_for_mixtures(name: str, text: str, mixed: bool) -> None:
    assert names.display(name) == (text, mixed)


@pytest.mark.parametrize(
    ("name", "parents"),
    [
        ("shop.meadow.example", ("meadow.example",)),
        ("*.a.b.meadow.co.uk", ("a.b.meadow.co.uk", "b.meadow.co.uk", "meadow.co.uk")),
        ("*.meadow.example", ("meadow.example",)),
        ("meadow.example", ()),
        ("192.0.2.1", ()),
        ("localhost", ()),
    ],
)
def test_parents_reach_up_to_the_registrable_domain(name: str, parents: tuple[str, ...]) -> None:
    assert names.parent_domains(name) == parents


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("*.shop.meadow.co.uk", "meadow.co.uk"),
        ("meadow.github.io", "github.io"),  # the ICANN section alone, BR 3.2.2.6
        ("shop.meadow.example", "meadow.example"),
        ("co.uk", None),
        ("com", None),
        ("192.0.2.1", None),
        ("xn--bcher-kva.xn--p1ai", "xn--bcher-kva.xn--p1ai"),
    ],
)
def test_the_registrable_domain_is_one_label_below_the_public_suffix(name: str, domain: str | None) -> None:
    assert names.registrable_domain(name) == domain


@pytest.mark.parametrize(
    "name",
    [
        "intranet", "localhost", "a.localhost", "nas.local", "db.internal", "router.home.arpa", "a.invalid",
        "host.nosuchtld", "*.corp", "10.0.0.1", "127.0.0.1", "169.254.169.254", "fe80::1", "::1", "224.0.0.1",
        "100.64.0.1", "::ffff:10.0.0.1",
    ],
)  # fmt: skip
def test_internal_names_are_internal_with_and_without_reserved_ones(name: str) -> None:
    assert names.is_internal(name)
    assert names.is_internal(name, reserved_allowed=True)


@pytest.mark.parametrize("name", ["shop.meadow.example", "*.a.test", "192.0.2.1", "203.0.113.9", "2001:db8::1"])
def test_reserved_names_are_internal_unless_allowed(name: str) -> None:
    assert names.is_internal(name)
    assert not names.is_internal(name, reserved_allowed=True)


@pytest.mark.parametrize("name", ["example.com", "*.meadow.co.uk", "a.xn--p1ai", "8.8.8.8", "2606:4700::1111"])
def test_public_names_are_not_internal(name: str) -> None:
    assert not names.is_internal(name)


def test_public_suffixes_are_told_from_domains() -> None:
    assert [n for n in ("com", "co.uk", "example", "meadow.com", "192.0.2.1") if names.is_public_suffix(n)] == [
        "com",
        "co.uk",
        "example",
    ]


def test_reverse_zones_are_recognised_at_label_boundaries() -> None:
    assert names.reverse_zone("1.2.0.192.in-addr.arpa")
    assert names.reverse_zone("*.ip6.arpa")
    assert not names.reverse_zone("notip6.arpa")
    assert not names.reverse_zone("in-addr.arpa.example")


def test_lists_compare_by_canonical_spelling() -> None:
    assert names.same_names(["A.example", "bücher.example", "a.example"], ["xn--bcher-kva.example.", "a.example"])
    assert names.missing_and_extra(["a.example", "b.example"], ["B.example", "c.example"]) == (
        {"a.example"},
        {"c.example"},
    )


def test_www_variants_are_one_sibling_each() -> None:
    assert names.www_variants("meadow.example") == {"www.meadow.example"}
    assert names.www_variants("www.meadow.example") == {"meadow.example"}
    assert names.www_variants("*.meadow.example") == {"meadow.example"}
    assert names.www_variants("192.0.2.1") == frozenset()
