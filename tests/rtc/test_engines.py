"""Choosing an engine, and the options that engines take."""

import pytest

from peerpigeon.core.config import IceServer
from peerpigeon.rtc import engines
from peerpigeon.rtc.aiortc import transports
from peerpigeon.rtc.engines import make_engine
from peerpigeon.rtc.ice import IceOptions
from peerpigeon.rtc.interface import EngineError
from tests.rtc.ends import End, Engines
from tests.rtc.environment import HAS_LIBDATACHANNEL

RELAY = IceServer("turns:turn.example.org", "user", "secret")


async def test_the_built_in_engine_is_taken_unless_another_is_named() -> None:
    for name, taken in (("auto", "builtin"), ("builtin", "builtin"), ("aiortc", "aiortc")):
        assert make_engine(name, IceOptions(turn_servers=(RELAY,))).name == taken


async def test_an_engine_that_cannot_be_had_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    options = IceOptions(turn_servers=(RELAY,))
    with pytest.raises(EngineError, match="TURN" if HAS_LIBDATACHANNEL else "pip install"):
        make_engine("libdatachannel", options)
    with pytest.raises(ValueError, match="libwebrtc"):
        make_engine("libwebrtc", IceOptions())
    monkeypatch.setattr(engines, "find_spec", lambda _: None)
    for name, extra in (("aiortc", "aiortc"), ("libdatachannel", "fast")):
        with pytest.raises(EngineError, match=rf"pip install 'peerpigeon\[{extra}\]'"):
            make_engine(name, IceOptions())


@pytest.mark.parametrize(
    ("text", "host", "port", "is_tcp"),
    [
        ("stun:stun.example.org", "stun.example.org", 3478, False),
        ("stun:192.0.2.1:19302", "192.0.2.1", 19302, False),
        ("stun:[2001:db8::1]:5", "2001:db8::1", 5, False),
        ("turn:u:c@turn.example.org", "turn.example.org", 3478, False),
        ("turn:u:c@turn.example.org:80?transport=tcp", "turn.example.org", 80, True),
        ("turns:u:c@turn.example.org", "turn.example.org", 5349, True),
    ],
)
def test_a_server_is_read(text: str, host: str, port: int, *, is_tcp: bool) -> None:
    server = IceServer.parse(text)
    assert (server.host, server.port, server.is_tcp) == (host, port, is_tcp)
    assert server.is_relay == text.startswith("turn")


def test_secrets_are_written_as_in_web_addresses() -> None:
    server = IceServer.parse("turn:u%3As%40er:c%2Fd%25@turn.example.org")
    assert (server.username, server.credential) == ("u:s@er", "c/d%")


@pytest.mark.parametrize(
    "text",
    [
        *("", "stun:", "stun.example.org", "http:example.org", "stun:a b", "stun:host:0"),
        *("stun:host:65536", "stun:host:port", "stun:u:c@host", "stun:host?transport=udp"),
        *(
            "turn:host",
            "turn:u@host",
            "turn:u:c@host?transport=sctp",
            "turns:u:c@host?transport=udp",
        ),
        "stun:ho\nst",
    ],
)
def test_what_is_no_server_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        IceServer.parse(text)


def test_options_that_cannot_work_are_refused() -> None:
    for port_range in ((0, 5), (10, 9), (1, 65536)):
        with pytest.raises(ValueError, match="port_range"):
            IceOptions(port_range=port_range)
    with pytest.raises(ValueError, match="stun_servers"):
        IceOptions(stun_servers=(RELAY,))
    with pytest.raises(ValueError, match="turn_servers"):
        IceOptions(turn_servers=(IceServer("stun:host"),))
    with pytest.raises(ValueError, match=r"hub\.example\.org"):
        IceOptions(advertised_address="hub.example.org")


async def test_what_aiortc_has_under_way_stays_within_its_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transports, "RATE", 0)  # as if the other hub were next door
    async with Engines("aiortc", "aiortc") as engines:
        one, other = await engines.connect()
        under_way = []

        def received(message: bytes) -> None:
            under_way.append(one.channel._sctp._flight_size)  # type: ignore[attr-defined]
            End.received(other, message)

        monkeypatch.setattr(other, "received", received)
        for _ in range(1000):
            one.channel.send(bytes(1000))
        await other.until_received(1000)
        assert transports.WINDOW / 2 < max(under_way) < transports.WINDOW + 1000
