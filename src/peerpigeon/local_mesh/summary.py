"""What follows from the statuses of all hubs: the links, the figures of the mesh, and in words."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from peerpigeon.local_mesh.status import KILLED, HubStatus, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Pair = tuple[int, int]


def links(hubs: Sequence[HubStatus]) -> dict[Pair, str]:
    """Return the links between the hubs, each with its carrier, by the numbers of its two ends.

    A link is there when both ends say so; it runs over a data channel when one does.
    """
    found: dict[Pair, str] = {}
    for one, other in combinations([hub for hub in hubs if not hub.is_dead], 2):
        ends = (one.p2p | one.websocket, other.p2p | other.websocket)
        if other.hub_id in ends[0] and one.hub_id in ends[1]:
            has_channel = other.hub_id in one.p2p or one.hub_id in other.p2p
            found[one.number, other.number] = "p2p" if has_channel else "websocket"
    return found


@dataclass(frozen=True, slots=True)
class Totals:
    """The mesh as a whole."""

    hubs: int
    """That listen."""
    starting: int
    """That do not listen yet."""
    dead: int
    parts: int
    """How many meshes they form that have no link to each other."""
    p2p: int
    websocket: int
    hops: float | None
    """On average over all pairs that have a way to each other; ``None`` if none has."""


def totals(hubs: Sequence[HubStatus]) -> Totals:
    """Return the figures of the whole mesh."""
    listening = [hub.number for hub in hubs if hub.port and not hub.is_dead]
    carriers = links(hubs)
    neighbours: dict[int, list[int]] = {number: [] for number in listening}
    for one, other in carriers:
        neighbours[one].append(other)
        neighbours[other].append(one)
    ways = {number: _hops_from(number, neighbours) for number in listening}
    lengths = [hops for reached in ways.values() for hops in reached.values() if hops]
    return Totals(
        hubs=len(listening),
        starting=sum(not hub.port and not hub.is_dead for hub in hubs),
        dead=sum(hub.is_dead for hub in hubs),
        parts=len({min(reached) for reached in ways.values()}),
        p2p=sum(carrier == "p2p" for carrier in carriers.values()),
        websocket=sum(carrier == "websocket" for carrier in carriers.values()),
        hops=sum(lengths) / len(lengths) if lengths else None,
    )


def _hops_from(start: int, neighbours: dict[int, list[int]]) -> dict[int, int]:
    reached = {start: 0}
    frontier = [start]
    while frontier:
        following = []
        for hub in frontier:
            for other in neighbours[hub]:
                if other not in reached:
                    reached[other] = reached[hub] + 1
                    following.append(other)
        frontier = following
    return reached


def changes(before: Sequence[HubStatus], after: Sequence[HubStatus]) -> Iterator[str]:
    """Say in words, a line each, what has changed."""
    for old, new in zip(before, after, strict=True):
        if new.port and not old.port:
            yield f"hub {new.number} listens on port {new.port}, its id is {new.short_id}"
        if new.state is not old.state:
            yield from _new_state(old.state, new)
        if new.clients != old.clients and not new.is_dead:
            yield f"hub {new.number} has {_count(new.clients, 'client')}"
    had, has = links(before), links(after)
    for pair in sorted(had.keys() | has.keys()):
        yield from _new_link(pair, had.get(pair), has.get(pair))


def _new_state(old: State, new: HubStatus) -> Iterator[str]:
    match new.state:
        case State.DEAD:
            yield f"hub {new.number} is dead: {new.cause}"
        case State.READY:
            yield f"hub {new.number} is ready"
        case State.MIGRATED:
            yield f"hub {new.number} is migrated: data channels only"
        case State.JOINING if old is not State.STARTING:
            yield f"hub {new.number} is no longer ready"
        case _:
            pass


def _new_link(pair: Pair, had: str | None, has: str | None) -> Iterator[str]:
    ends = f"hubs {pair[0]} and {pair[1]}"
    if had == has:
        return
    if has is None:
        yield f"{ends} are no longer linked"
    elif had is None:
        yield f"{ends} are linked over {has}"
    else:
        yield f"{ends} are now linked over {has}"


def in_words(figures: Totals) -> str:
    """Return the figures of the whole mesh in one line."""
    words = [_count(figures.hubs, "hub")]
    if figures.starting and not figures.hubs:
        words = [f"{_count(figures.starting, 'hub')} starting"]
    elif figures.starting:
        words.append(f"{figures.starting} starting")
    if figures.dead:
        words.append(f"{figures.dead} dead")
    if figures.hubs > 1:
        words.append("one mesh" if figures.parts == 1 else f"in {figures.parts} parts")
    carriers = [(figures.p2p, "p2p"), (figures.websocket, "websocket")]
    counts = [f"{count} {carrier}" for count, carrier in carriers if count]
    if counts:
        words.append(f"links: {' + '.join(counts)}")
    if figures.hops is not None:
        words.append(f"{figures.hops:.2f} hops on average")
    return ", ".join(words)


def farewell(hubs: Sequence[HubStatus]) -> str:
    """Say in one line how the hubs have ended, once all have."""
    killed = [hub for hub in hubs if hub.cause == KILLED]
    line = "the hub has ended" if len(hubs) == 1 else f"all {len(hubs)} hubs have ended"
    return f"{line}, {len(killed)} by being killed" if killed else line


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
