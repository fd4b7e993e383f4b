"""The IP address that a request counts for: spellings, proxies, forged headers, IPv6 networks."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passwordless_otp.ip_addresses import client_ip, sources

PROXY = "10.0.0.1"
V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6).filter(lambda address: address.ipv4_mapped is None)

at_ease = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # also on a busy machine


def direct(remote):
    return client_ip(remote, "", 0)


@pytest.mark.parametrize(
    ("text", "bucket"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("[::ffff:192.0.2.1]:4711", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:DB8:0:0:ffff::1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("[2001:db8::1]", "2001:db8::/64"),
        ("[2001:db8::1]:4711", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("[fe80::1%25eth0]:80", "fe80::/64"),
    ],
)
def test_spellings_of_an_ip_address_have_one_form(text, bucket):
    assert direct(text) == bucket
    assert client_ip(PROXY, f"203.0.113.9, {text}", 1) == bucket


@pytest.mark.parametrize(
    "text",
    [
        *["", " ", "unix:", "unknown", "_hidden", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4"],
        *["1.2.3.4:x", "1.2.3.4%eth0", "1.2.3.4/24", "for=1.2.3.4", "١.٢.٣.٤", "\x00", "[", "[]", "[1.2.3.4"],
        *["2001:db8", ":::", "2001:db8::g", "[::1]x", "2001:db8::/64"],
    ],
)
def test_unreadable_ip_address_becomes_the_shared_empty_one(text):
    assert direct(text) == ""
    assert client_ip(PROXY, text, 1) == ""


def test_forwarded_for_is_ignored_without_trusted_proxies():
    assert client_ip("192.0.2.1", "203.0.113.9", 0) == "192.0.2.1"


def test_ip_address_is_taken_one_step_from_the_right_per_trusted_proxy():
    header = "forged, 203.0.113.1, 203.0.113.2,203.0.113.3"
    assert [client_ip(PROXY, header, number) for number in [1, 2, 3]] == [
        "203.0.113.3",
        "203.0.113.2",
        "203.0.113.1",
    ]


def test_forwarded_for_with_fewer_steps_than_proxies_is_unreadable():
    assert client_ip(PROXY, "", 1) == ""
    assert client_ip(PROXY, "203.0.113.1", 2) == ""


@at_ease
@given(st.text(), st.lists(V4 | V6, min_size=1, max_size=4))
def test_forged_forwarded_for_does_not_change_the_ip_address(forged, hops):
    appended = ", ".join(str(hop) for hop in hops)
    assert client_ip(PROXY, f"{forged}, {appended}", len(hops)) == direct(str(hops[0]))
    assert client_ip(PROXY, f"{forged},{appended}", len(hops)) == direct(str(hops[0]))
    assert client_ip(str(hops[0]), forged, 0) == direct(str(hops[0]))


@at_ease
@given(V6, st.integers(0, 2**64 - 1))
def test_ipv6_addresses_of_one_network_count_as_one(address, host):
    neighbour = IPv6Address((int(address) >> 64 << 64) + host)
    if neighbour.ipv4_mapped is None:
        assert direct(str(address)) == direct(str(neighbour)) == direct(address.exploded)


@at_ease
@given(V6, st.integers(0, 127))
def test_ipv6_addresses_of_two_networks_count_as_two(address, bit):
    other = IPv6Address(int(address) ^ 1 << bit)
    if other.ipv4_mapped is None:
        assert (direct(str(address)) == direct(str(other))) == (bit < 64)


@at_ease
@given(V4, V4)
def test_ipv4_addresses_count_as_two(one, other):
    assert (direct(str(one)) == direct(str(other))) == (one == other)
    assert direct(f"::ffff:{one}") == direct(str(one)) == str(IPv4Address(one))


@at_ease
@given(st.text(), st.text(), st.integers(0, 5))
def test_client_ip_accepts_any_text(remote, header, number):
    assert isinstance(client_ip(remote, header, number), str)


@pytest.mark.parametrize(
    ("ip", "networks"),
    [
        ("192.0.2.1", ["192.0.2.1"]),
        ("2001:db8:0:1ff::/64", ["2001:db8:0:1ff::/64", "2001:db8:0:100::/56", "2001:db8::/48"]),
        ("::/64", ["::/64", "::/56", "::/48"]),
        ("", [""]),
    ],
)
def test_ipv6_visitor_is_also_counted_by_larger_networks(ip, networks):
    assert sources(ip) == networks
