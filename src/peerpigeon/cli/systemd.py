"""What systemd gives a service, and is told by it: sd_listen_fds(3), sd_notify(3)."""

from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from peerpigeon.core.config import ConfigError

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from peerpigeon.core.config import ServerConfig

FIRST = 3
"""The first descriptor that is given, ``SD_LISTEN_FDS_START``."""

ADMIN = "admin"
"""The name of sockets that are for the operator: ``FileDescriptorName=`` of systemd.socket(5)."""

_VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


class Inherited(msgspec.Struct, frozen=True):
    """The listening sockets that a process was started with."""

    clients: tuple[socket.socket, ...] = ()
    """Those with any other name than ``ADMIN``, or without one."""
    admin: tuple[socket.socket, ...] = ()


def inherited_sockets(environ: MutableMapping[str, str]) -> Inherited:
    """Return the listening sockets that this process was started with.

    The variables that say so are taken away, so that no other process believes that they are for
    it. Raises ``ConfigError`` for a descriptor that is no listening socket for connections.
    """
    pid, count, named = (environ.pop(name, "") for name in _VARIABLES)
    if pid != str(os.getpid()) or not count.isdecimal():
        return Inherited()
    names = named.split(":")
    sockets: dict[bool, list[socket.socket]] = {False: [], True: []}
    for number in range(int(count)):
        is_admin = names[number : number + 1] == [ADMIN]
        sockets[is_admin].append(_socket_of(FIRST + number))
    return Inherited(tuple(sockets[False]), tuple(sockets[True]))


def _socket_of(number: int) -> socket.socket:
    try:
        found = socket.socket(fileno=number)
    except OSError as error:
        raise ConfigError(
            f"descriptor {number}, of LISTEN_FDS, is no socket: {error.strerror}"
        ) from None
    os.set_inheritable(number, False)  # noqa: FBT003 - the standard library has it so
    listens = getattr(socket, "SO_ACCEPTCONN", None)
    if found.type != socket.SOCK_STREAM or (
        listens is not None and not found.getsockopt(socket.SOL_SOCKET, listens)
    ):
        raise ConfigError(
            f"descriptor {number}, of LISTEN_FDS, does not listen for connections; systemd takes"
            " ListenStream= and Accept=no for that"
        )
    return found


def listening_at(config: ServerConfig, inherited: Inherited) -> ServerConfig:
    """Return the options of a server that listens at these sockets, and nowhere else.

    Where there are none for clients, or for the operator, that stays as it is. Raises
    ``ConfigError`` if it may not do so as it is set up: a hub without a secret, say.
    """
    changes: dict[str, Any] = {}
    if inherited.clients:
        hosts, port, path = _places(inherited.clients)
        # Where strangers come by both ways the wider one counts.
        changes |= {"uds": path, "host": hosts or config.host, "port": port or config.port}
    if inherited.admin:
        hosts, port, _ = _places(inherited.admin)
        changes |= {"admin_host": hosts or config.admin_host, "admin_port": port}
    return replace(config, **changes)


def _places(sockets: tuple[socket.socket, ...]) -> tuple[str, int, str]:
    """Return the addresses of some sockets, the first port, and the first path."""
    addresses = [each.getsockname() for each in sockets]
    internet = [address for address in addresses if isinstance(address, tuple)]
    path = next((str(address) for address in addresses if not isinstance(address, tuple)), "")
    hosts = dict.fromkeys(str(address[0]) for address in internet)
    return ",".join(hosts), internet[0][1] if internet else 0, path


def notify(state: str) -> None:
    """Tell whoever has started this process how far it is, as ``READY=1``, if that is asked for."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place.startswith(("/", "@")):
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(state.encode(), "\0" + place[1:] if place[0] == "@" else place)
