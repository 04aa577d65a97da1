"""One run: hubs and clients, traffic, the faults of a plan, healing, and an orderly end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from chaos.allowances import END_WITHIN, HEALED_WITHIN, NOTICED_STALL
from chaos.checks.ends import without_end
from chaos.clients import Visitor
from chaos.faults import Faults
from chaos.healing import heal
from chaos.history import History, Over, Stalled, Wrong
from chaos.hubs import Hubs
from chaos.leftovers import is_there, leak
from chaos.lives import Lives
from chaos.plan import CLIENTS, NAMESPACES
from chaos.waiting import wait_until_nothing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chaos.plan import Fault

PERIOD = 0.25
"""Seconds between two signals of a client."""

ABROAD = 0.05
"""The share of signals that name a client of the other namespace, whom they must not reach."""

START_TIMEOUT = 60.0
"""Seconds for the hubs to form a mesh, and the clients to meet, before anything goes wrong."""

TICK = 0.1


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run is made of."""

    seed: int
    faults: Sequence[Fault]
    python: str
    folder: Path
    on_hosts: bool


async def run(setting: Setting) -> History:
    """Play a plan; return all that happened."""
    history = History()
    async with (
        Hubs(setting.python, history, setting.folder, on_hosts=setting.on_hosts) as hubs,
        asyncio.TaskGroup() as group,
    ):
        watch = group.create_task(_watch(history, hubs))
        await asyncio.gather(*map(hubs.start, hubs.all))
        visitors = _visitors(setting.seed, hubs, history)
        lives = [group.create_task(visitor.live(hubs)) for visitor in visitors]
        await heal(hubs, visitors, history, "forms", START_TIMEOUT)
        talks = [
            group.create_task(_talk(visitor, visitors, Random(f"{setting.seed} {visitor.peer}")))  # noqa: S311
            for visitor in visitors
        ]
        await _suffer(setting, hubs, visitors, history)
        await _restore(hubs)
        history.note(Over(at=history.now))
        await heal(hubs, visitors, history, "heals", HEALED_WITHIN)
        for talk in talks:
            talk.cancel()
        await _all_ended(history)
        for life in lives:
            life.cancel()
        await asyncio.gather(*(visitor.close() for visitor in visitors))
        await _end(hubs, history)
        watch.cancel()
    return history


def _visitors(seed: int, hubs: Hubs, history: History) -> list[Visitor]:
    chance = Random(seed)  # noqa: S311
    return [
        Visitor(
            f"{chance.getrandbits(160):040x}",
            NAMESPACES[number % len(NAMESPACES)],
            hubs.all[(number // len(NAMESPACES)) % len(hubs.all)],
            history,
            chance,
        )
        for number in range(CLIENTS)
    ]


async def _talk(visitor: Visitor, visitors: Sequence[Visitor], chance: Random) -> None:
    """Send signals to others, for ever."""
    near = [each for each in visitors if each.namespace == visitor.namespace]
    far = [each for each in visitors if each.namespace != visitor.namespace]
    near.remove(visitor)
    while True:
        await asyncio.sleep(PERIOD * chance.uniform(0.5, 1.5))
        target = chance.choice(far if chance.random() < ABROAD else near)
        await visitor.signal(target.peer, chance.randrange(500))


async def _suffer(
    setting: Setting, hubs: Hubs, visitors: Sequence[Visitor], history: History
) -> None:
    faults = Faults(hubs, visitors, history, Random(setting.seed))  # noqa: S311
    began = history.now
    async with asyncio.TaskGroup() as group:
        for fault in setting.faults:
            await asyncio.sleep(max(0.0, began + fault.at - history.now))
            group.create_task(faults.perform(fault))


async def _restore(hubs: Hubs) -> None:
    for hub in hubs.all:
        hubs.thaw(hub)
        if not hub.is_up:
            await hubs.start(hub)


async def _all_ended(history: History) -> None:
    """Wait until each signal has an end that must have one, or should have had it long ago."""

    async def endless() -> str:
        lives = Lives(history.records, history.now + END_WITHIN)
        return next((finding.what for finding in without_end(lives)), "")

    await wait_until_nothing(endless, END_WITHIN)


async def _end(hubs: Hubs, history: History) -> None:
    """See that nothing was kept, and stop all hubs in good order."""
    if what := await leak(hubs):
        history.note(Wrong(at=history.now, invariant="nothing leaks", what=what))
    pids = [hub.process.pid for hub in hubs.all if hub.process is not None]
    await asyncio.gather(*(hubs.stop(hub) for hub in hubs.all))
    for pid in pids:
        if is_there(pid):
            what = f"process {pid} of a hub has not ended"
            history.note(Wrong(at=history.now, invariant="nothing leaks", what=what))


async def _watch(history: History, hubs: Hubs) -> None:
    """Record when this process was kept from running, and hubs that have crashed."""
    before = history.now
    while True:
        await asyncio.sleep(TICK)
        now = history.now
        if now - before > TICK + NOTICED_STALL:
            history.note(Stalled(at=now, seconds=now - before - TICK))
        before = now
        hubs.look_for_crashes()
