"""The command ``peerpigeon play``: plays a scenario file and checks the result of each step."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from peerpigeon.cli.exit_status import FAILURE, USAGE_ERROR
from peerpigeon.scenario.play import play, rehearse
from peerpigeon.scenario.real import RealTheatre
from peerpigeon.scenario.steps import ScenarioError, examples
from peerpigeon.scenario.virtual import VirtualTheatre

if TYPE_CHECKING:
    import argparse

    from peerpigeon.scenario.play import Scene, Theatre
    from peerpigeon.scenario.steps import Step

MOST_FAULTS = 20

ABOUT = """\
Plays what a scenario file says, a sentence a line: hubs start and die, clients come, go and signal
each other. After each step all must be as a central computation says: the links, who knows whom,
each signal delivered once and in order. It is played in the simulator, or with --real by hub
processes on this machine."""

SENTENCES = f"""\
examples:

  peerpigeon play SCENARIO.txt             in the simulator
  peerpigeon play --real SCENARIO.txt      with hub processes

the sentences, with other numbers and names (docs/simulator.md explains them):

{examples()}"""

HEAD = "seconds  hubs  parts  links  most  meetings  farewells  signals  refused  step"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command, and show the sentences."""
    parser.epilog = SENTENCES
    parser.add_argument("file", metavar="FILE", help="the scenario")
    parser.add_argument(
        "--real", action="store_true", help="play it with hub processes instead of the simulator"
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="N",
        help="what chance depends on in the simulator [default: 1]",
    )


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status: 1 if the result of a step is wrong."""
    try:
        steps = rehearse(Path(options.file).read_text(encoding="utf-8"))
        return asyncio.run(_run(steps, options.seed, is_real=options.real))
    except BrokenPipeError:
        raise  # nobody reads what it prints
    except (OSError, UnicodeDecodeError, ScenarioError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        print(f"peerpigeon: {options.file}: {reason}", file=sys.stderr)
        return USAGE_ERROR


async def _run(steps: list[Step], seed: int, *, is_real: bool) -> int:
    async with AsyncExitStack() as stack:
        theatre: Theatre = VirtualTheatre(steps, seed)
        if is_real:
            theatre = await stack.enter_async_context(RealTheatre(steps))
        _say(HEAD)
        async for scene in play(steps, theatre):
            _say(row(scene))
            if scene.faults:
                _say(f"line {scene.step.line} did not lead to what it must:")
                _say("\n".join(f"  {fault}" for fault in scene.faults[:MOST_FAULTS]))
                _say(f"  ({len(scene.faults)} in all)")
                return FAILURE
    _say("all as it must be")
    return 0


def row(scene: Scene) -> str:
    """Return the figures after a step: of clients since they came, of signals from the start."""
    seen = scene.outcome
    return (
        f"{scene.seconds:7.1f}  {len(seen.hubs):4}  {seen.parts:5}  {len(seen.links) // 2:5}"
        f"  {seen.most_links:4}  {seen.met.total():8}  {seen.farewells.total():9}"
        f"  {seen.signals.sent:7}  {seen.signals.refused:7}  {scene.step.text}"
    )


def _say(text: str) -> None:
    print(text, flush=True)
