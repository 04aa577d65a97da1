"""The way to a hub, step by step: its name, TCP, TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from peerpigeon.diagnosis.finding import ok, warning, wrong
from peerpigeon.diagnosis.words import in_words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from peerpigeon.diagnosis.finding import Finding
    from peerpigeon.diagnosis.place import Place

PATIENCE = 5.0
"""Seconds that each step may take."""

EXPIRES_SOON = 14 * 86400.0
"""Seconds before the end of a certificate from which it is warned of: those that are renewed by a
program are renewed a month before."""

_FAMILIES = {socket.AF_INET: "A", socket.AF_INET6: "AAAA"}


async def check_way(place: Place, tls: ssl.SSLContext) -> AsyncIterator[Finding]:
    """Go the way to a hub; what is beyond a step that is wrong is not looked at."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(PATIENCE):
            found = await loop.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError) as error:
        why = getattr(error, "strerror", None) or "the name service does not answer"
        remedy = "mend the name, or its entry in DNS or /etc/hosts"
        yield wrong("name", place.host, f"no address is known ({why})", remedy)
        return
    addresses = list(dict.fromkeys((family, str(address[0])) for family, *_, address in found))
    yield ok("name", place.host, _listed(addresses))
    is_open = []
    for _, address in addresses:
        finding = await _check_tcp(address, place)
        is_open.append(finding.verdict == "ok")
        yield finding
    if any(is_open) and place.is_secure:
        yield await _check_tls(addresses[is_open.index(True)][1], place, tls)


def _listed(addresses: Sequence[tuple[int, str]]) -> str:
    by_kind = {
        kind: [address for each, address in addresses if each == family]
        for family, kind in _FAMILIES.items()
    }
    return ", ".join(f"{kind} {' '.join(own) or 'none'}" for kind, own in by_kind.items())


async def _check_tcp(address: str, place: Place) -> Finding:
    about = f"[{address}]:{place.port}" if ":" in address else f"{address}:{place.port}"
    began = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE):
            _, writer = await asyncio.open_connection(address, place.port)
    except TimeoutError:
        remedy = "a firewall drops it, or the machine is off: let TCP pass to this port"
        return wrong("tcp", about, f"nothing answers within {PATIENCE:g} s", remedy)
    except OSError as error:
        remedy = "start the hub there, or mend the port or the address (--host 0.0.0.0, say)"
        return wrong("tcp", about, in_words(error), remedy)
    took = time.monotonic() - began
    writer.transport.abort()
    return ok("tcp", about, f"connected in {took * 1000:.0f} ms")


async def _check_tls(address: str, place: Place, tls: ssl.SSLContext) -> Finding:
    about = place.authority
    try:
        async with asyncio.timeout(PATIENCE):
            _, writer = await asyncio.open_connection(
                address, place.port, ssl=tls, server_hostname=place.host
            )
    except TimeoutError:
        return wrong("tls", about, "no handshake comes about", "let TLS be spoken at this port")
    except ssl.SSLCertVerificationError as error:
        remedy = (
            "get a certificate for this name from a CA that clients trust, with all certificates"
            " between (fullchain); --ca FILE names a CA of your own"
        )
        return wrong("tls", about, in_words(error), remedy)
    except OSError as error:
        remedy = "let TLS be spoken at this port, or dial ws:// instead"
        return wrong("tls", about, in_words(error), remedy)
    certificate: dict[str, Any] = writer.get_extra_info("peercert") or {}
    version = writer.get_extra_info("ssl_object").version()
    writer.transport.abort()
    return _judge(about, certificate, version)


def _judge(about: str, certificate: dict[str, Any], version: str) -> Finding:
    ends = ssl.cert_time_to_seconds(certificate["notAfter"])
    names = " ".join(name for _, name in certificate.get("subjectAltName", ())) or "no name"
    until = f"{datetime.fromtimestamp(ends, UTC):%Y-%m-%d}"
    text = f"{version}, certificate for {names}, good until {until}"
    if ends - time.time() < EXPIRES_SOON:
        return warning("tls", about, text, "renew it; see why that was not done by itself")
    return ok("tls", about, text)
