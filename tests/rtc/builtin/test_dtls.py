"""DTLS of the built-in engine, without sockets: two ends that hand each other datagrams."""

import random

import pytest

from peerpigeon.core.config import KIB
from peerpigeon.rtc.builtin.dtls import MTU, Dtls, Identity, datagrams

HANDSHAKE, DATA = 22, 23


def two_ends(fingerprint: str | None = None) -> tuple[Dtls, Dtls]:
    """A client and a server; the client may have been told of another certificate."""
    one, other = Identity(), Identity()
    client = Dtls(one, is_client=True, their_fingerprint=fingerprint or other.fingerprint)
    server = Dtls(other, is_client=False, their_fingerprint=one.fingerprint)
    client.begin()
    return client, server


def exchange(one: Dtls, other: Dtls) -> None:
    """Hand on what each has to send until neither has anything more."""
    while True:
        first, second = one.take(), other.take()
        if not first and not second:
            return
        for datagram in first:
            other.receive(datagram)
        for datagram in second:
            one.receive(datagram)


def connected() -> tuple[Dtls, Dtls]:
    client, server = two_ends()
    exchange(client, server)
    assert client.is_connected
    assert server.is_connected
    return client, server


def record(kind: int, size: int) -> bytes:
    """A record of DTLS 1.2 of so many bytes in all."""
    return bytes([kind, 0xFE, 0xFD]) + bytes(8) + (size - 13).to_bytes(2, "big") + bytes(size - 13)


def test_two_ends_shake_hands_and_exchange_packets() -> None:
    client, server = connected()
    assert client.wait() is None
    for size in (1, 1160, 16 * KIB):
        assert server.receive(client.seal(b"x" * size)) == [b"x" * size]
        assert client.receive(server.seal(b"y" * size)) == [b"y" * size]


def test_a_sealed_packet_takes_no_more_than_a_datagram() -> None:
    client, _ = connected()
    assert len(client.seal(b"x" * 1160)) <= MTU


def test_what_is_sealed_cannot_be_read_or_changed_or_repeated() -> None:
    client, server = connected()
    datagram = client.seal(b"secret")
    assert b"secret" not in datagram
    assert server.receive(datagram[:-1] + bytes([datagram[-1] ^ 1])) == []
    assert server.receive(datagram) == [b"secret"]
    assert server.receive(datagram) == []
    assert server.receive(client.seal(b"next")) == [b"next"]
    assert not server.has_ended


def test_several_records_in_one_datagram_are_all_read() -> None:
    client, server = connected()
    assert server.receive(client.seal(b"one") + client.seal(b"two")) == [b"one", b"two"]


@pytest.mark.parametrize("is_client", [True, False])
def test_an_end_with_another_certificate_than_described_is_refused(is_client: bool) -> None:
    one, other, third = Identity(), Identity(), Identity()
    first = Dtls(one, is_client=is_client, their_fingerprint=third.fingerprint)
    second = Dtls(other, is_client=not is_client, their_fingerprint=one.fingerprint)
    first.begin()
    second.begin()
    exchange(first, second)
    assert first.has_ended
    assert not first.is_connected
    assert first.receive(record(DATA, 50)) == []


def test_the_end_is_told() -> None:
    client, server = connected()
    client.close()
    for datagram in client.take():
        assert server.receive(datagram) == []
    assert server.has_ended
    assert client.has_ended


def test_garbage_is_dropped_before_and_after_the_handshake() -> None:
    rng = random.Random(5)
    client, server = two_ends()
    for _ in range(200):
        server.receive(bytes([rng.randrange(20, 64)]) + rng.randbytes(rng.randrange(100)))
        server.take()
    client, server = connected()
    for _ in range(2000):
        garbage = bytes([rng.randrange(20, 64)]) + rng.randbytes(rng.randrange(100))
        assert server.receive(garbage) == []
    assert server.receive(client.seal(b"fine")) == [b"fine"]


@pytest.mark.slow
def test_a_lost_flight_is_sent_again_when_its_time_has_come() -> None:
    client, server = two_ends()
    assert client.take()
    wait = client.wait()
    assert wait is not None
    assert 0 < wait <= 1  # RFC 6347, section 4.2.4.1
    client.expire()
    assert not client.take(), "too early"
    while (wait := client.wait()) and wait > 0:
        pass
    client.expire()
    exchange(client, server)
    assert client.is_connected
    assert server.is_connected


def test_a_flight_is_cut_at_records_only() -> None:
    sizes = (100, 400, 600, 200, 1300, 50, 1200)
    flight = b"".join(record(HANDSHAKE, size) for size in sizes)
    assert [len(datagram) for datagram in datagrams(flight)] == [1100, 200, 1300, 50, 1200]
    assert b"".join(datagrams(flight)) == flight
    assert datagrams(b"") == []


def test_records_of_dtls_1_3_are_cut_too() -> None:
    long = bytes([0x2C, 0, 0]) + (700).to_bytes(2, "big") + bytes(700)
    short = bytes([0x24, 0]) + (700).to_bytes(2, "big") + bytes(700)
    without_length = bytes([0x20, 0]) + bytes(600)
    found = datagrams(long + short + without_length)
    assert [len(datagram) for datagram in found] == [705, 704, 602]
