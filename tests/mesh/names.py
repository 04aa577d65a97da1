"""A real name server, whose answers a test changes, for hosts on a network of their own."""

from __future__ import annotations

import asyncio
import shutil
import signal
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mesh.processes import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from tests.mesh.hosts import Host

SETTINGS = Path("/etc/netns")
"""Where `ip netns exec` takes files from that stand in for those of `/etc`."""


class NameServer:
    """A dnsmasq, and what it says."""

    def __init__(self, process: asyncio.subprocess.Process, table: Path) -> None:
        self._process = process
        self._table = table

    def lead(self, name: str, addresses: Iterable[str]) -> None:
        """Let a name, which is the only one, lead to these addresses from now on."""
        lines = [f"{address} {name}\n" for address in addresses]
        self._table.write_text("".join(lines), encoding="utf-8")
        self._process.send_signal(signal.SIGHUP)


@asynccontextmanager
async def name_server(
    place: Host, users: Iterable[Host], scratch: Path
) -> AsyncIterator[NameServer]:
    """Run a name server at a host, which others ask; gone afterwards."""
    table = scratch / "names"
    table.write_text("", encoding="utf-8")
    given = [SETTINGS / user.name for user in users]
    process = await asyncio.create_subprocess_exec(
        *(
            *place.command,
            "dnsmasq",
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--user=root",
        ),
        *("--no-resolv", "--no-hosts", f"--addn-hosts={table}", "--local-ttl=0", "--pid-file="),
        *(f"--listen-address={place.address}", "--bind-interfaces"),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        for folder in given:
            folder.mkdir(parents=True)
            (folder / "resolv.conf").write_text(f"nameserver {place.address}\n", encoding="utf-8")
        await eventually("it listens", lambda: _connects(place.address), bool)
        yield NameServer(process, table)
    finally:
        process.kill()
        await process.wait()
        for folder in given:
            shutil.rmtree(folder, ignore_errors=True)


async def _connects(address: str) -> bool:
    try:
        _, writer = await asyncio.open_connection(address, 53)
    except OSError:
        return False
    writer.close()
    return True
