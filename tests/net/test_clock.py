"""A wall clock that is set while a server runs, seen by clients, people and programs."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime

import pytest

from tests.net.client import DEADLINE, A, Client, get, join, running

HOUR = 3600.0


def set_clock(monkeypatch: pytest.MonkeyPatch, ahead: float) -> None:
    """Set the clock of this process so many seconds ahead of what it shows now."""
    shown = time.time
    monkeypatch.setattr(time, "time", lambda: shown() + ahead)


async def pong_at(client: Client) -> float:
    """Return what time a server says it is, in seconds since 1970."""
    await client.say({"type": "ping"})
    at: float = (await client.until("pong"))["timestamp"] / 1000
    return at


@pytest.mark.parametrize("ahead", [-HOUR, HOUR])
async def test_all_that_is_told_of_the_time_follows(
    ahead: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running() as server, await join(server, A) as a:
        connected_at = server.get_peers()[0].connected_at
        set_clock(monkeypatch, ahead)
        assert server.get_stats().wall_time == pytest.approx(time.time(), abs=60.0)
        health = (await get(server, "/health")).json()
        said = datetime.fromisoformat(health["timestamp"]).timestamp()
        assert said == pytest.approx(time.time(), abs=60.0)
        assert 0.0 <= health["uptime"] < 60.0
        assert await pong_at(a) == pytest.approx(time.time(), abs=60.0)
        assert server.get_peers()[0].connected_at == pytest.approx(connected_at + ahead, abs=60.0)


async def test_a_client_reads_the_right_time_though_nobody_else_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running() as server, await join(server, A) as a:
        await a.before_pong()
        set_clock(monkeypatch, HOUR)
        async with asyncio.timeout(DEADLINE):
            while await pong_at(a) < time.time() - 60.0:
                pass  # the clock is looked at twice a second
        async with await Client.connect(server, "b" * 40) as b:
            assert (await b.next())["timestamp"] / 1000 > time.time() - 60.0


async def test_a_clock_that_is_kept_right_without_steps_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running() as server:
        epoch = server.get_stats().wall_time - server.get_stats().uptime
        set_clock(monkeypatch, 0.02)
        after = server.get_stats()
        assert after.wall_time - after.uptime == pytest.approx(epoch, abs=0.01)
