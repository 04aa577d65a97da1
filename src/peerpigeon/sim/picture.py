"""A picture of a mesh: hubs on a circle in the order of ids, their links as lines, in SVG."""

from __future__ import annotations

from math import cos, pi, sin
from typing import TYPE_CHECKING

from peerpigeon.core.wire.hub_frames import Carrier
from peerpigeon.sim.checks.oracle import ring_links

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from peerpigeon.core.ids import PeerId
    from peerpigeon.sim.checks.oracle import Pair
    from peerpigeon.sim.mesh import Mesh

_SIZE = 800
_RADIUS = 340
_NAMED = 60
"""The most hubs for which there is room for the beginnings of their ids."""

_STYLE = """
  .ring { stroke: #1f6f8b; stroke-width: 2.5 }
  .shortcut { stroke: #d9822b; stroke-width: 1.2 }
  .socket { stroke-dasharray: 6 4 }
  .hub { fill: #1f6f8b }
  .dead { fill: #b8b8b8 }
  line { fill: none; stroke-opacity: 0.8 }
  text { font: 11px sans-serif; fill: #333333 }
"""

Point = tuple[float, float]


def draw(mesh: Mesh) -> str:
    """Return the picture of a mesh as it is now; hubs that are dead are grey and have no links.

    Ring links and shortcuts have different strokes; what runs over a WebSocket is dashed.
    """
    alive = {hub.own for hub in mesh.living}
    circle = sorted(hub.own for hub in mesh.hubs)
    places = {hub: _point(number / len(circle), _RADIUS) for number, hub in enumerate(circle)}
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIZE} {_SIZE}"'
        f' width="{_SIZE}" height="{_SIZE}">',
        f"<title>{len(alive)} of {len(circle)} hubs</title>",
        f"<style>{_STYLE}</style>",
        f'<rect width="{_SIZE}" height="{_SIZE}" fill="white"/>',
        *_lines(mesh, places),
        *_dots(circle, alive, places),
        *_names(circle),
        *_legend(),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _point(turn: float, radius: float) -> Point:
    angle = 2 * pi * turn - pi / 2
    return _SIZE / 2 + radius * cos(angle), _SIZE / 2 + radius * sin(angle)


def _lines(mesh: Mesh, places: dict[PeerId, Point]) -> Iterator[str]:
    ring = ring_links(sorted(hub.own for hub in mesh.living))
    channels = mesh.links(Carrier.P2P)
    for link in sorted(mesh.links(), key=lambda link: (link in ring, link)):
        yield _line(link, places, _classes(link, ring, channels))


def _classes(link: Pair, ring: set[Pair], channels: set[Pair]) -> str:
    kind = "ring" if link in ring else "shortcut"
    return kind if link in channels else f"{kind} socket"


def _line(link: Pair, places: dict[PeerId, Point], classes: str) -> str:
    (x1, y1), (x2, y2) = (places[hub] for hub in link)
    return f'<line class="{classes}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _dots(
    circle: Iterable[PeerId], alive: set[PeerId], places: dict[PeerId, Point]
) -> Iterator[str]:
    radius = max(2.5, min(8.0, 600 / len(places)))
    for hub in circle:
        x, y = places[hub]
        state = "hub" if hub in alive else "hub dead"
        yield (
            f'<circle class="{state}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">'
            f"<title>{hub}</title></circle>"
        )


def _names(circle: list[PeerId]) -> Iterator[str]:
    if len(circle) > _NAMED:
        return
    for number, hub in enumerate(circle):
        x, y = _point(number / len(circle), _RADIUS + 24)
        yield f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle">{hub[:4]}</text>'


def _legend() -> Iterator[str]:
    entries = (
        ("ring", "ring"),
        ("shortcut", "shortcut"),
        ("ring socket", "over a WebSocket"),
    )
    for row, (classes, text) in enumerate(entries):
        y = _SIZE - 44 + 16 * row
        yield f'<line class="{classes}" x1="12" y1="{y}" x2="48" y2="{y}"/>'
        yield f'<text x="56" y="{y + 4}">{text}</text>'
