"""An attack that cannot fail shows nothing: each fails when the check that it is for is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.hostile.attacks import ATTACKS
from tests.hostile.mutants import MUTANTS, Mutant
from tests.hostile.report import summary
from tests.hostile.run import play
from tests.hostile.test_attacks import pytestmark
from tests.hostile.verdict import faults

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["pytestmark"]  # as theirs


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
async def test_the_attack_tells_that_a_check_is_missing(mutant: Mutant, tmp_path: Path) -> None:
    attack = ATTACKS[mutant.attack]
    source = mutant.source(tmp_path / "source")
    outcome = await play(attack, tmp_path, loop="uvloop", is_long=False, source=source)
    found = "\n".join(faults(outcome, is_long=False))
    assert mutant.told in found, f"{found}\n{summary(outcome)}"
