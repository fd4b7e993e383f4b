"""The IP address that a request counts for in rate limits. Pure functions.

Format: an IPv4 address, or the /64 network of an IPv6 address, as text.

Threat: a visitor who forges X-Forwarded-For to get new limits, or who uses another address of the same IPv6
network for each request. Only entries that trusted proxies have appended are read. Requests without a readable
address share one limit, instead of having none.
"""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

PREFIX = 64  # bits of an IPv6 address that name a network; whoever has one can use every address in it
WIDER = [56, 48]  # bits of the larger networks that a provider gives to one customer
KEPT = 4096  # addresses whose sources a process remembers
# 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1]:80; an IPv6 address may have a zone: fe80::1%eth0.
WRITTEN = re.compile(
    r"(?P<v4>[0-9.]+)(:[0-9]{1,5})?"
    r"|\[(?P<bracketed>[0-9A-Fa-f:.]+)(%[^\]]*)?\](:[0-9]{1,5})?"
    r"|(?P<v6>[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)(%.*)?"
)


def client_ip(remote_addr: str, forwarded_for: str, trusted_proxies: int) -> str:
    """Return the IPv4 address or IPv6 /64 of the visitor; an empty string if none can be read.

    It is `remote_addr` without trusted proxies, else the entry of X-Forwarded-For that many steps from the right.
    """
    text = remote_addr
    if trusted_proxies:
        hops = forwarded_for.rsplit(",", trusted_proxies)
        text = hops[-trusted_proxies] if len(hops) >= trusted_proxies else ""
    found = WRITTEN.fullmatch(text.strip())
    if not found:
        return ""
    try:
        address = ip_address(found["v4"] or found["bracketed"] or found["v6"])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((int(address), PREFIX), strict=False))


@lru_cache(KEPT)
def sources(ip: str) -> list[str]:
    """Return the networks that this visitor may have to themselves, the smallest first.

    `ip` is what `client_ip` returns: an IPv4 address stands for itself, an IPv6 /64 also for its /56 and /48.
    All callers share the list: don't change it.
    """
    if ":" not in ip:
        return [ip]
    network = IPv6Network(ip)
    return [ip, *[str(network.supernet(new_prefix=bits)) for bits in WIDER]]


@lru_cache(KEPT)
def number(ip: str) -> tuple[int, int]:
    """Return the version of IP and the bits of what `client_ip` returns, unless that is empty."""
    network = ip_network(ip)
    return network.version, int(network.network_address)
