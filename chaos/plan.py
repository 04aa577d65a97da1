"""The faults of a run, by its seed: the same seed and length give the same plan."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

HUBS = 6
CLIENTS = 24
NAMESPACES = ("east", "west")

WARM_UP = 4.0
"""Seconds of traffic before the first fault."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong, at a time after the first signal. Times are seconds."""

    at: float
    kind: str
    hub: int = 0
    client: int = 0
    to: int = 0
    """The hub that a client goes to."""
    seconds: float = 0.0
    """How long it lasts."""
    keeps_id: bool = True
    """Whether a hub that starts again has the id it had."""
    rudely: bool = False
    """Whether sockets are dropped without a close frame."""
    clock: float = 0.0
    """Seconds by which a hub's wall clock is ahead when it starts again."""

    def __str__(self) -> str:
        """Return it in one line."""
        marks = [mark for mark, is_so in self._marks() if is_so]
        return " ".join((f"{self.at:.1f} s: {self.kind}", *marks))

    def _marks(self) -> Sequence[tuple[str, bool]]:
        return (
            (f"hub {self.hub}", self.kind in _OF_HUBS),
            (f"client {self.client}", self.kind in _OF_CLIENTS),
            (f"to hub {self.to}", self.kind in _WITH_GOAL),
            (f"for {self.seconds:.1f} s", self.seconds > 0),
            ("with a new id", not self.keeps_id),
            ("rudely", self.rudely),
            (f"its clock {self.clock:+.0f} s", self.clock != 0),
        )


GAPS = {
    "kill": 3.0,
    "stop": 3.0,
    "freeze": 3.0,
    "roam": 1.0,
    "rival": 8.0,
    "absent-rival": 12.0,
    "sleeper": 12.0,
    "cut": 12.0,
    "large": 26.0,
    "slow": 2.0,
    "ghosts": 8.0,
    "clock": 12.0,
}
"""The kinds of faults, and how long after one has begun the next may, in seconds: some need to be
alone to show anything."""

_OF_HUBS = {"kill", "stop", "freeze", "cut", "ghosts", "clock"}
_OF_CLIENTS = {"roam", "rival", "absent-rival", "sleeper", "slow"}
_WITH_GOAL = {"roam", "rival", "absent-rival", "sleeper"}

NEED_HOSTS = {"cut"}
"""Kinds that need hosts of their own."""

QUIET_BEFORE = {"large": 14.0, "absent-rival": 6.0, "sleeper": 6.0}
"""Seconds in which no other fault begins: what these show must not have another cause."""


def plan(seed: int, seconds: float, kinds: Collection[str] = (*GAPS,)) -> list[Fault]:
    """Return the faults of a run of some length, drawn from ``kinds``; each comes in its turn."""
    chance = Random(seed)  # noqa: S311 - a plan that can be had again
    faults: list[Fault] = []
    bag: list[str] = []
    at = WARM_UP
    while True:
        if not bag:
            bag = [kind for kind in GAPS if kind in kinds]
            chance.shuffle(bag)
        kind = bag.pop()
        at += QUIET_BEFORE.get(kind, 0.0)
        if at >= seconds and faults:
            return faults
        faults.append(_draw(chance, kind, at))
        at += GAPS[kind] * chance.uniform(1.0, 1.5)


def _draw(chance: Random, kind: str, at: float) -> Fault:
    hub, client, to = chance.randrange(HUBS), chance.randrange(CLIENTS), chance.randrange(HUBS)
    seconds = {
        "kill": chance.uniform(1.0, 7.0),
        "stop": chance.uniform(1.0, 7.0),
        "freeze": chance.choice((0.5, 2.0, 3.0, 4.0, 8.0)),
        "rival": chance.uniform(2.0, 4.0),
        "absent-rival": 3.0,
        "sleeper": chance.uniform(7.0, 9.0),
        "cut": chance.uniform(3.0, 9.0),
        "large": 12.0,
        "slow": chance.uniform(3.0, 8.0),
        "ghosts": 0.0,
        "clock": chance.uniform(1.0, 3.0),
    }
    return Fault(
        at=at,
        kind=kind,
        hub=hub,
        client=client,
        to=to,
        seconds=seconds.get(kind, 0.0),
        keeps_id=kind == "clock" or chance.random() < 0.5,  # noqa: PLR2004
        rudely=chance.random() < 0.5,  # noqa: PLR2004
        clock=chance.choice((-600.0, -86400.0)) if kind == "clock" else 0.0,
    )
