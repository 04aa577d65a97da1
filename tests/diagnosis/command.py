"""Runs a command of an operator beside hubs that run in this process."""

from __future__ import annotations

import asyncio
import sys

from tests.ports import reserved_port


def free_port() -> int:
    """Return a port at which nobody listens."""
    with reserved_port() as port:
        return port


DEADLINE = 30.0  # seconds; only ever reached when something is wrong


async def peerpigeon(*words: str) -> tuple[int, str, str]:
    """Return the exit status, and what was written to standard output and error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "peerpigeon", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(DEADLINE):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()
