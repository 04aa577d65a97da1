"""A local mesh as a picture in a terminal: lines of text that fit into its width and height."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.local_mesh.status import SHORT_ID, HubStatus, State
from peerpigeon.local_mesh.summary import in_words, totals

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    _Style = Callable[[str, str], str]

_STYLES = {
    State.STARTING: "2",
    State.JOINING: "33",
    State.READY: "32",
    State.MIGRATED: "36",
    State.DEAD: "31",
}
_BOLD = "1"
_DIM = "2"

_HEADS = ("hub", "port", "id", "state", "p2p", "websocket", "clients", "signals", "/s")
_TO_THE_RIGHT = {"hub", "port", "clients", "signals", "/s"}
_LISTS = {"p2p", "websocket"}
_GAP = "  "
_NARROWEST_LIST = 4
_FEWEST_NEWS = 3


def picture(
    hubs: Sequence[HubStatus],
    hints: Sequence[str],
    news: Sequence[str],
    size: tuple[int, int],
    *,
    is_coloured: bool,
) -> list[str]:
    """Return the lines to show on a screen of ``size`` columns and lines.

    ``hints`` say what to try, ``news`` what has happened, the latest last. When there is too
    little room, old news are left out first, then hints, then hubs.
    """
    width, height = size
    style = _styled if is_coloured else _plain
    head = [style(_cut(in_words(totals(hubs)), width), _BOLD), ""]
    table = _table(hubs, width, style)
    room = height - len(head) - len(table)
    if room < 0:
        hidden = len(table) + len(head) - height + 1
        return [*head, *table[:-hidden], _cut(f"... and {hidden} hubs more", width)][:height]
    lines = [*head, *table]
    if room >= len(hints) + 1:
        lines += ["", *(_cut(hint, width) for hint in hints)]
        room -= len(hints) + 1
    if room > _FEWEST_NEWS:
        lines += ["", *(style(_cut(each, width), _DIM) for each in news[-(room - 1) :])]
    return lines


def _table(hubs: Sequence[HubStatus], width: int, style: _Style) -> list[str]:
    numbers = {hub.hub_id: hub.number for hub in hubs if hub.hub_id}
    rows = [_cells(hub, numbers) for hub in hubs]
    widths = _widths(rows, width)
    lines = [style(_row(_HEADS, widths, width), _DIM)]
    for hub, cells in zip(hubs, rows, strict=True):
        text = _row(cells, widths, width)
        if hub.is_dead:
            lines.append(style(_cut(f"{text.rstrip()}  {hub.cause}", width), _STYLES[State.DEAD]))
        else:
            state = hub.state.value
            lines.append(text.replace(state, style(state, _STYLES[hub.state]), 1))
    return lines


def _cells(hub: HubStatus, numbers: Mapping[str, int]) -> tuple[str, ...]:
    who = (str(hub.number), str(hub.port or "-"), hub.short_id or "-", hub.state.value)
    if hub.is_dead:
        return (*who, "", "", "", "", "")
    return (
        *who,
        _names(hub.p2p, numbers),
        _names(hub.websocket, numbers),
        str(hub.clients),
        str(hub.signals),
        f"{hub.rate:.1f}" if hub.rate else "-",
    )


def _names(ids: Collection[str], numbers: Mapping[str, int]) -> str:
    """Return the numbers of hubs; for a hub outside of this mesh, its id."""
    ours = sorted(numbers[hub] for hub in ids if hub in numbers)
    foreign = sorted(hub[:SHORT_ID] for hub in ids if hub not in numbers)
    return " ".join([*map(str, ours), *foreign]) or "-"


def _widths(rows: Sequence[tuple[str, ...]], width: int) -> list[int]:
    """Return the width of each column; the lists of links are cut short if it must be."""
    widths = [max(map(len, column)) for column in zip(_HEADS, *rows, strict=True)]
    excess = sum(widths) + len(_GAP) * len(widths) - width
    for place in sorted(_places(_LISTS), key=lambda place: -widths[place]):
        cut = max(0, min(excess, widths[place] - _NARROWEST_LIST))
        widths[place] -= cut
        excess -= cut
    return widths


def _places(names: Collection[str]) -> list[int]:
    return [place for place, name in enumerate(_HEADS) if name in names]


def _row(cells: Sequence[str], widths: Sequence[int], width: int) -> str:
    parts = []
    for name, cell, space in zip(_HEADS, cells, widths, strict=True):
        text = _cut(cell, space)
        parts.append(text.rjust(space) if name in _TO_THE_RIGHT else text.ljust(space))
    return _cut((_GAP + _GAP.join(parts)).rstrip(), width)


def _cut(text: str, width: int) -> str:
    """Return ``text`` no longer than ``width``, with a sign where it was cut."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"[:width]


def _styled(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def _plain(text: str, code: str) -> str:
    del code
    return text
