"""Hubs' data channels with WebRTC that is not ours: Chromium's, and that of wrtc in Node.

No client opens a channel to a hub, but what hubs speak is WebRTC's, and this shows it.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

import pytest

from peerpigeon.core.config import KIB
from peerpigeon.rtc.engines import make_engine
from peerpigeon.rtc.ice import IceOptions
from peerpigeon.rtc.interface import MAX_MESSAGE
from tests.e2e.clients import Browser
from tests.e2e.environment import HERE, node
from tests.e2e.process import Worker
from tests.rtc.conftest import NAMES
from tests.rtc.ends import End

if TYPE_CHECKING:
    from peerpigeon.rtc.interface import Engine

Ask = Callable[..., object]
SIZES = (1, 1000, 1200, 16 * KIB, 0, MAX_MESSAGE)
BURST = 2000

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.fixture
def in_node(npm_packages: None) -> Iterator[Ask]:
    """A peer in a process of Node's."""
    with Worker(node(), str(HERE / "channel.mjs")) as worker:
        yield lambda method, *arguments: worker.ask("call", method, arguments)


@pytest.fixture
def in_chromium(browser: Browser, web: str) -> Iterator[Ask]:
    """A peer in a page."""
    with browser.open(f"{web}/page.html") as page:
        source = (HERE / "channel_peer.mjs").read_text().replace("export class", "return class")
        page.evaluate(
            f"(() => {{ window.peer = new (make())(RTCPeerConnection); {make(source)} }})()"
        )
        yield lambda method, *arguments: page.evaluate(f"peer.{method}(...{json.dumps(arguments)})")


def make(source: str) -> str:
    """Wrap the module so that a page without imports can have its class."""
    before, _, after = source.partition("const pause")
    return f"function make() {{ const pause{after} {before} }}"


@pytest.mark.node
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("offers", ["hub", "peer"])
async def test_a_peer_in_node(name: str, in_node: Ask, offers: str) -> None:
    await converse(name, in_node, is_offering=offers == "hub")


@pytest.mark.browser
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("offers", ["hub", "peer"])
async def test_a_peer_in_chromium(name: str, in_chromium: Ask, offers: str) -> None:
    await converse(name, in_chromium, is_offering=offers == "hub")


@pytest.mark.node
@pytest.mark.parametrize("name", NAMES)
async def test_a_peer_hears_that_the_hub_closes(name: str, in_node: Ask) -> None:
    engine = make_engine(name, IceOptions())
    end = await opened(engine, in_node, is_offering=True)
    end.channel.close()
    assert await asyncio.to_thread(in_node, "untilClosed") == "closed"
    await engine.close()


async def converse(name: str, ask: Ask, *, is_offering: bool) -> None:
    """Messages of all sizes and many at once come back as they were; the end is heard of."""
    engine = make_engine(name, IceOptions())
    end = await opened(engine, ask, is_offering=is_offering)
    for size in SIZES:
        end.channel.send(bytes([size % 251]) * size)
    assert await end.until_received(len(SIZES)) == [bytes([each % 251]) * each for each in SIZES]
    for number in range(BURST):
        end.channel.send(number.to_bytes(2, "big") * 150)
    received = (await end.until_received(len(SIZES) + BURST))[len(SIZES) :]
    assert [int.from_bytes(each[:2], "big") for each in received] == list(range(BURST))
    await asyncio.to_thread(ask, "closeChannel")
    assert await end.until_ended()
    await engine.close()


async def opened(engine: "Engine", ask: Ask, *, is_offering: bool) -> End:
    """The hub's end of an open channel."""
    end = End()
    if is_offering:
        end.channel = engine.offer(end)
        offer = await end.until_described()
        end.channel.take_answer(cast("str", await asyncio.to_thread(ask, "answer", offer)))
    else:
        end.channel = engine.answer(cast("str", await asyncio.to_thread(ask, "offer")), end)
        await asyncio.to_thread(ask, "takeAnswer", await end.until_described())
    await end.until_open()
    await asyncio.to_thread(ask, "open")
    return end
