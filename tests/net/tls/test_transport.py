"""TLS on a connection: its handshake, what is counted of it, and what goes through it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from typing import cast

import pytest

from peerpigeon.core.memory import MemoryAccount
from peerpigeon.net.http.arrivals import AT_ONCE, PER_SECOND
from peerpigeon.net.memory import Holders
from peerpigeon.net.tls.certificate import CertificateFiles
from peerpigeon.net.tls.transport import (
    HANDSHAKE_SIZE,
    HANDSHAKES_AT_ONCE,
    MAX_HANDSHAKE,
    TOO_LONG,
    Handshakes,
    TlsTransport,
)
from tests.net.raw import (
    DEADLINE,
    LOOPS,
    RawClient,
    Served,
    logged,
    on_every_loop,
    run,
    serving,
    turns,
    upgrade,
)
from tests.net.tls.authority import Authority

PLAIN = b"GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
DOOR = "peerpigeon.net.seldom"
NO_TLS = (
    "a connection was closed: no TLS handshake came about; let it speak TLS here (wss://, https://),"
    " and trust the certificate  address=127.0.0.1 reason="
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> CertificateFiles:
    pair = authority.issue("127.0.0.1")
    return CertificateFiles(pair.certificate, pair.key)


class Handshaker:
    """A client's side of TLS whose bytes go where and when the test wants."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.is_done = False
        self.tls = context.wrap_bio(
            self._incoming, self.outgoing, server_side=False, server_hostname="127.0.0.1"
        )

    def go_on(self, data: bytes = b"") -> bytes:
        """Take what the server says; return what is to be said."""
        self._incoming.write(data)
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
            self.is_done = True
        return self.outgoing.read()

    async def finish(self, client: RawClient) -> None:
        """Take what the server says until it is enough."""
        async with asyncio.timeout(DEADLINE):
            while not self.is_done:
                self.go_on(await client.reader.read(1 << 16))

    def said(self, data: bytes) -> bytes:
        self.tls.write(data)
        return self.outgoing.read()

    def heard(self, data: bytes) -> bytes:
        self._incoming.write(data)
        heard = b""
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            while part := self.tls.read(1 << 16):
                heard += part
        return heard


async def until_waiting(served: Served, count: int) -> None:
    async with asyncio.timeout(DEADLINE):
        while len(served.doors.waiting) != count:
            await turns()


@on_every_loop
async def test_silent_handshakes_have_the_places_of_silent_connections(
    authority: Authority, certificate: CertificateFiles
) -> None:
    hello = Handshaker(authority.client_context).go_on()
    async with contextlib.AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving(certificate=certificate, limit=8))
        crowd = []
        for begun in (b"", hello[:3], hello[:-1], hello) * 5:
            client = await stack.enter_async_context(await RawClient.connect(served.port))
            await client.send(begun)
            crowd.append(client)
        await until_waiting(served, 8)
        for client in crowd[:12]:
            await client.rest()
        late = await RawClient.connect(served.port, tls=authority.client_context)
        async with late:
            await late.send(PLAIN)
            assert (await late.rest()).endswith(b"GET /a")
        assert len(served.doors.waiting) <= 8


@on_every_loop
async def test_what_handshakes_keep_counts(
    authority: Authority, certificate: CertificateFiles
) -> None:
    hello = Handshaker(authority.client_context).go_on()
    # Half of it is for connections, and half of that for those in a handshake.
    holders = Holders(MemoryAccount(16 * HANDSHAKE_SIZE))
    async with contextlib.AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving(certificate=certificate, holders=holders))
        clients = []
        for count in range(1, 5):
            client = await stack.enter_async_context(await RawClient.connect(served.port))
            clients.append(client)
            await client.send(hello)
            await until_waiting(served, count)
            assert holders.account.buffered == count * HANDSHAKE_SIZE
        late = await RawClient.connect(served.port, tls=authority.client_context)
        async with late:
            await clients[0].rest()  # who has waited longest has to go, and not the newest
            await late.send(PLAIN)
            assert (await late.rest()).endswith(b"GET /a")
        assert holders.relieved == 0
        assert holders.account.buffered <= 4 * HANDSHAKE_SIZE


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 1.0])
@pytest.mark.parametrize("loop", sorted(LOOPS))
def test_who_does_not_go_on_with_its_handshake_is_dropped(
    authority: Authority, certificate: CertificateFiles, part: float, loop: str
) -> None:
    hello = Handshaker(authority.client_context).go_on()

    async def main() -> None:
        async with (
            serving(certificate=certificate, handshake_timeout=0.05) as served,
            await RawClient.connect(served.port) as client,
        ):
            await client.send(hello[: int(part * len(hello))])
            await client.rest()
            await served.until_empty()

    run(main, loop)


@pytest.mark.parametrize("chop", ["whole", "byte by byte"])
@pytest.mark.parametrize("loop", sorted(LOOPS))
def test_what_comes_with_the_end_of_a_handshake_is_not_lost(
    authority: Authority, certificate: CertificateFiles, chop: str, loop: str
) -> None:
    async def main() -> None:
        handshaker = Handshaker(authority.client_context)
        async with (
            serving(certificate=certificate) as served,
            await RawClient.connect(served.port) as client,
        ):
            said = handshaker.go_on()
            while said:
                is_last = handshaker.is_done
                data = said + (handshaker.said(PLAIN) if is_last else b"")
                cuts = list(range(1, len(data))) if chop == "byte by byte" else None
                await client.send(data, cuts)
                if is_last:
                    break
                async with asyncio.timeout(DEADLINE):
                    said = b""
                    while not said:
                        said = handshaker.go_on(await client.reader.read(1 << 16))
            assert handshaker.heard(await client.rest()).endswith(b"GET /a")

    run(main, loop)


@on_every_loop
async def test_a_handshake_longer_than_any_is_ended(certificate: CertificateFiles) -> None:
    # A ClientHello of 64 KiB, in records of 16 KiB.
    record = b"\x16\x03\x01\x40\x00"
    begun = record + b"\x01\x01\x00\x00\x03\x03" + bytes(0x4000 - 6)
    with logged(DOOR) as lines:
        async with (
            serving(certificate=certificate) as served,
            await RawClient.connect(served.port) as client,
        ):
            await client.send(begun + record + bytes(0x4000))
            await client.rest()
            await served.until_empty()
    assert len(begun) > MAX_HANDSHAKE
    assert lines == [f'{NO_TLS}"{TOO_LONG}"']


@on_every_loop
async def test_who_speaks_no_tls_is_told_what_is_spoken_here(certificate: CertificateFiles) -> None:
    with logged(DOOR) as lines:
        async with (
            serving(certificate=certificate) as served,
            await RawClient.connect(served.port) as client,
        ):
            await client.send(PLAIN)
            head, body = (await client.rest()).split(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 400 ")
            assert f"Content-Length: {len(body)}".encode() in head
            assert body == b"this port speaks TLS: write https:// or wss:// here\n"
            await served.until_empty()
    assert lines == [f'{NO_TLS}"http request"']


@on_every_loop
async def test_a_client_that_does_not_trust_the_certificate_is_logged(
    certificate: CertificateFiles,
) -> None:
    with logged(DOOR) as lines:
        handshaker = Handshaker(ssl.create_default_context())
        async with (
            serving(certificate=certificate) as served,
            await RawClient.connect(served.port) as client,
        ):
            await client.send(handshaker.go_on())
            with pytest.raises(ssl.SSLCertVerificationError):
                await handshaker.finish(client)
            await client.send(handshaker.outgoing.read())
            await served.until_empty()
    assert lines == [f'{NO_TLS}"tlsv1 alert unknown ca"']


@on_every_loop
async def test_what_is_older_than_tls_1_2_is_refused(
    authority: Authority, certificate: CertificateFiles
) -> None:
    old = ssl.create_default_context(cafile=authority.path)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with serving(certificate=certificate) as served:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await RawClient.connect(served.port, tls=old)
        await served.until_empty()


@on_every_loop
async def test_of_the_protocols_that_a_client_offers_http_1_1_is_taken(
    authority: Authority, certificate: CertificateFiles
) -> None:
    context = ssl.create_default_context(cafile=authority.path)
    context.set_alpn_protocols(["h2", "http/1.1"])
    async with (
        serving(certificate=certificate) as served,
        await RawClient.connect(served.port, tls=context) as client,
    ):
        tls = client.writer.get_extra_info("ssl_object")
        assert tls.selected_alpn_protocol() == "http/1.1"
        assert tls.version() == "TLSv1.3"


@on_every_loop
async def test_what_is_no_tls_amid_a_connection_ends_it(
    authority: Authority, certificate: CertificateFiles
) -> None:
    async with serving(certificate=certificate) as served:
        async with await RawClient.connect(served.port, tls=authority.client_context) as client:
            await client.send(upgrade())
            assert (await client.head()).startswith(b"HTTP/1.1 101 ")
            # Past the client's own TLS.
            connection = client.writer.get_extra_info("socket").fileno()
            os.write(connection, b"\x17\x03\x03\x00\x20" + bytes(32))
            await served.until_empty()
        assert served.recorder.closed == [(1006, "")]


def test_so_many_handshakes_of_one_address_are_done_as_are_twice_its_requests() -> None:
    async def main() -> None:
        async with serving() as served:
            doors = served.doors
            loop = asyncio.get_running_loop()
            begun, admitted = loop.time(), 0
            while doors.admits_handshake("192.0.2.1"):
                admitted += 1
            later = 2 * PER_SECOND * (loop.time() - begun)
            assert 2 * AT_ONCE <= admitted <= 2 * AT_ONCE + later + 1
            assert doors.admits_handshake("192.0.2.2")
            for _ in range(3 * AT_ONCE):
                assert doors.admits_handshake("127.0.0.1")

    asyncio.run(main())


@on_every_loop
async def test_a_crowd_of_handshakes_goes_on_a_few_in_a_turn() -> None:
    class Slow:
        def __init__(self) -> None:
            self.is_done = False

        def go_on(self, data: bytes) -> None:
            assert data == b"hello"
            self.is_done = True

    crowd = [Slow() for _ in range(3 * HANDSHAKES_AT_ONCE + 1)]
    handshakes = Handshakes(lambda *_: None)
    for each in crowd:
        handshakes.go_on_soon(cast("TlsTransport", each), b"hello")
    done = []
    while not crowd[-1].is_done:
        await asyncio.sleep(0)
        done.append(sum(each.is_done for each in crowd))
    steps = [HANDSHAKES_AT_ONCE * times for times in (1, 2, 3)]
    assert [count for count in done if count] == [*steps, len(crowd)]
