"""Instance settings: networks of many people, such as a school, whose share of a limit is larger."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import MappingProxyType

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from passwordless_otp import ip_addresses
from passwordless_otp.models.instance_settings.frozen import Freezable, derived

FACTOR, LOWEST, HIGHEST = 10, 2, 1000  # the default, and from which to which number it may be
MOST_LINES = 100
LINE = re.compile(r"(?P<network>\S+)(?:\s+(?P<factor>[0-9]{1,4}))?", re.ASCII)
WHOLE = {4: 32, 6: ip_addresses.PREFIX}  # version → bits of what counts as one address
LARGEST = {4: 8, 6: 16}  # version → bits of the largest network that can be listed

# Version of IP → for each length of a prefix, the longest first: the bits to drop, and the factors by the rest.
Factors = Mapping[int, tuple[tuple[int, Mapping[int, int]], ...]]


class NetworkSettings(Freezable):
    """Networks that operators trust, and the factor by which their share of a limit is larger."""

    trusted_networks = models.TextField(
        _("trusted networks"),
        blank=True,
        help_text=_(
            "One network per line, such as 203.0.113.0/24 or 2001:db8::/32, for a school, an office or a mobile "
            "carrier whose visitors share a few addresses. Each address there may use 10 times as much of a "
            "limit before its visitors are told to wait. For another factor, from 2 to 1000, write it behind the "
            "network: 203.0.113.0/24 20."
        ),
    )

    class Meta:
        abstract = True

    def share_factor(self, ip: str) -> int:
        """Return the factor of the most specific trusted network that has this address; 1 if none has it.

        `ip` is what `ip_addresses.client_ip` returns.
        """
        if not ip or not self.network_factors:
            return 1
        version, bits = ip_addresses.number(ip)
        for dropped, factors in self.network_factors[version]:
            if bits >> dropped in factors:
                return factors[bits >> dropped]
        return 1

    @derived
    def network_factors(self) -> Factors:
        """The factors, made to be looked up. Empty without networks. Lines that can't be read are left out."""
        by_length: dict[tuple[int, int], dict[int, int]] = {}
        for line in self._network_lines:
            if entry := read(line):
                network, factor = entry
                dropped = network.max_prefixlen - network.prefixlen
                factors = by_length.setdefault((network.version, dropped), {})
                factors[int(network.network_address) >> dropped] = factor
        if not by_length:
            return {}
        ordered = sorted(by_length.items())
        return MappingProxyType(
            {
                version: tuple((dropped, factors) for (of, dropped), factors in ordered if of == version)
                for version in WHOLE
            }
        )

    @property
    def _network_lines(self) -> list[str]:
        return [line.strip() for line in self.trusted_networks.splitlines() if line.strip()]


def read(line: str) -> tuple[IPv4Network | IPv6Network, int] | None:
    """Return the network and factor of a line; `None` if it can't be read.

    An IPv6 address stands for its /64, which counts as one address.
    """
    match = LINE.fullmatch(line)
    if not match:
        return None
    text, factor = match["network"], int(match["factor"] or FACTOR)
    if "/" not in text:
        text = ip_addresses.client_ip(text, "", 0)
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    fits = LARGEST[network.version] <= network.prefixlen <= WHOLE[network.version]
    return (network, factor) if fits and LOWEST <= factor <= HIGHEST else None


def validate(settings: NetworkSettings) -> None:
    """Write the list in its canonical form. Raises `ValidationError` for lines that can't be read."""
    lines = settings._network_lines
    wrong = [line for line in lines if not read(line)]
    if wrong:
        sentence = _(
            "Enter a network per line, such as 203.0.113.0/24 (from /8 to /32) or 2001:db8::/32 (from /16 to "
            "/64), and a factor from 2 to 1000 behind it if you want another than 10. Correct these: %s"
        )
        raise ValidationError({"trusted_networks": sentence % ", ".join(wrong[:5])})
    if len(lines) > MOST_LINES:
        sentence = _("Enter at most %s networks. Write neighbouring networks as one larger network.")
        raise ValidationError({"trusted_networks": sentence % MOST_LINES})
    entries = [entry for line in lines if (entry := read(line))]
    networks = [network for network, _factor in entries]
    twice = [str(network) for number, network in enumerate(networks) if network in networks[:number]]
    if twice:
        sentence = _("Keep one line for each network. These are listed twice: %s")
        raise ValidationError({"trusted_networks": sentence % ", ".join(twice[:5])})
    settings.trusted_networks = "\n".join(_written(*entry) for entry in entries)


def _written(network: IPv4Network | IPv6Network, factor: int) -> str:
    """Return the line as it is saved: an IPv4 address without /32, and no factor where it is the default."""
    text = str(network).removesuffix("/32") if isinstance(network, IPv4Network) else str(network)
    return text if factor == FACTOR else f"{text} {factor}"
