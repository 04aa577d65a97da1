"""The picture shows each hub and each link, and what is what."""

from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from peerpigeon.core.ids import PeerId
from peerpigeon.sim.checks.oracle import ring_links
from peerpigeon.sim.mesh import Layout, Mesh
from peerpigeon.sim.picture import draw

SVG = "{http://www.w3.org/2000/svg}"
LEGEND = 3


def settled(hubs: int, *, no_p2p: float = 0.0) -> Mesh:
    mesh = Mesh.begin(1, Layout(hubs=hubs))
    mesh.world.block_p2p(no_p2p)
    assert mesh.settle(60.0) is not None
    mesh.world.run(30.0)
    return mesh


def parsed(picture: str) -> ET.Element:
    return ET.fromstring(picture)  # noqa: S314 - we have drawn it ourselves


def classes(picture: str, tag: str) -> Counter[str]:
    return Counter(element.attrib["class"] for element in parsed(picture).iter(SVG + tag))


def test_ring_links_and_shortcuts_look_different() -> None:
    drawn = classes(draw(settled(8)), "line")
    assert drawn["ring"] - 1 == 8
    assert drawn["shortcut"] - 1 == 4


def test_dead_hubs_are_grey_and_have_no_links() -> None:
    mesh = settled(8)
    mesh.world.kill(*mesh.hubs[5:])
    picture = draw(mesh)
    assert classes(picture, "circle") == {"hub": 5, "hub dead": 3}
    assert classes(picture, "line").total() - LEGEND == len(mesh.links())
    assert "5 of 8 hubs" in picture


def test_links_over_websockets_are_dashed() -> None:
    drawn = classes(draw(settled(4, no_p2p=1.0)), "line")
    assert drawn["ring socket"] - 1 == 4
    assert drawn["ring"] == 1


def test_hubs_stand_on_a_circle_in_the_order_of_ids() -> None:
    mesh = settled(8)
    root = parsed(draw(mesh))
    ids = [PeerId(title.text or "") for title in root.iterfind(f".//{SVG}circle/{SVG}title")]
    assert ids == sorted(hub.own for hub in mesh.hubs)
    first, second, last = (root.findall(f"{SVG}circle")[place] for place in (0, 1, -1))
    assert (first.attrib["cx"], first.attrib["cy"]) == ("400.0", "60.0")
    assert second.attrib["cy"] == last.attrib["cy"]
    assert len(ring_links(ids)) == 8


@pytest.mark.slow
def test_there_is_room_for_names_only_in_a_small_mesh() -> None:
    small, large = settled(4), Mesh.begin(1, Layout(hubs=80))
    large.world.run_until(2.0)
    names = [len(parsed(draw(mesh)).findall(SVG + "text")) for mesh in (small, large)]
    assert names == [4 + LEGEND, LEGEND]
