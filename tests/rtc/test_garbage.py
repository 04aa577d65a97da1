"""What another hub may send in place of a description: it ends that channel and nothing else."""

import logging

import pytest

from tests.rtc.ends import End, Engines

GARBAGE = ["", "v=0", "\x00", "{}", "v=0\r\ns=-\r\n" * 10_000, "v=0\r\nm=audio 9 RTP/SAVPF 0\r\n"]


@pytest.mark.parametrize("text", GARBAGE, ids=range(len(GARBAGE)))
async def test_a_garbage_offer_ends_its_channel(alike: Engines, text: str) -> None:
    async with alike:
        end = End()
        end.channel = alike.answering.answer(text, end)
        assert not end.reasons, "told from within the call"
        assert "description" in await end.until_ended()
        end.channel.close()
        await alike.connect()


@pytest.mark.parametrize("text", GARBAGE, ids=range(len(GARBAGE)))
async def test_a_garbage_answer_ends_its_channel(alike: Engines, text: str) -> None:
    async with alike:
        end = await alike.offer()
        end.channel.take_answer(text)
        assert not end.reasons, "told from within the call"
        assert "description" in await end.until_ended()
        end.channel.close()


async def test_an_offer_is_no_answer(alike: Engines) -> None:
    async with alike:
        end = await alike.offer()
        end.channel.take_answer(end.sdp)
        assert await end.until_ended() == "the answer chooses no DTLS role"


@pytest.mark.parametrize("text", ["x", "candidate:", "candidate:1 1 udp 1 nowhere 1 typ host"])
async def test_a_garbage_candidate_ends_its_channel(alike: Engines, text: str) -> None:
    async with alike:
        end = await alike.offer()
        end.channel.take_candidate(text)
        assert not end.reasons, "told from within the call"
        assert "candidate" in await end.until_ended()


async def test_candidates_without_end_are_ignored(alike: Engines) -> None:
    async with alike:
        one = await alike.offer()
        for port in range(1, 10_000):
            one.channel.take_candidate(f"candidate:1 1 udp 2130706431 127.0.0.1 {port} typ host")
        other = await alike.answer(one.sdp)
        one.channel.take_answer(other.sdp)
        await one.until_open()


async def test_a_certificate_that_was_not_described_is_refused(alike: Engines) -> None:
    async with alike:
        one = await alike.offer()
        other = await alike.answer(one.sdp)
        digest = other.sdp.partition("sha-256 ")[2][:95]
        wrong = ":".join(reversed(digest.split(":")))
        one.channel.take_answer(other.sdp.replace(digest, wrong))
        assert await one.until_ended()
        assert not one.is_open
        assert not other.is_open


async def test_what_is_said_too_late_or_twice_is_ignored(
    alike: Engines, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with alike:
            one, other = await alike.connect()
            one.channel.take_answer("garbage")
            one.channel.take_candidate("garbage")
            other.channel.take_answer(one.sdp)
            other.channel.send(b"fine")
            assert await one.until_received(1) == [b"fine"]
            one.channel.close()
            one.channel.take_answer("garbage")
            one.channel.take_candidate("garbage")
            await other.until_ended()
            other.channel.take_candidate("garbage")
            other.channel.send(b"nobody hears this")
    assert not caplog.records
