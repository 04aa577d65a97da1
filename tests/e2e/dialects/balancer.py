"""A balancer before servers, which can send clients elsewhere, and whose network can go silent."""

import contextlib
import socket
import threading
from typing import Self

SIZE = 65536


class Balancer:
    """Passes each connection on to the server that is the right one when it comes."""

    def __init__(self, port: int) -> None:
        self.to = port
        """The port of the server for who comes from now on."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._is_silent = threading.Event()
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._listener, *self._sockets):
            # Only this wakes who waits for it in another thread.
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._thread.join()

    def fall_silent(self) -> None:
        """Lose all that comes over the connections there are, and end none of them."""
        self._is_silent.set()
        self._is_silent = threading.Event()

    def dial(self) -> socket.socket:
        """Connect to the server."""
        return socket.create_connection(("127.0.0.1", self.to))

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # it is closed
            while True:
                client, _ = self._listener.accept()
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        self._sockets.append(client)
        try:
            server = self.dial()
        except OSError:
            client.close()
            return
        self._sockets.append(server)
        for source, sink in ((client, server), (server, client)):
            threading.Thread(
                target=_pass_on, args=(source, sink, self._is_silent), daemon=True
            ).start()


def _pass_on(source: socket.socket, sink: socket.socket, is_silent: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(SIZE):
            if is_silent.is_set():
                continue
            sink.sendall(data)
        if not is_silent.is_set():
            sink.shutdown(socket.SHUT_RDWR)
