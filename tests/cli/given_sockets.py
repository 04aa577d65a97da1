"""Starts a command with listening sockets, as systemd does.

``GIVEN_SOCKETS [NAME=]PLACE... -- COMMAND``; the name is ``hub`` if nothing is said.
"""

import os
import socket
import sys

FIRST = 3


def main() -> None:
    split = sys.argv.index("--")
    given, command = sys.argv[1:split], sys.argv[split + 1 :]
    names = [name or "hub" for name, _, _ in (each.rpartition("=") for each in given)]
    places = [each.rpartition("=")[2] for each in given]
    sockets = [_listening(place) for place in places]
    for number, each in enumerate(sockets, 100):
        os.dup2(each.fileno(), number)
    for number in range(len(sockets)):
        os.dup2(100 + number, FIRST + number)
    os.environ["LISTEN_PID"] = os.environ.get("WRONG_PID") or str(os.getpid())
    os.environ["LISTEN_FDS"] = str(len(sockets))
    os.environ["LISTEN_FDNAMES"] = ":".join(names)
    os.execv(command[0], command)  # noqa: S606


def _listening(place: str) -> socket.socket:
    host, _, port = place.rpartition(":")
    if place.startswith("/"):
        each = socket.socket(socket.AF_UNIX)
        each.bind(place)
    else:
        kind = socket.SOCK_DGRAM if host.startswith("udp ") else socket.SOCK_STREAM
        each = socket.socket(socket.AF_INET, kind)
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        each.bind((host.removeprefix("udp "), int(port)))
        if kind == socket.SOCK_DGRAM or host == "silent":
            return each
    each.listen()
    return each


if __name__ == "__main__":
    main()
