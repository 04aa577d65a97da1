"""What one foreign client says to another arrives in that order, wherever the other moves (PeerJS).

While messages are under way their target leaves, and comes again to any hub. So some are held, some
find it gone and come back, and some go where it is. Links take their time, each its own.
"""

from __future__ import annotations

from itertools import count
from random import Random
from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.dialects.names import Kind, namespace_of
from peerpigeon.core.wire.hub_news import Granted, Join
from tests.core.hubs import FIRST, SECOND, THIRD, Hubs, linked, news_under_way

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.core.ids import PeerId

SAID = 40
PAUSE = 3.0  # seconds; nothing that waits expires


def connect(hubs: Hubs, number: int, peer_id: str, token: str) -> tuple[int, int]:
    target = f"/peerjs?key=peerjs&id={peer_id}&token={token}"
    return hubs.visit_as(number, "peerjs", target)


def say(hubs: Hubs, client: tuple[int, int], to: str, *numbers: int) -> None:
    for number in numbers:
        hubs.say(client, {"type": "CANDIDATE", "payload": number, "dst": to})


def heard(hubs: Hubs, client: tuple[int, int]) -> list[int]:
    return [said["payload"] for said in hubs.take(client) if "src" in said]


def pass_some(hubs: Hubs, rng: Random, most: int) -> None:
    """Pass some frames on, each time the next one of any link."""
    for _ in range(rng.randrange(most)):
        lines = hubs.frames.busy_lines()
        if not lines:
            return
        end = rng.choice(lines)
        hubs.receive_from(end)


@pytest.mark.parametrize("seed", range(40))
def test_what_is_said_while_its_target_moves_comes_in_order_or_is_told_of(seed: int) -> None:
    rng = Random(seed)
    hubs = linked(FIRST, SECOND, THIRD)
    ben = f"ben{rng.randrange(8)}"  # of each some hub is the rendezvous hub
    ann = connect(hubs, 0, "ann", "t")
    places = [connect(hubs, rng.randrange(3), ben, "t")]
    hubs.run()
    is_there = True
    for number in range(SAID):
        say(hubs, ann, ben, number)
        pass_some(hubs, rng, 6)
        if rng.random() < 0.1:
            if is_there:
                hubs.lose(places[-1])
            else:
                places.append(connect(hubs, rng.randrange(3), ben, f"t{number}"))
            is_there = not is_there
    hubs.run()
    if is_there:
        hubs.lose(places[-1])
        hubs.run()
    places.append(connect(hubs, rng.randrange(3), ben, "last"))
    hubs.pass_time(PAUSE)
    arrived = [number for place in places for number in heard(hubs, place)]
    assert arrived == sorted(set(arrived))
    told = [said["type"] for said in hubs.take(ann)]
    assert told.count("EXPIRE") == SAID - len(arrived)


def stale(name: str) -> tuple[Hubs, tuple[int, int]]:
    """Return hubs with ann at the first, who has spoken to one who has just gone from the last."""
    hubs = linked(FIRST, SECOND, THIRD)
    ann, ben = connect(hubs, 0, "ann", "t"), connect(hubs, 2, name, "t")
    hubs.run()
    say(hubs, ann, name, 0)
    hubs.run()
    hubs.lose(ben)
    hubs.run()
    hubs.take(ann)
    return hubs, ann


def test_what_is_said_when_the_first_is_back_waits_until_the_last_is() -> None:
    """Ben is known to be where it was before, and comes to the same hub again."""
    hubs, ann = stale("ben")
    ben = connect(hubs, 2, "ben", "another token")
    hubs.run()
    say(hubs, ann, "ben", *range(1, 11))
    patient = hubs.hubs[0]._clients.patient
    while len(patient) == 0:
        hubs.receive_next()
    assert len(patient) == 1
    say(hubs, ann, "ben", *range(11, 100))
    hubs.run()
    hubs.pass_time(PAUSE)
    assert heard(hubs, ben) == list(range(1, 100))
    assert hubs.take(ann) == []


def test_what_comes_back_when_something_later_was_delivered_has_failed() -> None:
    name = next(names_at(FIRST))
    hubs, ann = stale(name)
    say(hubs, ann, name, 1, 2)
    ben = connect(hubs, 0, name, "another token")
    assert hubs.take(ben) == [{"type": "OPEN"}]
    say(hubs, ann, name, 3)
    hubs.pass_time(PAUSE)
    assert heard(hubs, ben) == [3]
    assert hubs.take(ann) == [{"type": "EXPIRE", "src": name, "dst": "ann"}] * 2


def names_at(hub: PeerId) -> Iterator[str]:
    """Yield names of which one of the three hubs is the rendezvous hub."""
    placement = linked(FIRST, SECOND, THIRD).hubs[0]._namespaces.placement
    names = (f"ben{number}" for number in count())
    return (
        name for name in names if placement.primary(namespace_of(Kind.PEER, "peerjs", name)) == hub
    )


def test_nothing_overtakes_a_farewell_while_it_is_asked_where_its_target_is() -> None:
    """The target comes to the hub that asks, and has its id before there is an answer."""
    name = next(names_at(SECOND))
    hubs = linked(FIRST, SECOND, THIRD)
    ann = connect(hubs, 0, "ann", "t")
    hubs.run()
    hubs.say(ann, {"type": "LEAVE", "dst": name})
    say(hubs, ann, name, 1)
    ben = connect(hubs, 0, name, "t")
    joins = [news for news in news_under_way(hubs) if isinstance(news, Join)]
    sessions = tuple(member.session for member in joins[0].members)
    hubs.inject(0, Granted(joins[0].namespace, sessions), SECOND)
    assert [said["type"] for said in hubs.take(ben)] == ["OPEN"]
    hubs.run()
    assert [said["type"] for said in hubs.take(ben)] == ["LEAVE", "CANDIDATE"]


@pytest.mark.parametrize("seed", range(20))
def test_signals_to_a_client_that_moves_come_in_order_or_are_told_of(seed: int) -> None:
    """They are not sent again: what has met nobody has failed."""
    rng = Random(seed)
    hubs = linked(FIRST, SECOND, THIRD)
    ann, ben = "a" * 40, "b" * 40
    sender = hubs.join(0, ann)
    places = [hubs.join(rng.randrange(3), ben)]
    is_there = True
    for number in range(SAID):
        hubs.signal(sender, ben, number, kind="ice-candidate")
        pass_some(hubs, rng, 6)
        if rng.random() < 0.1:
            if is_there:
                hubs.lose(places[-1])
            else:
                places.append(hubs.open(rng.randrange(3), ben))
                hubs.announce(places[-1])
            is_there = not is_there
    hubs.pass_time(60.0)
    arrived = [
        said["data"]
        for place in places
        for said in hubs.take(place)
        if said["type"] == "ice-candidate"
    ]
    assert arrived == sorted(set(arrived))
    assert hubs.take_types(sender).count("error") == SAID - len(arrived)
