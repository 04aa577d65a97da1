"""Opening and closing channels for days must not use anything up."""

import asyncio
import gc
import os
from pathlib import Path

import pytest

from tests.rtc.ends import Engines

AT_ONCE = 5
WARM_UP = 100  # channels until the allocator has seen the worst
CYCLES = 200
GROWTH = 10 * 1024 * 1024  # bytes: 50 kB for each of these, far less than a channel takes
FLOOD = 100  # messages each way that are under way when the channel is closed

pytestmark = [pytest.mark.slow, pytest.mark.thorough]


async def test_two_hundred_channels_leave_nothing_behind(pair: Engines) -> None:
    tasks = asyncio.all_tasks()
    async with pair:
        for _ in range(WARM_UP // AT_ONCE):
            await cycles(pair)
        files, memory = usage()
        for _ in range(CYCLES // AT_ONCE):
            await cycles(pair)
        await asyncio.gather(pair.offering.close(), pair.answering.close())
        after_files, after_memory = usage()
        assert after_files <= files
        assert after_memory - memory < GROWTH
        assert asyncio.all_tasks() == tasks
        # libdatachannel's own pool of threads stays, but for each channel there is none.
        assert threads() < CYCLES // AT_ONCE


async def cycles(pair: Engines) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(AT_ONCE):
            group.create_task(cycle(pair, number))


async def cycle(pair: Engines, number: int) -> None:
    one, other = await pair.connect()
    for _ in range(FLOOD):
        one.channel.send(b"x" * 1000)
        other.channel.send(b"x" * 1000)
    first, second = (one, other) if number % 2 else (other, one)
    first.channel.close()
    if number % 3:
        second.channel.close()
    else:
        await second.until_ended()


def usage() -> tuple[int, int]:
    """Open files, and resident memory in bytes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return len(os.listdir("/proc/self/fd")), pages * os.sysconf("SC_PAGE_SIZE")


def threads() -> int:
    return len(os.listdir("/proc/self/task"))
