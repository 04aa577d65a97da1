"""How much memory a server takes for itself where nobody says how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.net.machine_memory import _container_limits, default_limit
from tests.net.client import get, running

if TYPE_CHECKING:
    from pathlib import Path

KIB = 1 << 10
MIB = 1 << 20


def test_what_may_be_kept_is_a_quarter_of_the_machine_within_bounds() -> None:
    assert 128 * MIB <= default_limit() <= 1024 * MIB


def test_a_container_of_either_version_has_its_limit_at_any_level(tmp_path: Path) -> None:
    own, groups = tmp_path / "own", tmp_path / "groups"
    (groups / "memory" / "docker" / "one").mkdir(parents=True)
    (groups / "system" / "hub").mkdir(parents=True)
    (groups / "memory" / "docker" / "one" / "memory.limit_in_bytes").write_text("300\n")
    (groups / "memory" / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    (groups / "system" / "hub" / "memory.max").write_text("max\n")
    (groups / "system" / "memory.max").write_text("200\n")
    own.write_text("4:cpu,cpuacct:/else\n3:memory:/docker/one\n0::/system/hub\n")
    assert _container_limits(own, groups) == [300, 9223372036854771712, 200]
    own.write_text("0::/not/to/be/seen/here\n")
    assert _container_limits(own, groups) == []
    assert _container_limits(tmp_path / "none", groups) == []


async def test_whatever_the_machine_has_one_client_can_have_what_it_may() -> None:
    async with running(max_outbox_size=1 << 30) as server:
        assert server.get_stats().memory_limit == 2 << 30


async def test_a_server_tells_what_it_may_keep() -> None:
    async with running() as server:
        assert server.get_stats().memory_limit == default_limit()
    async with running(max_memory=8 * MIB) as server:
        assert server.get_stats().memory_kept == 0
        health = (await get(server, "/health")).json()
        assert health["memory"]["limit"] == 8 * MIB
        assert 0 < health["memory"]["kept"] < KIB, "the request that asks"
        assert health["closing"] == 0
