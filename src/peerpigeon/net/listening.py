"""Where one server listens: at a port, at a Unix socket, or where whoever has started it does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from peerpigeon.net.listen import doubled, listen
from peerpigeon.net.unix_socket import UnixSocket

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from peerpigeon.core.config import ServerConfig


class Listening:
    """The sockets that listen for one server, from its start to its end.

    ``inherited`` ones are taken instead of what ``config`` says, and stay open for whoever comes
    next; ``admin`` instead of what it says of the port for the operator. Raises what ``listen`` and
    ``UnixSocket`` raise.
    """

    def __init__(
        self,
        config: ServerConfig,
        inherited: Sequence[socket.socket] | None = None,
        admin: Sequence[socket.socket] = (),
    ) -> None:
        self._unix = UnixSocket(config.uds) if config.uds and inherited is None else None
        if inherited is not None:
            addresses = _copies(inherited)
        elif self._unix is not None:
            addresses = [self._unix.listener]
        else:
            addresses = listen(config.host, config.port, config.port_retries)
        loop = asyncio.get_running_loop()
        self.sockets = [each for address in addresses for each in doubled(address, loop)]
        """All of them, some doubled."""
        self.port = next(filter(None, map(port_of, self.sockets)), 0)
        """The port; 0 if there is none."""
        self.admin = _copies(admin)
        """Those of the second port, which is for the operator alone."""
        if config.admin_port is not None and not admin:
            try:
                self.admin = listen(config.admin_host, config.admin_port, 0)
            except OSError:
                self.close()
                self.remove()
                raise

    def close(self) -> None:
        """Close them, if no server has taken them."""
        for each in (*self.sockets, *self.admin):
            each.close()

    def remove(self) -> None:
        """Remove what is left of them in the file system."""
        if self._unix is not None:
            self._unix.remove()


def _copies(inherited: Sequence[socket.socket]) -> list[socket.socket]:
    copies = [each.dup() for each in inherited]
    for each in copies:
        each.setblocking(False)  # noqa: FBT003 - the standard library has it so
    return copies


def port_of(listener: socket.socket) -> int:
    """Return the port of a socket; 0 if it has none."""
    address = listener.getsockname()
    return int(address[1]) if isinstance(address, tuple) else 0
