"""What must come of the steps of a scenario, computed without any mesh."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from peerpigeon.scenario.cast import hub_id, hub_number
from peerpigeon.scenario.outcome import P2P, WEBSOCKET, Due, Outcome, Sent, Signals
from peerpigeon.scenario.steps import (
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
)
from peerpigeon.sim.checks.oracle import ideal_links

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from peerpigeon.scenario.outcome import Link

Way = tuple[int, int]
"""From one client to another."""


class Course:
    """Who is where, and whom each must have met and seen go.

    ``do`` takes one deed after the other and raises ``ScenarioError`` for what makes no sense.
    """

    def __init__(self) -> None:
        self.layout: Hubs | None = None
        self.hubs: set[int] = set()
        """That live."""
        self.homes: dict[int, int] = {}
        """At which hub each client is; no entry if it is away."""
        self.namespaces: dict[int, str] = {}
        """Where each client belongs that ever came."""
        self._cut_off: frozenset[int] = frozenset()
        self._met: Counter[Way] = Counter()
        self._farewells: Counter[Way] = Counter()

    # What is done

    def do(self, deed: Deed) -> frozenset[int]:
        """Take a deed; return the clients whose stay ends with it."""
        if (self.layout is None) != isinstance(deed, Hubs):
            raise ScenarioError("a scenario says once, and first of all, how many hubs there are")
        before = self.ways()
        ended = frozenset(self._do(deed))
        self._count(before, ended)
        return ended

    def _do(self, deed: Deed) -> Iterable[int]:
        match deed:
            case Hubs(count):
                self.layout = deed
                self.hubs.update(range(1, count + 1))
            case Start(hubs):
                self._expect(not self.hubs.intersection(hubs), f"of hubs {hubs} some are there")
                self._expect(not self._cut_off, "no hub can start while the network is cut")
                self.hubs.update(hubs)
            case Kill(hubs) | Stop(hubs):
                self._expect(self.hubs.issuperset(hubs), f"of hubs {hubs} some are not there")
                self.hubs.difference_update(hubs)
                return self._send_away(self._clients_at(hubs))
            case Cut(hubs):
                self._expect(self.hubs.issuperset(hubs), f"of hubs {hubs} some are not there")
                self._cut_off = frozenset(hubs)
            case Mend():
                self._cut_off = frozenset()
            case Clients() | Connect() | Leave():
                return self._do_with_clients(deed)
        return ()

    def _do_with_clients(self, deed: Clients | Connect | Leave) -> Iterable[int]:
        match deed:
            case Clients(count, hub, namespace):
                hubs = sorted(self.hubs) if hub is None else [hub]
                self._expect(self.hubs.issuperset(hubs), f"hub {hub} is not there")
                for home in [home for home in hubs for _ in range(count)]:
                    newcomer = len(self.namespaces) + 1
                    self.homes[newcomer], self.namespaces[newcomer] = home, namespace
                return ()
            case Connect(clients, hub):
                self._expect(self.namespaces.keys() >= set(clients), "some never came")
                self._expect(hub in self.hubs, f"hub {hub} is not there")
                moving = self.homes.keys() & set(clients)
                # Whether one that moves hears of the other's farewell would be a matter of chance.
                self._expect(len(moving) < 2, "clients move one at a time")  # noqa: PLR2004
                self.homes.update(dict.fromkeys(clients, hub))
                return moving
            case Leave(clients):
                self._expect(self.homes.keys() >= set(clients), "some are not there")
                return self._send_away(clients)

    def _expect(self, condition: object, complaint: str) -> None:
        if not condition:
            raise ScenarioError(complaint)

    def _clients_at(self, hubs: Iterable[int]) -> list[int]:
        return [client for client, home in self.homes.items() if home in set(hubs)]

    def _send_away(self, clients: Iterable[int]) -> Iterable[int]:
        for client in clients:
            del self.homes[client]
        return clients

    def _count(self, before: set[Way], ended: frozenset[int]) -> None:
        """Count who must have been told what."""
        after = self.ways()
        for heard in (self._met, self._farewells):
            for way in [way for way in heard if way[0] in ended]:
                del heard[way]
        for one, other in before:
            if one not in ended and (other in ended or (one, other) not in after):
                self._farewells[one, other] += 1
        self._met.update(way for way in after if way not in before or ended.intersection(way))

    # What must be

    def ways(self) -> set[Way]:
        """Return which client can signal which."""
        return {
            (one, other)
            for one, home in self.homes.items()
            for other, their_home in self.homes.items()
            if one != other
            and self.namespaces[one] == self.namespaces[other]
            and (home in self._cut_off) == (their_home in self._cut_off)
        }

    def outcome(self, sent: Sequence[Sent]) -> Outcome:
        """Return what must be seen when all has come to rest, and these signals were sent."""
        sides = self.hubs - self._cut_off, self.hubs & self._cut_off
        return Outcome(
            frozenset(self.hubs),
            frozenset((one, other) for side in sides for one in side for other in side - {one}),
            frozenset(link for side in sides for link in self._links(side)),
            self._met.copy(),
            self._farewells.copy(),
            Signals(
                sum(signal.due is not Due.NOTHING for signal in sent),
                sum(signal.due is Due.ARRIVAL for signal in sent),
            ),
        )

    def _links(self, side: Iterable[int]) -> Iterable[Link]:
        if self.layout is None:
            return
        carrier = P2P if self.layout.has_channels else WEBSOCKET
        for pair in ideal_links(map(hub_id, side), self.layout.most_links):
            one, other = map(hub_number, pair)
            yield one, other, carrier
            yield other, one, carrier
