"""What is known of each hub of a network, how it comes to be known, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Json = dict[str, Any]

SHORT_ID = 8


class State(StrEnum):
    """How far a hub has come."""

    STARTING = "starting"
    """It does not listen yet."""
    JOINING = "joining"
    """It listens, and has fewer data channels to hubs than it should."""
    READY = "ready"
    MIGRATED = "migrated"
    """Its WebSockets to other hubs are closed."""
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class HubStatus:
    """One hub, as seen from outside at one moment."""

    number: int
    """Counted from 1, in the order of their start."""
    port: int = 0
    hub_id: str = ""
    state: State = State.STARTING
    cause: str = ""
    """Why it is dead."""
    p2p: frozenset[str] = frozenset()
    websocket: frozenset[str] = frozenset()
    """The ids of hubs it is linked to, by what the link runs over."""
    clients: int = 0
    signals: int = 0
    """Signals it has passed on since its start."""
    rate: float = 0.0
    """Signals a second, lately."""
    asked_at: float | None = None
    """When ``signals`` was true."""

    @property
    def is_dead(self) -> bool:
        """Whether its process has ended."""
        return self.state is State.DEAD

    @property
    def short_id(self) -> str:
        """The first digits of its id, which tell it from the others."""
        return self.hub_id[:SHORT_ID]

    def heard(self, event: Json) -> HubStatus:
        """Return what is known after one of its events (``--events``)."""
        match event:
            case {"event": "started", "hub": str(hub), "port": int(port)}:
                return replace(self, state=State.JOINING, hub_id=hub, port=port)
            case {"event": "hubMeshReady"}:
                return replace(self, state=State.READY)
            case {"event": "hubMeshMigrated"}:
                # Should one that others need have stayed open, the next answer tells of it.
                return replace(self, state=State.MIGRATED, websocket=frozenset())
            case {"event": "hubP2PConnected", "hubPeerId": str(other)}:
                return replace(self, p2p=self.p2p | {other}, websocket=self.websocket - {other})
            case {"event": "hubP2PDisconnected", "hubPeerId": str(other)}:
                return replace(self, p2p=self.p2p - {other})
            case {
                "event": "peerConnected" | "peerDisconnected",
                "totalConnections": int(clients),
            }:
                return replace(self, clients=clients)
        return self

    def answered(self, health: Json, mesh: Json, now: float) -> HubStatus:
        """Return what is known after its answers under ``/health`` and ``/mesh``."""
        sockets = {
            link["peerId"]
            for hub in mesh["hubs"]
            if hub["peerId"] == self.hub_id
            for link in hub["links"]
            if link["carrier"] == "websocket"
        }
        signals, rate = health["signals"]["relayed"], 0.0
        if self.asked_at is not None and now > self.asked_at:
            rate = max(0, signals - self.signals) / (now - self.asked_at)
        return replace(
            self,
            state=_state_of(health["hubMesh"]),
            # Data channels are known from events, which come at once; what the hub publishes of
            # its links lags behind them a little.
            websocket=frozenset(sockets - self.p2p),
            clients=health["connections"],
            signals=signals,
            rate=rate,
            asked_at=now,
        )

    def died(self, cause: str) -> HubStatus:
        """Return what is known of it after its process has ended."""
        return HubStatus(self.number, self.port, self.hub_id, State.DEAD, cause)


def _state_of(mesh: Json) -> State:
    if not mesh["ready"]:
        return State.JOINING
    return State.MIGRATED if mesh["migrated"] else State.READY


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
    """The network as a whole."""

    hubs: int
    """That listen."""
    dead: int
    parts: int
    """How many meshes they form that have no link to each other."""
    p2p: int
    websocket: int
    hops: float | None
    """On average over all pairs that have a way to each other; ``None`` if none has."""


def totals(hubs: Sequence[HubStatus]) -> Totals:
    """Return the figures of the whole network."""
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
    """Say in words, a line each, what has become different."""
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
    """Return the figures of the whole network in one line."""
    words = [_count(figures.hubs, "hub")]
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


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
