"""The demo pages for clients of other kinds, in a real browser, at two hubs of a mesh.

Packages that a page fetches from a public network are those that npm has installed.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from tests.e2e.clients import Browser, Page
from tests.e2e.dialects.clients import Document, PeerJs
from tests.e2e.dialects.environment import PACKAGES
from tests.e2e.dialects.import_maps import DEMO, STARTS, import_map
from tests.e2e.hubs import migrated_mesh
from tests.e2e.waiting import eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.node,
    pytest.mark.browser,
    pytest.mark.xdist_group("clients"),
]

Open = Callable[..., Page]

CAMERA = {"permissions": ["camera", "microphone"]}


@pytest.fixture(scope="module")
def ports(dialect_packages: None) -> Iterator[list[int]]:
    """Two hubs of a mesh."""
    with migrated_mesh(2) as place:
        yield [hub.port for hub in place.hubs]


@pytest.fixture
def open_demo(browser: Browser) -> Iterator[Open]:
    """Open demo pages that are closed in the end."""
    with ExitStack() as pages:

        def open_at(port: int, page: str, packages: Path = PACKAGES, **options: object) -> Page:
            url = f"http://127.0.0.1:{port}/demo/{page}".rstrip("/")
            return pages.enter_context(browser.open(url, packages=str(packages), **options))

        yield open_at


def texts(page: Page, selector: str) -> list[str]:
    found = f"[...document.querySelectorAll({json.dumps(selector)})].map((each) => each.innerText)"
    return cast("list[str]", page.evaluate(found))


def submit(page: Page, form: str, field: str, text: str) -> None:
    """Fill in a form, and press Enter, as a person does."""
    page.evaluate(
        f"document.getElementById({json.dumps(field)}).value = {json.dumps(text)};"
        f"document.getElementById({json.dumps(form)}).requestSubmit()"
    )


def press(page: Page, label: str) -> None:
    """Press one of the buttons beside a peer, once it is there."""
    page.click(f"#peers button:text-is('{label}')")


def is_connected(page: Page) -> None:
    eventually("a way in", lambda: texts(page, "#connection"), lambda w: w == ["connected"])


def links(page: Page) -> list[tuple[str, str, str]]:
    """Return whom a PeerJS page is linked with, how, and in which state."""
    rows = "[...document.querySelectorAll('#peers li')].map((row) => ({ ...row.dataset }))"
    told = cast("list[dict[str, str]]", page.evaluate(rows))
    return [(row["id"], row["type"], row["state"]) for row in told]


def has_links(page: Page, *wanted: tuple[str, str, str]) -> None:
    eventually("links", partial(links, page), lambda it: it == list(wanted))


def said(page: Page) -> list[str]:
    return texts(page, "#messages .what")


def test_peerjs_pages_at_two_hubs_connect_and_chat(ports: list[int], open_demo: Open) -> None:
    """One has its id from the hub."""
    one, other = open_demo(ports[0], "peerjs#ann"), open_demo(ports[1], "peerjs")
    is_connected(one)
    is_connected(other)
    own = cast("str", other.evaluate("document.getElementById('self').dataset.id"))
    submit(other, "dial", "target", "ann")
    for page, there in ((one, own), (other, "ann")):
        has_links(page, (there, "data", "open"))
    submit(one, "form", "text", "<b>hello</b>")
    submit(other, "form", "text", "and back")
    eventually("words", partial(said, one), lambda it: it == ["<b>hello</b>", "and back"])
    eventually("words", partial(said, other), lambda it: sorted(it) == ["<b>hello</b>", "and back"])
    other.close()
    has_links(one)
    assert one.console_errors() == []
    assert one.requests() == [url for url in one.requests() if f":{ports[0]}/" in url]


@pytest.mark.thorough
def test_a_peerjs_page_calls_and_hangs_up(ports: list[int], open_demo: Open) -> None:
    """It is opened by the link that the other page shows for its hub; one has no camera."""
    one = open_demo(ports[0], "peerjs#ann", **CAMERA)
    is_connected(one)
    way = "document.querySelector('#hubs a').href"
    eventually("a way", lambda: one.evaluate("document.querySelectorAll('#hubs a').length"), bool)
    assert one.evaluate(way) == f"http://127.0.0.1:{ports[1]}/demo/peerjs#to=ann"
    other = open_demo(ports[1], "peerjs#ben&to=ann")
    has_links(one, ("ben", "data", "open"))
    press(one, "Call")
    press(other, "Answer")
    for page, there in ((one, "ben"), (other, "ann")):
        has_links(page, (there, "data", "open"), (there, "media", "open"))
        playing = "[...document.querySelectorAll('video')].filter((v) => v.currentTime > 0).length"
        eventually("pictures", partial(page.evaluate, playing), lambda count: count == 2)
    press(one, "Hang up")
    has_links(other, ("ann", "data", "open"))
    assert texts(other, "video") == []


@pytest.mark.parametrize("serialization", ["default", "json", "raw"])
def test_a_peerjs_page_and_the_package_connect_both_ways(
    serialization: str, ports: list[int], open_demo: Open, new_page: Callable[[], Page]
) -> None:
    page, client = open_demo(ports[0], f"peerjs#page-{serialization}"), PeerJs(new_page())
    is_connected(page)
    there = f"client-{serialization}"
    client.start(ports[1], there)
    client.open()
    client.call("connect", f"page-{serialization}", {"serialization": serialization})
    has_links(page, (there, "data", "open"))
    own, words = f"page-{serialization}", ["hello", "ü" * 300, "🕊"]
    for text in words:
        submit(page, "form", "text", text)
        client.call("send", own, f"{text}!")
    wanted = [[own, text] for text in words]
    eventually("words", client.messages, lambda told: told == wanted)
    answers = {f"{text}!" for text in words}
    eventually("words", partial(said, page), lambda it: set(it) == {*words, *answers})
    client.stop()
    has_links(page)


@pytest.mark.thorough
def test_a_peerjs_page_dials_and_calls_the_package(
    ports: list[int], open_demo: Open, new_page: Callable[[], Page]
) -> None:
    client = PeerJs(new_page())
    client.start(ports[1], "client")
    client.open()
    page = open_demo(ports[0], "peerjs#page&to=client")
    has_links(page, ("client", "data", "open"))
    submit(page, "form", "text", "hello")
    eventually("words", client.messages, lambda told: told == [["page", "hello"]])
    client.call("send", "page", "and back")
    eventually("words", partial(said, page), lambda it: it == ["hello", "and back"])
    press(page, "Call")
    eventually("a picture", lambda: client.read("tracks"), lambda shown: shown != [])
    eventually("a call", partial(links, page), lambda it: ("client", "media", "open") in it)
    submit(page, "dial", "target", "nobody")
    eventually("no answer", lambda: texts(page, "#log"), lambda it: "nobody is not there" in it[0])
    client.stop()


@pytest.mark.thorough
def test_a_peerjs_page_whose_hub_dies_has_its_id_at_another_one(open_demo: Open) -> None:
    with migrated_mesh(3) as place:
        goes, stays, third = place.hubs
        one, other = open_demo(goes.port, "peerjs#ann"), open_demo(stays.port, "peerjs#ben&to=ann")
        has_links(other, ("ann", "data", "open"))
        eventually("ways", lambda: texts(one, "#hubs a"), lambda it: len(it) == 2)
        goes.kill()
        elsewhere = {f"127.0.0.1:{hub.port}" for hub in (stays, third)}
        eventually("that it moves", lambda: texts(one, "#hub"), lambda it: it[0] in elsewhere)
        is_connected(one)
        submit(one, "form", "text", "still here")
        eventually("words", partial(said, other), lambda it: it == ["still here"])
        newcomer = open_demo(third.port, "peerjs#cat&to=ann")
        has_links(newcomer, ("ann", "data", "open"))


def test_y_webrtc_pages_at_two_hubs_write_one_text(ports: list[int], open_demo: Open) -> None:
    one, other = (
        open_demo(ports[0], "y-webrtc#garden&name=Ann"),
        open_demo(ports[1], "y-webrtc#garden"),
    )
    stranger = open_demo(ports[1], "y-webrtc#kitchen")
    linked = "document.getElementById('peers').dataset.links"
    for page in (one, other):
        eventually("a link", partial(page.evaluate, linked), lambda count: count == "1")

    def text(page: Page) -> Any:
        return page.evaluate("document.getElementById('text').value")

    one.evaluate("document.getElementById('text').focus()")
    one.type("roses")
    eventually("the text", partial(text, other), lambda it: it == "roses")
    other.evaluate("document.getElementById('text').focus()")
    other.evaluate("document.getElementById('text').setSelectionRange(0, 0)")
    other.type("red ")
    one.type(" bloom")  # where it has been, though something came before that
    for page in (one, other):
        eventually("the text", partial(text, page), lambda it: it == "red roses bloom")
    eventually("the name", lambda: texts(other, "#peers li"), lambda it: it == ["Ann"])
    assert text(stranger) == ""
    assert one.console_errors() == other.console_errors() == []


@pytest.mark.thorough
def test_a_y_webrtc_page_and_the_package_share_a_text(
    ports: list[int], open_demo: Open, new_page: Callable[[], Page]
) -> None:
    page, document = open_demo(ports[0], "y-webrtc#shed"), Document(new_page())
    document.start(ports[1], "shed")
    eventually("a link", partial(document.call, "linked"), lambda count: count == 1)
    page.evaluate("document.getElementById('text').focus()")
    page.type("spade")
    eventually("the text", partial(document.call, "text"), lambda it: it == "spade")
    document.call("stop")


@pytest.mark.thorough
def test_webtorrent_pages_at_two_hubs_share_a_text(ports: list[int], open_demo: Open) -> None:
    words = "words of a text. " * 100
    one = open_demo(ports[0], "webtorrent")
    eventually("the package", lambda: texts(one, "#connection"), lambda it: it == ["ready"])
    submit(one, "seed", "text", words)
    rows = "[...document.querySelectorAll('#torrents li')].map((row) => row.dataset.id)"
    (info_hash,) = cast("list[str]", eventually("a torrent", partial(one.evaluate, rows), bool))
    way = f"http://127.0.0.1:{ports[1]}/demo/webtorrent#get={info_hash}"
    eventually(
        "a way",
        lambda: one.evaluate("document.querySelector('#hubs a')?.href"),
        lambda it: it == way,
    )
    other = open_demo(ports[1], f"webtorrent#get={info_hash}")
    there = "document.querySelector('#torrents .what')?.textContent"
    eventually("the text", partial(other.evaluate, there), lambda it: it == words)
    assert one.console_errors() == other.console_errors() == []


def test_a_page_says_so_when_it_cannot_fetch_its_packages(
    ports: list[int], open_demo: Open, tmp_path: Path
) -> None:
    """Also when they are not what they should be."""
    changed = tmp_path / "packages"
    shutil.copytree(PACKAGES / "yjs" / "dist", changed / "yjs" / "dist")
    with (changed / "yjs" / "dist" / "yjs.mjs").open("a") as file:
        file.write("globalThis.isChanged = true;\n")
    for packages in (tmp_path / "none", changed):
        page = open_demo(ports[0], "y-webrtc", packages)
        eventually("words", partial(texts, page, "#lacking"), lambda told: told != [""])
        assert "could not get them" in texts(page, "#lacking")[0]
        assert page.evaluate("document.getElementById('text').disabled")
        assert page.evaluate("'isChanged' in globalThis") is False


@pytest.mark.thorough
@pytest.mark.parametrize("page", ["", "peerjs", "y-webrtc", "webtorrent"])
def test_a_page_is_no_wider_than_a_phone(page: str, ports: list[int], open_demo: Open) -> None:
    shown = open_demo(ports[0], page, viewport={"width": 360, "height": 800})
    assert shown.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("page", STARTS)
def test_pages_fetch_what_npm_has_installed(page: str, dialect_packages: None) -> None:
    """If not: `python -m tests.e2e.dialects.import_maps`."""
    assert json.loads((DEMO / f"{page}.importmap.json").read_text()) == import_map(page)
