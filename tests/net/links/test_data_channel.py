"""A data channel takes turns with all other links: who floods by one keeps nobody from being heard.

The engine's place is taken by the test, so that it says what comes in one turn of the event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.config.quantities import MIB
from peerpigeon.core.ids import LinkId, PeerId
from peerpigeon.core.interface.actions import CloseLink, MakeOffer, TrustLink
from peerpigeon.core.interface.events import Event, LinkLost, LinkOpened, LinkReceived
from peerpigeon.core.interface.link_pieces import PIECE
from peerpigeon.core.memory import MemoryAccount
from peerpigeon.core.wire.hub_codec import BATCH_LIMIT, batch, encode
from peerpigeon.core.wire.hub_frames import Heartbeat
from peerpigeon.net.links.carriers import Carriers
from peerpigeon.net.links.data_channel import MOST_UNREAD
from peerpigeon.net.links.link_sockets import FRAMES_AS_ONE
from peerpigeon.net.memory import Holders
from peerpigeon.net.seldom import SeldomWarnings
from peerpigeon.net.websocket.turns import TURN_FRAMES
from tests.net.raw import turns

if TYPE_CHECKING:
    from peerpigeon.rtc.interface import ChannelListener

FLOOD = 10 * TURN_FRAMES
TWO = 2


class Line:
    """An engine's channel in the test's hand."""

    def __init__(self, listener: ChannelListener) -> None:
        self.listener = listener
        self.buffered = 0
        self.is_halted = False
        self.is_closed = False

    def take_answer(self, sdp: str) -> None:
        raise NotImplementedError

    def take_candidate(self, candidate: str) -> None:
        raise NotImplementedError

    def send(self, message: bytes) -> None:
        raise NotImplementedError

    def halt(self) -> None:
        self.is_halted = True

    def go_on(self) -> None:
        self.is_halted = False

    def close(self) -> None:
        self.is_closed = True


class Lines:
    """An engine."""

    name = "lines"

    def __init__(self) -> None:
        self.made: list[Line] = []

    def offer(self, listener: ChannelListener) -> Line:
        self.made.append(Line(listener))
        return self.made[-1]

    def answer(self, sdp: str, listener: ChannelListener) -> Line:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError


class Hub:
    """The carriers of a hub, with open channels to others that have proved themselves."""

    def __init__(self, channels: int = 1, max_memory: int = 1 << 30) -> None:
        engine = Lines()
        self.events: list[Event] = []
        self.account = MemoryAccount(max_memory)
        self.carriers = Carriers(
            PeerId("f" * 40),
            self.events.append,
            lambda _: None,
            engine,
            ServerConfig(),
            Holders(self.account),
            SeldomWarnings(),
        )
        for opening in range(channels):
            self.carriers.perform(MakeOffer(opening))
        self.lines = engine.made
        for line in self.lines:
            line.listener.opened()
        opened = [event for event in self.events if isinstance(event, LinkOpened)]
        for event in opened:
            self.carriers.perform(TrustLink(event.link))
        self.events.clear()

    def heard(self, link: int = 1) -> list[int]:
        """Return the numbers of the heartbeats that the hub was told of."""
        return [
            event.frame.digest
            for event in self.events
            if isinstance(event, LinkReceived) and event.link == link
            if isinstance(event.frame, Heartbeat)
        ]


def beats(first: int, count: int = 1) -> bytes:
    return batch([encode(Heartbeat(number)) for number in range(first, first + count)])


async def test_of_a_flood_a_turn_takes_a_part_in_its_order_and_the_engine_is_halted() -> None:
    hub = Hub()
    [line] = hub.lines
    for number in range(3 * TURN_FRAMES):
        line.listener.received(beats(number))
    for turn in (1, 2, 3):
        assert hub.heard() == list(range(turn * TURN_FRAMES))
        assert line.is_halted
        await turns(1)
    assert not line.is_halted
    assert hub.account.buffered == 0
    line.listener.received(beats(1 << 40))
    assert hub.heard()[-1] == 1 << 40
    assert len(hub.heard()) == 3 * TURN_FRAMES + 1


async def test_a_message_counts_by_the_frames_that_it_carries() -> None:
    hub = Hub()
    for number in range(10):
        hub.lines[0].listener.received(beats(number * BATCH_LIMIT, BATCH_LIMIT))
    for turn in (1, 2, 3):
        assert len(hub.heard()) == turn * BATCH_LIMIT > TURN_FRAMES * FRAMES_AS_ONE
        await turns(1)
    await turns(7)
    assert hub.heard() == list(range(10 * BATCH_LIMIT))


async def test_who_says_little_is_heard_at_once_beside_a_flood() -> None:
    hub = Hub(channels=2)
    flooded, other = hub.lines
    for turn in range(20):
        for _ in range(FLOOD):
            flooded.listener.received(beats(0))
        other.listener.received(beats(turn))
        assert hub.heard(TWO) == list(range(turn + 1))
        assert len(hub.heard(1)) <= (turn + 1) * TURN_FRAMES
        await turns(1)


async def test_what_waits_is_counted_and_a_link_of_which_too_much_waits_is_ended() -> None:
    hub = Hub(channels=2)
    line, _ = hub.lines
    for _ in range(TURN_FRAMES):
        line.listener.received(beats(0))
    sent = 0
    while not line.is_closed and sent < 2 * MOST_UNREAD:
        assert hub.account.buffered >= sent
        line.listener.received(bytes(PIECE))
        sent += PIECE
    assert MOST_UNREAD - MIB < sent <= MOST_UNREAD
    assert hub.account.buffered == 0
    line.listener.received(bytes(PIECE))
    await turns(2)
    assert [event for event in hub.events if isinstance(event, LinkLost)] == [
        LinkLost(LinkId(1), 1013, "out of memory")
    ]
    assert hub.account.buffered == 0
    assert len(hub.heard()) == TURN_FRAMES


async def test_of_links_that_have_much_waiting_the_one_with_most_gives_way() -> None:
    hub = Hub(channels=2, max_memory=4 * MIB)
    for line in hub.lines:
        for _ in range(TURN_FRAMES):
            line.listener.received(beats(0))
    little, much = hub.lines
    little.listener.received(bytes(PIECE))
    while not much.is_closed:
        much.listener.received(bytes(PIECE))
        assert hub.account.buffered <= 2 * MIB + PIECE
    assert not little.is_closed
    await turns(1)
    assert LinkLost(LinkId(TWO), 1013, "out of memory") in hub.events


async def test_the_end_of_a_channel_is_told_after_all_that_came_before_it() -> None:
    hub = Hub()
    [line] = hub.lines
    for number in range(FLOOD):
        line.listener.received(beats(number))
    line.listener.ended("the other hub closed the channel")
    for _ in range(FLOOD // TURN_FRAMES - 1):
        assert not any(isinstance(event, LinkLost) for event in hub.events)
        await turns(1)
    await turns(1)
    assert hub.heard() == list(range(FLOOD))
    assert hub.events[-1] == LinkLost(LinkId(1), 1006, "the other hub closed the channel")
    assert hub.account.buffered == 0


@pytest.mark.parametrize("is_in_the_midst", [False, True])
async def test_nothing_is_heard_of_a_link_that_was_closed_while_it_waited(
    *, is_in_the_midst: bool
) -> None:
    hub = Hub()
    [line] = hub.lines
    for number in range(FLOOD):
        line.listener.received(beats(number))
    if is_in_the_midst:
        feed = hub.carriers._feed

        def close_upon(event: Event) -> None:
            feed(event)
            if len(hub.heard()) == TURN_FRAMES + 10:
                hub.carriers.perform(CloseLink(LinkId(1), 1008, "enough"))

        hub.carriers._feed = close_upon
        await turns(3)
        assert len(hub.heard()) == TURN_FRAMES + 10
    else:
        hub.carriers.perform(CloseLink(LinkId(1), 1008, "enough"))
        await turns(3)
        assert len(hub.heard()) == TURN_FRAMES
    assert line.is_closed
    assert hub.account.buffered == 0
    line.listener.received(beats(0))
    line.listener.ended("late")
    await turns(1)
    assert not any(isinstance(event, LinkLost) for event in hub.events)
