"""Who acts under an id of another is noticed; who may is let be.

The two hubs of these tests are servers that know nothing of each other, so that one id can be used
at both; what was heard is put in by hand, at literal times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.sim.checks.invariants import violations
from peerpigeon.sim.checks.ownership import GIVEN_UP, REUNION, ownership_faults
from peerpigeon.sim.history import HeardSignal, Lapse, SentSignal, Stay
from peerpigeon.sim.world import World

if TYPE_CHECKING:
    from peerpigeon.sim.client import Client


class Dispute:
    """An owner who came at 0 s, a newcomer with its id at 30 s, and somebody who hears of both."""

    def __init__(self) -> None:
        self.world = World(1)
        self.hubs = [self.world.add_hub(ServerConfig(host=name)) for name in ("one", "two")]
        self.owner = self.world.add_client(self.hubs[0], "net")
        self.world.run(30.0)
        self.newcomer = self.world.add_client(self.hubs[1], "net", self.owner.peer_id)
        self.witness = self.world.add_client(self.hubs[1], "other")
        self.world.run(30.0)

    def hears(self, speaker: Client, time: float) -> None:
        """Let the witness hear a signal of somebody at a time."""
        said(speaker, self.witness, time)

    def faults(self) -> list[str]:
        return ownership_faults(self.world)


def present(client: Client) -> Stay:
    assert client.stay is not None
    return client.stay


def said(speaker: Client, listener: Client, time: float, stay: Stay | None = None) -> None:
    serial, stay = f"{speaker.number}.{len(speaker.sent)}", stay or present(speaker)
    sent = SentSignal(serial, "offer", listener.peer_id, "net", time - 0.1, stay)
    speaker.sent.append(sent)
    heard = HeardSignal(serial, "offer", speaker.peer_id, "net", time, present(listener))
    listener.signals.append(heard)


def test_two_sockets_of_which_only_the_first_acts_are_as_they_must_be() -> None:
    dispute = Dispute()
    dispute.hears(dispute.owner, 40.0)
    said(dispute.witness, dispute.owner, 41.0)
    assert dispute.faults() == []


def test_a_newcomer_that_is_heard_is_noticed_though_the_owner_is_silent() -> None:
    dispute = Dispute()
    dispute.hears(dispute.newcomer, 31.0)
    (fault,) = dispute.faults()
    assert "client 4 acted 1 times" in fault
    assert "while client 3 had the id" in fault
    assert fault in violations(dispute.world)


def test_a_newcomer_that_hears_is_noticed() -> None:
    dispute = Dispute()
    said(dispute.witness, dispute.newcomer, 31.0)
    assert "client 4 acted 1 times" in dispute.faults()[0]


def test_of_two_that_come_at_once_whoever_acts_first_has_the_id() -> None:
    dispute = Dispute()
    present(dispute.owner).confirmed = present(dispute.owner).since = 29.0
    dispute.hears(dispute.newcomer, 31.0)
    assert dispute.faults() == []
    dispute.hears(dispute.owner, 32.0)
    assert "client 3 acted 1 times" in dispute.faults()[0]


def test_a_newcomer_may_act_when_the_owner_has_gone() -> None:
    dispute = Dispute()
    present(dispute.owner).until = 35.0
    dispute.hears(dispute.newcomer, 35.0)
    assert dispute.faults() == []


@pytest.mark.parametrize(
    ("until", "heard", "is_fault"),
    [
        (50.0, 31.0 + GIVEN_UP, False),
        (50.0, 30.9 + GIVEN_UP, True),  # nobody gives a hub up as soon as that
        (31.5, 31.0 + GIVEN_UP, True),  # and none for so short a lapse
        (None, 31.0 + GIVEN_UP, False),
    ],
)
def test_a_newcomer_may_act_when_the_owners_hub_was_out_of_reach(
    until: float | None, heard: float, is_fault: bool
) -> None:
    dispute = Dispute()
    dispute.hubs[0].lapses.append(Lapse(31.0, is_cut=False, until=until))
    dispute.hears(dispute.newcomer, heard)
    assert bool(dispute.faults()) == is_fault


def test_a_lapse_of_long_ago_excuses_nobody() -> None:
    dispute = Dispute()
    dispute.hubs[0].lapses.append(Lapse(-10.0 - REUNION, is_cut=True, until=-1.0))
    dispute.hears(dispute.newcomer, 31.0)
    assert dispute.faults() != []


def replaced() -> Dispute:
    """Return a dispute in which the newcomer got the id while the owner's hub was out of reach."""
    dispute = Dispute()
    dispute.hubs[0].lapses.append(Lapse(31.0, is_cut=False, until=40.0))
    dispute.hears(dispute.owner, 31.0)
    dispute.hears(dispute.newcomer, 38.0)
    return dispute


def test_who_was_replaced_and_has_left_is_not_heard_again() -> None:
    dispute = replaced()
    dispute.hears(dispute.owner, 41.0)
    assert dispute.faults() == [], "it may have got its id back"
    dispute.owner.stays[0].until = 41.0
    (fault,) = dispute.faults()
    assert "signal 3.1 came at 41.000 from a socket" in fault


def test_two_are_not_heard_in_turns() -> None:
    dispute = replaced()
    for speaker, time in ((dispute.owner, 41.0), (dispute.newcomer, 42.0)):
        dispute.hears(speaker, time)
    (fault,) = dispute.faults()
    assert "signal 4.1 came at 42.000 from a socket" in fault
    dispute.hubs[1].lapses.append(Lapse(31.0, is_cut=False, until=40.0))
    assert dispute.faults() == [], "the witness is at a hub that was out of reach itself"


def test_after_a_cut_the_first_may_be_heard_again() -> None:
    dispute = Dispute()
    dispute.hubs[1].lapses.append(Lapse(31.0, is_cut=True, until=40.0))
    for speaker, time in ((dispute.owner, 31.0), (dispute.newcomer, 38.0), (dispute.owner, 41.0)):
        dispute.hears(speaker, time)
    assert dispute.faults() == []


def test_a_newcomer_that_is_told_of_others_is_noticed() -> None:
    dispute = Dispute()
    present(dispute.newcomer).turns[dispute.witness.peer_id] = 1
    assert "client 4 was told of 1 others" in dispute.faults()[0]
    dispute.hubs[0].lapses.append(Lapse(0.0, is_cut=True, until=30.0))
    assert dispute.faults() == []


def test_what_was_said_before_a_move_may_come_late_but_not_behind_what_came_since() -> None:
    dispute = Dispute()
    witness, other = dispute.witness, dispute.owner
    roamer = dispute.world.add_client(dispute.hubs[1], "apart")
    dispute.world.run(5.0)
    before = present(roamer)
    since = Stay(before.peer_id, "apart", before.connection, since=70.0, confirmed=70.0)
    before.until = 70.0
    roamer.stays.append(since)
    said(roamer, other, 75.0, since)
    said(roamer, witness, 80.0, before)
    assert dispute.faults() == []
    said(roamer, witness, 81.0, since)
    said(roamer, witness, 82.0, before)
    assert "came at 82.000 from a socket" in dispute.faults()[0]
