"""What a person wants scanned is read, counted out in one order, and held to a cap."""

from __future__ import annotations

import tracemalloc
from ipaddress import ip_address
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certwright.model.errors import Misconfigured, Refused
from certwright.targets.scan.target import Target
from certwright.targets.scan.wanted import Exclusions, read_targets, words_of, words_of_file


def places(*words: str, ports: tuple[int, ...] = (443,), excluded: tuple[str, ...] = ()) -> list[str]:
    return [target.place for target in read_targets(words, ports=ports, excluded=Exclusions.read(excluded))]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("shop.example", ["tls://shop.example:443"]),
        ("Shop.Example.:8443", ["tls://shop.example:8443"]),
        ("https://bücher.example/", ["tls://xn--bcher-kva.example:443"]),
        ("imaps://mx.example", ["tls://mx.example:993"]),
        ("smtp://mx.example", ["smtp://mx.example:25"]),
        ("mx.example:587", ["smtp://mx.example:587"]),
        ("tls://mx.example:25", ["tls://mx.example:25"]),
        ("postgres://db.example", ["postgresql://db.example:5432"]),
        ("_smtp.mx.example:25", ["smtp://_smtp.mx.example:25"]),
        ("10-20.example", ["tls://10-20.example:443"]),
        ("192.0.2.7", ["tls://192.0.2.7:443"]),
        ("192.0.2.0/30", ["tls://192.0.2.1:443", "tls://192.0.2.2:443"]),
        ("192.0.2.0/31:8443", ["tls://192.0.2.0:8443", "tls://192.0.2.1:8443"]),
        ("ldap://192.0.2.9/32", ["ldap://192.0.2.9:389"]),
        ("192.0.2.254-192.0.3.0", ["tls://192.0.2.254:443", "tls://192.0.2.255:443", "tls://192.0.3.0:443"]),
        ("192.0.2.9-10:1", ["tls://192.0.2.9:1", "tls://192.0.2.10:1"]),
        ("2001:db8::7", ["tls://[2001:db8::7]:443"]),
        ("[2001:DB8:0::7]:8443", ["tls://[2001:db8::7]:8443"]),
        ("[2001:db8::/127]:25", ["smtp://[2001:db8::]:25", "smtp://[2001:db8::1]:25"]),
        ("[2001:db8::]/127", ["tls://[2001:db8::]:443", "tls://[2001:db8::1]:443"]),
        ("2001:db8::1-2001:db8::2", ["tls://[2001:db8::1]:443", "tls://[2001:db8::2]:443"]),
    ],
)
def test_a_word_is_read_as_people_write_it(word: str, expected: list[str]) -> None:
    assert places(word) == expected


@pytest.mark.parametrize(
    ("port", "scheme"),
    [
        (21, "ftp"),
        (25, "smtp"),
        (110, "pop3"),
        (143, "imap"),
        (389, "ldap"),
        (587, "smtp"),
        (3306, "mysql"),
        (5222, "xmpp"),
        (5269, "xmpp-server"),
        (5432, "postgresql"),
        (443, "tls"),
        (465, "tls"),
        (636, "tls"),
        (8443, "tls"),
    ],
)
def test_a_well_known_port_chooses_what_is_spoken(port: int, scheme: str) -> None:
    assert places("shop.example", ports=(port,)) == [f"{scheme}://shop.example:{port}"]


@pytest.mark.parametrize(
    "word",
    [
        "",
        "*.shop.example",
        "two words",
        "user@shop.example",
        "http://shop.example",
        "https://shop.example/path",
        "shop.example:0",
        "shop.example:65536",
        "shop.example:https",
        "shop.example:",
        "192.0.2.1/24",
        "192.0.2.0/33",
        "192.0.2.9-8",
        "192.0.2.9-300",
        "192.0.2.9-2001:db8::1",
        "2001:db8::9-2001:db8::8",
        "[2001:db8::1",
        "[2001:db8::1]x",
        "1.2.3",
        "fe80::1%eth0",
        "x" * 300,
    ],
)
def test_a_word_that_cannot_be_read_is_named(word: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        read_targets(["good.example", word])
    assert repr(word[:100]) in caught.value.detail
    assert caught.value.advice


def test_a_port_that_is_none_is_named() -> None:
    with pytest.raises(Misconfigured, match="70000 is no port"):
        read_targets(["shop.example"], ports=(70_000,))


def test_each_word_is_looked_at_on_every_port_and_one_port_after_the_other() -> None:
    assert places("a.example", "b.example:1", "c.example", ports=(443, 25, 443)) == [
        "tls://a.example:443",
        "tls://b.example:1",
        "tls://c.example:443",
        "smtp://a.example:25",
        "smtp://c.example:25",
    ]


def test_the_same_word_twice_is_looked_at_once() -> None:
    assert places("a.example", "A.example", "192.0.2.1", "192.0.2.1/32") == [
        "tls://a.example:443",
        "tls://192.0.2.1:443",
    ]


@pytest.mark.parametrize(
    ("excluded", "left"),
    [
        ("192.0.2.2", ["192.0.2.1:443", "192.0.2.1:8443", "192.0.2.3:443", "192.0.2.3:8443", "a:443", "a:8443"]),
        ("192.0.2.0/30", ["192.0.2.3:443", "192.0.2.3:8443", "a:443", "a:8443"]),
        ("192.0.2.1-3", ["a:443", "a:8443"]),
        ("192.0.2.1-3:443", ["192.0.2.1:8443", "192.0.2.2:8443", "192.0.2.3:8443", "a:443", "a:8443"]),
        (
            "A",
            ["192.0.2.1:443", "192.0.2.1:8443", "192.0.2.2:443", "192.0.2.2:8443", "192.0.2.3:443", "192.0.2.3:8443"],
        ),
    ],
)
def test_what_is_excluded_is_left_out(excluded: str, left: list[str]) -> None:
    found = places("192.0.2.1-3", "a", ports=(443, 8443), excluded=(excluded,))
    assert sorted(found) == sorted(f"tls://{each}" for each in left)


def test_an_exclusion_of_a_scheme_leaves_the_others() -> None:
    assert places("a.example", ports=(25, 443), excluded=("smtp://a.example:25",)) == ["tls://a.example:443"]


def test_too_many_targets_are_refused_with_their_number() -> None:
    with pytest.raises(Refused, match="16,777,214 targets; one scan takes 1,000,000"):
        read_targets(["10.0.0.0/8"])
    assert read_targets(["10.0.0.0/16"], ports=range(1, 16)).at_most == 983_010


def test_a_network_of_65534_addresses_costs_no_memory() -> None:
    tracemalloc.start()
    try:
        targets = read_targets(["10.0.0.0/16"])
        assert sum(1 for _ in targets) == 65_534
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


WORDS = st.lists(
    st.one_of(
        st.sampled_from(["a.example", "b.example:25", "smtp://c.example", "2001:db8::/126"]),
        st.ip_addresses(v=4).map(lambda each: f"{each}-{each + 3}" if int(each) < 2**32 - 4 else str(each)),
        st.integers(0, 255).map(lambda each: f"198.51.{each}.0/28"),
    ),
    max_size=6,
)


@given(WORDS, WORDS, st.lists(st.sampled_from([443, 25, 8443]), min_size=1, max_size=3), st.integers(0, 60))
def test_the_order_is_always_the_same_and_a_scan_goes_on_from_any_position(
    words: list[str], excluded: list[str], ports: list[int], position: int
) -> None:
    def again() -> list[Target]:
        return list(read_targets(words, ports=ports, excluded=Exclusions.read(excluded)))

    targets = read_targets(words, ports=ports, excluded=Exclusions.read(excluded))
    assert list(targets) == again()
    assert [*islice(targets, position), *targets.after(position)] == again()
    assert len(again()) <= targets.at_most


@given(st.text(max_size=60))
def test_reading_a_word_ends_in_targets_or_in_misconfigured(word: str) -> None:
    try:
        targets = read_targets([word], most=2**128)
    except Misconfigured:
        return
    for target in islice(targets, 3):
        assert target.place.isascii()
        assert read_targets([target.place]).at_most == 1


@given(st.ip_addresses(), st.integers(1, 65_535))
def test_an_address_keeps_its_canonical_text(address: object, port: int) -> None:
    (target,) = read_targets([f"[{address}]:{port}"])
    assert ip_address(target.host) == address
    assert target.server_name == ""


def test_a_list_has_words_lines_and_comments(tmp_path: Path) -> None:
    path = tmp_path / "targets.txt"
    path.write_bytes(b"\xef\xbb\xbf# ours\r\na.example, b.example:25 # mail\r\n\r\n192.0.2.0/30\tc.example")
    assert list(words_of_file(path)) == ["a.example", "b.example:25", "192.0.2.0/30", "c.example"]
    assert list(words_of(" # nothing ")) == []


def test_a_list_that_cannot_be_read_is_misconfigured(tmp_path: Path) -> None:
    path = tmp_path / "targets.txt"
    with pytest.raises(Misconfigured, match="No such file"):
        words_of_file(path)
    path.write_bytes(b"\xff\xfe\0")
    with pytest.raises(Misconfigured, match="not UTF-8"):
        words_of_file(path)
    path.write_bytes(b"a" * (16 * 1024 * 1024 + 1))
    with pytest.raises(Misconfigured, match="over 16 MiB"):
        words_of_file(path)
