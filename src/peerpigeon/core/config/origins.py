"""Web origins (RFC 6454), in the one spelling in which browsers send them."""

from __future__ import annotations

import ipaddress
import re

import msgspec

from peerpigeon.core.config.addresses import check_port, is_uri_host
from peerpigeon.core.config.host_names import family
from peerpigeon.core.config.quantities import ConfigError

# RFC 6454, section 6.2: scheme, host, and the port if it is not the scheme's own.
_ORIGIN = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?P<user>[^/?#]*@)?"
    r"(?P<host>\[[^\[\]/?#]*\]|[^\[\]/?#:]*)(?::(?P<port>[0-9]{0,5}))?"
    r"(?P<rest>(?:[/?#].*)?)"
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NUMERIC = re.compile(r"(?:.*\.)?[0-9]+\.?")

EXAMPLE = "https://app.example.org or http://localhost:5173"


class OriginNames(msgspec.Struct, frozen=True):
    """Origins, some of them perhaps all below a name."""

    names: frozenset[str]
    """Each as browsers write it."""
    families: tuple[re.Pattern[str], ...] = ()

    def __contains__(self, origin: str) -> bool:
        """Tell whether an origin, as browsers write it, is one of these."""
        return origin in self.names or any(each.fullmatch(origin) for each in self.families)


def origins_of(text: str, name: str) -> OriginNames | None:
    """Return the origins that ``text``, the value of ``name``, lists; ``None`` if it has a ``*``.

    Raises ``ConfigError`` for what no browser would ever send.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise ConfigError(f"{name} is {text!r}; name an origin, or * for all")
    named = {part for part in parts if part != "*"}
    wild = {part for part in named if "://*." in part}
    origins = frozenset(normal_origin(part, name) for part in named - wild)
    families = tuple(_family(part, name) for part in sorted(wild))
    return None if "*" in parts else OriginNames(origins, families)


def _family(text: str, name: str) -> re.Pattern[str]:
    """Return what matches the origins that ``scheme://*.host:port`` stands for."""
    try:
        scheme, _, rest = normal_origin(text.replace("://*.", "://", 1), name).partition("://")
    except ConfigError as error:
        # The reason is about what stands behind the wildcard.
        raise ConfigError(f"{name} has {text!r}; without *. {error}") from None
    if rest.startswith("[") or _NUMERIC.fullmatch(rest.partition(":")[0]):
        raise ConfigError(f"{name} has {text!r}; there is no name below an address")
    return family(rest, before=f"{scheme}://")


def normal_origin(text: str, name: str) -> str:
    """Return an origin as browsers write it in the header ``Origin``.

    The case of scheme and host, the scheme's own port and a slash at the end mean nothing and are
    dropped. Raises ``ConfigError`` for what names no origin, or more than one; ``name`` is the
    option that has it.
    """
    if text == "null":  # what browsers send for files and for frames in a sandbox
        return text
    match = _ORIGIN.fullmatch(text)
    scheme = "" if match is None else match["scheme"].lower()
    reason = _objection(text, match, scheme)
    if reason or match is None:
        raise ConfigError(f"{name} has {text!r}; {reason}")
    check_port(match["port"], f"{name} has {text!r}")
    port = int(match["port"] or 0)
    place = _normal_host(match["host"]) if scheme in _DEFAULT_PORTS else match["host"]
    return f"{scheme}://{place}" + (
        f":{port}" if port not in (0, _DEFAULT_PORTS.get(scheme)) else ""
    )


def host_of_origin(origin: str) -> str:
    """Return the host of an origin that is written as browsers do, without brackets."""
    match = _ORIGIN.fullmatch(origin)
    return "" if match is None else match["host"].strip("[]")


def _objection(text: str, match: re.Match[str] | None, scheme: str) -> str:
    """Return what is wrong with an origin and what to do; empty if nothing is."""
    if match is None:
        return f"write it with its scheme, as {EXAMPLE}"
    host = match["host"]
    if scheme == "file":
        return "pages from files have the origin null; write null"
    if scheme in ("ws", "wss"):
        return f"write the address of the page, not of the server, as {EXAMPLE}"
    if "*" in host:
        return "write *. before the host, as https://*.example.org, or * alone for all"
    if match["user"]:
        return f"an origin has no user; write it as {EXAMPLE}"
    if match["rest"] not in ("", "/"):
        return f"an origin has no path; write {text.removesuffix(match['rest'])}"
    if not host.isascii():
        return "write the host as browsers send it, in ASCII (xn--...)"
    if not is_uri_host(host) or (_NUMERIC.fullmatch(host) and not _is_ipv4(host)):
        return f"that is no host; write it as {EXAMPLE}"
    return ""


def _normal_host(host: str) -> str:
    if host.startswith("["):
        return f"[{ipaddress.IPv6Address(host.strip('[]')).compressed}]"
    return host.lower()


def _is_ipv4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True
