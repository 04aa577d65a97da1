"""The picture in a terminal: what it says, and that it fits."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.local_mesh.status import HubStatus, State
from peerpigeon.local_mesh.view import picture
from tests.local_mesh.hubs import SOCKETS, hubs, linked

HINTS = ["  open        http://localhost:3000/demo", "  all ends on  Ctrl-C"]
NEWS = [f"12:00:0{number}  something happened" for number in range(9)]
MESH = linked(hubs(4, (1, 2), (2, 3), (3, 4), (1, 4)), (1, 3), carrier=SOCKETS)


def draw(
    statuses: list[HubStatus], size: tuple[int, int] = (100, 30), *, is_coloured: bool = False
) -> list[str]:
    return picture(statuses, HINTS, NEWS, size, is_coloured=is_coloured)


def test_a_picture_has_a_row_for_each_hub_with_its_links_by_carrier() -> None:
    busy = replace(MESH[0], state=State.MIGRATED, clients=12, signals=340, rate=3.25)
    lines = draw([busy, *MESH[1:3], MESH[3].died("killed by SIGKILL")])
    assert lines[0].startswith("3 hubs, 1 dead, one mesh, links: 2 p2p + 1 websocket, 1.00 hops")
    assert [line.split() for line in lines[2:7]] == [
        ["hub", "port", "id", "state", "p2p", "websocket", "clients", "signals", "/s"],
        ["1", "3000", "11111111", "migrated", "2", "4", "3", "12", "340", "3.2"],
        ["2", "3001", "22222222", "joining", "1", "3", "-", "0", "0", "-"],
        ["3", "3002", "33333333", "joining", "2", "4", "1", "0", "0", "-"],
        ["4", "3003", "44444444", "dead", "killed", "by", "SIGKILL"],
    ]
    assert lines[7:] == ["", *HINTS, "", *NEWS]


def test_a_link_to_a_hub_that_is_none_of_ours_shows_by_its_id() -> None:
    stranger = replace(hubs(1)[0], p2p=frozenset({"f" * 40}))
    assert draw([stranger])[3].split()[4] == "ffffffff"


def test_before_it_starts_a_hub_has_a_row_too() -> None:
    assert draw([HubStatus(1)])[3].split() == ["1", "-", "-", "starting", "-", "-", "0", "0", "-"]


def test_where_there_is_little_room_news_go_first_then_hints_then_hubs() -> None:
    assert draw(MESH, (100, 14))[-3:] == NEWS[-3:]
    assert draw(MESH, (100, 12))[-1] == HINTS[-1]
    assert draw(MESH, (100, 9))[-1].split()[0] == "4"
    assert draw(MESH, (100, 6))[-1] == "... and 2 hubs more"


@given(
    st.integers(1, 140),
    st.integers(1, 40),
    st.integers(1, 15),
    st.lists(st.tuples(st.integers(1, 15), st.integers(1, 15)), max_size=60),
    st.booleans(),
)
def test_no_picture_is_larger_than_the_screen(
    width: int, height: int, count: int, pairs: list[tuple[int, int]], is_coloured: bool
) -> None:
    inside = [(one, other) for one, other in pairs if one != other and max(one, other) <= count]
    statuses = hubs(count, *inside)
    statuses[-1] = statuses[-1].died("cannot listen: something that takes a long line to say")
    lines = draw(statuses, (width, height), is_coloured=is_coloured)
    assert len(lines) <= height
    for line in lines:
        assert len(re.sub(r"\x1b\[\d+m", "", line)) <= width
        assert "\n" not in line


@pytest.mark.parametrize("is_coloured", [True, False])
def test_colours_are_there_only_when_wanted(is_coloured: bool) -> None:
    assert any("\x1b" in line for line in draw(MESH, is_coloured=is_coloured)) is is_coloured
