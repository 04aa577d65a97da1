"""Under which hosts other machines reach a server on this one, as far as this machine knows."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

from peerpigeon.core.config import EVERYWHERE, hosts_in, in_uri, is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 4
"""Addresses that are told of one machine."""

# Addresses of the documentation (RFC 5737, RFC 3849): nothing is sent to them.
_FAR_AWAY = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
_FAMILIES = {"0.0.0.0": [socket.AF_INET], "::": [socket.AF_INET, socket.AF_INET6]}

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def own_hosts(host: str) -> tuple[str, ...]:
    """Return what others put before the port to reach a server that listens at ``host``.

    ``host`` is as the option. Where it stands for all addresses of a family, it is the one from
    which this machine reaches the world, or those of its interfaces if it reaches nothing. The
    loopback is among them only for a server that listens nowhere else. IPv6 addresses come in
    brackets (RFC 3986, 3.2.2). Empty if this machine has none that others could use.
    """
    hosts = hosts_in(host)
    found: list[str] = []
    for name in hosts:
        if name in EVERYWHERE:
            for family in _FAMILIES[name]:
                found += _outward(family) or _of_interfaces(family)
        else:
            found.append(name)
    is_local = all(map(is_loopback, hosts))
    usable = [in_uri(name) for name in found if is_local or not is_loopback(name)]
    return tuple(dict.fromkeys(usable))[:MOST]


def certified_hosts(names: Iterable[str], host: str) -> tuple[str, ...]:
    """Return those of a certificate's ``names`` by which others reach a server at ``host``.

    Whoever dials by another name refuses the certificate. In the form of ``own_hosts``.
    """
    is_local = all(map(is_loopback, hosts_in(host)))
    usable = [in_uri(name) for name in names if is_loopback(name) == is_local]
    return tuple(dict.fromkeys(usable))[:MOST]


def _outward(family: socket.AddressFamily) -> list[str]:
    """Return the address from which this machine reaches the world, if it does."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((_FAR_AWAY[family], 9))
            return [probe.getsockname()[0]]
    except OSError:
        return []


def _of_interfaces(family: socket.AddressFamily) -> list[str]:
    """Return the addresses of the interfaces that others may reach, the most likely ones first."""
    # Loaded here, where a machine reaches nothing: it brings ctypes, tempfile and others.
    import ifaddr  # noqa: PLC0415

    kind = ipaddress.IPv4Address if family == socket.AF_INET else ipaddress.IPv6Address
    texts = [
        ip.ip if isinstance(ip.ip, str) else ip.ip[0]
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
    ]
    addresses = [ipaddress.ip_address(text) for text in texts]
    usable = [each for each in addresses if isinstance(each, kind) and _is_usable(each)]
    return [str(each) for each in sorted(usable, key=lambda each: each.is_link_local)]


def _is_usable(address: IpAddress) -> bool:
    # A link-local address of IPv6 means nothing without a zone, which each machine names its own
    # way (RFC 4007).
    is_zoned = isinstance(address, ipaddress.IPv6Address) and address.is_link_local
    return not (address.is_loopback or is_zoned)
