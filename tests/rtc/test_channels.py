"""What every pair of engines must do, over real sockets on the loopback."""

import asyncio

import pytest

from peerpigeon.core.config import KIB
from peerpigeon.rtc.interface import LOW_WATER, MAX_MESSAGE
from peerpigeon.rtc.sctp.incoming import WINDOW
from tests.rtc.ends import End, Engines

BURST = 10_000
BOUND = 6.0  # seconds in which the other end must hear of a close, or a closed engine be gone


async def test_messages_of_every_size_go_both_ways_in_order(pair: Engines) -> None:
    sizes = (0, 1, 2, 1000, 1173, 1200, 16 * KIB, MAX_MESSAGE, 0, MAX_MESSAGE, 1)
    messages = [bytes([number]) * size for number, size in enumerate(sizes)]
    async with pair:
        one, other = await pair.connect()
        for message in messages:
            one.channel.send(message)
            other.channel.send(message[::-1])
        assert await other.until_received(len(sizes)) == messages
        assert await one.until_received(len(sizes)) == [message[::-1] for message in messages]


@pytest.mark.slow
async def test_a_burst_waits_and_drains(pair: Engines) -> None:
    async with pair:
        one, other = await pair.connect()
        for number in range(BURST):
            one.channel.send(number.to_bytes(4, "big") * 75)
        assert one.channel.buffered > LOW_WATER
        assert one.drains == 0
        await one.until(lambda: one.drains > 0)
        assert one.channel.buffered <= LOW_WATER
        received = await other.until_received(BURST)
        assert [int.from_bytes(message[:4], "big") for message in received] == list(range(BURST))
        assert one.drains == 1
        assert other.drains == 0


async def test_who_is_halted_loses_nothing(names: tuple[str, str]) -> None:
    async with Engines(*names) as engines:
        one, other = await engines.connect()
        other.channel.halt()
        for number in range(200):
            one.channel.send(bytes([number]) * 2000)
        for _ in range(200):  # until all is on its way, but for what aiortc's window holds
            await asyncio.sleep(0.005)
            if not one.channel.buffered:
                break
        if names[1] != "aiortc":  # which cannot
            assert not other.messages
        other.channel.go_on()
        received = await other.until_received(200)
        assert [message[0] for message in received] == list(range(200))


async def test_who_is_halted_stops_the_sender() -> None:
    """With the window full, the rest stays where it comes from."""
    async with Engines("builtin", "builtin") as engines:
        one, other = await engines.connect()
        other.channel.halt()
        for number in range(64):
            one.channel.send(bytes([number]) * 60_000)
        for _ in range(200):
            await asyncio.sleep(0.005)
            if one.channel.buffered < 64 * 60_000 - WINDOW:  # it holds what is under way, too
                break
        await asyncio.sleep(0.2)  # in which all would arrive
        assert one.channel.buffered > 64 * 60_000 - 2 * WINDOW
        assert not other.messages
        other.channel.go_on()
        received = await other.until_received(64)
        assert [message[0] for message in received] == list(range(64))


async def test_a_little_more_than_may_wait_drains_too(pair: Engines) -> None:
    async with pair:
        one, other = await pair.connect()
        for drains in range(1, 4):
            while one.channel.buffered <= LOW_WATER:
                one.channel.send(bytes(1000))
            await one.until(lambda drains=drains: one.drains >= drains)  # type: ignore[misc]
            assert one.channel.buffered <= LOW_WATER
        assert one.drains == 3
        assert not other.drains


async def test_what_was_sent_arrives_before_the_end(pair: Engines) -> None:
    async with pair:
        one, other = await pair.connect()
        for number in range(100):
            one.channel.send(bytes([number]) * 20_000)
        one.channel.close()
        one.channel.close()
        one.channel.send(b"too late")
        await other.until_ended()
        assert [message[0] for message in other.messages] == list(range(100))
        assert len(other.reasons) == 1
        assert not one.reasons


@pytest.mark.parametrize("closes_first", ["one", "other"])
async def test_either_end_hears_of_the_others_close(pair: Engines, closes_first: str) -> None:
    async with pair:
        one, other = await pair.connect()
        closing, hearing = (one, other) if closes_first == "one" else (other, one)
        closing.channel.close()
        assert await hearing.until_ended(BOUND)
        assert not closing.reasons
        hearing.channel.close()
        assert hearing.channel.buffered == 0


async def test_both_may_close_at_once(pair: Engines) -> None:
    async with pair:
        one, other = await pair.connect()
        one.channel.close()
        other.channel.close()
        await closed_within(BOUND, pair)
        assert not one.reasons + other.reasons


async def test_a_closed_engine_ends_its_channels_and_tells_only_the_other_end(
    pair: Engines,
) -> None:
    async with pair:
        one, other = await pair.connect()
        async with asyncio.timeout(BOUND):
            await pair.offering.close()
        assert await other.until_ended(BOUND)
        assert not one.reasons


async def test_closing_while_opening_leaves_nothing_behind(pair: Engines) -> None:
    before = asyncio.all_tasks()
    async with pair:
        at_once = End()
        at_once.channel = pair.offering.offer(at_once)
        at_once.channel.close()

        offered = await pair.offer()
        answering = End()
        answering.channel = pair.answering.answer(offered.sdp, answering)
        answering.channel.close()

        answered = await pair.answer(offered.sdp)
        offered.channel.close()
        offered.channel.take_answer(answered.sdp)
        answered.channel.close()

        connecting = await pair.offer()
        target = await pair.answer(connecting.sdp)
        connecting.channel.take_answer(target.sdp)
        connecting.channel.close()
        target.channel.close()
        ends = (at_once, offered, answering, answered, connecting, target)
        await closed_within(BOUND, pair)
        assert not any(end.is_open or end.reasons for end in ends)
    assert asyncio.all_tasks() == before


async def test_the_end_that_waits_hears_when_the_other_closes_while_opening(
    pair: Engines,
) -> None:
    async with pair:
        one = await pair.offer()
        other = await pair.answer(one.sdp)
        one.channel.take_answer(other.sdp)
        await one.until_open()
        one.channel.close()
        await other.until_ended(BOUND)


async def test_one_of_two_offers_that_crossed_is_dropped(pair: Engines) -> None:
    async with pair:
        one, other = End(), End()
        one.channel = pair.offering.offer(one)
        other.channel = pair.answering.offer(other)
        await one.until_described()
        await other.until_described()
        other.channel.close()
        answer = await pair.answer(one.sdp)
        one.channel.take_answer(answer.sdp)
        await one.until_open()
        await answer.until_open()
        assert not other.is_open
        assert not other.reasons


async def test_channels_to_several_hubs_do_not_mix(pair: Engines) -> None:
    async with pair:
        first, second = await pair.connect(), await pair.connect()
        for number, (one, other) in enumerate((first, second)):
            one.channel.send(b"to %d" % number)
            other.channel.send(b"from %d" % number)
        for number, (one, other) in enumerate((first, second)):
            assert await other.until_received(1) == [b"to %d" % number]
            assert await one.until_received(1) == [b"from %d" % number]
        first[0].channel.close()
        await first[1].until_ended(BOUND)
        second[0].channel.send(b"still here")
        assert (await second[1].until_received(2))[1] == b"still here"


async def test_candidates_may_come_apart_from_the_description(pair: Engines) -> None:
    async with pair:
        one = await pair.offer()
        other = await pair.answer(without_candidates(one.sdp))
        one.channel.take_answer(without_candidates(other.sdp))
        for candidate in candidates(one.sdp):
            other.channel.take_candidate(candidate)
        other.channel.take_candidate("")
        other.channel.take_candidate(
            "candidate:1 1 udp 2130706431 0ecb41cd-1cc1-4ac9-ba04-65e2fad6fbbb.local 50000 typ host"
        )
        for candidate in candidates(other.sdp):
            one.channel.take_candidate(candidate)
        await one.until_open()
        await other.until_open()


def candidates(sdp: str) -> list[str]:
    return [line[2:] for line in sdp.splitlines() if line.startswith("a=candidate:")]


def without_candidates(sdp: str) -> str:
    lines = sdp.splitlines()
    kept = [line for line in lines if not line.startswith(("a=candidate:", "a=end-of-"))]
    assert len(kept) < len(lines)
    return "".join(f"{line}\r\n" for line in kept)


async def closed_within(seconds: float, pair: Engines) -> None:
    async with asyncio.timeout(seconds):
        await pair.offering.close()
        await pair.answering.close()


async def test_it_tells_how_far_it_has_come(names: tuple[str, str]) -> None:
    async with Engines(*names) as engines:
        for end in await engines.connect():
            stages = [stage for stage, _ in end.stages]
            # One that looks from time to time may have missed some.
            assert stages == sorted(stages, key=["ICE", "DTLS", "SCTP"].index)
            assert len(stages) == len(set(stages)) > 0
            assert end.stages[0][1] == "127.0.0.1 to 127.0.0.1"
