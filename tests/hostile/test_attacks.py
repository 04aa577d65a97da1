"""Each attack at a small size: what holds on any machine. `make hostile` plays them at length."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.attacks import ATTACKS
from tests.hostile.report import summary
from tests.hostile.run import play
from tests.hostile.verdict import faults

pytestmark = [
    pytest.mark.slow,
    pytest.mark.thorough,
    pytest.mark.xdist_group("hostile"),
    pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="reads /proc of Linux"),
]


@pytest.mark.parametrize(
    ("name", "loop"),
    [(each.name, loop) for each in ATTACKS.values() for loop in each.loops],
)
async def test_honest_clients_go_on_while(name: str, loop: str, tmp_path: Path) -> None:
    outcome = await play(ATTACKS[name], tmp_path, loop=loop, is_long=False)
    found = faults(outcome, is_long=False)
    assert not found, "\n".join([*found, summary(outcome)])
