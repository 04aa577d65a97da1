"""Below a path, unmodified npm clients and the page /demo find what they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.meeting import check_that_they_meet_and_talk
from tests.e2e.servers import our_server
from tests.e2e.waiting import eventually

if TYPE_CHECKING:
    from tests.e2e.clients import Browser
    from tests.e2e.conftest import NewClient

pytestmark = [pytest.mark.slow, pytest.mark.node, pytest.mark.xdist_group("clients")]


def test_node_clients_meet_below_a_path(new_node_client: NewClient) -> None:
    with our_server("server", "--path-prefix", "/signal") as server:
        first, second = new_node_client(), new_node_client()
        for client in (first, second):
            client.start(f"{server.url}/signal", "flock")
        check_that_they_meet_and_talk(first, second)


@pytest.mark.browser
def test_the_demo_connects_below_the_path_that_it_came_from(browser: Browser) -> None:
    with our_server("server", "--path-prefix", "/signal") as server:
        page = browser.open(server.url.replace("ws://", "http://") + "/signal/demo")
        eventually(
            "the page is connected",
            lambda: str(page.evaluate("document.body.textContent")),
            lambda said: "connected to hub" in said,
        )
        assert page.console_errors() == []
        page.close()
