"""Opening and closing channels for days must not use anything up."""

import asyncio
import gc
import os
from pathlib import Path

import pytest

from tests.rtc.ends import Engines

AT_ONCE = 5
WARM_UP = 100  # channels until the allocator has seen the worst
CYCLES = 1000  # of the default engine with itself; of others a fifth, at five times the growth
TIDY = 50  # channels after which garbage is collected: left to itself, Python does so rarely
GROWTH = 4 * 1024  # bytes for each channel, far less than one takes
OBJECTS = 1  # of Python, fewer than that for each channel
FLOOD = 100  # messages each way that are under way when the channel is closed

pytestmark = [pytest.mark.slow, pytest.mark.thorough]


async def test_channels_that_were_opened_and_closed_leave_nothing_behind(
    pair: Engines, names: tuple[str, str]
) -> None:
    is_default = names == ("builtin", "builtin")
    count, factor = (CYCLES, 1) if is_default else (CYCLES // 5, 5)
    tasks = asyncio.all_tasks()
    async with pair:
        await cycles(pair, WARM_UP)
        files, memory, objects = usage()
        await cycles(pair, count)
        await asyncio.gather(pair.offering.close(), pair.answering.close())
        after_files, after_memory, after_objects = usage()
        assert after_files <= files
        assert after_memory - memory < factor * GROWTH * count
        assert not is_default or after_objects - objects < OBJECTS * count
        assert asyncio.all_tasks() == tasks
        # libdatachannel's own pool of threads stays, but for each channel there is none.
        assert threads() < count // AT_ONCE


async def cycles(pair: Engines, count: int) -> None:
    for done in range(0, count, AT_ONCE):
        async with asyncio.TaskGroup() as group:
            for number in range(AT_ONCE):
                group.create_task(cycle(pair, number))
        if done % TIDY == 0:
            gc.collect()


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


def usage() -> tuple[int, int, int]:
    """Open files, resident memory in bytes, and Python's objects."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    memory = pages * os.sysconf("SC_PAGE_SIZE")
    return len(os.listdir("/proc/self/fd")), memory, len(gc.get_objects())


def threads() -> int:
    return len(os.listdir("/proc/self/task"))
