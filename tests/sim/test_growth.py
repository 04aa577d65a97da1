"""What a mesh costs each of its hubs while it forms: counted, not timed."""

from __future__ import annotations

from functools import partial

import pytest

from peerpigeon.core.ids import PeerId
from peerpigeon.core.mesh import mesh as core_mesh
from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.wire.hub_codec import encode
from peerpigeon.core.wire.hub_frames import Advert, Adverts, Carrier, LinkEnd, Purpose
from peerpigeon.sim.encoding import Encoding
from peerpigeon.sim.mesh import Layout, Mesh

HUBS = 60
ONE, OTHER = PeerId("a" * 40), PeerId("b" * 40)

AS_IN_A_LARGE_MESH = partial(MeshLimits, small_mesh=0, renewal_pause_per_hub=1.0)
"""Each hub takes the time that it takes when there are thousands of them."""


def formed(seed: int) -> Mesh:
    mesh = Mesh.begin(seed, Layout(hubs=HUBS, max_links=4))
    assert mesh.settle(30.0) is not None
    return mesh


@pytest.mark.parametrize("seed", [1, 2])
def test_each_hub_of_a_large_mesh_says_little_of_itself_while_that_forms(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All have to hear of each renewal. Without patience it is nine of them, and 9.8 kB.

    With patience alone, and plans made while hubs still come, it is 6.0 and 5.7 kB.
    """
    monkeypatch.setattr(core_mesh, "MeshLimits", AS_IN_A_LARGE_MESH)
    mesh = formed(seed)
    adverts = [hub.hub.advert for hub in mesh.hubs]
    renewals = sum(advert.sequence for advert in adverts if advert is not None) / HUBS
    heard = mesh.world.tally.shares()["Adverts"].octets / HUBS**2
    assert renewals < 5.6
    assert heard < 5000


@pytest.mark.parametrize("count", [0, 1, 15, 16, 70_000])
def test_frames_of_adverts_are_as_long_as_they_are_said_to_be(count: int) -> None:
    encoding = Encoding()
    end = LinkEnd(OTHER, Carrier.P2P, Purpose.MESH)
    advert = Advert(ONE, 1, 2, 3, ("ws://a:3000",), (end,), (3, OTHER), life=1 << 60)
    frame = Adverts((advert,) * count, is_urgent=count == 1)
    assert encoding.describe(frame)[0] == len(encode(frame))


def test_adverts_that_differ_have_other_contents() -> None:
    encoding = Encoding()
    one, other = (Advert(ONE, 1, number, 3, (), ()) for number in (1, 2))
    frames = (
        Adverts((one,)), Adverts((other,)), Adverts((one,), is_urgent=True), Adverts((one, other)),
        Adverts((other, one)),
    )  # fmt: skip
    assert len({encoding.describe(frame)[1] for frame in frames}) == len(frames)
