"""The page ``/``: a line for programs, links for browsers."""

import base64
import hashlib
import re

import pytest

from tests.net.client import get, running

CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


async def links(path: str = "/", **options: object) -> list[str]:
    async with running(**options) as server:
        answer = await get(server, path, headers={"Accept": CHROMIUM})
        assert (answer.status, answer.content_type) == (200, "text/html")
        return re.findall(r'href="([^"]*)"', answer.body.decode())


async def test_a_browser_is_shown_where_to_look() -> None:
    assert await links() == ["dashboard", "metrics", "demo", "health"]
    assert await links(demo=False) == ["dashboard", "metrics", "health"]
    assert await links(show_details=False) == ["demo", "health"]


@pytest.mark.parametrize(("path", "start"), [("/a/b", "b/"), ("/a/b/", "")])
async def test_the_links_lead_below_the_prefix(path: str, start: str) -> None:
    assert await links(path, path_prefix="/a/b") == [
        f"{start}{page}" for page in ("dashboard", "metrics", "demo", "health")
    ]


@pytest.mark.parametrize("accept", ["*/*", "text/plain", "application/json", ""])
async def test_a_program_is_told_in_a_line(accept: str) -> None:
    async with running() as server:
        answer = await get(server, "/", headers={"Accept": accept})
        assert answer.content_type == "text/plain"
        assert answer.headers["Vary"] == "Origin, Accept"


async def test_its_style_is_the_only_thing_that_it_may_use() -> None:
    async with running() as server:
        answer = await get(server, "/", headers={"Accept": CHROMIUM})
        (style,) = re.findall(r"<style>(.*)</style>", answer.body.decode())
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
