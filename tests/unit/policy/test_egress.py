"""May our server connect there? Public unicast addresses only, unless the operator allows more."""

from __future__ import annotations

import contextlib
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certwright.model.errors import Misconfigured
from certwright.policy.egress import networks, refusal

ANY_FOUR = st.ip_addresses(v=4)
ANY_SIX = st.ip_addresses(v=6)
NAT64 = int(IPv6Address("64:ff9b::"))
SPECIAL = (
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.0.1",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "100.64.0.1",
    "0.0.0.0",
    "0.1.2.3",
    "192.0.0.8",
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "198.19.255.255",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
)
SPECIAL_SIX = (
    "::1",
    "::",
    "::127.0.0.1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fc00::1",
    "fe80::1",
    "fe80::1%eth0",
    "::1%lo",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "3fff::1",
    "2001:2::1",
    "2001:20::1",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "5f00::1",
    "4000::1",
)
PUBLIC = ("8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "223.255.255.255", "2606:4700::1111", "2a00:1450::8")


def carried(inner: IPv4Address) -> list[IPv6Address]:
    """Every way to write an IPv4 address into an IPv6 one that a packet would follow."""
    four = int(inner)
    return [
        IPv6Address(0xFFFF << 32 | four),  # mapped
        IPv6Address(NAT64 | four),
        IPv6Address(0x2002 << 112 | four << 80 | 1),  # 6to4
        IPv6Address(0x20010000 << 96 | int(IPv4Address("8.8.8.8")) << 64 | four ^ 0xFFFF_FFFF),  # Teredo client
        IPv6Address(0x20010000 << 96 | four << 64 | int(IPv4Address("8.8.8.8")) ^ 0xFFFF_FFFF),  # Teredo server
    ]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_connected_to(address: str) -> None:
    assert refusal(ip_address(address)) is None


@pytest.mark.parametrize("address", SPECIAL + SPECIAL_SIX)
def test_a_special_address_is_refused_with_a_sentence_that_names_it(address: str) -> None:
    why = refusal(ip_address(address))
    assert why is not None
    assert why.startswith(f"{ip_address(address)} is ")
    assert why.endswith(".")


@pytest.mark.parametrize("inner", SPECIAL)
def test_a_special_address_inside_an_ipv6_one_is_refused(inner: str) -> None:
    for outer in carried(IPv4Address(inner)):
        why = refusal(outer)
        assert why is not None
        assert f"leads to {inner}, which is " in why


@given(ANY_FOUR)
def test_no_ipv4_address_that_python_knows_as_special_may_be_connected_to(address: IPv4Address) -> None:
    if refusal(address) is None:
        assert address.is_global
        assert not address.is_multicast


@given(ANY_SIX)
def test_no_ipv6_address_that_python_knows_as_special_may_be_connected_to(address: IPv6Address) -> None:
    if refusal(address) is None and address.teredo is None and address.sixtofour is None:
        assert address.ipv4_mapped is not None or address.is_global
        assert not address.is_multicast


@given(ANY_FOUR)
def test_an_address_inside_ipv6_is_judged_as_it_is_outside(address: IPv4Address) -> None:
    assert {refusal(outer) is None for outer in carried(address)} == {refusal(address) is None}


@given(st.one_of(ANY_FOUR, ANY_SIX))
def test_judging_is_total_and_a_refusal_is_one_sentence(address: IPv4Address | IPv6Address) -> None:
    why = refusal(address)
    assert why is None or (why.startswith(str(address)) and why.endswith(".") and "\n" not in why)


@given(ANY_FOUR, st.integers(0, 32))
def test_what_the_operator_allows_may_be_connected_to_also_inside_ipv6(address: IPv4Address, length: int) -> None:
    allowed = [ip_network((int(address) >> (32 - length) << (32 - length), length))]
    assert refusal(address, allowed) is None
    assert refusal(IPv6Address(NAT64 | int(address)), allowed) is None


@given(ANY_FOUR)
def test_allowing_one_network_opens_no_other(address: IPv4Address) -> None:
    allowed = ip_network("10.1.2.0/24")
    if address not in allowed:
        assert refusal(address, [allowed]) == refusal(address)


def test_allowing_all_of_ipv6_does_not_open_the_ipv4_inside() -> None:
    everything = [ip_network("::/0")]
    assert refusal(IPv6Address("fd00:ec2::254"), everything) is None
    assert refusal(IPv6Address("::ffff:127.0.0.1"), everything) is not None
    assert refusal(IPv6Address("64:ff9b::169.254.169.254"), everything) is not None


@given(st.lists(st.one_of(ANY_FOUR, ANY_SIX).map(ip_network), max_size=4))
def test_networks_are_read_as_they_are_written(written: list[object]) -> None:
    assert networks(" , ".join(str(network) for network in written)) == tuple(written)


def test_no_networks_are_read_from_nothing() -> None:
    assert networks(" , ") == ()


@pytest.mark.parametrize("bad", ["10.0.0.1/8", "localhost", "10.0.0.0/33", "10.0.0", "10.0.0.0-10.0.0.9", "::1/129"])
def test_a_word_that_is_no_network_is_named(bad: str) -> None:
    with pytest.raises(Misconfigured, match=r"is no network") as caught:
        networks(f"192.168.0.0/16,{bad}")
    assert repr(bad) in caught.value.detail


@given(st.text(max_size=40))
def test_reading_networks_ends_in_networks_or_in_misconfigured(text: str) -> None:
    with contextlib.suppress(Misconfigured):
        assert isinstance(networks(text), tuple)
