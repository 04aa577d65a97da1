"""The page ``/demo`` in a real browser: pages find each other and chat."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TypedDict, cast

import pytest

from tests.e2e.clients import Browser, Page
from tests.e2e.hubs import our_network
from tests.e2e.servers import Server, our_server
from tests.e2e.waiting import eventually
from tests.net.http.token_making import Key, write_keys

pytestmark = [
    pytest.mark.slow,
    pytest.mark.node,
    pytest.mark.browser,
    pytest.mark.xdist_group("clients"),
]

Open = Callable[[str], Page]


class Row(TypedDict):
    """A line of the list of peers."""

    id: str
    state: str
    text: str


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open pages that are closed in the end."""
    with ExitStack() as pages:
        yield lambda url: pages.enter_context(browser.open(url))


def demo(server: Server, options: str = "") -> str:
    return f"http://127.0.0.1:{server.port}/demo{options}"


def own_id(page: Page) -> str:
    return cast("str", page.evaluate("document.getElementById('self').dataset.id"))


def rows(page: Page) -> list[Row]:
    return cast(
        "list[Row]",
        page.evaluate(
            "[...document.querySelectorAll('#peers li')].map((row) =>"
            " ({ id: row.dataset.id, state: row.dataset.state, text: row.innerText }))"
        ),
    )


def words(page: Page, selector: str) -> list[str]:
    return cast(
        "list[str]",
        page.evaluate(
            f"[...document.querySelectorAll({json.dumps(selector)})].map((each) => each.innerText)"
        ),
    )


def say(page: Page, text: str) -> None:
    """Write a message and press Enter, as a person does."""
    page.evaluate(
        f"document.getElementById('text').value = {json.dumps(text)};"
        "document.getElementById('form').requestSubmit()"
    )


def is_open(peers: list[Row]) -> bool:
    return [row["state"] for row in peers] == ["open"]


def check_that_two_pages_chat(open_page: Open, first: Server, second: Server) -> tuple[Page, Page]:
    one = open_page(demo(first, "#flock&name=Ann"))
    other = open_page(demo(second, "#flock&name=Ben"))
    stranger = open_page(demo(second, "#strangers"))
    for here, there, name, server in ((one, other, "Ben", second), (other, one, "Ann", first)):
        (row,) = eventually("a channel", partial(rows, here), is_open)
        assert row["id"] == own_id(there)
        assert name in row["text"]
        assert f"at hub 127.0.0.1:{server.port}" in row["text"]
        assert " ms" in row["text"]
    say(one, "<b>hello</b> & how is it there?")
    eventually("a message", lambda: words(other, "#messages .what"), lambda said: len(said) == 1)
    assert words(other, "#messages .what") == ["<b>hello</b> & how is it there?"]
    assert "Ann" in words(other, "#messages .who")[0]
    say(other, "quiet")
    eventually("an answer", lambda: words(one, "#messages .what"), lambda said: len(said) == 2)
    assert rows(stranger) == []
    assert words(stranger, "#messages li") == []
    for page in (one, other, stranger):
        assert page.console_errors() == []
    return one, other


def test_two_pages_at_one_hub_find_each_other_and_chat(open_page: Open) -> None:
    with our_server("hub") as hub:
        one, other = check_that_two_pages_chat(open_page, hub, hub)
        other.close()
        eventually("that the other is gone", lambda: rows(one), lambda left: left == [])


def test_pages_at_two_hubs_find_each_other_and_chat(open_page: Open) -> None:
    """S5, S22 and S26, as a person sees them."""
    with our_server("hub") as first, our_server("hub", "--bootstrap-hubs", first.url) as second:
        page, _ = check_that_two_pages_chat(open_page, first, second)
        place = f"127.0.0.1:{second.port}"
        eventually("the way there", lambda: words(page, "#hubs a"), lambda told: told == [place])


@pytest.mark.thorough
def test_pages_opened_at_what_the_network_prints_chat_over_webrtc_alone(open_page: Open) -> None:
    """S19 and S31: the hubs have closed their sockets to each other before the pages come."""
    with our_network("--hubs", "3", "--mesh-migration-delay", "1s") as (urls, hubs):
        for hub in hubs:
            eventually("migration", hub.mesh_health, lambda health: bool(health["migrated"]))
        assert urls == [demo(hub) for hub in hubs]
        page, _ = check_that_two_pages_chat(open_page, *hubs[1:])
        assert "over WebRTC only" in words(page, "#mesh")[0]
        assert [hub.mesh_health()["websocketConnections"] for hub in hubs] == [0, 0, 0]


def test_pages_that_came_before_their_hubs_were_linked_meet_all_the_same(open_page: Open) -> None:
    with our_server("hub") as first:
        one = open_page(demo(first))
        with our_server("hub", "--bootstrap-hubs", first.url) as second:
            other = open_page(demo(second))
            for page in (one, other):
                eventually("a channel", partial(rows, page), is_open)


def test_a_page_comes_back_when_its_hub_does_and_keeps_its_channels(open_page: Open) -> None:
    with our_server("hub") as hub:
        one = open_page(demo(hub))
        other = open_page(demo(hub))
        eventually("a channel", lambda: rows(one), is_open)
    eventually("that it knows", lambda: words(one, "#connection"), lambda w: w != ["connected"])
    say(one, "still there?")
    eventually(
        "the message", lambda: words(other, "#messages .what"), lambda said: "still there?" in said
    )
    (row,) = rows(one)
    assert "nothing known since the hub was lost" in row["text"]
    assert "gone" not in row["text"]
    with our_server("hub", "--port", str(hub.port)):
        eventually("a way back", lambda: words(one, "#connection"), lambda w: w == ["connected"])
        eventually("the peer", lambda: rows(one)[0]["text"], lambda text: "lost" not in text)
        assert rows(one)[0]["state"] == "open"


def log_of(page: Page) -> str:
    return "\n".join(words(page, "#log li"))


def test_a_page_whose_hub_is_lost_moves_to_another_one_and_says_so(open_page: Open) -> None:
    with our_server("hub") as stays, our_server("hub", "--bootstrap-hubs", stays.url) as goes:
        one, other = open_page(demo(goes)), open_page(demo(stays))
        for page in (one, other):
            eventually("a channel", partial(rows, page), is_open)
        place = f"127.0.0.1:{stays.port}"
        eventually("the way there", lambda: words(one, "#hubs a"), lambda told: told == [place])
        goes.kill()
        eventually("that it has moved", lambda: words(one, "#hub"), lambda hub: hub == [place])
        eventually("that it is in", lambda: words(one, "#connection"), lambda w: w == ["connected"])
        assert f"moving to {place}" in log_of(one)
        for page in (one, other):
            found = eventually("the peer", partial(rows, page), lambda it: place in it[0]["text"])
            assert "gone" not in found[0]["text"]
            assert is_open(found)
        say(one, "here I am")
        eventually(
            "the message", lambda: words(other, "#messages .what"), lambda it: "here I am" in it
        )


@pytest.mark.thorough
def test_a_page_is_told_by_who_opens_it_where_else_to_go(open_page: Open) -> None:
    """A hub that tells nobody of its mesh names no other."""
    with our_server("server") as stays, our_server("server") as goes:
        place = f"127.0.0.1:{stays.port}"
        page = open_page(demo(goes, f"#flock&hub={place}"))
        eventually("a way in", lambda: words(page, "#connection"), lambda w: w == ["connected"])
        goes.kill()
        eventually("that it has moved", lambda: words(page, "#hub"), lambda hub: hub == [place])
        eventually("a way in", lambda: words(page, "#connection"), lambda w: w == ["connected"])


@pytest.mark.thorough
def test_who_is_cut_off_sees_others_as_unreachable_and_those_who_have_left_go_at_last(
    open_page: Open,
) -> None:
    with our_server("hub") as hub:
        page = open_page(demo(hub))
        eventually("a way in", lambda: words(page, "#connection"), lambda w: w == ["connected"])
        page.evaluate(
            """new Promise((resolve) => {
              const socket = new WebSocket(`ws://${location.host}/?peerId=${"0".repeat(40)}`);
              socket.onopen = () => {
                socket.send(JSON.stringify({ type: "announce", data: {}, networkName: "demo" }));
                resolve(true);
              };
            })"""
        )
        eventually("the peer", lambda: rows(page), lambda found: len(found) == 1)
    eventually(
        "that it is cut off",
        lambda: rows(page),
        lambda it: [r["state"] for r in it] == ["unreachable"],
    )
    with our_server("hub", "--port", str(hub.port)):
        eventually("a way back", lambda: words(page, "#connection"), lambda w: w == ["connected"])
        eventually("that nobody is left", lambda: rows(page), lambda left: left == [])


def test_the_page_tells_of_the_mesh_of_its_hub(open_page: Open) -> None:
    with our_server("hub") as hub:
        page = open_page(demo(hub))
        eventually("the mesh", lambda: words(page, "#mesh"), lambda said: "no other hub" in said[0])


def test_what_others_announce_is_shown_as_text(open_page: Open) -> None:
    """Also a name and a hub that are none, and text that a page would take for its own."""
    with our_server("hub") as hub:
        page = open_page(demo(hub))
        page.evaluate(
            """new Promise((resolve) => {
              const socket = new WebSocket(`ws://${location.host}/?peerId=${"0".repeat(40)}`);
              socket.onopen = () => {
                const name = "<img src=x onerror=alert(1)>";
                const data = { name, hub: { not: "text" }, at: "x" };
                socket.send(JSON.stringify({ type: "announce", data, networkName: "demo" }));
                resolve(true);
              };
            })"""
        )
        (row,) = eventually("the peer", lambda: rows(page), lambda found: len(found) == 1)
        assert "<img src=x onerror=alert(1)>" in row["text"]
        assert "at hub unknown" in row["text"]
        assert words(page, "#peers img") == []
        assert page.console_errors() == []


def test_a_page_shows_the_token_in_its_address(open_page: Open, tmp_path: Path) -> None:
    key = Key("EdDSA")
    with our_server("server", "--token-keys", write_keys(tmp_path / "keys", key)) as server:
        page = open_page(demo(server, f"#flock&token={key.sign(ns=['flock'])}"))
        eventually("a way in", lambda: words(page, "#connection"), lambda w: w == ["connected"])
        without = open_page(demo(server, "#flock"))
        eventually(
            "a refusal", lambda: words(without, "#connection"), lambda w: w != ["connecting"]
        )
        assert words(without, "#connection") != ["connected"]
