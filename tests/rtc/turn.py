"""A real TURN server on the loopback: coturn."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from peerpigeon.core.config import IceServer

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 30.0


@contextmanager
def turn_server(
    address: str = "127.0.0.1", *, over: str = "udp", certificate: tuple[str, ...] = ()
) -> Iterator[IceServer]:
    """Run one; its user is ``hub`` with the password ``secret``.

    It is asked ``over`` udp, tcp or tls; for the last it takes the files of a certificate and key.
    """
    port = free_range(1)[0]
    listening: tuple[str, ...] = ("--no-tls", f"--listening-port={port}")
    if over == "tls":
        files = (f"--cert={certificate[0]}", f"--pkey={certificate[1]}")
        listening = ("--no-udp", "--no-tcp", f"--tls-listening-port={port}", *files)
    options = (
        *("--no-cli", *listening, "--no-dtls", "--lt-cred-mech", "--realm=example.org"),
        *("--user=hub:secret", "--allow-loopback-peers", "--no-stdout-log", "--log-file=/dev/null"),
        *("--pidfile=/dev/null", f"--listening-ip={address}", f"--relay-ip={address}"),
        *("-n", "--no-multicast-peers", "--userdb=/tmp/none"),
    )
    server = subprocess.Popen(["turnserver", *options], stdout=subprocess.DEVNULL)
    try:
        wait_listening(address, port)
        url = {
            "udp": f"turn:{address}:{port}",
            "tcp": f"turn:{address}:{port}?transport=tcp",
            "tls": f"turns:{address}:{port}",
        }
        yield IceServer(url[over], "hub", "secret")
    finally:
        server.terminate()
        server.wait()


def wait_listening(address: str, port: int) -> None:
    deadline = time.monotonic() + LIMIT
    while True:
        try:
            with socket.create_connection((address, port), 1.0):
                return
        except OSError:
            assert time.monotonic() < deadline, "the TURN server does not start"
            time.sleep(0.05)


def free_range(size: int) -> tuple[int, int]:
    """Find some neighbouring UDP ports that are free at this moment."""
    for first in range(20000, 30000, size):
        sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(size)]
        try:
            for offset, each in enumerate(sockets):
                each.bind(("127.0.0.1", first + offset))
        except OSError:
            continue
        else:
            return first, first + size - 1
        finally:
            for each in sockets:
                each.close()
    raise AssertionError("no free ports")
