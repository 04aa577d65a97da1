"""Workers in which one thing is missing: the attack that it withstands has to tell of it."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import pytest

from tests.cli import test_workers_attacks as attacks
from tests.cli.test_workers_attacks import pytestmark
from tests.hostile.mutants import Mutant

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["pytestmark"]  # as theirs

MUTANTS = (
    Mutant(
        "no_other_user_reaches_what_is_between_workers",
        "cli/supervisor.py",
        'self.directory = tempfile.mkdtemp(prefix="peerpigeon-")',
        'self.directory = tempfile.mkdtemp(prefix="peerpigeon-"); os.chmod(self.directory, 0o755)',
        "assert mode_of(directory) == 0o700",
    ),
    Mutant(
        "a_hub_that_gets_to_a_workers_socket_has_to_prove_itself",
        "core/mesh/authentication.py",
        "if not any(matches):",
        "if False:",
        "assert not await is_let_in(",
    ),
    Mutant(
        "a_worker_that_is_killed_again_and_again_takes_nothing_from_the_other",
        "cli/supervisor.py",
        "return SOONEST if not pause or lived >= STEADY else min(2 * pause, LATEST)",
        "return 1e6",
        "await until(lambda: is_linked(found, other_than=victim))",
    ),
    Mutant(
        "a_worker_that_is_killed_again_and_again_takes_nothing_from_the_other",
        "net/workers/passing.py",
        "return False  # it has just died, or there is no descriptor left",
        "return True",
        "await served(",
    ),
    Mutant(
        "a_supervisor_whose_workers_all_die_serves_who_waits_at_its_port",
        "cli/supervisor.py",
        "if not self._was_ready and status > 0:",
        "if status:",
        "await served(",
    ),
    Mutant(
        "a_crowd_in_one_namespace_leaves_the_clients_of_the_other_worker_alone",
        "net/workers/passing.py",
        "_FULL = (errno.EAGAIN, errno.ENOBUFS)",
        "_FULL = ()",
        "await until(are_home)",
    ),
    Mutant(
        "who_has_said_half_of_something_when_it_is_to_be_handed_over_loses_nothing",
        "net/websocket/peer_socket.py",
        "if not (is_between and self.is_open) or self._transport.get_write_buffer_size():",
        "if not self.is_open:",
        'offers = [(await targets[room].until("offer"))["data"] for _ in range(30)]',
    ),
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
async def test_the_attack_tells_that_it_is_missing(
    mutant: Mutant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(mutant.source(tmp_path)))
    attack = getattr(attacks, f"test_{mutant.attack}")
    with pytest.raises((AssertionError, OSError, TimeoutError)) as failed:
        await attack()
    lines = [each.line for each in traceback.extract_tb(failed.tb)]
    assert any(line is not None and mutant.told in line for line in lines), lines
