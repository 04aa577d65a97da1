"""Addresses in options: hosts, and WebSocket addresses of hubs."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from peerpigeon.core.config.networks import Network, network_of
from peerpigeon.core.config.quantities import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection

LAST_PORT = 65535

ADDRESSES_LIMIT = 4096
"""Characters of addresses in one advert: far more than a sound hub has."""

ADDRESS_LIMIT = 256
"""Characters of an address that hubs tell each other that they have dialled."""

_AUTHORITY = r"(?P<host>\[[^\s\[\]]*\]|[^\s/?#:@\[\]]+)(?::(?P<port>[0-9]{1,5}))?"
_PATH_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_HUB_URI = re.compile(rf"wss?://{_AUTHORITY}(?:[/?][!-\"$-~]*)?")
_HOST_NAME = re.compile(r"[\w.-]+")
_ASCII_NAME = re.compile(r"(?:[\w-]{1,63}\.)*[\w-]{1,63}\.?", re.ASCII)


EVERYWHERE = ("0.0.0.0", "::")
"""Hosts that stand for all addresses of a machine: of IPv4, and of IPv6 and IPv4."""


def hosts_in(text: str) -> tuple[str, ...]:
    """Return the hosts of the option ``host``, which is one, or several with commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def name_here(text: str) -> str:
    """Return the host by which programs on this machine reach a server that listens at ``text``."""
    hosts = hosts_in(text)
    if any(host in EVERYWHERE for host in hosts):
        return "localhost"
    return next(filter(is_loopback, hosts), hosts[0])


def in_uri(host: str) -> str:
    """Return a host as a URI has it: IPv6 in brackets (RFC 3986, section 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Tell whether only programs on this machine can reach an address."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower() == "localhost"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def host_of(uri: str) -> str:
    """Return the host that a hub's address names, without brackets; empty if it is none."""
    match = _HUB_URI.fullmatch(uri)
    return "" if match is None else match["host"].strip("[]")


def public_form(uri: str) -> str:
    """Return a hub's address as it may be told to hubs on any machine; empty if it may not.

    An address of the loopback or of one cable, or none in particular, leads elsewhere on each
    machine, and what
    follows a question mark may be for one hub alone.
    """
    match = _HUB_URI.fullmatch(uri)
    if match is None or len(uri) > ADDRESS_LIMIT or "?" in uri or not is_uri_host(match["host"]):
        return ""
    host = match["host"].strip("[]").lower()
    is_here = is_loopback(host) or host.endswith(".localhost")
    if is_ip_address(host):
        is_here = network_of(host) in (Network.LOOPBACK, Network.NOWHERE)
    if is_here or not 0 < int(match["port"] or LAST_PORT) <= LAST_PORT:
        return ""
    scheme, _, rest = uri.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.lower()}" + (slash + path if path else "")


def check_host(text: str, name: str) -> None:
    """Raise ``ConfigError`` if ``text``, the value of ``name``, is nowhere to listen."""
    for host in text.split(","):
        if not (is_ip_address(host.strip()) or _is_host_name(host.strip())):
            raise ConfigError(
                f"{name} is {text!r}; write a host name or an IP address alone, without port or"
                " brackets, or several with commas"
            )


def check_path_prefix(text: str, name: str) -> None:
    """Raise ``ConfigError`` if ``text``, the value of ``name``, is no path before other paths."""
    if _PATH_PREFIX.fullmatch(text) is None or {".", ".."} & set(text.split("/")):
        raise ConfigError(
            f"{name} is {text!r}; write it as /signal, of letters, digits and -._~, without a slash"
            " at the end"
        )


def check_hub_uri(uri: str, name: str) -> None:
    """Raise ``ConfigError`` if ``uri``, a value of ``name``, is no address of a hub."""
    match = _HUB_URI.fullmatch(uri)
    if match is None or not is_uri_host(match["host"]):
        raise ConfigError(f"{name} has {uri!r}; write it as ws://host:port or wss://host:port")
    check_port(match["port"], f"{name} has {uri!r}")


def check_advertised(uris: Collection[str], name: str) -> None:
    """Raise ``ConfigError`` if ``uris``, the value of ``name``, are more than hubs take."""
    length = sum(map(len, uris))
    if length > ADDRESSES_LIMIT:
        raise ConfigError(
            f"{name} has {length} characters in {len(uris)} addresses; other hubs take at most"
            f" {ADDRESSES_LIMIT}, so name fewer or shorter ones"
        )


def check_hub_name(text: str, name: str) -> None:
    """Raise ``ConfigError`` if ``text``, a value of ``name``, is no name of hubs, with a port."""
    if "://" in text:
        raise ConfigError(
            f"{name} has {text!r}; write NAME or NAME:PORT. Hubs behind TLS each need a name of"
            " their own: list their addresses as bootstrap_hubs"
        )
    host, _, port = text.partition(":")
    if is_ip_address(text) or is_ip_address(host) or not _is_host_name(host):
        raise ConfigError(
            f"{name} has {text!r}; write NAME or NAME:PORT, and addresses as bootstrap_hubs"
        )
    if ":" in text and not re.fullmatch("[0-9]{1,5}", port):
        raise ConfigError(f"{name} has {text!r}; write NAME or NAME:PORT")
    check_port(port, f"{name} has {text!r}")


def check_public_address(text: str, name: str) -> None:
    """Raise ``ConfigError`` if ``text``, the value of ``name``, is no one machine's address."""
    if is_ip_address(text):
        address = ipaddress.ip_address(text)
        if not (address.is_unspecified or address.is_multicast):
            return
    raise ConfigError(
        f"{name} is {text!r}; write the IPv4 or IPv6 address of one machine, such as 192.0.2.1"
    )


def is_uri_host(host: str) -> bool:
    """Tell whether a URI may have this as its host: IPv6 in brackets (RFC 3986, 3.2.2)."""
    if not host.startswith("["):
        return _is_host_name(host)
    try:
        ipaddress.IPv6Address(host.strip("[]"))
    except ValueError:
        return False
    return "%" not in host  # a zone means something on one machine only (RFC 4007)


def is_ip_address(text: str) -> bool:
    """Tell whether a text is an IPv4 or IPv6 address, without brackets."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_host_name(text: str) -> bool:
    """Tell whether the resolver takes a name; it raises ``UnicodeError`` for what this refuses."""
    if _ASCII_NAME.fullmatch(text):
        return True
    try:
        text.encode("idna")  # what it takes, tables of all characters, is loaded here
    except UnicodeError:
        return False
    return _HOST_NAME.fullmatch(text) is not None


def check_port(port: str | None, subject: str) -> None:
    """Raise ``ConfigError`` if a URI has ``port`` and it is none; ``subject`` begins the text."""
    if port and not 0 < int(port) <= LAST_PORT:
        raise ConfigError(f"{subject}; a port is between 1 and {LAST_PORT}")
