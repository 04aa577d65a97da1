"""Listening sockets: every address of a host, on one port."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any

from peerpigeon.core.config import EVERYWHERE, hosts_in
from peerpigeon.net.port_holder import holder_of

Place = tuple[int, tuple[Any, ...]]
"""Address family, and address as the socket module has it."""

BACKLOG = 4096
"""Connections that the kernel holds while a burst is accepted."""

TAKEN_AT_ONCE = 8
"""Connections that an event loop takes from one address before it reads from others. Clients that
join in one turn of the loop cost much less than one by one: who is told of several of them is
written to once."""

IN_A_TURN = 8
"""Connections that are taken in one turn of the loop at most, at some 0.1 ms each: as uvloop does.

It takes asyncio's own loop some turns more until it hands one over, and only then is it seen that
the descriptors run out; so what comes until then has to fit into ``descriptors.RESERVE``."""

FREE_PORT_TRIES = 32
"""How often any free port is asked for, until it is free at all addresses."""

# A name has such addresses where IPv6 is switched off, or is not in the system at all.
_ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)

_PLACES_OF: dict[str, list[Place]] = {
    "0.0.0.0": [(socket.AF_INET, ("0.0.0.0", 0))],
    # Two sockets, so that IPv4 clients are seen by their IPv4 addresses, and are served where there
    # is no IPv6.
    "::": [(socket.AF_INET6, ("::", 0, 0, 0)), (socket.AF_INET, ("0.0.0.0", 0))],
}


class PortsTakenError(OSError):
    """None of the ports that may be tried is free."""


def listen(host: str, port: int, retries: int) -> list[socket.socket]:
    """Return sockets that listen at every address of ``host``, all on the same port (S11).

    ``host`` is as the option: a name, an address, or several with commas; of each, those addresses
    are served whose family this system has. ``port`` 0 takes any port that is free at all of them.
    A port that is taken is skipped for the next one, up to ``retries`` times. Raises
    ``PortsTakenError`` when none was free, and ``OSError`` when one of the hosts is no address of
    this machine or may not be served; the text says what to do.
    """
    hosts = {name: _places(name, port) for name in hosts_in(host)}
    last = min(port + retries, 65535)
    candidates = range(port, last + 1) if port else [0] * FREE_PORT_TRIES
    for candidate in candidates:
        try:
            return _listen_all(hosts, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise PortsTakenError(errno.EADDRINUSE, _taken(host, port, last))


def _places(name: str, port: int) -> list[Place]:
    """Return the addresses of one host."""
    if name in _PLACES_OF:
        return _PLACES_OF[name]
    # A text is encoded as what may have other letters, by tables that nothing else here needs.
    plain = name.encode() if name.isascii() else name
    try:
        found = socket.getaddrinfo(plain, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise OSError(
            error.errno,
            f"the address of {name} is not known ({error.strerror}), so port {port} cannot be"
            f" served there; {_HOST_REMEDY}",
        ) from error
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _listen_all(hosts: dict[str, list[Place]], port: int) -> list[socket.socket]:
    # Who listens at all addresses of a family cannot, and need not, listen at single ones as well.
    whole = {family for places in hosts.values() for family, address in places if _is_any(address)}
    bound: dict[Place, socket.socket] = {}
    number = port
    try:
        for host, places in hosts.items():
            failure: OSError | None = None
            is_served = False
            for place in places:
                family, address = place
                if place in bound or (family in whole and not _is_any(address)):
                    is_served = True
                    continue
                try:
                    bound[place] = _listen_one(family, (address[0], number, *address[2:]))
                except OSError as error:
                    if error.errno not in _ABSENT:
                        raise _explained(error, host, port) from error
                    failure = error
                else:
                    # The first may have been given any free port; the others take the same.
                    number = bound[place].getsockname()[1]
                    is_served = True
            if failure is not None and not is_served:
                raise _explained(failure, host, port) from failure
    except OSError:
        for listener in bound.values():
            listener.close()
        raise
    return list(bound.values())


def _is_any(address: tuple[Any, ...]) -> bool:
    return address[0] in EVERYWHERE


def _listen_one(family: int, address: tuple[Any, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        # Linux lets two bind an address with SO_REUSEADDR while neither listens: the port is ours
        # only from here on, also against a server that starts at the same instant.
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)  # noqa: FBT003 - the standard library has it so
    return listener


# What to say when it cannot be

_HOST_REMEDY = (
    "choose another with host (HOST, --host): 0.0.0.0 is all IPv4 addresses of this machine, :: all"
    " addresses"
)
_PORT_REMEDY = "choose another with port (PORT, --port)"


def _taken(host: str, first: int, last: int) -> str:
    if not first:
        return f"no port is free at all addresses of {host}; {_PORT_REMEDY}"
    if last > first:
        return f"ports {first} to {last} at {host} are all taken; {_PORT_REMEDY}"
    return (
        f"port {first} at {host} is taken{by_whom(first)}; end that, {_PORT_REMEDY}, or let the"
        " next ones be tried with max_port_retries (MAX_PORT_RETRIES, --max-port-retries)"
    )


def _explained(error: OSError, host: str, port: int) -> OSError:
    match error.errno:
        case errno.EADDRNOTAVAIL:
            text = (
                f"{host} is no address of this machine, so port {port} cannot be served there;"
                f" {_HOST_REMEDY}"
            )
        case errno.EAFNOSUPPORT:
            text = (
                f"this system has no IPv6, so port {port} cannot be served at {host};"
                f" {_HOST_REMEDY}"
            )
        case errno.EACCES:
            text = (
                f"this user may not serve port {port} at {host}; {_PORT_REMEDY}, above 1023, or"
                " allow this one (on Linux with CAP_NET_BIND_SERVICE)"
            )
        case _:
            text = f"port {port} at {host} cannot be served: {error.strerror}; {_PORT_REMEDY}"
    return OSError(error.errno, text)


def by_whom(port: int) -> str:
    """Return " by NAME (process N)" for a port that is taken; empty if it cannot be found out."""
    holder = holder_of(port)
    return "" if holder is None else f" by {holder}"


def doubled(listener: socket.socket, loop: asyncio.AbstractEventLoop) -> list[socket.socket]:
    """Return as many descriptors of a listening socket as a loop needs to take a burst at once."""
    # libuv takes one connection a turn from each descriptor; the loops of the standard library
    # take all there are.
    count = 1 if isinstance(loop, asyncio.BaseEventLoop) else TAKEN_AT_ONCE
    return [listener, *(listener.dup() for _ in range(count - 1))]
