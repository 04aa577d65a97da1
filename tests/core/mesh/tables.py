"""Tables of adverts: that of hub a, as the hubs around it make it."""

from __future__ import annotations

from random import Random

import msgspec
from hypothesis import strategies as st

from peerpigeon.core.ids import PeerId
from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.mesh.membership import Membership, ReachChanges
from peerpigeon.core.wire.hub_frames import Advert, Carrier, LinkEnd, Purpose

A, B, C, D, E, F = (PeerId(digit * 40) for digit in "abcdef")
ADDRESS = ("ws://somewhere:3000",)


def ends(*hubs: PeerId) -> tuple[LinkEnd, ...]:
    return tuple(LinkEnd(hub, Carrier.P2P, Purpose.MESH) for hub in hubs)


def advert(
    hub: PeerId,
    *links: PeerId,
    sequence: int = 1,
    incarnation: int = 5,
    life: int = 0,
    is_draining: bool = False,
) -> Advert:
    mark = Random(f"{hub}{incarnation}{life}{sequence}").getrandbits(64)
    made = Advert(hub, incarnation, sequence, mark, ADDRESS, ends(*links), life=life)
    return msgspec.structs.replace(made, is_draining=is_draining)


class Table(Membership):
    """The table of hub a, which is linked to those named at first."""

    def __init__(self, *links: PeerId, limits: MeshLimits | None = None) -> None:
        super().__init__(advert(A), Random(1), limits or MeshLimits(), 0.0)
        if links:
            self.link(*links)

    def link(self, *links: PeerId, now: float = 0.0) -> None:
        self.publish(ends(*links), None, now, is_draining=False)

    def take(self, *adverts: Advert, now: float = 0.0) -> list[bool]:
        return [self.learn(advert, now) for advert in adverts]


def table(
    *adverts: Advert, links: tuple[PeerId, ...] = (B,), limits: MeshLimits | None = None
) -> Table:
    """Return a table with some adverts that has been looked at and is at rest at second 10."""
    made = Table(*links, limits=limits)
    made.take(*adverts, now=0.0)
    assert made.check(10.0) == ReachChanges()
    return made


def line() -> Table:
    """Return the table of the first of four hubs in a line: a, b, c, d."""
    return table(advert(B, A, C), advert(C, B, D), advert(D, C))


def lose(made: Table, hub: PeerId, now: float) -> None:
    """Have a hub be gone by ``now``, which must be late enough."""
    made.check(now - 2.0)
    assert made.check(now).gone == [hub]


ADVERTS = st.lists(
    st.builds(
        lambda hub, links, sequence, incarnation, life: advert(
            hub, *sorted(links), sequence=sequence, incarnation=incarnation, life=life
        ),
        st.sampled_from([B, C, D, E]),
        st.sets(st.sampled_from([A, B, C, D, E])),
        st.integers(1, 4),
        st.integers(5, 6),
        st.integers(0, 1),
    ),
    max_size=25,
    # What one hub says under one number is always the same.
    unique_by=lambda made: (made.hub, made.age),
)


def xor_of(adverts: list[Advert]) -> int:
    digest = 0
    for made in adverts:
        digest ^= made.mark
    return digest
