"""Clients that cannot be passed on to another worker stay where they are."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, cast

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import SessionId
from peerpigeon.core.interface.actions import PassOn
from peerpigeon.core.interface.events import PeerOpened
from peerpigeon.net.workers import passing as module
from peerpigeon.net.workers.passing import LARGEST, Passing
from peerpigeon.net.workers.place import clients_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from peerpigeon.net.client_sockets import ClientSockets
    from peerpigeon.net.websocket.peer_socket import PeerSocket

DEADLINE = 10.0


class Peer:
    """A client's socket, as far as it is passed on."""

    def __init__(self) -> None:
        self.is_open = True
        self._is_halted = False
        self._is_handed_over = False
        self._socket, self._other = socket.socketpair()

    @property
    def is_encrypted(self) -> bool:
        return False

    def stand_still(self) -> bool:
        return True

    def descriptor(self) -> int:
        return self._socket.fileno()

    def hand_over(self) -> None:
        self._is_handed_over = True

    def read_again(self) -> None:
        pass

    def halt(self) -> None:
        self._is_halted = True

    def go_on(self) -> None:
        self._is_halted = False

    def waits(self) -> bool:
        return self._is_halted

    def has_gone(self) -> bool:
        return self._is_handed_over

    def close(self) -> None:
        self._socket.close()
        self._other.close()


class Served:
    """The sockets of a driver, which is given back whom nobody takes."""

    def __init__(self) -> None:
        self.settled: list[tuple[Peer, list[str]]] = []
        self.changed = asyncio.Event()

    def settle(self, peer: Peer, _opened: PeerOpened, texts: list[str]) -> None:
        self.settled.append((peer, texts))
        self.changed.set()


def told(text: str = "announce") -> PassOn:
    return PassOn(PeerOpened(SessionId(1), "a" * 40, "192.0.2.1"), 1, [text])


@pytest.fixture
def peers() -> Iterator[list[Peer]]:
    found = [Peer() for _ in range(3)]
    yield found
    for each in found:
        each.close()


def passing_of(clients: Served, directory: Path) -> Passing:
    config = ServerConfig(worker=0, workers=2, worker_directory=str(directory))
    return Passing(config, cast("ClientSockets", clients))


async def test_who_has_said_too_much_or_whose_worker_is_dead_stays(
    tmp_path: Path, peers: list[Peer]
) -> None:
    passing = passing_of(Served(), tmp_path)
    peer = cast("PeerSocket", peers[0])
    assert not passing.send(peer, told())  # nobody is there
    other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    other.bind(clients_path(str(tmp_path), 1))
    assert not passing.send(peer, told("x" * LARGEST))
    assert not peers[0].has_gone()
    assert passing.send(peer, told())
    assert peers[0].has_gone()
    other.close()
    passing.close()


async def test_who_waits_for_a_worker_that_takes_nobody_stays_in_the_end(
    tmp_path: Path, peers: list[Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TRIES", 20)
    clients = Served()
    passing = passing_of(clients, tmp_path)
    other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    other.bind(clients_path(str(tmp_path), 1))
    while not peers[0].waits():  # until its queue is full
        assert passing.send(cast("PeerSocket", peers[0]), told("first"))
    assert passing.send(cast("PeerSocket", peers[1]), told("second"))
    assert peers[1].waits()
    async with asyncio.timeout(DEADLINE):
        while len(clients.settled) < 2:
            clients.changed.clear()
            await clients.changed.wait()
    assert clients.settled == [(peers[0], ["first"]), (peers[1], ["second"])]
    assert not peers[0].waits()
    assert not peers[1].waits()
    other.close()
    passing.close()


async def test_who_waits_is_passed_on_once_there_is_room(tmp_path: Path, peers: list[Peer]) -> None:
    clients = Served()
    passing = passing_of(clients, tmp_path)
    other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    other.setblocking(False)
    other.bind(clients_path(str(tmp_path), 1))
    while not peers[0].waits():
        assert passing.send(cast("PeerSocket", peers[0]), told())
    peers[1].is_open = False
    assert passing.send(cast("PeerSocket", peers[1]), told())  # it goes while it waits
    assert passing.send(cast("PeerSocket", peers[2]), told("the last"))
    came = b""
    async with asyncio.timeout(DEADLINE):
        while b"the last" not in came:
            try:
                came, descriptors, _, _ = socket.recv_fds(other, LARGEST, 1)
            except BlockingIOError:
                await asyncio.sleep(0.001)
            else:
                for each in descriptors:
                    socket.close(each)
    assert peers[2].has_gone()
    assert not peers[1].has_gone()
    assert not clients.settled
    other.close()
    passing.close()
