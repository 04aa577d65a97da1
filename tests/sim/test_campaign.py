"""The campaign plays what was asked for and says what was wrong."""

from functools import partial

import pytest

from peerpigeon.sim import campaign
from peerpigeon.sim.campaign import Record, catalogue, main, play
from peerpigeon.sim.scenes import disasters, mesh
from peerpigeon.sim.scenes.outcome import Outcome
from peerpigeon.sim.world import World


def scene(seed: int, *, rough: bool = False) -> Outcome:
    outcome = Outcome(World(seed), {"wobble": seed * 1.5, "nothing": None})
    outcome.expect(seed != 2, "it broke")
    return outcome


def test_the_worst_figure_of_all_seeds_is_shown() -> None:
    row = play("scene", scene, [1, 3], rough=False).row()
    assert row.startswith("| scene | 2 | wobble 4.5 | as it must be |")


def test_faults_are_counted_and_named() -> None:
    record = play("scene", scene, [1, 2, 3], rough=True)
    assert record.faults == ["seed 2: it broke"]
    assert "| 1 faults |" in record.row()


def test_an_empty_record_has_a_row() -> None:
    assert Record("scene").row().startswith("| scene | 0 |  | as it must be |")


def test_scenes_are_chosen_by_the_beginnings_of_their_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(campaign, "catalogue", lambda size: {"a one": scene, "b two": scene})
    assert main(["a", "--seeds", "1"]) == 0
    out = capsys.readouterr().out
    assert "a one" in out
    assert "b two" not in out


def test_brief_scenes_are_played_with_five_times_as_many_seeds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = min(campaign.BRIEF)
    monkeypatch.setattr(campaign, "catalogue", lambda size: {name: scene, "other": scene})
    main(["--seeds", "2", "--first", "3"])
    out = capsys.readouterr().out
    assert f"| {name} | 10 |" in out
    assert "| other | 2 |" in out


def test_brief_scenes_are_scenes() -> None:
    assert catalogue("small").keys() & catalogue("large").keys() >= campaign.BRIEF


def test_faults_make_it_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(campaign, "catalogue", lambda size: {"a one": scene})
    assert main(["--seeds", "1", "--first", "2"]) == 1
    assert "a one, seed 2: it broke" in capsys.readouterr().err


def test_both_sizes_have_the_same_kinds_of_scenes() -> None:
    kinds = [
        {getattr(scene, "func", scene) for scene in catalogue(size).values()}
        for size in ("small", "large")
    ]
    assert kinds[0] == kinds[1]
    assert partial(mesh.meeting).func in kinds[0]
    assert disasters.cut in kinds[0]
