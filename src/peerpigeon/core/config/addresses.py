"""Addresses in options: hosts, WebSocket addresses of hubs, web origins."""

from __future__ import annotations

import ipaddress
import re

from peerpigeon.core.config.quantities import ConfigError

_HUB_URI = re.compile(
    r"wss?://(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/?#:@\[\]]+)(?::(?P<port>[0-9]{1,5}))?(?:[/?][^#\s]*)?"
)
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:\[[0-9A-Fa-f:.]+\]|[^\s/?#:@\[\]]+)(?::[0-9]{1,5})?")
_LAST_PORT = 65535


def is_loopback(host: str) -> bool:
    """Tell whether only programs on this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def host_of(uri: str) -> str:
    """Return the host that a hub's address names, without brackets; empty if it is none."""
    match = _HUB_URI.fullmatch(uri)
    return "" if match is None else match["host"].strip("[]")


def check_hub_uri(uri: str, name: str) -> None:
    """Raise ``ConfigError`` if ``uri``, a value of ``name``, is no address of a hub."""
    match = _HUB_URI.fullmatch(uri)
    if match is None:
        raise ConfigError(f"{name} has {uri!r}; write it as ws://host:port or wss://host:port")
    if match["port"] and not 0 < int(match["port"]) <= _LAST_PORT:
        raise ConfigError(f"{name} has {uri!r}; a port is between 1 and {_LAST_PORT}")


def check_origin(origin: str, name: str) -> None:
    """Raise ``ConfigError`` if ``origin``, a value of ``name``, is no web origin (RFC 6454)."""
    if origin not in ("*", "null") and not _ORIGIN.fullmatch(origin):
        raise ConfigError(f"{name} has {origin!r}; write it as https://host or https://host:port")


def check_ip_address(text: str, name: str) -> None:
    """Raise ``ConfigError`` if ``text``, the value of ``name``, is no IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise ConfigError(
            f"{name} is {text!r}; write an IPv4 or IPv6 address, such as 192.0.2.1"
        ) from None
