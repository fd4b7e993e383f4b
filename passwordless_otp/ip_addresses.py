"""Which IP address a request counts for. Pure."""

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

SITE = 64  # bits of an IPv6 address that name a site; whoever has one can use every address in it
# 192.0.2.1, 2001:db8::1, each perhaps with a port; an IPv6 address in brackets then, and perhaps with a zone.
WRITTEN = re.compile(
    r"(?P<v4>[0-9.]+)(:[0-9]{1,5})?"
    r"|\[(?P<bracketed>[0-9A-Fa-f:.]+)(%[^\]]*)?\](:[0-9]{1,5})?"
    r"|(?P<v6>[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)(%.*)?"
)


def client_ip(remote_addr: str, forwarded_for: str, trusted_proxies: int) -> str:
    """Return the IPv4 address or IPv6 /64 of the visitor; an empty string, shared by all, where none can be read.

    Only what the trusted proxies have appended to X-Forwarded-For is looked at: the rest is what a visitor
    may have written there.
    """
    if trusted_proxies == 0:
        return _bucket(remote_addr)
    hops = forwarded_for.rsplit(",", trusted_proxies)
    return _bucket(hops[-trusted_proxies]) if len(hops) >= trusted_proxies else ""


def _bucket(text: str) -> str:
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
    return str(IPv6Network((int(address), SITE), strict=False))
