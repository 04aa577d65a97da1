"""One signal has one end: it is delivered or refused, and its sender is told at most once (S24)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peerpigeon.core.interface.events import LinkReceived, Stopping, Tick
from peerpigeon.core.wire.hub_frames import Ack, Routed, Segment
from peerpigeon.core.wire.hub_news import Relay, Undelivered
from peerpigeon.core.wire.reasons import Reason
from tests.core.harness import A, B
from tests.core.hubs import FIRST, LATE_STREAM, SECOND, Hubs, linked, news_under_way

if TYPE_CHECKING:
    from peerpigeon.core.ids import LinkId

Client = tuple[int, int]


def two_clients(**options: Any) -> tuple[Hubs, Client, Client]:
    """Return two linked hubs, and a client of each; they know each other."""
    hubs = linked(FIRST, SECOND, **options)
    a, b = hubs.join(0, A), hubs.join(1, B)
    hubs.pass_time(1.0)
    hubs.take(a)
    hubs.take(b)
    return hubs, a, b


class Parted:
    """Two hubs between which nothing passes any more, though neither knows; A has signalled B."""

    def __init__(self) -> None:
        self.hubs, self.sender, _ = two_clients(signal_lifetime=2.0, heartbeat_interval=30.0)
        self.hubs.signal(self.sender, B)
        (relay,) = [news for news in news_under_way(self.hubs) if isinstance(news, Relay)]
        self._relay = relay
        self._link: LinkId = next(link for number, link in self.hubs.others if number == 0)
        self.hubs.others.clear()

    def come_back(self) -> None:
        """Let the signal come back to the hub of its sender."""
        session, number = self._relay.sender_session, self._relay.number
        lost = Undelivered("net1", A, B, "offer", Reason.NOT_FOUND, session, number)
        hub = self.hubs.hubs[1].advert
        assert hub is not None
        routed = Routed(SECOND, hub.incarnation, FIRST, 0, 1, Segment(LATE_STREAM, 0, 0, lost))
        self.hubs.feed(0, LinkReceived(self._link, routed))

    def reasons(self) -> list[str]:
        return [message["data"]["reason"] for message in self.hubs.take(self.sender)]


def test_a_signal_that_came_back_is_not_said_to_have_expired_as_well() -> None:
    parted = Parted()
    parted.come_back()
    assert parted.reasons() == ["not-found"]
    parted.hubs.pass_time(3.0)
    assert parted.reasons() == []


def test_a_signal_that_has_expired_is_not_said_to_have_found_nobody_as_well() -> None:
    parted = Parted()
    parted.hubs.pass_time(3.0)
    assert parted.reasons() == ["expired"]
    parted.come_back()
    assert parted.reasons() == []


def test_a_signal_that_comes_back_when_all_answers_are_forgotten_is_not_answered_again() -> None:
    parted = Parted()
    parted.hubs.pass_time(70.0)
    assert parted.reasons() == ["expired"]
    parted.come_back()
    assert parted.reasons() == []


def test_signals_of_one_client_to_another_are_answered_each_for_itself() -> None:
    hubs, a, b = two_clients()
    hubs.lose(b)
    for number in range(3):
        hubs.signal(a, B, number)
    hubs.run()
    hubs.pass_time(20.0)
    errors = [message for message in hubs.take(a) if message["type"] == "error"]
    assert [error["data"]["reason"] for error in errors] == ["not-found"] * 3


def test_a_hub_that_stops_acknowledges_at_once_what_still_comes() -> None:
    hubs, a, _ = two_clients()
    hubs.feed(1, Stopping())
    hubs.signal(a, B)
    segments = [frame for frame in hubs.frames if isinstance(frame, Routed)]
    (relayed,) = [frame for frame in segments if isinstance(frame.body, Segment)]
    link = next(link for number, link in hubs.others if number == 1)
    hubs.feed(1, LinkReceived(link, relayed))
    bodies = [frame.body for frame in hubs.frames if isinstance(frame, Routed)]
    assert any(isinstance(body, Ack) for body in bodies), "without any time passing"


# Processes that stood still


def test_what_waited_while_a_hub_stood_still_is_not_delivered_when_it_has_expired() -> None:
    hubs, a, b = two_clients()
    hubs.signal(a, B)
    hubs.now += 5.0
    hubs.run()
    assert hubs.take(b) == []


def test_what_a_hub_was_told_while_it_stood_still_counts_before_it_gives_anything_up() -> None:
    hubs, a, b = two_clients(heartbeat_interval=3.0)
    hubs.signal(a, B)
    hubs.run()
    hubs.now += 0.06
    hubs.feed(1, Tick())
    assert hubs.take_types(b) == ["offer"]
    hubs.now += 20.0
    hubs.feed(0, Tick())
    hubs.run()
    hubs.pass_time(15.0)
    assert "error" not in hubs.take_types(a)


def test_a_hub_that_was_awake_but_busy_for_a_moment_keeps_its_links() -> None:
    hubs, a, b = two_clients()
    hubs.signal(a, B)
    hubs.now += 3.0
    hubs.run()
    assert hubs.take_types(b) == ["offer"]
    assert len(hubs.others) == 2
