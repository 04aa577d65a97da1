"""The page ``/dashboard`` in a real browser, of hubs that are real processes."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import threading
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import pytest
from websockets.sync.client import connect

from peerpigeon import HubView, LinkRecord, MeshSnapshot, PeerId, PeerPigeonServer, TopologySnapshot
from tests.e2e.environment import PACKAGES
from tests.e2e.hubs import migrated_mesh
from tests.e2e.servers import our_server
from tests.e2e.waiting import eventually
from tests.selection import thorough

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.clients import Browser, Page
    from tests.e2e.servers import Server

    Open = Callable[..., Page]

logger = logging.getLogger(__name__)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.node,
    pytest.mark.browser,
    pytest.mark.xdist_group("clients"),
]

SHOWN_WITHIN = 4.0  # seconds from the death of a hub, the requirement
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def open_dashboard(browser: Browser) -> Iterator[Open]:
    """Open pages that are closed in the end."""
    with ExitStack() as pages:

        def opened(server: Server, **options: object) -> Page:
            url = f"http://127.0.0.1:{server.port}/dashboard"
            page = pages.enter_context(browser.open(url, **options))
            eventually("that it is live", lambda: words(page, "#connection"), lambda w: w == "live")
            return page

        yield opened


def words(page: Page, selector: str) -> str:
    found = page.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")
    return cast("str", found)


def rows(page: Page) -> dict[str, str]:
    """Return the hubs of the table, and the state of each."""
    found = page.evaluate(
        "[...document.querySelectorAll('#hub-rows tr')].map((row) =>"
        " [row.querySelector('button').innerText, row.querySelector('.pill').innerText])"
    )
    return dict(cast("list[list[str]]", found))


def drawn(page: Page) -> list[str]:
    """Return the hubs of the picture, each by its name and state."""
    found = page.evaluate(
        "[...document.querySelectorAll('#graph .hub title')].map((title) => title.textContent)"
    )
    return sorted(cast("list[str]", found))


def events(page: Page) -> list[str]:
    found = page.evaluate(
        "[...document.querySelectorAll('#event-list .what')].map((each) => each.innerText)"
    )
    return cast("list[str]", found)


def name(hub: Server) -> str:
    return f"127.0.0.1:{hub.port}"


def fill(page: Page, field: str, text: str) -> None:
    page.click(field)
    page.press("Control+a")
    page.press("Delete")
    page.type(text)


def say(socket: Any, **message: object) -> None:
    socket.send(json.dumps(message))


@contextmanager
def joined(server: Server, peer_id: str, namespace: str) -> Iterator[Any]:
    """Have a client in a namespace."""
    with connect(f"{server.url}/?peerId={peer_id}", proxy=None, max_queue=None) as socket:
        say(socket, type="announce", networkName=namespace, data={})
        yield socket


def check_peace(page: Page) -> None:
    """Check that a page has complained of nothing, and has asked no other host."""
    assert page.console_errors() == []
    assert {urlsplit(url).scheme for url in page.requests()} <= {"http", "data"}
    hosts = {urlsplit(url).netloc for url in page.requests() if url.startswith("http")}
    assert len(hosts) == 1


def test_a_mesh_is_shown_and_a_killed_hub_is_missed_in_time(open_dashboard: Open) -> None:
    with migrated_mesh(5) as place:
        here, *_, victim = place.hubs
        page = open_dashboard(here)
        ready = {name(hub): "ready" for hub in place.hubs}
        eventually("five hubs", lambda: rows(page), lambda found: found == ready)
        assert drawn(page) == sorted(f"{name(hub)}, ready" for hub in place.hubs)
        assert "5 hubs, " in words(page, "#graph-text")
        assert "all over data channels" in words(page, "#graph-text")
        eventually("the links", lambda: edges(page, "p2p"), lambda count: count >= 5)

        killed_at = time.monotonic()
        victim.kill()
        lost = {**ready, name(victim): "lost"}
        eventually("that one is lost", lambda: rows(page), lambda found: found == lost)
        shown_after = time.monotonic() - killed_at
        assert f"{name(victim)}, lost" in drawn(page)
        assert "1 hub lost" in words(page, "#graph-text")
        eventually("where it was linked", partial(edges, page, "lost"), lambda count: count >= 2)
        logger.info("shown as lost %.2f s after it was killed", shown_after)
        assert shown_after <= SHOWN_WITHIN
        eventually("words", lambda: words(page, "#said"), lambda said: "is lost" in said)
        gone = f"Hub {name(victim)} has left the mesh, 4 hubs now"
        eventually("the event", lambda: events(page), lambda told: gone in told)

        again = place.restart(victim)
        assert again.id != victim.id
        eventually("that it is back", lambda: rows(page), lambda found: found == ready)
        check_peace(page)


def edges(page: Page, kind: str) -> int:
    path = page.evaluate(f"document.querySelector('#graph .edge.{kind}').getAttribute('d')")
    return cast("str", path or "").count("M")


@pytest.mark.thorough
def test_a_hub_is_selected_in_the_table_or_in_the_picture(open_dashboard: Open) -> None:
    with our_server("hub") as here, our_server("hub", "--bootstrap-hubs", here.url) as there:
        page = open_dashboard(here)
        eventually("two hubs", lambda: rows(page), lambda found: len(found) == 2)
        assert words(page, "#selected-title") == f"{name(here)} (this hub)"
        page.click(f"#hub-rows button:text-is('{name(there)}')")
        assert words(page, "#selected-title") == name(there)
        linked = f"{name(here)} (data channel)"
        facts = eventually("a link", partial(words, page, "#selected-facts"), lambda w: linked in w)
        assert there.url in facts
        page.evaluate("document.querySelector('#graph .own').dispatchEvent(new Event('click'))")
        assert words(page, "#selected-title") == f"{name(here)} (this hub)"
        check_peace(page)


def test_figures_namespaces_and_events_follow_what_clients_do(open_dashboard: Open) -> None:
    a, b = "a" * 40, "b" * 40
    with our_server("hub") as hub, ExitStack() as clients:
        page = open_dashboard(hub)
        own = "#hub-rows td.clients"
        first = clients.enter_context(joined(hub, a, EVIL))
        clients.enter_context(joined(hub, b, EVIL))
        eventually("two clients", lambda: words(page, "#client-count"), lambda w: w == "2")
        eventually("them at the hub", lambda: words(page, own), lambda w: w == "2")
        assert words(page, "#selected-title") == f"{name(hub)} (this hub)"
        table = "#namespace-rows"
        eventually(
            "its namespace", lambda: words(page, table), lambda w: w.split()[-2:] == ["2"] * 2
        )
        assert EVIL in words(page, table)
        told = eventually("events", lambda: events(page), lambda told: len(told) >= 4)
        assert f"Client {a[:8]} is in namespace “{EVIL}”" in told
        for _ in range(50):
            say(first, type="offer", data="x", targetPeerId=b, networkName=EVIL)
        eventually("signals", lambda: words(page, "#signals-chart strong"), lambda w: float(w) > 0)
        check_peace(page)


@pytest.mark.thorough
def test_events_are_filtered_by_kind_and_by_words(open_dashboard: Open) -> None:
    with our_server("hub") as hub, ExitStack() as clients:
        page = open_dashboard(hub)
        for digit in "abc":
            clients.enter_context(joined(hub, digit * 40, "lobby"))
        eventually("all", lambda: of_clients(page), lambda told: len(told) == 6)
        fill(page, "#find-event", "B" * 8)
        shown = eventually("some", lambda: events(page), lambda told: len(told) == 2)
        assert all("bbbbbbbb" in each for each in shown)
        assert words(page, "#event-count") == "2 events"
        page.click("#events input[value=clients]")
        eventually("none", lambda: events(page), lambda told: told == [])
        assert words(page, "#no-event") == "Nothing like that has happened."
        fill(page, "#find-event", "")
        eventually("the rest", lambda: events(page), bool)
        assert of_clients(page) == []


def of_clients(page: Page) -> list[str]:
    return [each for each in events(page) if each.startswith("Client")]


@pytest.mark.thorough
def test_events_wait_while_the_list_is_held(open_dashboard: Open) -> None:
    with our_server("server") as server:
        page = open_dashboard(server)
        page.click("#hold")
        with joined(server, "a" * 40, "lobby"):
            eventually("some wait", lambda: words(page, "#hold"), lambda w: w == "Hold (2 wait)")
            assert events(page) == []
            page.click("#hold")
            eventually("all", lambda: events(page), lambda told: len(told) == 2)


@pytest.mark.thorough
def test_a_server_that_is_no_hub_says_so(open_dashboard: Open) -> None:
    with our_server("server") as server:
        page = open_dashboard(server)
        eventually("it", lambda: words(page, "#graph-text"), lambda w: "is no hub" in w)
        assert (rows(page), drawn(page)) == ({}, [])
        check_peace(page)


@pytest.mark.thorough
def test_the_page_comes_back_when_its_server_does(open_dashboard: Open) -> None:
    with our_server("hub") as hub:
        page = open_dashboard(hub)
    eventually("that it knows", lambda: words(page, "#connection"), lambda w: "trying" in w)
    with our_server("hub", "--port", str(hub.port)):
        eventually("that it is live", lambda: words(page, "#connection"), lambda w: w == "live")
        eventually("the hub", lambda: rows(page), lambda found: found == {name(hub): "ready"})


@pytest.mark.thorough
def test_the_page_is_used_by_keyboard_from_top_to_bottom(open_dashboard: Open) -> None:
    with our_server("hub") as hub:
        page = open_dashboard(hub)
        eventually("the hub", lambda: rows(page), lambda found: len(found) == 1)
        focused = []
        for _ in range(16):
            page.press("Tab")
            focused.append(
                page.evaluate(
                    "(() => { const at = document.activeElement; return at.dataset.order"
                    " ?? (at.id || at.value || at.className || at.tagName); })()"
                )
            )
        assert focused == [
            *("skip", "find-hub", "name", "state", "links", "clients", "hops", "since", "name"),
            *("hold", "find-event", "mesh", "clients", "trouble", "event-list"),
            "BODY",
        ]


def test_what_others_choose_is_shown_as_text(open_dashboard: Open) -> None:
    """A hub advertises what it likes, as long as it is an address."""
    address = "ws://xn--e1afmkfd.example:1/" + "%3Cscript%3E" + "x" * 150
    with our_server("hub") as here:
        with our_server("hub", "--bootstrap-hubs", here.url, "--advertise", address):
            page = open_dashboard(here)
            eventually("two hubs", lambda: rows(page), lambda found: len(found) == 2)
            assert page.evaluate("document.querySelectorAll('main script, main img').length") == 0
            assert width(page) <= 1280
            check_peace(page)


@contextmanager
def shown(picture: Callable[[PeerId], TopologySnapshot]) -> Iterator[int]:
    """Run a hub in this process that takes its mesh for what it is told; yield its port."""
    server = PeerPigeonServer(host="127.0.0.1", port=0, is_hub=True, auto_connect=False)
    has_started, is_over = threading.Event(), threading.Event()

    async def serve() -> None:
        async with server:
            assert server._runtime is not None
            server._runtime.topology = lambda: picture(server.hub_peer_id)  # type: ignore[method-assign]
            has_started.set()
            await asyncio.to_thread(is_over.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert has_started.wait(30)
        yield server.port
    finally:
        is_over.set()
        thread.join()


def ring(count: int, own: PeerId) -> TopologySnapshot:
    """Return a mesh of so many hubs without addresses, each linked with eight others."""
    rng = random.Random(count)
    ids = sorted([own, *(PeerId(f"{rng.getrandbits(160):040x}") for _ in range(count - 1))])
    views = tuple(
        HubView(
            peer_id,
            incarnation=1,
            addresses=(),
            is_draining=False,
            links=tuple(
                LinkRecord(ids[(number + step) % count], "p2p", "mesh")
                for step in (-200, -40, -7, -1, 1, 7, 40, 200)
            ),
        )
        for number, peer_id in enumerate(ids)
    )
    return TopologySnapshot(own, True, time.time(), MeshSnapshot(ready=True), views)


@pytest.mark.thorough
def test_a_thousand_hubs_are_drawn_simplified_and_the_page_says_so(browser: Browser) -> None:
    with (
        shown(partial(ring, 1000)) as port,
        browser.open(f"http://127.0.0.1:{port}/dashboard") as page,
    ):
        eventually("all", lambda: len(drawn(page)), lambda count: count == 1000)
        assert "Drawn simplified, as there are more than 120 hubs" in words(page, "#graph-text")
        assert "1,000 hubs, 4,000 links" in words(page, "#graph-text")
        labels = "[...document.querySelectorAll('#graph .label')].map((each) => each.textContent)"
        named = cast("list[str]", page.evaluate(labels))
        assert list(filter(None, named)) == [words(page, "#own-name")]
        assert len(rows(page)) == 25
        page.click("#all-hubs")
        eventually("all rows", lambda: len(rows(page)), lambda count: count == 1000)
        fill(page, "#find-hub", words(page, "#hub-rows tr:last-child button"))
        eventually("one row", lambda: len(rows(page)), lambda count: count == 1)
        check_peace(page)


def width(page: Page) -> int:
    return cast("int", page.evaluate("document.documentElement.scrollWidth"))


@pytest.mark.parametrize("scheme", [thorough("light"), "dark"])
def test_it_fits_a_phone_and_is_fit_for_everybody(open_dashboard: Open, scheme: str) -> None:
    """By axe-core: contrast, names, roles, order of headings, and whatever else it knows."""
    source = (PACKAGES / "axe-core/axe.min.js").read_text()
    small = {"width": 320, "height": 640}
    with our_server("hub") as hub, joined(hub, "a" * 40, "lobby"):
        # What the policy of the page forbids, axe-core needs.
        phone = open_dashboard(hub, viewport=small, colorScheme=scheme, bypassCSP=True)
        wide = open_dashboard(hub, colorScheme=scheme, bypassCSP=True)
        for page in (phone, wide):
            eventually("events", partial(of_clients, page), lambda told: len(told) == 2)
            page.evaluate(source + "; 0")
            found = page.evaluate(
                "axe.run().then((all) => ({ passes: all.passes.length, faults: all.violations.map("
                "(each) => [each.id, ...each.nodes.map((node) => node.html)]) }))"
            )
            assert cast("dict[str, Any]", found)["faults"] == []
            assert cast("dict[str, Any]", found)["passes"] > 20
        assert width(phone) == 320


@pytest.mark.thorough
def test_a_hub_that_drains_is_shown_to_and_then_as_stopped(open_dashboard: Open) -> None:
    with our_server("hub") as here, ExitStack() as stack:
        options = ("--bootstrap-hubs", here.url, "--drain-time", "4s")
        other = stack.enter_context(our_server("hub", *options))
        for digit in "abcd":
            stack.enter_context(joined(other, digit * 40, "lobby"))
        page = open_dashboard(here)
        both = {name(here): "ready", name(other): "ready"}
        eventually("two hubs", lambda: rows(page), lambda found: found == both)
        eventually("a link", lambda: words(page, "#link-count"), lambda w: w == "1")
        other.child.ask_to_stop()
        for state in ("draining", "stopped"):
            shown = {**both, name(other): state}
            eventually(state, lambda: rows(page), partial(dict.__eq__, shown))
            assert f"{name(other)}, {state}" in drawn(page)
        check_peace(page)


def test_workers_of_one_machine_are_shown_with_the_links_between_them(open_dashboard: Open) -> None:
    with our_server("hub", "--workers", "2") as hub:
        page = open_dashboard(hub)
        eventually("both", lambda: list(rows(page).values()), lambda told: told == ["ready"] * 2)
        assert len(drawn(page)) == 2
        assert "1 link, all within one machine" in words(page, "#graph-text")
        assert words(page, "#link-note") == "all within one machine"
        page.click("#hub-rows button")
        assert "(same machine)" in words(page, "#selected")
        check_peace(page)
