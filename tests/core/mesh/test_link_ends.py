"""What is advertised of a link is found by both its ends, among few links and among many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from peerpigeon.core.ids import PeerId
from peerpigeon.core.mesh.link_ends import FEW, MOST_INDEXES, LinkEnds
from peerpigeon.core.wire.hub_frames import Purpose
from tests.core.mesh.tables import A, B, C, advert

if TYPE_CHECKING:
    from peerpigeon.core.wire.hub_frames import Advert


def many(first: int, count: int) -> list[PeerId]:
    return [PeerId(f"{number:040x}") for number in range(first, first + count)]


@pytest.mark.parametrize("count", [1, FEW - 1, FEW, 5 * FEW])
def test_an_end_is_found_among_others(count: int) -> None:
    hub = advert(A, *many(1, count), B)
    ends = LinkEnds({A: hub})
    assert ends.get(A, B) is hub.links[-1]
    assert ends.get(A, PeerId(f"{1:040x}")) is hub.links[0]
    assert ends.get(A, C) is None
    assert ends.get(B, A) is None


@pytest.mark.parametrize("count", [1, 5 * FEW])
def test_of_two_ends_of_one_link_the_first_counts(count: int) -> None:
    spare = msgspec.structs.replace(advert(A, B).links[0], purpose=Purpose.SPARE)
    hub = advert(A, B, *many(1, count))
    ends = LinkEnds({A: msgspec.structs.replace(hub, links=(*hub.links, spare))})
    assert ends.get(A, B) is hub.links[0]


def test_the_latest_advert_counts() -> None:
    adverts: dict[PeerId, Advert] = {A: advert(A, B, *many(1, 5 * FEW))}
    ends = LinkEnds(adverts)
    assert ends.get(A, B) is not None
    adverts[A] = advert(A, C, *many(1, 5 * FEW), sequence=2)
    assert ends.get(A, B) is None
    assert ends.get(A, C) is not None


def test_so_many_indexes_are_kept_and_no_more() -> None:
    hubs = many(1000, MOST_INDEXES + 5)
    adverts = {hub: advert(hub, B, *many(1, FEW)) for hub in hubs}
    ends = LinkEnds(adverts)
    for hub in hubs * 2:
        assert ends.get(hub, B) is not None
        assert len(ends._indexes) <= MOST_INDEXES
