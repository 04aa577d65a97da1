"""The lines of the guide to traces show those of a signal."""

import shlex
import signal
import sys
from pathlib import Path

import pytest

from tests.docs.commands import TAG, blocks
from tests.docs.pages import programs
from tests.docs.test_commands import HOW, TRACES, alone, end, read_until

PAGE = "docs/guides/tracing.md"
KNOWN = """
until curl -s http://localhost:3001/health | grep -q '"knownHubs": 3'; do sleep 0.1; done
"""
CLIENTS = """
import asyncio
from tests.net.client import Client

async def main():
    async with await Client.at(3000, "a" * 40) as one, await Client.at(3001, "b" * 40) as other:
        await one.announce()
        await other.announce()
        await one.until("peer-discovered")
        await one.signal("b" * 40)
        await other.until("offer")

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.namespace
@pytest.mark.xdist_group("hubs")
def test_the_lines_show_the_steps_of_a_signal(tmp_path: Path) -> None:
    [program] = programs(PAGE)
    (tmp_path / "collector.py").write_text(program.source)
    [lines] = [lines for tag, lines in blocks(PAGE) if tag == TAG and "collector" in lines[0]]
    assert set(lines) == {line for line, how in HOW.items() if how is TRACES}
    collect, network = lines
    collect = collect.replace("collector.py", shlex.quote(str(tmp_path / "collector.py")))
    clients = shlex.join([sys.executable, "-c", CLIENTS])
    process = alone(["sh", "-c", f"{collect} & {network} & {KNOWN} {clients}; wait"])
    try:
        said = [read_until(process, "deliver offer")]
        if "signal offer" not in said[0]:  # each hub sends its own, when it is time
            said.append(read_until(process, "signal offer"))
    finally:
        end(process, signal.SIGTERM)
    steps = [line.split() for line in "".join(said).splitlines() if " offer " in line]
    assert len({trace for trace, *_ in steps}) == 1
    assert {tuple(step[1:4]) for step in steps} >= {
        ("signal", "offer", "passed-on"),
        ("deliver", "offer", "delivered"),
    }
