"""How much of what a socket is given the operating system takes before it can send it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

_NOTSENT_LOWAT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_INTERNET = (socket.AF_INET, socket.AF_INET6)


def leave_little_in_kernel(transport: asyncio.Transport, size: int) -> None:
    """Have the system take no more than so many bytes before it can send them, where it can.

    Else it takes megabytes on a slow way, and nothing urgent can be put before them.
    """
    connection, option = transport.get_extra_info("socket"), _NOTSENT_LOWAT
    if option is not None and connection is not None and connection.family in _INTERNET:
        connection.setsockopt(socket.IPPROTO_TCP, option, size)
