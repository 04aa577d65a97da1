"""Which addresses are dialled that other hubs tell, and not the operator.

A hub that belongs to the mesh may be taken over, and would then have all others send requests to
places of its choice: to what listens on their own machines, to the network behind them, to the
service of a cloud that hands out keys. So what others tell is dialled only where addresses of the
operator's are too, and never at a path that he does not use. A name is judged by where it leads,
just before it is dialled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.config.addresses import (
    check_hub_uri,
    host_of,
    hosts_in,
    is_ip_address,
    is_loopback,
)
from peerpigeon.core.config.networks import Network, network_of
from peerpigeon.core.config.quantities import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection

    from peerpigeon.core.config.options import Options


_PRIVATE_NAMES = (".local", ".internal", ".lan", ".home.arpa")
"""Ends of names that lead nowhere on the internet (RFC 6762, RFC 8375, and ICANN's reservation of
2024); a name without a dot is none there either."""


def _shown_by(host: str) -> Network:
    """Return where a host is that the operator has named."""
    if is_loopback(host) or host.lower().endswith(".localhost"):
        return Network.LOOPBACK
    try:
        return network_of(host)
    except ValueError:
        name = host.lower().rstrip(".")
        is_private = "." not in name or name.endswith(_PRIVATE_NAMES)
        return Network.PRIVATE if is_private else Network.PUBLIC


class DialPolicy(msgspec.Struct, frozen=True):
    """What one hub dials of what others tell."""

    own: frozenset[str]
    """Addresses that the operator has named: they are dialled wherever they lead."""
    networks: frozenset[Network]
    paths: frozenset[str]
    """Those that the operator uses, and the empty one."""

    def admits(self, uri: str) -> bool:
        """Tell whether an address may be dialled, as far as its text shows it."""
        if uri in self.own:
            return True
        try:
            check_hub_uri(uri, "")
        except ConfigError:
            return False
        if "?" in uri or _path_of(uri) not in self.paths:
            return False
        host = host_of(uri).lower()
        if is_loopback(host) or host.endswith(".localhost"):
            return Network.LOOPBACK in self.networks
        # A name is looked at when it is known where it leads.
        return not is_ip_address(host) or self.admits_address(host)

    def admits_address(self, address: str) -> bool:
        """Tell whether the IP address may be dialled to which a host leads."""
        try:
            return network_of(address.partition("%")[0]) in self.networks
        except ValueError:
            return False


def dial_policy_of(
    options: Options,
    own: Collection[str],
    starts_from: Collection[str],
    *,
    is_for_this_machine: bool,
) -> DialPolicy:
    """Return what a hub dials of what others tell, by what its operator has said.

    ``own`` are the addresses of this hub, ``starts_from`` those that it dials to get into the mesh.
    """
    networks = {_shown_by(host_of(uri)) for uri in own}
    if not own:
        networks = {_shown_by(host) for host in hosts_in(options.host)}
    if not is_for_this_machine:
        networks.discard(Network.LOOPBACK)  # where it listens, behind a proxy
    networks |= {_shown_by(host_of(uri)) for uri in options.bootstrap_hubs} | {Network.PUBLIC}
    networks |= {_shown_by(text.partition(":")[0]) for text in options.bootstrap_dns}
    networks.discard(Network.NOWHERE)
    if options.dial_private == "yes":
        networks.add(Network.PRIVATE)
    elif options.dial_private == "no":
        networks.discard(Network.PRIVATE)
    uris = (*starts_from, *options.advertise)
    paths = ("", "/", *map(_path_of, uris))
    return DialPolicy(frozenset(uris), frozenset(networks), frozenset(paths))


def _path_of(uri: str) -> str:
    _, slash, path = uri.partition("://")[2].partition("?")[0].partition("/")
    return slash + path
