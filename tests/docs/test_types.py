"""What a type checker says of programs that use the package."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, programs

CACHE = ROOT / ".mypy_cache" / "as-a-user"
DEADLINE = 300.0  # seconds: the first time, mypy reads all of the package

USES = """\
from peerpigeon import (
    Notice, PeerConnected, PeerPigeonServer, PeerRecord, ServerConfig, ServerOptions, Snapshot,
)

options: ServerOptions = {"port": 3000, "udp_ports": "40000-40100"}
server = PeerPigeonServer(**options)
PeerPigeonServer(ServerConfig(port=3000))
PeerPigeonServer(port=3000, peer_timeout=30, advertise=("ws://hub.example:3000",), demo=None)
PeerPigeonServer(prt=3000)  # call-arg
PeerPigeonServer(port="3000")  # arg-type
PeerPigeonServer(advertise=["ws://hub.example:3000"])  # arg-type
PeerPigeonServer({"port": 3000})  # arg-type
ServerConfig(prt=3000)  # call-arg
ServerConfig().port = 1  # misc
wrong: ServerOptions = {"prt": 3000}  # typeddict-unknown-key


async def main() -> Notice | None:
    stats: Snapshot = server.get_stats()
    peers: list[PeerRecord] = server.get_peers()
    server.on(PeerConnected, lambda event: print(event.peer_id))
    server.on(PeerConnected, lambda event: print(event.uri))  # attr-defined
    print(stats.connections, peers, server.is_peer_hub("a" * 40))
    server.start()  # unused-coroutine
    async for notice in server.notices():
        return notice
    return None
"""


@pytest.mark.slow
def test_misuse_is_found_and_what_the_documentation_shows_is_right(tmp_path: Path) -> None:
    files = {"uses.py": USES}
    for page in ("README.md", "docs/api.md", "docs/sans-io.md"):
        for number, program in enumerate(programs(page)):
            files[f"{Path(page).stem.replace('-', '_')}_{number}.py"] = program.source
    for name, source in files.items():
        (tmp_path / name).write_text(source)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", CACHE),
            *("--no-error-summary", "--hide-error-context", *sorted(files)),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    found = re.findall(r"^([\w.]+):(\d+): error: .*\[([\w-]+)\]$", done.stdout, re.MULTILINE)
    expected = [
        ("uses.py", str(number), line.partition("  # ")[2])
        for number, line in enumerate(USES.splitlines(), 1)
        if "  # " in line
    ]
    assert found == expected, done.stdout + done.stderr
