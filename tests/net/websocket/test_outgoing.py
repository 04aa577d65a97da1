"""Dials over real sockets, from the name of a host to the first message and beyond."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import socket
import ssl
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from peerpigeon.core.memory import MemoryAccount
from peerpigeon.net.http.opening_handshake import accept_value
from peerpigeon.net.memory import Holders
from peerpigeon.net.tls.trust import Trust
from peerpigeon.net.websocket import outgoing
from peerpigeon.net.websocket.group import SocketGroup
from peerpigeon.net.websocket.outgoing import Dialing
from peerpigeon.net.websocket.peer_socket import PeerSocket
from tests.net.raw import DEADLINE, LOOPS, Recorder, on_every_loop, run, turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

HELLO = b"\x81\x05hello"


class Dialer:
    """Dials, and lets what answers join a group whose listener is a ``Recorder``."""

    def __init__(self, *, max_message_size: int = 1 << 20) -> None:
        self.recorder = Recorder()
        self.recorder.on_text = lambda *_: None
        self.group = SocketGroup(
            self.recorder,
            PeerSocket.accepted,
            max_message_size=max_message_size,
            max_outbox_size=1 << 20,
            close_timeout=DEADLINE,
            holders=Holders(MemoryAccount(1 << 30)),
        )
        self.tls = Trust("").context
        self.answered: list[str | bytes] = []
        self.failed: list[str] = []
        self.on_answer: Callable[[Dialing], object] = self.join

    def join(self, dial: Dialing) -> None:
        self.recorder.open.append(dial.become(PeerSocket, self.group))

    def dial_answered(self, dial: Dialing, message: str | bytes) -> None:
        self.answered.append(message)
        self.on_answer(dial)

    def dial_failed(self, dial: Dialing, reason: str) -> None:
        self.failed.append(reason)

    def dial(
        self,
        port: int,
        *,
        scheme: str = "ws",
        host: str = "127.0.0.1",
        admits: Callable[[str], bool] | None = None,
        timeout: float = DEADLINE,
    ) -> Dialing:
        uri = f"{scheme}://{host}:{port}/?peerId=abc"
        return Dialing(
            1,
            uri,
            self,
            tls=self.tls,
            admits=admits,
            max_message_size=1 << 20,
            timeout=timeout,
        )

    async def socket(self, dial: Dialing) -> PeerSocket:
        """Return the socket that a dial has become."""
        await ended(dial)
        assert self.failed == []
        return self.recorder.open[0]

    async def failure(self, dial: Dialing) -> str:
        await ended(dial)
        assert self.answered == []
        (reason,) = self.failed
        return reason


async def ended(dial: Dialing) -> None:
    async with asyncio.timeout(DEADLINE):
        await asyncio.wait([dial.task])


class Server:
    """Answers one handshake, says something at once, and keeps what it hears."""

    def __init__(self, says: bytes, answer: bytes | None) -> None:
        self._says = says
        self._answer = answer
        self.port = 0
        self.heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        """All that came after the request, when the other side has ended its direction."""
        self.writer: asyncio.StreamWriter

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        heard = b""
        with contextlib.suppress(OSError, EOFError):
            head = await reader.readuntil(b"\r\n\r\n")
            key = head.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0].decode()
            writer.write((accepting(key) if self._answer is None else self._answer) + self._says)
            heard = await reader.read()
        self.heard.set_result(heard)
        writer.close()

    async def hears(self) -> bytes:
        async with asyncio.timeout(DEADLINE):
            return await self.heard


def accepting(key: str) -> bytes:
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept_value(key).encode() + b"\r\n\r\n"
    )


@contextlib.asynccontextmanager
async def serving(
    says: bytes = b"", *, answer: bytes | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    served = Server(says, answer)
    serving: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.ensure_future(served.serve(reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        await turns(4)  # who has connected is accepted
        server.close()
        if serving:
            await asyncio.wait(serving, timeout=DEADLINE)
        await turns(4)


def unmasked(data: bytes) -> bytes:
    """Return the payload of the one short frame that a client has sent."""
    key, payload = data[2:6], data[6:]
    assert data[1] == 0x80 | len(payload)
    return bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))


# Answered


@on_every_loop
async def test_a_dial_becomes_a_socket_whose_first_message_is_the_first_that_came() -> None:
    dialer = Dialer()
    async with serving(HELLO + b"\x81\x03you") as server:
        socket = await dialer.socket(dialer.dial(server.port))
        assert dialer.answered == ["hello"]
        await dialer.recorder.until(lambda: dialer.recorder.received == ["hello", "you"])
        server.writer.write(b"\x81\x05again")
        await dialer.recorder.until(lambda: "again" in dialer.recorder.received)
        socket.close(1000, "")
        server.writer.write(b"\x88\x02\x03\xe8")
        heard = await server.hears()
        assert (heard[0], unmasked(heard)) == (0x88, b"\x03\xe8")
        await dialer.group.wait_closed()


@on_every_loop
async def test_what_is_sent_on_it_is_masked() -> None:
    dialer = Dialer()
    async with serving(HELLO) as server:
        socket = await dialer.socket(dialer.dial(server.port))
        socket.send(b"secret")
        socket.flush()
        socket.abort()
        heard = await server.hears()
        assert (heard[0], unmasked(heard)) == (0x81, b"secret")
        await dialer.group.wait_closed()


@on_every_loop
async def test_it_has_the_limits_of_its_group() -> None:
    dialer = Dialer(max_message_size=10)
    async with serving(HELLO) as server:
        await dialer.socket(dialer.dial(server.port))
        server.writer.write(b"\x81\x0bhello again")
        await dialer.recorder.until(lambda: dialer.recorder.closed != [])
        assert dialer.recorder.closed == [(1009, "message too big")]
        assert unmasked(await server.hears()) == b"\x03\xf1message too big"
        await dialer.group.wait_closed()


@on_every_loop
async def test_a_ping_before_the_first_message_is_answered() -> None:
    dialer = Dialer()
    async with serving(b"\x89\x02hi" + b"\x8a\x00") as server:
        dial = dialer.dial(server.port)
        while not dial._protocol:  # noqa: ASYNC110 - what is asked has no event
            await asyncio.sleep(0)
        server.writer.write(HELLO)
        (await dialer.socket(dial)).abort()
        heard = await server.hears()
        assert (heard[0], unmasked(heard)) == (0x8A, b"hi")
        await dialer.group.wait_closed()


@on_every_loop
async def test_a_listener_turns_down_what_has_answered() -> None:
    dialer = Dialer()
    dialer.on_answer = lambda dial: dial.close(1002, "no hub")
    async with serving(HELLO * 2) as server:
        dial = dialer.dial(server.port)
        assert unmasked(await server.hears()) == b"\x03\xeano hub"
        await ended(dial)
        assert (dialer.answered, dialer.failed) == (["hello"], [])


async def test_a_dial_becomes_no_socket_before_it_is_answered() -> None:
    dialer = Dialer()
    async with serving() as server:
        dial = dialer.dial(server.port)
        with pytest.raises(RuntimeError, match="not before"):
            dial.become(PeerSocket, dialer.group)
        dial.close(1000, "")
        await ended(dial)


# Not answered


@on_every_loop
async def test_where_nobody_listens_a_dial_fails_with_the_systems_reason() -> None:
    dialer = Dialer()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        reason = await dialer.failure(dialer.dial(taken.getsockname()[1]))
        assert reason == "127.0.0.1: connection refused"


@pytest.mark.parametrize(
    ("says", "answer", "reason"),
    [
        (b"", b"HTTP/1.1 403 Forbidden\r\n\r\n", "403 Forbidden"),
        (b"", b"220 mail.example\r\n\r\n", "does not speak HTTP"),
        (b"\xff\xff", None, "protocol error"),
        (b"\x81\x01\xff", None, "invalid UTF-8"),
        (b"\x88\x05\x03\xf0bye", None, "bye"),
        (b"\x88\x02\x03\xf0", None, "closed with code 1008"),
    ],
)
@on_every_loop
async def test_a_dial_fails_by_what_answers(says: bytes, answer: bytes | None, reason: str) -> None:
    dialer = Dialer()
    async with serving(says, answer=answer) as server:
        assert reason in await dialer.failure(dialer.dial(server.port))
        await server.hears()


@on_every_loop
async def test_what_hangs_up_at_once_fails_a_dial() -> None:
    dialer = Dialer()
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        reason = await dialer.failure(dialer.dial(server.sockets[0].getsockname()[1]))
        assert reason


@pytest.mark.parametrize("answer", [b"HTTP/1.1 101", None], ids=["handshake", "first message"])
@on_every_loop
async def test_what_stays_silent_is_given_up_in_time(answer: bytes | None) -> None:
    dialer = Dialer()
    async with serving(answer=answer) as server:
        dial = dialer.dial(server.port, timeout=0.05)
        assert await dialer.failure(dial) == "timed out"
        await server.hears()


@pytest.mark.parametrize("uri", ["http://127.0.0.1", "ws://a..b", "ws://127.0.0.1:99999"])
@on_every_loop
async def test_what_is_no_address_fails_a_dial(uri: str) -> None:
    dialer = Dialer()
    dial = Dialing(1, uri, dialer, tls=dialer.tls, max_message_size=1, timeout=DEADLINE)
    assert await dialer.failure(dial)


@pytest.mark.parametrize("turns", range(6))
@on_every_loop
async def test_a_dial_that_is_given_up_leaves_nothing_behind_whenever_that_is(turns: int) -> None:
    dialer = Dialer()
    async with serving() as server:
        dial = dialer.dial(server.port)
        for _ in range(turns):
            await asyncio.sleep(0)
        dial.close(1001, "enough")
        dial.close(1001, "twice")
        await ended(dial)
        assert (dialer.answered, dialer.failed) == ([], [])


# TLS


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return a file with a key and its certificate for 127.0.0.1, signed by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a hub")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "hub.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.mark.parametrize("is_trusted", [True, False])
@pytest.mark.parametrize("loop", sorted(LOOPS))
def test_a_hub_behind_tls_is_reached_if_its_certificate_is_trusted(
    certificate: Path, is_trusted: bool, loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)

    async def main() -> None:
        dialer = Dialer()
        async with serving(HELLO, tls=tls) as server:
            dial = dialer.dial(server.port, scheme="wss")
            if not is_trusted:
                assert "certificate" in await dialer.failure(dial)
                return
            socket = await dialer.socket(dial)
            socket.close(1000, "")
            server.writer.write(b"\x88\x02\x03\xe8")
            assert unmasked(await server.hears()) == b"\x03\xe8"
            await dialer.group.wait_closed()

    run(main, loop)


# What leads where nobody is to be dialled


@on_every_loop
async def test_a_host_that_leads_elsewhere_than_is_admitted_is_not_dialled() -> None:
    dialer = Dialer()
    looked_at: list[str] = []

    def admits(address: str) -> bool:
        looked_at.append(address)
        return False

    async with serving(HELLO) as server:
        dial = dialer.dial(server.port, host="localhost", admits=admits)
        assert "no hub is dialled that others tell of" in await dialer.failure(dial)
    assert "127.0.0.1" in looked_at


@on_every_loop
async def test_what_was_looked_at_is_dialled_and_not_the_name_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever owns the name may let it lead elsewhere at the next question (DNS rebinding)."""
    dialer = Dialer()
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["203.0.113.1", "127.0.0.1"]

    monkeypatch.setattr(outgoing, "_addresses_of", resolve)
    async with serving(HELLO) as server:
        dial = dialer.dial(server.port, host="a.example", admits=lambda each: each == "127.0.0.1")
        (await dialer.socket(dial)).abort()
        await dialer.group.wait_closed()
    assert asked == ["a.example"]
