"""Whatever another hub says, the hub that hears it does not stumble, and nothing else is lost."""

from __future__ import annotations

from math import inf
from random import Random
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core import Hub
from peerpigeon.core import hub as core_hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import PeerId
from peerpigeon.core.incoming_news import IncomingNews
from peerpigeon.core.interface.events import LinkReceived, Tick
from peerpigeon.core.namespaces.hub_views import first_session
from peerpigeon.core.wire.hub_codec import FrameError, decode
from peerpigeon.core.wire.hub_frames import Ack, Routed, Sealed
from peerpigeon.core.wire.hub_news import (
    Find,
    Join,
    Leave,
    Located,
    Meet,
    Member,
    More,
    News,
    Relay,
    Resync,
    Undelivered,
    Verdict,
)
from peerpigeon.core.wire.reasons import Reason
from tests.core.frame_values import JSON, Values, message, messages_beside
from tests.core.harness import A, B, C
from tests.core.hubs import FIRST, SECOND, THIRD, Hubs, linked

if TYPE_CHECKING:
    from peerpigeon.core.ids import LinkId

NO_ID = PeerId("zz")
LIFE = 1_000_000
"""The incarnation of the hubs on the desk, which start 1000 s after 1970."""
SESSION = first_session(LIFE) + 1
"""Of the first client of each of them."""
EPOCH = 1000
"""Of a stream that is later than those the hubs on the desk have begun."""


def link_of(hubs: Hubs, number: int) -> LinkId:
    return next(link for hub, link in hubs.others if hub == number)


def say(hubs: Hubs, data: bytes, number: int = 0) -> None:
    """Let a hub hear a message of its neighbour, as long as it is one of frames."""
    try:
        frames = decode(data)
    except FrameError:
        return
    for frame in frames:
        hubs.feed(number, LinkReceived(link_of(hubs, number), frame))


def segment(sequence: int, news: object, source: PeerId = SECOND) -> bytes:
    """Return the message with one piece of news for the first hub."""
    body = [1, EPOCH, sequence, 0, news]
    return msgspec.msgpack.encode([[6, source, LIFE, FIRST, LIFE, 9, body]])


def relay(data: bytes = b'"x"') -> Relay:
    return Relay("net1", B, A, 0, "offer", data, SESSION)


def acknowledged(hubs: Hubs) -> list[int]:
    """Return up to where the first hub has acknowledged what was said."""
    bodies = [frame.body for frame in hubs.frames if isinstance(frame, Routed)]
    return [body.next_sequence for body in bodies if isinstance(body, Ack) and body.epoch == EPOCH]


# What stands behind a faulty piece

FAULTY: list[object] = [
    Undelivered("net1", A, B, "offer", Reason("anything new"), SESSION),
    Join("net1", (Member(NO_ID, 1, b"{}"),), is_primary=True),
    Leave("net1", NO_ID, 1, has_said_goodbye=True),
    Meet("net1", ((A, 1),), (Located(SECOND, Member(B, 1, b"{}")),), ((5,),)),
    More("net1", NO_ID, 1),
    Find("net1", NO_ID),
    Verdict("net1", NO_ID, 1, stays=True),
    [55, "of a kind", "that only newer hubs know"],
]


@pytest.mark.parametrize("faulty", FAULTY, ids=lambda news: type(news).__name__)
def test_what_waits_behind_a_piece_that_nobody_can_use_is_delivered(faulty: object) -> None:
    hubs = linked(FIRST, SECOND)
    a = hubs.join(0, A)
    hubs.join(1, B)
    hubs.take(a)
    say(hubs, segment(1, relay()))
    assert hubs.take(a) == [], "its turn has not come"
    say(hubs, segment(0, faulty))
    assert acknowledged(hubs)[-1] == 2
    hubs.run()
    assert "offer" in hubs.take_types(a)


def test_unusable_news_is_counted_once() -> None:
    hubs = linked(FIRST, SECOND)
    say(hubs, segment(0, Find("net1", NO_ID)))
    say(hubs, segment(0, Find("net1", NO_ID)))
    say(hubs, segment(1, [55]))
    assert hubs.hubs[0].status.snapshot(hubs.now).news_unusable == 2


def test_a_client_is_told_the_reason_that_only_a_newer_hub_knows() -> None:
    hubs = linked(FIRST, SECOND)
    a = hubs.join(0, A)
    hubs.take(a)
    say(hubs, segment(0, Undelivered("net1", A, B, "offer", Reason("too heavy"), SESSION)))
    (error,) = hubs.take(a)
    assert error["data"]["reason"] == "too heavy"
    assert error["error"].endswith(
        "the hub of that peer gives a reason that this hub does not know"
    )


def test_a_body_that_this_hub_cannot_read_is_passed_on_unchanged() -> None:
    hubs = linked(SECOND, FIRST, THIRD)
    hubs.frames.lose_all()
    newer = [6, SECOND, LIFE, THIRD, LIFE, 9, [1, EPOCH, 0, 0, [55, "news"]]]
    say(hubs, msgspec.msgpack.encode([newer]), number=1)
    passed = [frame for frame in hubs.frames if isinstance(frame, Sealed)]
    expected = msgspec.msgpack.encode([[*newer[:5], 8, newer[6], b""]])
    assert [message(frame) for frame in passed] == [expected]


# A fault of ours


class Stumbling(IncomingNews):
    """Has a fault: it cannot handle ``Find``."""

    def take(self, hub: PeerId, news: News, now: float) -> None:
        if isinstance(news, Find):
            raise RuntimeError("a fault of ours")  # noqa: TRY004 - no type is wrong
        super().take(hub, news, now)


@pytest.fixture
def stumbling(monkeypatch: pytest.MonkeyPatch) -> Hubs:
    """Two hubs, linked, of which the first has the fault."""
    hubs = Hubs(FIRST, SECOND)
    with monkeypatch.context() as patch:
        patch.setattr(core_hub, "IncomingNews", Stumbling)
        hubs.hubs[0] = Hub(FIRST, ServerConfig(is_hub=True), Random(1), epoch=1000.0)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(3.0)
    return hubs


def test_a_fault_of_ours_costs_one_piece_and_the_next_event_goes_on_behind_it(
    stumbling: Hubs,
) -> None:
    hubs = stumbling
    a = hubs.join(0, A)
    hubs.join(1, B)
    hubs.take(a)
    say(hubs, segment(2, relay(b'"behind"')))
    say(hubs, segment(1, Find("net1", B)))
    with pytest.raises(RuntimeError, match="a fault of ours"):
        say(hubs, segment(0, relay(b'"before"')))
    hubs.feed(0, Tick())
    hubs.run()
    assert [m["data"] for m in hubs.take(a) if m["type"] == "offer"] == ["before", "behind"]


def test_a_hub_that_has_left_something_behind_wants_to_go_on_at_once(
    stumbling: Hubs,
) -> None:
    hubs = stumbling
    say(hubs, segment(1, Resync()))
    with pytest.raises(RuntimeError, match="a fault of ours"):
        say(hubs, segment(0, Find("net1", B)))
    assert hubs.hubs[0].deadline() == -inf
    hubs.feed(0, Tick())
    assert hubs.hubs[0].deadline() != -inf


# Anything, in any order

PLAUSIBLE = Values(
    ids=st.sampled_from([FIRST, SECOND, THIRD, A, B, C, PeerId(A.upper()), PeerId("4" * 40)]),
    numbers=st.sampled_from([0, 1, 2, LIFE, LIFE + 1, EPOCH, LIFE * 1000 + 1, LIFE * 1000 + 2]),
    names=st.sampled_from(["net1", "net2", "pigeonhub-mesh", "offer", "answer", ""]),
    data=JSON,
)

heard = st.one_of(
    st.builds(message, PLAUSIBLE.frames()),
    messages_beside(PLAUSIBLE.frames()),
    st.builds(segment, st.integers(0, 5), PLAUSIBLE.news(), st.sampled_from([SECOND, THIRD])),
    st.sampled_from([0.1, 3.0, 40.0]),
)


def signals_get_through(hubs: Hubs) -> bool:
    sender, target = hubs.join(0, "e" * 40, "flock"), hubs.join(0, "d" * 40, "flock")
    hubs.take(target)
    message = {"type": "offer", "data": 1, "targetPeerId": "d" * 40, "networkName": "flock"}
    hubs.say(sender, message)
    return "offer" in hubs.take_types(target)


@given(st.lists(heard, max_size=12))
def test_nothing_that_other_hubs_say_raises_or_stops_the_hub(steps: list[bytes | float]) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    a, b = hubs.join(0, A), hubs.join(1, B)
    for step in steps:
        if isinstance(step, float):
            hubs.pass_time(step)
        else:
            if not any(hub == 0 for hub, _ in hubs.others):
                hubs.link(0, 1)
            say(hubs, step)
    hubs.pass_time(100.0)
    hubs.lose(a)
    hubs.lose(b)
    assert signals_get_through(hubs)
    for hub in hubs.hubs:
        hub.status.snapshot(hubs.now)
        hub.status.peers()
