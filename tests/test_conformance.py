"""What the Autobahn Testsuite talks to sends back what comes, and its verdicts are read right."""

import asyncio
import base64
import hashlib

import pytest
from conformance.__main__ import faults, summary
from conformance.echo import echo_client, echo_server

from tests.net.raw import FIN, RawClient, close_frame, frame

TEXT, BINARY, CONTINUATION = 1, 2, 0


def verdict(behaviour: str, end: str = "OK") -> dict[str, str]:
    return {"behavior": behaviour, "behaviorClose": end}


@pytest.mark.parametrize("kind", [TEXT, BINARY])
async def test_our_server_sends_back_what_it_is_sent(kind: int) -> None:
    async with echo_server() as port, await RawClient.open(port) as client:
        await client.send(frame(kind, b"one", fin=False) + frame(CONTINUATION, b" two"))
        assert await client.frame() == (FIN | kind, b"one two")
        await client.send(close_frame(1000))
        assert (await client.frame())[0] & 0x0F == 8


async def test_our_dialler_sends_back_what_it_is_sent_and_tells_it_when_all_is_over() -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whether the handshake is right is not what is looked at here.
        head = await reader.readuntil(b"\r\n\r\n")
        heard.append(head.split(b"\r\n")[0])
        writer.write(answer_to(head) + b"\x81\x02hi")
        heard.append(await reader.readexactly(8))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await echo_client(f"ws://127.0.0.1:{port}/runCase?case=1") == "hi"
    assert heard[0] == b"GET /runCase?case=1 HTTP/1.1"
    key, masked = heard[1][2:6], heard[1][6:]
    assert bytes(a ^ b for a, b in zip(masked, key, strict=False)) == b"hi"


def answer_to(head: bytes) -> bytes:
    """Return the answer of a server to the head of a handshake (RFC 6455, section 4.2.2)."""
    (key,) = [line[19:] for line in head.split(b"\r\n") if line.startswith(b"Sec-WebSocket-Key")]
    salted = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()  # noqa: S324
    lines = [
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + base64.b64encode(salted),
    ]
    return b"\r\n".join([*lines, b"", b""])


def test_only_what_has_a_reason_may_be_second_best() -> None:
    verdicts = {
        "1.1.1": verdict("OK"),
        "6.4.1": verdict("NON-STRICT"),
        "7.1.6": verdict("INFORMATIONAL", "INFORMATIONAL"),
        "2.1": verdict("NON-STRICT"),
        "5.1": verdict("FAILED"),
        "7.3.1": verdict("OK", "WRONG CODE"),
    }
    assert faults(verdicts) == [
        "case 2.1: NON-STRICT, end OK",
        "case 5.1: FAILED, end OK",
        "case 7.3.1: OK, end WRONG CODE",
    ]
    assert summary("server", verdicts) == (
        "server: 6 cases: 2 OK, 2 NON-STRICT, 1 INFORMATIONAL, 1 FAILED"
    )
