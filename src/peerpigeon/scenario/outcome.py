"""What an onlooker sees of a mesh and its clients after a step.

It holds just what must come out the same in every play, however long things take: no times, and
nothing of the ways that signals went.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

from peerpigeon.scenario.cast import hub_id
from peerpigeon.sim.checks.oracle import components, graph_of, pair

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

P2P, WEBSOCKET = "p2p", "websocket"

Link: TypeAlias = tuple[int, int, str]
"""The hub that tells of it, the one at its other end, and what it runs over."""


@dataclass(slots=True)
class View:
    """What one hub tells of its mesh."""

    hubs: frozenset[int]
    """Whom it knows to be live, itself included."""
    links: frozenset[tuple[int, str, str]]
    """Its own: who is at the other end, the carrier, and the purpose."""


@dataclass(slots=True)
class Diary:
    """What one client has heard, other clients by their numbers."""

    met: Counter[int] = field(default_factory=Counter)
    farewells: Counter[int] = field(default_factory=Counter)
    """How often each was said to be there, and to be gone, since the client came last."""
    heard: list[str] = field(default_factory=list)
    """The serials of all signals that ever reached it: who sent it, a dot, and a count."""
    refused: Counter[int] = field(default_factory=Counter)
    """For how many signals to each it ever got an error."""

    def arrive(self) -> None:
        """Begin anew: whom it knew before is no matter now."""
        self.met, self.farewells = Counter(), Counter()


class Due(Enum):
    """What must become of a signal."""

    ARRIVAL = auto()
    """Sender and target are there all the time."""
    ANSWER = auto()
    """It arrives, or its sender is told that it does not: which of them is a matter of chance."""
    NOTHING = auto()
    """It may end with a socket, and nobody ever knows."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One signal that somebody sent."""

    serial: str
    sender: int
    target: int
    due: Due


@dataclass(frozen=True, slots=True)
class Signals:
    """What became of all signals so far."""

    sent: int = 0
    """Of which something must become."""
    delivered: int = 0
    """Of those that must arrive."""
    lost: int = 0
    """Neither delivered nor refused, though one of them was due."""
    repeated: int = 0
    out_of_order: int = 0
    refused_wrongly: int = 0
    """Errors for signals that arrived."""
    refused: int = field(default=0, compare=False)
    """Errors: how many depends on the moment, so no two plays are alike."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What there is to see. Two plays agree if these are equal, step by step."""

    hubs: frozenset[int]
    """That live."""
    known: frozenset[tuple[int, int]]
    """Which hub knows which other to be live."""
    links: frozenset[Link]
    """Between hubs, as each end tells of them."""
    met: Counter[tuple[int, int]]
    """How often each client that is there was told of each other since it came."""
    farewells: Counter[tuple[int, int]]
    """How often it was told that the other is gone."""
    signals: Signals

    @property
    def parts(self) -> int:
        """Into how many parts the hubs fall."""
        pairs = {pair(hub_id(one), hub_id(other)) for one, other, _ in self.links}
        return components(graph_of(pairs, [hub_id(hub) for hub in sorted(self.hubs)]))

    @property
    def most_links(self) -> int:
        """How many links the hub has that has most."""
        return max(Counter(one for one, _, _ in self.links).values(), default=0)

    def facts(self) -> Iterator[str]:
        """Yield a sentence for each thing that is seen."""
        yield from (f"hub {hub} lives" for hub in sorted(self.hubs))
        yield from (f"hub {one} knows hub {other}" for one, other in sorted(self.known))
        for one, other, carrier in sorted(self.links):
            yield f"hub {one} has a link to hub {other} by {carrier}"
        for (one, other), times in sorted(self.met.items()):
            yield f"client {one} met client {other}{_often(times)}"
        for (one, other), times in sorted(self.farewells.items()):
            yield f"client {one} was told that client {other} is gone{_often(times)}"
        signals = self.signals
        yield f"{signals.sent} signals were sent, {signals.delivered} that had to arrive did"
        yield f"{signals.lost} signals were lost"
        yield f"{signals.repeated} signals were repeated"
        yield f"{signals.out_of_order} signals were out of order"
        yield f"{signals.refused_wrongly} signals were refused and yet delivered"


def _often(times: int) -> str:
    return "" if times == 1 else f" {times} times"


def differences(seen: Outcome, wanted: Outcome) -> list[str]:
    """Return a sentence for each thing that is not as it should be."""
    is_so, should_be = list(seen.facts()), list(wanted.facts())
    return [f"it should be that {fact}" for fact in should_be if fact not in set(is_so)] + [
        f"it should not be that {fact}" for fact in is_so if fact not in set(should_be)
    ]


def observe(
    views: Mapping[int, View],
    diaries: Mapping[int, Diary],
    present: Iterable[int],
    sent: Sequence[Sent],
    *,
    has_channels: bool,
) -> Outcome:
    """Put together what hubs tell and clients have heard.

    Where no data channels can be had, sockets by which hubs only came in stay; they do not count.
    """
    links = {
        (hub, other, carrier)
        for hub, view in views.items()
        for other, carrier, purpose in view.links
        if has_channels or carrier == P2P or purpose == "mesh"
    }
    return Outcome(
        frozenset(views),
        frozenset((hub, other) for hub, view in views.items() for other in view.hubs - {hub}),
        frozenset(links),
        _pairs({client: diaries[client].met for client in present}),
        _pairs({client: diaries[client].farewells for client in present}),
        _judge(sent, diaries),
    )


def _pairs(heard: Mapping[int, Counter[int]]) -> Counter[tuple[int, int]]:
    return Counter(
        {(one, other): times for one, they in heard.items() for other, times in they.items()}
    )


def _judge(sent: Sequence[Sent], diaries: Mapping[int, Diary]) -> Signals:
    arrived = {client: Counter(diary.heard) for client, diary in diaries.items()}
    missing: Counter[tuple[int, int]] = Counter()
    delivered = 0
    for signal in sent:
        is_there = signal.serial in arrived[signal.target]
        delivered += is_there and signal.due is Due.ARRIVAL
        missing[signal.sender, signal.target] += not is_there and signal.due is not Due.NOTHING
    errors = _pairs({client: diary.refused for client, diary in diaries.items()})
    doubtful = {(signal.sender, signal.target) for signal in sent if signal.due is not Due.ARRIVAL}
    return Signals(
        sent=sum(signal.due is not Due.NOTHING for signal in sent),
        delivered=delivered,
        lost=(missing - errors).total(),
        repeated=sum(counts.total() - len(counts) for counts in arrived.values()),
        out_of_order=sum(map(_out_of_order, diaries.values())),
        refused_wrongly=sum(
            count for way, count in (errors - missing).items() if way not in doubtful
        ),
        refused=errors.total(),
    )


def _out_of_order(diary: Diary) -> int:
    late = 0
    last: dict[str, int] = {}
    for serial in dict.fromkeys(diary.heard):  # that one came twice is another matter
        sender, _, count = serial.partition(".")
        late += int(count) < last.get(sender, -1)
        last[sender] = max(int(count), last.get(sender, -1))
    return late
