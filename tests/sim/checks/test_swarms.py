"""An offer that comes twice is found, whatever has befallen the mesh."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, cast

from peerpigeon.sim.checks.swarms import SwarmLedger
from peerpigeon.sim.scheduler import Scheduler
from peerpigeon.sim.visitors.downloader import Announced, Downloader, HeardOffer, Membership
from tests.sim.checks.test_ledger import Line

if TYPE_CHECKING:
    from peerpigeon.sim.websocket import Connection


class Swarm:
    """Three in a swarm, the first of whom has made two offers. No time is quiet."""

    def __init__(self) -> None:
        self.all = [Downloader(number, Random(number), Scheduler()) for number in range(3)]
        self.stays = [
            Membership("one", number, cast("Connection", Line()), 0.0) for number in range(3)
        ]
        for each, stay in zip(self.all, self.stays, strict=True):
            each.memberships.append(stay)
        self.all[0].announced.append(Announced(self.stays[0], 1.0, ("0.0", "0.1")))

    def hear(self, number: int, serial: str, time: float = 1.5) -> None:
        heard = HeardOffer(serial, 0, "one", time, self.stays[number].connection)
        self.all[number].offers.append(heard)

    def faults(self) -> list[str]:
        return list(SwarmLedger(self.all).faults())


def test_offers_may_come_once_each_or_be_lost() -> None:
    swarm = Swarm()
    swarm.hear(1, "0.0")
    assert swarm.faults() == []
    swarm.hear(2, "0.1")
    assert swarm.faults() == []


def test_an_offer_must_not_come_to_two() -> None:
    swarm = Swarm()
    swarm.hear(1, "0.0")
    swarm.hear(2, "0.0", 9.0)
    assert swarm.faults() == ["offers of 1.00 in one came 2 times"]


def test_two_offers_of_an_announce_must_not_come_to_one() -> None:
    swarm = Swarm()
    swarm.hear(1, "0.0")
    swarm.hear(1, "0.1")
    assert swarm.faults() == ["two offers of 1.00 in one came to one"]
