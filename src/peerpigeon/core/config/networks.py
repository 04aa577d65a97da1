"""In which network an IP address is."""

from __future__ import annotations

import ipaddress
from enum import Enum


class Network(Enum):
    """Where an address is, as far as it shows that itself."""

    NOWHERE = "no one machine, or whatever is on the same cable: never dialled"
    LOOPBACK = "this machine"
    PRIVATE = "a network that is not the internet"
    PUBLIC = "the internet"


_PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        # RFC 1918, RFC 6598, RFC 4193, and RFC 3879, which has taken the last one back.
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10"),
    )
)
_THIS_NETWORK = ipaddress.IPv4Network("0.0.0.0/8")  # RFC 1122, section 3.2.1.3
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
_COMPATIBLE = ipaddress.IPv6Network("::/96")  # RFC 4291, section 2.5.5.1


def network_of(address: str) -> Network:
    """Return where an IP address is. Raises ``ValueError`` if it is none."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and (inner := _inside(ip)) is not None:
        return network_of(str(inner))
    if ip.is_loopback:
        return Network.LOOPBACK
    if ip.is_link_local or ip.is_multicast or ip.is_reserved or ip in _THIS_NETWORK or not int(ip):
        return Network.NOWHERE
    if any(ip in network for network in _PRIVATE):
        return Network.PRIVATE
    return Network.PUBLIC


def _inside(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address to which packets for an IPv6 address may go in the end."""
    if ip in _TRANSLATED or (ip in _COMPATIBLE and int(ip) > 1):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour
