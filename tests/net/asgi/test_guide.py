"""The programs of docs/guides/embedding.md run."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.cli.test_process import until_said
from tests.net.asgi.test_uvicorn import answering, connected, told
from tests.net.client import DEADLINE, A, Client
from tests.ports import reserved_port

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[3] / "docs/guides/embedding.md"
FIRST, WITH_LIFESPAN, ALONE = re.findall(
    r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
)


@pytest.mark.parametrize("source", [FIRST, WITH_LIFESPAN], ids=["mounted", "with lifespan"])
async def test_an_application_of_the_guide_takes_clients(tmp_path: Path, source: str) -> None:
    with reserved_port() as port:
        place = f"127.0.0.1:{port}"
        (tmp_path / "app.py").write_text(source.replace("localhost:8000", place))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "uvicorn", "app:app", "--port", str(port)),
            cwd=tmp_path,
            env=os.environ | {"WEBRTC_ENGINE": "none"},
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            await answering(f"http://{place}/")
            async with await connected(place, A):
                if source is FIRST:
                    assert await told(f"http://{place}/people") == [A]
        finally:
            process.terminate()
            async with asyncio.timeout(DEADLINE):
                _, said = await process.communicate()
        assert b"Traceback" not in said, said.decode()


async def test_the_program_of_the_guide_that_is_a_server_serves() -> None:
    with reserved_port() as port:
        source = ALONE.replace("port=8000", f"port={port}")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-u", "-c", source),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(DEADLINE):
                while True:
                    try:
                        client = await Client.at(port, A)
                    except aiohttp.ClientConnectionError:
                        await asyncio.sleep(0.05)
                    else:
                        break
            assert process.stdout is not None
            async with client:
                await until_said(process.stdout, A)
        finally:
            process.terminate()
            async with asyncio.timeout(DEADLINE):
                await process.communicate()
        assert process.returncode == 0
