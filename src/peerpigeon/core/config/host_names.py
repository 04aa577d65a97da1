"""The names by which a server may be addressed: the option ``allowed_hosts``."""

from __future__ import annotations

import ipaddress
import re

import msgspec

from peerpigeon.core.config.addresses import is_loopback, is_uri_host
from peerpigeon.core.config.quantities import ConfigError

# RFC 9110, section 7.2: a host and, behind a colon, perhaps a port.
_HOST = re.compile(r"(?P<host>\[[^\[\]]*\]|[^\[\]:]*)(?::[0-9]*)?")

_LABELS = r"(?:[a-z0-9_-]+\.)+"
"""What ``*.`` stands for. Each label ends at its dot, so that this cannot backtrack."""


class HostNames(msgspec.Struct, frozen=True):
    """Names of hosts, without ports: a tunnel or a proxy may have any."""

    names: frozenset[str]
    """In lower case, IPv6 addresses in their short form without brackets."""
    families: tuple[re.Pattern[str], ...] = ()
    """The patterns with a ``*``."""

    def __contains__(self, name: str) -> bool:
        """Tell whether a name, as ``host_in`` returns it, is one of these."""
        return name in self.names or any(each.fullmatch(name) for each in self.families)

    @property
    def are_of_loopback(self) -> bool:
        """Whether each of them means this machine wherever it is read."""
        return not self.families and all(map(is_loopback, self.names))


def host_names_of(texts: tuple[str, ...], option: str) -> HostNames | None:
    """Return the names that the values of an option list; ``None`` if one of them is ``*``.

    Raises ``ConfigError`` for what no header ``Host`` ever has.
    """
    names: set[str] = set()
    families: list[re.Pattern[str]] = []
    for text in texts:
        if text == "*":
            continue
        is_family = text.startswith("*.")
        host = text.removeprefix("*.").lower()
        if ":" in host and not host.startswith("["):
            host = f"[{host}]"  # an IPv6 address, or what the next line refuses
        if reason := _objection(text, host, is_family=is_family):
            raise ConfigError(f"{option} has {text!r}; {reason}")
        if is_family:
            families.append(family(host))
        else:
            names.add(normal_host(host))
    return None if "*" in texts else HostNames(frozenset(names), tuple(families))


def family(parent: str, before: str = "", after: str = "") -> re.Pattern[str]:
    """Return what matches all names below one, between two texts."""
    return re.compile(re.escape(before) + _LABELS + re.escape(parent + after))


def host_in(header: str) -> str:
    """Return the host that a header ``Host`` names, in its one spelling; empty if it names none."""
    match = _HOST.fullmatch(header)
    if match is None:
        return ""
    try:
        return normal_host(match["host"])
    except ValueError:
        return ""


def normal_host(host: str) -> str:
    """Return a host, an IPv6 address with or without brackets, in the spelling that is compared.

    Raises ``ValueError`` for brackets without an IPv6 address.
    """
    name = host.strip("[]").lower()
    if name != host.lower() or ":" in name:
        return ipaddress.IPv6Address(name).compressed
    return name.removesuffix(".")  # which says that the name is whole


def _objection(text: str, host: str, *, is_family: bool) -> str:
    """Return what is wrong with a name and what to do; empty if nothing is."""
    if "/" in text or "://" in text:
        return "write the name alone, as hub.example.org"
    if "*" in host:
        return "a * stands for all that is before a name, as *.example.org, or alone for all names"
    if not host.isascii():
        return "write the name as browsers send it, in ASCII (xn--...)"
    if not is_uri_host(host):
        bare = re.sub(r":[0-9]+\]?$", "", host.strip("[]"))
        if is_uri_host(bare):
            return f"ports are not compared; write {bare}"
        return "that is no name of a host; write it as hub.example.org"
    if is_family and (host.startswith("[") or is_loopback(host) or host[-1].isdigit()):
        return "there is no name below an address; write it without *."
    return ""
