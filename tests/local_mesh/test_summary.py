"""The links, figures and changes of a mesh, from what is known of each hub."""

from dataclasses import replace

import pytest

from peerpigeon.local_mesh.status import HubStatus, State
from peerpigeon.local_mesh.summary import changes, farewell, in_words, links, totals
from tests.local_mesh.hubs import SOCKETS, hubs, linked


def test_a_link_is_there_when_both_ends_say_so_and_live() -> None:
    three = linked(hubs(3, (1, 2)), (1, 2), (2, 3), carrier=SOCKETS)
    assert links(three) == {(1, 2): "p2p", (2, 3): "websocket"}
    assert links([three[0], three[1].died("x"), three[2]]) == {}
    one_sided = [three[0], hubs(2)[1]]
    assert links(one_sided) == {}


def test_totals_of_a_row_of_four_and_of_its_halves() -> None:
    row = hubs(4, (1, 2), (2, 3), (3, 4))
    whole = totals(row)
    # Two each way at distance 3, four at 2, six at 1.
    assert (whole.parts, whole.p2p) == (1, 3)
    assert whole.hops == pytest.approx((2 * 3 + 4 * 2 + 6) / 12)
    row[1] = row[1].died("killed by SIGKILL")
    broken = totals(row)
    assert (broken.hubs, broken.dead, broken.parts, broken.p2p, broken.hops) == (3, 1, 2, 1, 1.0)
    assert in_words(broken) == "3 hubs, 1 dead, in 2 parts, links: 1 p2p, 1.00 hops on average"


def test_what_does_not_listen_yet_is_starting() -> None:
    assert in_words(totals([HubStatus(1)])) == "1 hub starting"
    assert in_words(totals([HubStatus(1), HubStatus(2)])) == "2 hubs starting"
    assert in_words(totals([hubs(1)[0], HubStatus(2)])) == "1 hub, 1 starting"
    assert in_words(totals([HubStatus(1).died("x")])) == "0 hubs, 1 dead"


def test_each_change_is_told_in_a_line() -> None:
    before = [HubStatus(1), *hubs(3)[1:]]
    after = linked(hubs(3), (1, 2), (1, 3), carrier=SOCKETS)
    after[1] = replace(after[1], state=State.READY, clients=1)
    assert list(changes(before, after)) == [
        "hub 1 listens on port 3000, its id is 11111111",
        "hub 2 is ready",
        "hub 2 has 1 client",
        "hubs 1 and 2 are linked over websocket",
        "hubs 1 and 3 are linked over websocket",
    ]
    assert in_words(totals(after)) == "3 hubs, one mesh, links: 2 websocket, 1.33 hops on average"
    later = linked(after, (1, 2))
    later[1] = replace(later[1], state=State.MIGRATED)
    later[2] = later[2].died("killed by SIGKILL")
    assert list(changes(after, later)) == [
        "hub 2 is migrated: data channels only",
        "hub 3 is dead: killed by SIGKILL",
        "hubs 1 and 2 are now linked over p2p",
        "hubs 1 and 3 are no longer linked",
    ]
    assert list(changes(later, later)) == []


def test_a_hub_that_has_too_few_links_again_is_told_of() -> None:
    ready = [replace(hubs(1)[0], state=State.READY)]
    assert list(changes(ready, hubs(1))) == ["hub 1 is no longer ready"]


def test_the_last_word_is_that_all_have_ended() -> None:
    two = hubs(2)
    assert farewell(two[:1]) == "the hub has ended"
    assert farewell(two) == "all 2 hubs have ended"
    killed = [two[0].died("ended with status 0"), two[1].died("killed by SIGKILL")]
    assert farewell(killed) == "all 2 hubs have ended, 1 by being killed"
