"""Whatever number comes at once to one namespace of several hubs, no control news is given up."""

from __future__ import annotations

from random import Random

from peerpigeon.core.effects import Effects
from peerpigeon.core.ids import PeerId
from peerpigeon.core.lagging import BEHIND
from peerpigeon.core.namespaces.dropping import Dropping
from peerpigeon.core.namespaces.handover import Handover
from peerpigeon.core.namespaces.introducing import Introducing
from peerpigeon.core.namespaces.record_table import RecordTable
from peerpigeon.core.namespaces.records import Record
from peerpigeon.core.streams.limits import StreamLimits
from peerpigeon.core.streams.outgoing import Outgoing
from peerpigeon.core.streams.streams import Streams
from peerpigeon.core.wire.hub_frames import CONTROL, Ack, Segment
from peerpigeon.core.wire.hub_news import Located, Meet, Member
from tests.core.namespaces.recorded import ChosenPlacement
from tests.core.namespaces.worlds import peer_ids

LIMIT = 128
HUB, OTHER = PeerId("0" * 40), PeerId("1" * 40)
PIECE_BYTES = BEHIND // 2
"""More than one piece of introductions comes to."""


class Gathering:
    """A rendezvous hub, and the stream to another hub at which all clients are."""

    def __init__(self, clients: int) -> None:
        self.effects = Effects(0.0)
        self.streams = Streams(lane=CONTROL, lagging=self.effects.lagging)
        placement = ChosenPlacement(HUB)
        table = RecordTable(HUB, placement, 100_000, self.effects.memory.records)
        self.introducing = Introducing(
            table,
            LIMIT,
            Random(1),
            self.effects,
            dropping=Dropping(),
            handover=Handover(HUB, placement),
        )
        kept = table.keep("net1", 0.0)
        self.members = [
            Record(Located(OTHER, Member(peer, session, b"{}")), int(peer, 16))
            for session, peer in enumerate(peer_ids(clients))
        ]
        for record in self.members:
            table.add(kept, record)
        self.told = 0
        self.most = 0
        self._last: Segment | None = None
        self.introducing.add(kept, self.members, (), 0.0)
        self._send(0.0)

    def _send(self, now: float) -> None:
        for hub, meet in self.effects.take_news():
            assert isinstance(meet, Meet)
            rows = [len(row) for row in meet.rows] or [len(meet.members)] * len(meet.peers)
            self.told += sum(rows)
            sent = self.streams.send(hub, 1, meet, now, None)
            assert isinstance(sent, Outgoing)
            assert isinstance(sent.body, Segment)
            self._last = sent.body
        self.most = max(self.most, self.streams.size)

    def go_on(self, now: float) -> None:
        """Let the rendezvous hub do what it has to do at one moment."""
        while (due := self.introducing.deadline()) is not None and due <= now:
            self.introducing.expire(now)
            self._send(now)

    def acknowledge(self, now: float) -> None:
        """Let the other hub take all that it was told."""
        assert self._last is not None
        self.streams.on_ack(OTHER, 1, Ack(self._last.epoch, self._last.sequence + 1), now)


def test_a_crowd_is_introduced_as_fast_as_its_hub_takes_it_and_nothing_is_given_up() -> None:
    gathering = Gathering(clients=1000)
    rounds = 0
    while gathering.introducing.deadline() is not None:
        rounds += 1
        gathering.go_on(float(rounds))
        gathering.acknowledge(rounds + 0.5)
    assert gathering.told == 1000 * LIMIT
    assert rounds > 2
    assert gathering.most <= BEHIND + PIECE_BYTES < StreamLimits().control_bytes
    assert gathering.streams.expire(100.0)[1] == []
