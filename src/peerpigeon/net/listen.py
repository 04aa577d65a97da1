"""Listening sockets: every address of a host, on one port."""

from __future__ import annotations

import asyncio
import errno
import socket

BACKLOG = 4096
"""Connections that the kernel holds while a burst is accepted."""


TAKEN_AT_ONCE = 8
"""Connections that an event loop takes from one address before it reads from others. Clients that
join in one turn of the loop cost much less than one by one: who is told of several of them is
written to once."""


class PortsTakenError(OSError):
    """None of the ports that may be tried is free."""


def listen(host: str, port: int, retries: int) -> list[socket.socket]:
    """Return sockets that listen at every address of ``host``, all on the same port (S11).

    ``port`` 0 takes any free port. A port that is taken is skipped for the next one, up to
    ``retries`` times. Raises ``PortsTakenError`` when none was free, and ``OSError`` when ``host``
    is no address of this machine.
    """
    last = min(port + retries, 65535)
    for candidate in range(port, last + 1):
        try:
            return _listen_all(host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise PortsTakenError(
        errno.EADDRINUSE,
        f"ports {port} to {last} on {host} are all taken; choose another with port (PORT, --port)",
    )


def _listen_all(host: str, port: int) -> list[socket.socket]:
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    bound: list[socket.socket] = []
    try:
        for family, _, _, _, address in dict.fromkeys(addresses):
            # The first address may have been given any free port; the others take the same.
            number = bound[0].getsockname()[1] if bound else port
            listener = _listen_one(family, (address[0], number, *address[2:]), alone=not bound)
            if listener is not None:
                bound.append(listener)
    except OSError:
        for listener in bound:
            listener.close()
        raise
    return bound


def _listen_one(
    family: socket.AddressFamily | int, address: tuple[object, ...], *, alone: bool
) -> socket.socket | None:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        # Linux lets two bind an address with SO_REUSEADDR while neither listens: the port is ours
        # only from here on, also against a server that starts at the same instant.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        # `localhost` names ::1 also on machines where IPv6 is switched off.
        if error.errno == errno.EADDRNOTAVAIL and not alone:
            return None
        raise
    listener.setblocking(False)  # noqa: FBT003 - the standard library has it so
    return listener


def doubled(listener: socket.socket, loop: asyncio.AbstractEventLoop) -> list[socket.socket]:
    """Return as many descriptors of a listening socket as a loop needs to take a burst at once."""
    # libuv takes one connection a turn from each descriptor; the loops of the standard library
    # take all there are.
    count = 1 if isinstance(loop, asyncio.BaseEventLoop) else TAKEN_AT_ONCE
    return [listener, *(listener.dup() for _ in range(count - 1))]


def reachable_address(host: str) -> str:
    """Return what others put before the port to reach a server that listens at ``host``.

    For a server at all addresses that is the one from which this machine reaches the world, or
    the loopback's if it reaches nothing. An IPv6 address comes in brackets (RFC 3986, 3.2.2).
    """
    if host in _EVERYWHERE:
        host = _outward_address(*_EVERYWHERE[host])
    return f"[{host}]" if ":" in host else host


# Addresses of the documentation (RFC 5737, RFC 3849): nothing is sent to them.
_EVERYWHERE = {
    "0.0.0.0": (socket.AF_INET, "192.0.2.1", "127.0.0.1"),
    "::": (socket.AF_INET6, "2001:db8::1", "::1"),
}


def _outward_address(family: socket.AddressFamily, goal: str, fallback: str) -> str:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((goal, 9))
        except OSError:
            return fallback
        address: str = probe.getsockname()[0]
    return address
