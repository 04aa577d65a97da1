"""A short run with processes: that all its parts work, and that all holds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from chaos.checker import check
from chaos.history import Healed, Heard, of_kind
from chaos.plan import plan
from chaos.report import details
from chaos.run import Setting, run

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ("kill", "stop", "freeze", "roam", "rival", "slow", "ghosts")
"""All that need neither a network of their own nor many seconds."""


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.xdist_group("hubs")
async def test_all_holds_in_a_short_run(tmp_path: Path) -> None:
    faults = plan(7, 22.0, KINDS)
    setting = Setting(7, faults, sys.executable, tmp_path, on_hosts=False)
    history = await run(setting)
    found = check(history.records)
    assert not found, "\n".join(details(history.records, found))
    assert len(of_kind(history.records, Healed)) == 2
    assert len(of_kind(history.records, Heard)) > 1000
