import asyncio
import contextlib
import socket

import pytest

from peerpigeon.net.listen import TAKEN_AT_ONCE, doubled, listen
from tests.net.raw import on_every_loop


def test_servers_that_start_at_the_same_instant_get_different_ports() -> None:
    """S11. The first has bound its port when the second looks, and does not accept yet."""
    with contextlib.ExitStack() as stack:

        def port_of_one_more(port: int) -> int:
            listeners = listen("127.0.0.1", port, retries=10)
            for listener in listeners:
                stack.enter_context(listener)
            taken: int = listeners[0].getsockname()[1]
            return taken

        first = port_of_one_more(0)
        second = port_of_one_more(first)
        assert first < second <= first + 10


def test_all_addresses_of_a_name_are_served_on_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """S11."""
    names = ["127.0.0.1", "127.0.0.2"]
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (name, 0)) for name in names]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    try:
        socket.create_server((names[1], 0)).close()
    except OSError:
        pytest.skip("this machine has one loopback address only")
    with contextlib.ExitStack() as stack:
        served = [stack.enter_context(each).getsockname() for each in listen("here", 0, retries=0)]
    assert served == [(name, served[0][1]) for name in names]
    assert served[0][1] != 0


@on_every_loop
async def test_a_burst_is_taken_in_one_turn_of_the_loop() -> None:
    loop = asyncio.get_running_loop()
    (listener,) = listen("127.0.0.1", 0, retries=0)
    turns = 0
    taken: list[int] = []
    all_taken = asyncio.Event()

    def count() -> None:
        nonlocal turns
        turns += 1
        if not all_taken.is_set():
            loop.call_soon(count)

    class Connection(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transport.close()
            taken.append(turns)
            if len(taken) == TAKEN_AT_ONCE:
                all_taken.set()

    with contextlib.ExitStack() as stack:
        for _ in range(TAKEN_AT_ONCE):
            stack.enter_context(socket.create_connection(listener.getsockname()))
        for each in doubled(listener, loop):
            server = await loop.create_server(Connection, sock=each)
            stack.callback(server.close)
        count()
        await all_taken.wait()
    assert len(set(taken)) == 1
