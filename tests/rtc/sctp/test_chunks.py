"""Packets and chunks byte for byte, as RFC 9260 draws them."""

import pytest
from google_crc32c import value as crc32c

from peerpigeon.rtc.sctp import chunks as c
from peerpigeon.rtc.sctp import greeting
from peerpigeon.rtc.sctp.incoming import Incoming
from peerpigeon.rtc.sctp.outgoing import Outgoing


def test_the_checksum_is_that_of_rfc_3720() -> None:
    """Appendix B.4 of RFC 3720 has these values."""
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E


def test_a_packet_has_ports_tag_and_a_checksum_with_its_lowest_byte_first() -> None:
    packet = c.packet(c.HEADER.pack(5000, 5001, 0x01020304), [c.chunk(c.COOKIE_ACK)])
    assert packet[:8].hex() == "1388138901020304"
    assert packet[12:].hex() == "0b000004"
    checksum = int.from_bytes(packet[8:12], "little")
    assert checksum == crc32c(packet[:8] + bytes(4) + packet[12:])
    assert c.is_intact(packet)
    assert not c.is_intact(packet[:-1] + b"\x05")


def test_chunks_are_padded_and_their_length_is_without_it() -> None:
    assert c.chunk(c.HEARTBEAT, b"abcde").hex() == "04000009" + b"abcde\0\0\0".hex()
    assert c.chunks(bytes(12) + c.chunk(4, b"abcde") + c.chunk(11)) == [
        (4, 0, b"abcde"),
        (11, 0, b""),
    ]


@pytest.mark.parametrize("broken", ["00000003", "00000005", "00000000"])
def test_chunks_that_are_cut_off_are_refused(broken: str) -> None:
    with pytest.raises(ValueError, match="cut off"):
        c.chunks(bytes(12) + bytes.fromhex(broken))
    with pytest.raises(ValueError, match="cut off"):
        c.parameters(bytes.fromhex(broken))


def test_an_init_has_tag_window_streams_first_tsn_and_what_is_understood() -> None:
    body = greeting.write(0x01020304, 0x0A0B0C0D)
    assert body.hex() == "0102030400100000001000100a0b0c0d" + "8008000582000000"


def test_an_init_is_read_with_its_cookie() -> None:
    body = bytes.fromhex("0102030400100000ffffffff0a0b0c0d00070006abcd0000")
    said = greeting.read(body)
    assert (said.tag, said.window, said.first) == (0x01020304, 1 << 20, 0x0A0B0C0D)
    assert said.cookie == b"\xab\xcd"
    assert said.unknown == b""


@pytest.mark.parametrize(
    ("kind", "is_told", "is_next_read"),
    [(0x3FFF, False, False), (0x7FFF, True, False), (0xBFFF, False, True), (0xFFFF, True, True)],
)
def test_the_upper_bits_of_an_unknown_parameter_say_what_is_done(
    kind: int, is_told: bool, is_next_read: bool
) -> None:
    unknown = c.parameter(kind, b"what?")
    body = greeting.write(1, 2, unknown + c.parameter(c.COOKIE, b"cookie"))
    said = greeting.read(body)
    assert said.unknown == (c.parameter(8, unknown) if is_told else b"")
    assert said.cookie == (b"cookie" if is_next_read else b"")


def test_no_more_than_a_little_that_is_unknown_is_told_back() -> None:
    unknown = b"".join(c.parameter(0xC000 + number, bytes(100)) for number in range(200))
    said = greeting.read(greeting.write(1, 2, unknown))
    assert 400 < len(said.unknown) < greeting.MAX_UNKNOWN + 112


def test_data_has_tsn_stream_sequence_number_and_protocol() -> None:
    outgoing = Outgoing(0x01020304, 1160)
    outgoing.allow(10_000)
    outgoing.add(b"hello")
    outgoing.add(b"")
    first, empty = outgoing.next_chunks(1000, 0.0)
    assert first.hex() == "00030015010203040000000000000035" + b"hello\0\0\0".hex()
    assert empty.hex() == "0003001101020305000000010000003900000000"


def test_an_acknowledgement_tells_of_gaps_and_of_what_came_twice() -> None:
    incoming = Incoming()
    incoming.cumulative = 0xFFFFFFFE
    head = "0000000000000035"
    for tsn in ("ffffffff", "00000001", "00000002", "00000005", "00000001"):
        incoming.take(3, bytes.fromhex(tsn + head) + b"x")
    taken = (1 << 20) - 3 * (256 + 13)
    assert incoming.acknowledgement().hex() == (
        f"0300001cffffffff{taken:08x}00020001000200030006000600000001"
    )
