"""Signals between hubs that have met, but do not yet agree on who keeps a namespace (S20)."""

from peerpigeon.core.interface.events import Tick
from peerpigeon.core.wire.hub_news import Relay
from tests.core.harness import A, B
from tests.core.hubs import FIRST, SECOND, Hubs, deliver, news_under_way


def meeting() -> tuple[Hubs, tuple[int, int], tuple[int, int]]:
    """Return hubs of which the first has just published its client, and the second has not."""
    hubs = Hubs(FIRST, SECOND)
    a, b = hubs.join(0, A), hubs.join(1, B)
    hubs.link(0, 1)
    hubs.run()
    while not news_under_way(hubs):
        hubs.now = hubs.hubs[0].deadline() or hubs.now
        hubs.feed(0, Tick())
    hubs.take(a)
    hubs.take(b)
    return hubs, a, b


def test_a_client_can_answer_one_it_was_introduced_to() -> None:
    hubs, a, b = meeting()
    hubs.run()
    assert hubs.take_types(b) == ["peer-discovered"]
    hubs.take(a)
    hubs.signal(b, A, kind="answer")
    hubs.pass_time(1.0)
    assert hubs.take_types(a) == ["answer"]
    assert hubs.take_types(b) == []


def test_a_client_can_answer_one_it_was_not_introduced_to_yet() -> None:
    """Who keeps a namespace may be a third hub, whose news is later than the signal."""
    hubs, a, b = meeting()
    hubs.lose_frames()
    member = hubs.hubs[0]._namespaces.presence.find("net1", A)
    assert member is not None
    deliver(hubs, 1, Relay("net1", A, B, 0, "offer", b"1", member.session), sender=FIRST)
    hubs.pass_time(2.0)
    assert "offer" in hubs.take_types(b)
    hubs.signal(b, A, kind="answer")
    hubs.pass_time(2.0)
    assert "answer" in hubs.take_types(a)
    assert "error" not in hubs.take_types(b)
