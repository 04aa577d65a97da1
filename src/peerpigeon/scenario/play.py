"""Plays a scenario in a theatre: does each step, and waits until what must come of it has come."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from peerpigeon.scenario.cast import hub_id
from peerpigeon.scenario.course import Course
from peerpigeon.scenario.outcome import Due, Sent, differences, observe
from peerpigeon.scenario.steps import (
    EXAMPLES,
    Clients,
    Connect,
    Cut,
    Deed,
    Hubs,
    Kill,
    Leave,
    Mend,
    ScenarioError,
    Start,
    Stop,
    read,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from peerpigeon.scenario.course import Way
    from peerpigeon.scenario.outcome import Diary, Outcome, View
    from peerpigeon.scenario.steps import Step

MIGRATION_DELAY = "1s"
RECONNECT_INTERVAL = "500ms"
DISCOVERY_LIMIT = "1000"
"""Everybody is to know everybody in their namespace."""


class Theatre(Protocol):
    """Where a scenario is played: a simulated world, or real processes."""

    patience: float
    """Seconds within which a step must have led to what it must."""

    @property
    def now(self) -> float:
        """Seconds since whenever."""

    async def start(self, hub: int, bootstrap: int | None) -> None:
        """Start a hub, or start it again; it dials the hub ``bootstrap``."""

    async def kill(self, hubs: Sequence[int]) -> None:
        """End hubs at one instant."""

    async def stop(self, hubs: Sequence[int]) -> None:
        """End hubs in good order."""

    async def disturb(self, deed: Cut | Mend) -> None:
        """Do something to the network."""

    async def connect(self, client: int, hub: int, namespace: str) -> None:
        """Let a client connect to a hub, and give up the one it was at."""

    async def leave(self, client: int) -> None:
        """Let a client say goodbye and close its socket."""

    async def signal(self, sender: int, target: int) -> str:
        """Send a signal; return its serial."""

    async def linger(self) -> None:
        """Let so little time pass that things are still under way."""

    async def wait(self) -> None:
        """Let some time pass before the next look."""

    async def calm_down(self) -> None:
        """Let whatever is still under way to clients arrive, also what should never have been."""

    async def views(self) -> Mapping[int, View]:
        """Return what each living hub tells."""

    def diaries(self) -> Mapping[int, Diary]:
        """Return what each client has heard."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What became of one step."""

    step: Step
    outcome: Outcome
    faults: list[str]
    """What is not as it must be; no step comes after one with faults."""
    seconds: float
    """How long it took until all was as it is."""


def rehearse(text: str) -> list[Step]:
    """Return the steps of a scenario file that makes sense. Raises ``ScenarioError``."""
    steps, course = read(text), Course()
    for step in steps:
        try:
            if step.deed is not None:
                course.do(step.deed)
        except ScenarioError as error:
            raise ScenarioError(f"line {step.line}: {error}") from None
    layout_of(steps)
    return steps


def layout_of(steps: Sequence[Step]) -> Hubs:
    """Return what a scenario begins with. Raises ``ScenarioError`` if it says nothing."""
    if not steps or not isinstance(steps[0].deed, Hubs):
        raise ScenarioError(
            f"it does not begin with how many hubs there are; say for example {EXAMPLES[0]}"
        )
    return steps[0].deed


def hub_options(layout: Hubs, hub: int) -> dict[str, str]:
    """Return the options that a hub has in every theatre, as a command line gives them."""
    return {
        "is_hub": "true",
        "hub_peer_id": hub_id(hub),
        "open_mesh": "true",
        "hub_mesh_max_peers": str(layout.most_links),
        "hub_mesh_min_peers": str(min(2, layout.most_links)),
        "mesh_migration_delay": MIGRATION_DELAY,
        "reconnect_interval": RECONNECT_INTERVAL,
        "discovery_limit": DISCOVERY_LIMIT,
        "webrtc_engine": "auto" if layout.has_channels else "none",
    }


async def play(steps: Iterable[Step], theatre: Theatre) -> AsyncIterator[Scene]:
    """Play the steps, and yield what became of each, up to the first that goes wrong."""
    players = _Players(theatre)
    for step in steps:
        started = theatre.now
        await players.act(step)
        outcome, wanted, came = await players.come_to_rest()
        faults = differences(outcome, wanted)
        yield Scene(step, outcome, faults, came - started)
        if faults:
            return


class _Players:
    """The hubs and clients of one play."""

    def __init__(self, theatre: Theatre) -> None:
        self._theatre = theatre
        self._course = Course()
        self._bootstraps: dict[int, int | None] = {}
        """Which hub each hub dials when it starts, each time."""
        self._sent: list[Sent] = []

    async def act(self, step: Step) -> None:
        """Do what a step says: half of the signals before the deed, and half after it."""
        course, ways = self._course, self._course.ways()
        rounds = (step.rounds + 1) // 2
        before = await self._signal(ways, rounds)
        gone: frozenset[int] = frozenset()
        if step.deed is not None:
            if rounds:
                await self._theatre.linger()
            gone = course.do(step.deed)
            await self._do(step.deed)
        if isinstance(step.deed, Kill):
            self._doubt_deliveries_to(gone)
        for serial, way in before:
            due = Due.NOTHING if gone.intersection(way) else self._due(way)
            self._sent.append(Sent(serial, *way, due))
        staying = {way for way in ways if way[0] not in gone}
        for serial, way in await self._signal(staying, step.rounds - rounds):
            # Who moves or leaves may still be sent what will never be read.
            is_open = way[1] in gone and not isinstance(step.deed, Kill | Stop)
            self._sent.append(Sent(serial, *way, Due.NOTHING if is_open else self._due(way)))

    def _doubt_deliveries_to(self, gone: frozenset[int]) -> None:
        """Expect no more of signals to clients of killed hubs than that they were answered.

        What has just arrived may not have been acknowledged, and is refused too.
        """
        self._sent = [
            replace(sent, due=Due.ANSWER)
            if sent.target in gone and sent.due is Due.ARRIVAL
            else sent
            for sent in self._sent
        ]

    def _due(self, way: Way) -> Due:
        return Due.ARRIVAL if way in self._course.ways() else Due.ANSWER

    async def _signal(self, ways: Iterable[Way], rounds: int) -> list[tuple[str, Way]]:
        signal = self._theatre.signal
        return [(await signal(*way), way) for _ in range(rounds) for way in sorted(ways)]

    async def _do(self, deed: Deed) -> None:
        theatre, course = self._theatre, self._course
        match deed:
            case Hubs(count):
                await self._start([1], None)
                await self._start(range(2, count + 1), 1)
            case Start(hubs):
                others = course.hubs.difference(hubs)
                await self._start(hubs, min(others, default=None))
            case Kill(hubs):
                await theatre.kill(hubs)
            case Stop(hubs):
                await theatre.stop(hubs)
            case Cut() | Mend():
                await theatre.disturb(deed)
            case Clients(count, hub):
                newcomers = sorted(course.namespaces)[-count:]
                if hub is None:
                    newcomers = sorted(course.namespaces)[-count * len(course.hubs) :]
                await self._connect(newcomers)
            case Connect(clients):
                await self._connect(clients)
            case Leave(clients):
                await asyncio.gather(*map(theatre.leave, clients))

    async def _start(self, hubs: Iterable[int], bootstrap: int | None) -> None:
        start, bootstraps = self._theatre.start, self._bootstraps
        await asyncio.gather(*(start(hub, bootstraps.setdefault(hub, bootstrap)) for hub in hubs))

    async def _connect(self, clients: Iterable[int]) -> None:
        connect, course = self._theatre.connect, self._course
        await asyncio.gather(
            *(connect(each, course.homes[each], course.namespaces[each]) for each in clients)
        )

    async def come_to_rest(self) -> tuple[Outcome, Outcome, float]:
        """Wait until things are as they must be and stay so, or for too long.

        Return how they are and must be, and since when. What hubs tell is asked one after the
        other: amid a change it may look like rest, and then what follows is no fault.
        """
        theatre = self._theatre
        deadline = theatre.now + theatre.patience
        while True:
            outcome, wanted = await self.look()
            came = theatre.now
            if outcome == wanted:
                await theatre.calm_down()
                outcome, wanted = await self.look()
            if outcome == wanted or came > deadline:
                return outcome, wanted, came
            await theatre.wait()

    async def look(self) -> tuple[Outcome, Outcome]:
        """Return how things are, and how they must be."""
        course, theatre = self._course, self._theatre
        has_channels = course.layout is not None and course.layout.has_channels
        views, diaries = await theatre.views(), theatre.diaries()
        outcome = observe(views, diaries, course.homes, self._sent, has_channels=has_channels)
        return outcome, course.outcome(self._sent)
