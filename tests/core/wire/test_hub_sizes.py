"""What news is reckoned to take is about what it takes, so that a limit in bytes is one."""

from __future__ import annotations

import tracemalloc

import msgspec
import pytest

from peerpigeon.core.ids import PeerId
from peerpigeon.core.wire.hub_frames import Advert, Carrier, LinkEnd, Purpose
from peerpigeon.core.wire.hub_news import (
    Challenge,
    Found,
    Gone,
    Granted,
    Join,
    Located,
    Meet,
    Member,
    News,
    Relay,
)
from peerpigeon.core.wire.hub_sizes import growth_of_advert, size_of, size_of_advert
from tests.core.harness import A, B

COUNT = 500
IDS = [PeerId(f"{number:040x}") for number in range(COUNT)]
LATE = 2**60
NUMBERS = tuple(range(LATE, LATE + COUNT))


def member(peer: PeerId, size: int = 100) -> Member:
    return Member(peer, LATE, b"x" * size)


MANY: dict[str, News] = {
    "members": Join("net1", tuple(map(member, IDS)), is_primary=True),
    "present": Join("net1", (), is_primary=True, present=NUMBERS),
    "granted before": Join("net1", (), is_primary=True, granted=NUMBERS),
    "enough": Join("net1", (), is_primary=True, has_enough=NUMBERS),
    "departed": Join("net1", (), is_primary=True, departed=tuple((one, LATE) for one in IDS)),
    "located": Meet("net1", ((A, 1),), tuple(Located(one, member(one)) for one in IDS)),
    "clients": Meet("net1", tuple((one, LATE) for one in IDS), ()),
    "rows": Meet("net1", ((A, 1),), (), tuple((number, number) for number in NUMBERS)),
    "one row": Meet("net1", ((A, 1),), (), (NUMBERS,)),
    "gone": Gone("net1", tuple((one, one, LATE) for one in IDS)),
    "granted": Granted("net1", NUMBERS),
    "relay": Relay("net1", A, B, LATE, "offer", b"x" * 20_000, LATE, LATE),
    "found": Found("net1", A, Located(B, member(A, 16_000))),
}


def memory_of(decode: msgspec.msgpack.Decoder[object], data: bytes) -> int:
    """Return what it takes to have something as it comes from another hub."""
    kept: list[object] = []
    tracemalloc.start()
    try:
        kept.append(decode.decode(data))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept
    return taken


@pytest.mark.parametrize("what", MANY)
def test_long_news_is_reckoned_at_about_what_it_takes(what: str) -> None:
    news = MANY[what]
    decoder: msgspec.msgpack.Decoder[object] = msgspec.msgpack.Decoder(News)
    taken = memory_of(decoder, msgspec.msgpack.encode(news))
    assert taken / 1.3 < size_of(news) < 2 * taken


@pytest.mark.parametrize(
    "news",
    [Relay("n", A, B, LATE, "offer", b"{}"), Challenge("n", A, LATE), Found("n", A, None)],
)
def test_short_news_is_not_reckoned_at_less_than_it_takes(news: News) -> None:
    decoder: msgspec.msgpack.Decoder[object] = msgspec.msgpack.Decoder(News)
    taken = memory_of(decoder, msgspec.msgpack.encode(news))
    assert taken / 1.3 < size_of(news) < 4 * taken


def test_an_advert_is_reckoned_at_about_what_it_takes() -> None:
    links = tuple(LinkEnd(one, Carrier.P2P, Purpose.MESH) for one in IDS)
    advert = Advert(A, 1, 1, 1, ("ws://one.example:3000",), links)
    decoder: msgspec.msgpack.Decoder[object] = msgspec.msgpack.Decoder(Advert)
    taken = memory_of(decoder, msgspec.msgpack.encode(advert))
    assert taken < size_of_advert(advert) < 2 * taken, "with its place in the graph"


def test_an_advert_that_takes_the_place_of_another_takes_the_difference() -> None:
    former = Advert(A, 5, 1, 7, ("ws://somewhere:3000",), ())
    ends = tuple(
        LinkEnd(PeerId(f"{number:040x}"), Carrier.P2P, Purpose.MESH) for number in range(3)
    )
    for changes in ({"links": ends}, {"addresses": ("ws://elsewhere.example:3000",) * 2}):
        later = msgspec.structs.replace(former, sequence=2, **changes)
        assert growth_of_advert(former, later) == size_of_advert(later) - size_of_advert(former) > 0
        assert growth_of_advert(later, former) == -growth_of_advert(former, later)
