"""Faults that servers like this one have had, each tried here; the docstrings name where.

What takes a process and a crowd is among the attacks instead. docs/security.md has them all.
"""

from __future__ import annotations

import ast
import asyncio
import re
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import peerpigeon
from peerpigeon.core.interface.notices import ErrorOccurred
from tests.net.client import A, B, C, Client, get, join, running
from tests.net.raw import PONG, RawClient, frame, on_every_loop, upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from peerpigeon import PeerPigeonServer

SOURCES = sorted(Path(peerpigeon.__file__).parent.rglob("*.py"))
CLOSED = 0x88


@asynccontextmanager
async def beside_a_pair(**options: object) -> AsyncIterator[PeerPigeonServer]:
    """Run a server with two clients, who can signal to each other afterwards still."""
    async with running(**options) as server:
        errors: list[str] = []
        server.on(ErrorOccurred, lambda notice: errors.append(notice.message))
        async with await join(server, A, "pair") as a, await join(server, B, "pair") as b:
            await b.until("peer-discovered")
            yield server
            await a.signal(B, "offer", "still there?", "pair")
            assert (await b.until("offer"))["data"] == "still there?"
        assert errors == []


async def closed_with(client: RawClient) -> int:
    """Return the code with which a client is closed."""
    while True:
        first, payload = await client.frame()
        if first == CLOSED:
            return int.from_bytes(payload[:2], "big")


# One frame or header ends the server


@pytest.mark.parametrize(
    "line",
    [
        "Sec-WebSocket-Protocol: caf\xe9",
        "Sec-WebSocket-Protocol: \xff\xfe",
        "Sec-WebSocket-Protocol: ,,,",
        "Sec-WebSocket-Extensions: \xe9",
        "Origin: http://\xe9",
        "Cookie: \xff",
    ],
)
@on_every_loop
async def test_a_header_beyond_ascii_ends_nothing(line: str) -> None:
    """granian CVE-2026-42544: a subprotocol beyond ASCII ended the worker."""
    async with beside_a_pair() as server:
        async with await RawClient.connect(server.port) as client:
            await client.send(upgrade(line, target=f"/?peerId={C}"))
            assert (await client.head()).split()[1] in (b"101", b"400", b"403")


@on_every_loop
async def test_too_many_headers_are_refused() -> None:
    """ws CVE-2024-37890: a request with very many headers ended the server."""
    async with beside_a_pair() as server:
        async with await RawClient.connect(server.port) as client:
            lines = [f"X{number}: 1" for number in range(1000)]
            await client.send(upgrade(*lines, target=f"/?peerId={C}"))
            assert b" 431 " in await client.head()


@pytest.mark.parametrize(
    "line",
    [
        f"Sec-WebSocket-Protocol: b{' ' * 14_000}x",
        f"Sec-WebSocket-Protocol: {', ' * 7000}",
        f"Connection: Upgrade{', ' * 7000}",
        f"Origin: http://{'a.' * 7000}",
        f"Host: {'[' * 14_000}",
    ],
)
@on_every_loop
async def test_no_header_takes_more_than_its_reading(line: str) -> None:
    """ws CVE-2021-32640: a regular expression went back and forth over a header for minutes."""
    async with beside_a_pair() as server:
        async with await RawClient.connect(server.port) as client:
            name = line.partition(":")[0]
            leave_out = name if name in ("Host", "Connection") else "-"
            await client.send(upgrade(line, target=f"/?peerId={C}", leave_out=leave_out))
            await client.head()


@on_every_loop
async def test_no_message_raises_where_nobody_catches() -> None:
    """socket.io CVE-2024-38355, socket.io-parser CVE-2023-32695, y-webrtc's bare `JSON.parse`."""
    async with beside_a_pair() as server, await Client.connect(server, C) as client:
        for text in (
            *("", "{", "nul", "\x00", "[" * 100_000, "{}" * 10, "1e999", '"\\ud800"'),
            *("null", "[]", "1", '"x"', "{}", '{"type":null}', '{"type":{}}', '{"type":[]}'),
            '{"type":"announce","data":{"toString":1,"__proto__":{"x":1},"constructor":null}}',
            '{"type":"offer","targetPeerId":{"length":40},"data":null}',
            '{"type":"announce","networkName":{"a":1}}',
            '{"type":"\\ud800","data":"\\ud800","networkName":"\\ud800"}',
        ):
            await client.say(text)
        assert (await client.until("connected"))["data"]["peerId"] == C
        await client.say({"type": "ping"})
        await client.until("pong")


@pytest.mark.parametrize(
    "request_head",
    [
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 100 + b"\r\n\r\n",
        b"GET /?peerId=%00%ff%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
@on_every_loop
async def test_no_request_raises_where_nobody_catches(request_head: bytes) -> None:
    """engine.io CVE-2022-21676: one request ended the process."""
    async with beside_a_pair(handshake_timeout=0.3) as server:
        async with await RawClient.connect(server.port) as client:
            await client.send(request_head)
            await client.rest()


@on_every_loop
async def test_compression_is_not_offered_so_nothing_is_inflated() -> None:
    """undici CVE-2026-85024 and CVE-2026-1526, websockets CVE-2018-1000518: what was small grew."""
    async with beside_a_pair() as server:
        async with await RawClient.connect(server.port) as client:
            line = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
            await client.send(upgrade(line, target=f"/?peerId={C}"))
            assert b"permessage-deflate" not in await client.head()
            await client.send(frame(1, b"\x00" * 50, rsv=0x40))
            assert await closed_with(client) == 1002


# Memory beyond the declared limit


@pytest.mark.parametrize(
    ("size", "code"), [(2**63, 1002), (2**64 - 1, 1002), (2**63 - 1, 1009), (2**20 + 1, 1009)]
)
@on_every_loop
async def test_a_length_beyond_the_limit_ends_the_connection_at_once(size: int, code: int) -> None:
    """aiohttp PYSEC-2026-4395: a length of 2^63; daphne CVE-2026-44545: no limit by default."""
    async with beside_a_pair() as server:
        async with await RawClient.open(server.port, target=f"/?peerId={C}") as client:
            await client.send(b"\x81\xff" + size.to_bytes(8, "big") + b"\x00" * 4)
            assert await closed_with(client) == code


@on_every_loop
async def test_no_pong_makes_a_task() -> None:
    """python-engineio GHSA-cgwc-pv48-fhj5: each pong began a task, before anybody was known."""
    async with beside_a_pair() as server:
        async with await RawClient.connect(server.port) as client:
            before = len(asyncio.all_tasks())
            begun = upgrade(target=f"/?peerId={C}")
            await client.send(begun + frame(PONG, b"x" * 125) * 10_000)
            await client.head()
            assert len(asyncio.all_tasks()) <= before


# Maps that grow by what a stranger names


@on_every_loop
async def test_a_client_is_in_one_namespace_however_many_it_names() -> None:
    """rust-libp2p CVE-2026-95859, js-libp2p CVE-2026-46679, floodsub CVE-2026-86040."""
    async with beside_a_pair() as server, await Client.connect(server, C) as client:
        for number in range(100):  # no more than there may be at once
            await client.announce(f"name {number}")
            await client.signal("f" * 40, namespace=f"other name {number}")
        await client.say({"type": "ping"})
        await client.until("pong")
        health = (await get(server, "/health")).json()
        assert health["networks"] <= 3


# Who one is


@on_every_loop
async def test_what_a_message_says_of_its_sender_is_not_believed() -> None:
    """Synapse PYSEC-2020-236: the id in the body went before the one that was proved."""
    async with running() as server:
        async with await join(server, A) as a, await Client.connect(server, C) as c:
            said = {"type": "announce", "data": {"peerId": B}, "networkName": "net1"}
            await c.say({**said, "fromPeerId": B, "peerId": B})
            assert (await a.until("peer-discovered"))["data"]["peerId"] == C
            signal = {"type": "offer", "data": {}, "targetPeerId": A, "networkName": "net1"}
            await c.say({**signal, "fromPeerId": B})
            assert (await a.until("offer"))["fromPeerId"] == C


# What no source file may do


@cache
def nodes() -> tuple[tuple[str, ast.AST], ...]:
    return tuple(
        (path.name, node) for path in SOURCES for node in ast.walk(ast.parse(path.read_text()))
    )


@pytest.mark.slow
def test_no_secret_is_compared_in_a_time_that_tells_of_it() -> None:
    """websockets PYSEC-2021-95: how long a comparison took told of the password."""
    secret = re.compile(r"(^|_)(mac|proof|signature|secret|resume_key)$")
    found = []
    for name, node in nodes():
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            sides = (node.left, *node.comparators)
            named = [getattr(side, "attr", getattr(side, "id", "")) for side in sides]
            if any(map(secret.search, named)):
                found.append(f"{name}:{node.lineno} {named}")
    assert found == []


@pytest.mark.slow
def test_nothing_that_comes_from_outside_is_run() -> None:
    """python-socketio CVE-2025-61765: what one server sent to another was unpickled."""
    modules = {"pickle", "marshal", "shelve", "dill", "jsonpickle", "yaml"}
    calls = {"eval", "exec", "compile", "__import__"}
    found = []
    for name, node in nodes():
        if isinstance(node, ast.Import):
            named = {alias.name.partition(".")[0] for alias in node.names} & modules
        elif isinstance(node, ast.ImportFrom):
            named = {(node.module or "").partition(".")[0]} & modules
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            named = {node.func.id} & calls
        else:
            continue
        found += [f"{name}:{node.lineno} {each}" for each in named]
    assert found == []
