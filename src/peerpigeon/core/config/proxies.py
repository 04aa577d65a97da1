"""The option ``trusted_proxies``: networks, as addresses with the number of their bits."""

from __future__ import annotations

import ipaddress
from typing import TypeAlias

from peerpigeon.core.config.quantities import ConfigError
from peerpigeon.core.ip_addresses import UNIX

ProxyNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def proxies_of(texts: tuple[str, ...], option: str) -> tuple[ProxyNetwork, ...]:
    """Return the networks that the values of an option name; raise ``ConfigError`` for others.

    ``unix:`` is none, and stands for whoever connects to a Unix socket.
    """
    networks: list[ProxyNetwork] = []
    for text in texts:
        if text == UNIX:
            continue
        try:
            networks.append(ipaddress.ip_network(text))
        except ValueError as error:
            raise ConfigError(
                f"{option} has {text!r}; write an address or a network, as 192.0.2.7 or"
                f" 10.0.0.0/8, or {UNIX} ({error})"
            ) from None
    return tuple(networks)
