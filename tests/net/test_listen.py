import asyncio
import contextlib
import errno
import os
import socket
import sys
from collections.abc import Iterator

import pytest

from peerpigeon.net.listen import TAKEN_AT_ONCE, PortsTakenError, doubled, listen
from peerpigeon.net.port_holder import holder_of
from tests.net.raw import on_every_loop

V4, V6 = socket.AF_INET, socket.AF_INET6


@contextlib.contextmanager
def served(host: str, port: int = 0, retries: int = 0) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(each) for each in listen(host, port, retries)]


def families(listeners: list[socket.socket]) -> set[int]:
    assert len({each.getsockname()[1] for each in listeners}) == 1
    return {each.family for each in listeners}


class Sockets:
    """Makes sockets as the system would that lacks or refuses something."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[int] = []
        made = socket.socket

        def make(family: int = V4, *rest: int) -> socket.socket:
            self.refuse(family)
            return made(family, *rest)

        monkeypatch.setattr(socket, "socket", make)

    def refuse(self, family: int) -> None:
        self.asked.append(family)


class WithoutIpv6(Sockets):
    def refuse(self, family: int) -> None:
        if family == V6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")


class TakenAtFirst(Sockets):
    """The port of IPv4 is taken in IPv6, twice."""

    def refuse(self, family: int) -> None:
        if family == V6:
            super().refuse(family)
            if len(self.asked) <= 2:
                raise OSError(errno.EADDRINUSE, "Address already in use")


@pytest.mark.parametrize("host", ["::", "0.0.0.0,::", "::,0.0.0.0", "::1,0.0.0.0,::"])
def test_ipv6_everywhere_is_ipv4_everywhere_too(host: str) -> None:
    with served(host) as listeners:
        assert families(listeners) == {V4, V6}
        port: int = listeners[0].getsockname()[1]
        for address in ("127.0.0.1", "::1"):
            with socket.create_connection((address, port)) as client:
                (listener,) = (each for each in listeners if each.family == client.family)
                listener.setblocking(True)
                connection, peer = listener.accept()
                connection.close()
                # Not ::ffff:127.0.0.1, which no limit and no log would recognise.
                assert peer[0] == address


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("127.0.0.1,::1", ["127.0.0.1", "::1"]),
        ("127.0.0.1, 127.0.0.1", ["127.0.0.1"]),
        ("127.0.0.1,0.0.0.0", ["0.0.0.0"]),
        ("0.0.0.0,::1", ["0.0.0.0", "::1"]),
    ],
)
def test_each_host_of_a_list_is_served(host: str, addresses: list[str]) -> None:
    with served(host) as listeners:
        assert [each.getsockname()[0] for each in listeners] == addresses
        families(listeners)


@pytest.mark.parametrize("host", ["localhost", "::", "0.0.0.0,::"])
def test_where_there_is_no_ipv6_the_rest_is_served(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(V6, 1, 6, "", ("::1", 0, 0, 0)), (V4, 1, 6, "", ("127.0.0.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    WithoutIpv6(monkeypatch)
    with served(host) as listeners:
        assert families(listeners) == {V4}


def test_an_address_of_a_family_that_there_is_not_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    WithoutIpv6(monkeypatch)
    with pytest.raises(OSError, match=r"no IPv6.* port 3999 .*at ::1; .*0\.0\.0\.0"):
        listen("127.0.0.1,::1", 3999, 0)


def test_any_free_port_is_one_that_is_free_at_all_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sockets = TakenAtFirst(monkeypatch)
    with served("127.0.0.1,::1") as listeners:
        assert families(listeners) == {V4, V6}
        assert listeners[0].getsockname()[1] > 1024
    assert len(sockets.asked) == 3


def test_where_no_port_is_free_at_all_addresses_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class Taken(Sockets):
        def refuse(self, family: int) -> None:
            if family == V6:
                raise OSError(errno.EADDRINUSE, "Address already in use")

    Taken(monkeypatch)
    with pytest.raises(PortsTakenError, match=r"no port is free at all addresses of 127.*--port"):
        listen("127.0.0.1,::1", 0, 0)


@pytest.mark.parametrize(
    ("host", "number", "complaint"),
    [
        ("203.0.113.9", None, r"203\.0\.113\.9 is no address of this .* port 3999 .*--host"),
        ("no-such-host.invalid", None, r"no-such-host\.invalid is not known .* port 3999 .*--host"),
        ("127.0.0.1", errno.EACCES, r"may not serve port 3999 at 127\.0\.0\.1; .*--port"),
        ("127.0.0.1", errno.EMFILE, r"port 3999 at 127\.0\.0\.1 cannot be .*Too many.*--port"),
    ],
)
def test_what_cannot_be_served_is_named_with_host_port_and_what_to_do(
    host: str, number: int | None, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if number is not None:
        failure = OSError(number, os.strerror(number))

        class Refusing(Sockets):
            def refuse(self, family: int) -> None:
                raise failure

        Refusing(monkeypatch)
    with pytest.raises(OSError, match=complaint):
        listen(host, 3999, 0)


def test_a_port_that_is_taken_is_named_with_host_and_what_to_do() -> None:
    with served("127.0.0.1") as (first,):
        port: int = first.getsockname()[1]
        with pytest.raises(PortsTakenError, match=rf"port {port} at 127\.0\.0\.1 is taken.*--max"):
            listen("127.0.0.1", port, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked who holds a port")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_who_holds_a_port_is_told_by_name_and_number(host: str) -> None:
    with served(host) as (listener,):
        port: int = listener.getsockname()[1]
        assert (holder_of(port) or "").endswith(f" (process {os.getpid()})")
        with pytest.raises(PortsTakenError, match=rf"taken by .*process {os.getpid()}"):
            listen(host, port, 0)
    assert holder_of(port) is None


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
