"""The same scenarios in the simulator and on hub processes, and both agree."""

from pathlib import Path

import pytest

from peerpigeon.cli import play as command
from peerpigeon.core import Hub
from peerpigeon.scenario.outcome import Outcome, differences
from peerpigeon.scenario.play import Scene, Theatre, play, rehearse
from peerpigeon.scenario.real import RealTheatre
from peerpigeon.scenario.steps import IN_VIRTUAL_TIME_ONLY, Cut, ScenarioError, Step
from peerpigeon.scenario.virtual import VirtualTheatre
from peerpigeon.sim.network import Network
from tests.selection import thorough
from tests.sim import mutants

FILES = sorted(Path(__file__).parent.glob("*.txt"))
SCENARIOS = {path.stem: rehearse(path.read_text()) for path in FILES}
PLAYABLE = {
    name: steps
    for name, steps in SCENARIOS.items()
    if not any(isinstance(step.deed, IN_VIRTUAL_TIME_ONLY) for step in steps)
}

ALL = [thorough(name) if name == "massacre" else name for name in SCENARIOS]
"""All scenarios; the longest one is played once, and in thorough tests anew."""

SMALL = rehearse("""
    3 hubs, at most 3 links each
    2 clients at each hub in namespace a
    everyone signals everyone 5 times
    client 1 leaves
    everyone signals everyone
""")


async def played(steps: list[Step], theatre: Theatre) -> list[Scene]:
    return [scene async for scene in play(steps, theatre)]


def outcomes(scenes: list[Scene]) -> list[Outcome]:
    return [scene.outcome for scene in scenes]


def assert_as_it_must_be(scenes: list[Scene], steps: list[Step]) -> None:
    for scene in scenes:
        assert scene.faults == [], scene.step.text
    assert [scene.step for scene in scenes] == steps


def test_there_are_scenarios_for_both() -> None:
    assert {"formation", "massacre", "clean-stop", "roaming"} <= PLAYABLE.keys() < SCENARIOS.keys()


@pytest.mark.parametrize("name", SCENARIOS)
async def test_in_the_simulator_all_is_as_it_must_be(name: str) -> None:
    steps = SCENARIOS[name]
    assert_as_it_must_be(await played(steps, VirtualTheatre(steps)), steps)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("seed", [2, *map(thorough, range(3, 6))])
async def test_chance_and_a_bad_network_make_no_difference(name: str, seed: int) -> None:
    steps = SCENARIOS[name]
    calm = await played(steps, VirtualTheatre(steps))
    rough = await played(steps, VirtualTheatre(steps, seed, Network(jitter=0.1, loss=0.01)))
    assert_as_it_must_be(rough, steps)
    assert outcomes(rough) == outcomes(calm)


@pytest.mark.slow
@pytest.mark.xdist_group("hubs")
@pytest.mark.parametrize(
    "name",
    ["formation", *map(thorough, sorted(PLAYABLE.keys() - {"formation"}))],
)
async def test_hub_processes_and_the_simulator_agree(name: str) -> None:
    steps = PLAYABLE[name]
    virtual = await played(steps, VirtualTheatre(steps))
    async with RealTheatre(steps) as theatre:
        real = await played(steps, theatre)
    assert_as_it_must_be(real, steps)
    for mine, theirs in zip(real, virtual, strict=True):
        assert differences(mine.outcome, theirs.outcome) == [], mine.step.text
    assert outcomes(real) == outcomes(virtual)


class Hasty(VirtualTheatre):
    """Goes on at once when all is as it must be."""

    async def wait(self) -> None:
        self._world.run(0.01)

    async def calm_down(self) -> None:
        pass


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
async def test_it_makes_no_difference_how_soon_things_follow_each_other(name: str) -> None:
    steps = SCENARIOS[name]
    assert_as_it_must_be(await played(steps, Hasty(steps)), steps)


async def test_what_arrived_may_be_refused_if_the_hub_dies_before_it_says_so() -> None:
    steps = rehearse("""
        4 hubs, at most 3 links each
        1 client at each hub in namespace a
        everyone signals everyone
        kill hub 3
        kill hub 4
        everyone signals everyone
    """)
    scenes = await played(steps, Hasty(steps))
    assert_as_it_must_be(scenes, steps)
    assert scenes[-1].outcome.signals.refused, "it has not come to that"


# What is wrong is noticed


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (mutants.LosesSignals, "signals were lost"),
        (mutants.RepeatsSignals, "signals were repeated"),
        (mutants.ForgetsIntroductions, "it should be that client 1 met client 2"),
        (mutants.IntroducesTwice, "met client 1 2 times"),
        (mutants.ForgetsDepartures, "it should be that client 3 was told that client 1 is gone"),
        (mutants.ReportsDeparturesTwice, "was told that client 1 is gone 2 times"),
        (mutants.MislabelsNamespaces, "met client 0"),
    ],
)
async def test_a_broken_hub_is_noticed_and_does_not_agree(
    kind: type[Hub], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutants, "ONE_IN", 2)
    theatre = VirtualTheatre(SMALL, kind=kind)
    theatre.patience = 20.0
    broken, sound = await played(SMALL, theatre), await played(SMALL, VirtualTheatre(SMALL))
    assert fault in "\n".join(broken[-1].faults)
    assert differences(broken[-1].outcome, sound[len(broken) - 1].outcome) == broken[-1].faults
    assert outcomes(broken) != outcomes(sound)[: len(broken)]


async def test_signals_out_of_order_are_noticed() -> None:
    steps = rehearse("""
        2 hubs, at most 2 links each
        1 client at each hub in namespace a
        everyone signals everyone 11 times
    """)
    theatre = VirtualTheatre(steps, kind=mutants.DelaysSignals)
    theatre.patience = 20.0
    scenes = await played(steps, theatre)
    assert "it should not be that 4 signals were out of order" in scenes[-1].faults


class MeddledWith(VirtualTheatre):
    """Somebody kills the third hub behind the back of the play."""

    patience = 20.0

    async def leave(self, client: int) -> None:
        await self.kill([3])
        await super().leave(client)


async def test_a_play_ends_with_the_first_step_that_goes_wrong() -> None:
    scenes = await played(SMALL, MeddledWith(SMALL))
    assert [scene.step.text for scene in scenes if scene.faults] == ["client 1 leaves"]
    assert len(scenes) == 4
    assert "it should be that hub 3 lives" in scenes[-1].faults
    assert "it should not be that client 2 was told that client 5 is gone" in scenes[-1].faults


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.xdist_group("hubs")
async def test_a_process_that_dies_unasked_is_noticed() -> None:
    async with RealTheatre(SMALL) as theatre:
        async for scene in play(SMALL, theatre):
            if scene.step is SMALL[2]:
                await theatre.kill([3])
                theatre.patience = 10.0
    assert "it should be that hub 3 lives" in scene.faults
    assert "it should not be that client 2 was told that client 5 is gone" in scene.faults


# The command


def run(path: Path, *options: str) -> int:
    from argparse import ArgumentParser

    parser = ArgumentParser()
    command.add_options(parser)
    return command.run(parser.parse_args([str(path), *options]))


def test_the_command_shows_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = (path for path in FILES if path.stem == "roaming")
    assert run(path, "--seed", "3") == 0
    head, *rows, verdict = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["seconds", "hubs", "parts"]
    assert [row[head.index("step") :] for row in rows] == [
        step.text for step in SCENARIOS["roaming"]
    ]
    assert rows[0].split()[1:5] == ["6", "1", "9", "3"]
    assert verdict == "all as it must be"


def test_the_command_says_what_went_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(steps: list[Step], seed: int) -> VirtualTheatre:
        theatre = VirtualTheatre(steps, seed, kind=mutants.LosesSignals)
        theatre.patience = 20.0
        return theatre

    monkeypatch.setattr(command, "VirtualTheatre", broken)
    path = tmp_path / "small.txt"
    path.write_text("\n".join(step.text for step in SMALL))
    assert run(path) == 1
    out = capsys.readouterr().out
    assert "line 3 did not lead to what it must:" in out
    assert "it should be that 0 signals were lost" in out


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("2 hubs, at most 2 links each\nkill bill", "line 2"),
        ("", "how many hubs"),
        (None, "No such"),
    ],
)
def test_the_command_refuses_what_it_cannot_play(
    text: str | None, complaint: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "nonsense.txt"
    if text is not None:
        path.write_text(text)
    assert run(path) == 2
    assert complaint in capsys.readouterr().err


def test_processes_are_not_cut_off(capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = (path for path in FILES if path.stem == "cut-off")
    assert run(path, "--real") == 2
    complaint = capsys.readouterr().err
    assert "line 6: only the simulator can" in complaint
    assert "without --real" in complaint


async def test_steps_that_the_theatre_was_not_shown_are_refused_all_the_same() -> None:
    async with RealTheatre(SMALL) as theatre:
        with pytest.raises(ScenarioError, match=r"Cut\(hubs=\(2,\)\); play it without --real"):
            await theatre.disturb(Cut((2,)))
