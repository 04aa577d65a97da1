"""How much of what a socket is given the operating system takes before it can send it."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio.trsock import TransportSocket

_NOTSENT_LOWAT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_INTERNET = (socket.AF_INET, socket.AF_INET6)


IS_INHERITED = sys.platform == "linux"
"""Whether a connection has from the socket that has accepted it what is set here."""


def leave_little_in_kernel(connection: socket.socket | TransportSocket | None, size: int) -> None:
    """Have the system take no more than so many bytes before it can send them, where it can.

    Else it takes megabytes on a slow way, and nothing urgent can be put before them.
    """
    option = _NOTSENT_LOWAT
    if option is not None and connection is not None and connection.family in _INTERNET:
        connection.setsockopt(socket.IPPROTO_TCP, option, size)
