"""What is particular to aiortc: its SCTP sends in tasks of its own, which nobody waits for."""

import asyncio
import gc
from collections.abc import Coroutine

import pytest

from peerpigeon.rtc.aiortc.channel import AiortcChannel
from tests.rtc.ends import End, Engines


@pytest.fixture
def pair() -> Engines:
    return Engines("aiortc", "aiortc")


class Complaints:
    """What asyncio tells of tasks that have failed and were never asked."""

    def __init__(self) -> None:
        self._told: list[str] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: self._told.append(repr(context.get("exception")))
        )

    def take(self) -> list[str]:
        gc.collect()
        told, self._told = self._told, []
        return told


async def begin_to_send(end: End) -> AiortcChannel:
    """Have so much to send that some of it waits for the other hub's acknowledgement."""
    assert isinstance(end.channel, AiortcChannel)
    for _ in range(100):
        end.channel.send(b"x" * 1000)
    await asyncio.sleep(0)
    return end.channel


async def test_what_is_sent_again_while_a_channel_is_torn_down_is_no_error(
    pair: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints = Complaints()
    async with pair:
        one, other = await pair.connect()
        channel, peer = await begin_to_send(one), other.channel
        sctp, stop = channel._sctp, channel._sctp.stop

        def expire_and_stop() -> Coroutine[None, None, None]:
            monkeypatch.undo()
            sctp._t3_expired()
            return stop()

        monkeypatch.setattr(sctp, "stop", expire_and_stop)
        assert isinstance(peer, AiortcChannel)
        assert peer._channel is not None
        peer._channel.send("what no hub says")
        assert await one.until_ended() == "the other hub sent text"
    assert complaints.take() == []
    assert sctp._t3_handle is None, "a timer would run for ever"


async def test_what_is_sent_again_when_the_other_hub_has_gone_is_no_error(pair: Engines) -> None:
    class Late(End):
        def ended(self, reason: str) -> None:
            assert isinstance(self.channel, AiortcChannel)
            assert self.channel._dtls.state == "closed"
            self.channel._sctp._t3_expired()
            super().ended(reason)

    complaints = Complaints()
    async with pair:
        one = Late()
        one.channel = pair.offering.offer(one)
        other = await pair.answer(await one.until_described())
        one.channel.take_answer(other.sdp)
        await one.until_open()
        await other.until_open()
        channel = await begin_to_send(one)
        assert isinstance(other.channel, AiortcChannel)
        await other.channel._dtls.stop()
        assert await one.until_ended() == "the connection to the other hub broke"
    assert complaints.take() == []
    assert channel._sctp._t3_handle is None


async def test_any_other_failure_to_send_is_told(
    pair: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints = Complaints()
    async with pair:
        one, _ = await pair.connect()
        channel = await begin_to_send(one)

        def fail(_: bytes) -> None:
            raise ZeroDivisionError

        with monkeypatch.context() as broken:
            broken.setattr(channel._dtls._ssl, "send", fail)
            channel._sctp._t3_expired()
            await asyncio.sleep(0)
        assert "ZeroDivisionError()" in complaints.take()
