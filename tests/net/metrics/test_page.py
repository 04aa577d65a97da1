"""The page ``/metrics`` over a real socket."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, cast

import prometheus_client
import pytest
from prometheus_client import parser

from peerpigeon.core.memory import MemoryAccount
from peerpigeon.net.links.data_channel import DataChannel, DataChannelListener
from peerpigeon.net.memory import Holders
from peerpigeon.net.metrics.loop_lag import LoopLag
from peerpigeon.net.traffic import Traffic
from peerpigeon.net.turns import Turns
from tests.net.client import A, B, Client, get, join, running
from tests.net.hubs import network

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon import PeerPigeonServer

Samples = dict[tuple[str, ...], float]


async def samples(server: PeerPigeonServer) -> Samples:
    """Return all values that are shown, by name and label values."""
    answer = await get(server, "/metrics")
    assert (answer.status, answer.content_type) == (200, "text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in parser.text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }


async def signaled(server: PeerPigeonServer) -> tuple[Client, Client]:
    """Have two clients, one of which has signaled the other."""
    a, b = await join(server, A), await join(server, B)
    await a.say({"type": "offer", "data": "x", "targetPeerId": B, "networkName": "net1"})
    await b.until("offer")
    return a, b


async def test_what_clients_do_is_shown() -> None:
    async with running() as server:
        a, b = await signaled(server)
        async with a, b:
            shown = await samples(server)
            assert shown["peerpigeon_clients",] == shown["peerpigeon_joins_total",] == 2
            assert shown["peerpigeon_signals_total", "offer", "delivered"] == 1
            assert shown["peerpigeon_clients_limit",] == 1000
            assert shown["peerpigeon_requests_open",] == 1  # this one


async def test_bytes_of_clients_that_are_gone_stay_counted() -> None:
    async with running() as server:
        a, b = await signaled(server)
        async with a, b:
            before = await samples(server)
        while (await samples(server))["peerpigeon_clients",]:
            pass
        after = await samples(server)
    for name in ("peerpigeon_received_bytes_total", "peerpigeon_sent_bytes_total"):
        assert after[name, "clients"] >= before[name, "clients"] > 200


async def test_bytes_between_hubs_are_told_by_carrier() -> None:
    async with network(2) as servers:
        shown = await samples(servers[0])
        assert shown["peerpigeon_hubs",] == 2
        assert shown["peerpigeon_links", "websocket"] == 1
        for name in ("peerpigeon_received_bytes_total", "peerpigeon_sent_bytes_total"):
            assert shown[name, "hubs_websocket"] > 100
            assert shown[name, "hubs_p2p"] == 0


async def test_requests_that_are_refused_are_counted_by_status() -> None:
    async with running(cors_origin="https://app.example", show_details=True) as server:
        assert (await get(server, "/", headers={"Host": "evil.example"})).status == 421
        upgrade = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        assert (await get(server, "/", "GET", "https://evil.example", upgrade)).status == 403
        shown = await samples(server)
        refused = {key[1]: value for key, value in shown.items() if "requests_refused" in key[0]}
        assert refused == {"421": 1, "403": 1}


async def test_turns_are_timed_and_the_loop_is_watched_from_the_first_picture_on() -> None:
    async with running() as server, await join(server, A) as a:
        shown = await samples(server)
        for name in ("loop_lag", "turn"):
            assert shown[f"peerpigeon_{name}_seconds_count",] == 0
        async with asyncio.timeout(30):
            while not shown["peerpigeon_turn_seconds_count",]:
                await a.before_pong()
                shown = await samples(server)
        assert 0 < shown["peerpigeon_turn_seconds_sum",] < 30
        assert shown["peerpigeon_loop_lag_seconds_count",] >= 1


async def test_two_servers_in_one_process_have_their_own_numbers() -> None:
    everywhere = {family.name for family in prometheus_client.REGISTRY.collect()}
    async with running() as one, running() as other, await join(one, A) as a:
        await a.before_pong()
        assert (await samples(one))["peerpigeon_clients",] == 1
        assert (await samples(other))["peerpigeon_clients",] == 0
    assert {family.name for family in prometheus_client.REGISTRY.collect()} == everywhere


async def test_open_metrics_are_for_who_asks_for_them() -> None:
    async with running() as server:
        accept = {"Accept": "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;q=0.1"}
        answer = await get(server, "/metrics", headers=accept)
        assert answer.content_type == "application/openmetrics-text"
        assert answer.body.endswith(b"# EOF\n")
        assert (await get(server, "/metrics", "HEAD")).body == b""


async def test_strangers_see_no_metrics() -> None:
    async with running(show_details=False) as server:
        assert (await get(server, "/metrics")).status == 404
    async with running() as server:
        assert (await get(server, "/metrics", headers={"Via": "1.1 proxy"})).status == 404
        assert (await get(server, "/metrics", "POST")).status == 405


PROGRAM = """
import asyncio, sys
from peerpigeon import PeerPigeonServer

async def main():
    async with PeerPigeonServer(host="127.0.0.1", port=0, is_hub=True):
        await asyncio.sleep(0)
        print("prometheus_client" in sys.modules)

asyncio.run(main())
"""


async def test_the_library_is_not_loaded_before_it_is_needed() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert said.split() == [b"False"]


# The parts


class Timers:
    """A loop in which time is what a test says."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timers:
        self.timers.append((self.now + delay, callback))
        return self

    def cancel(self) -> None:
        self.timers.clear()

    def pass_time(self, late: float) -> None:
        """Call the next timer, so many seconds too late."""
        when, callback = self.timers.pop(0)
        self.now = when + late
        callback()


def test_the_lag_is_by_how_much_a_timer_is_late() -> None:
    timers, looks = Timers(), list[int]()
    lag = LoopLag(
        cast("asyncio.AbstractEventLoop", timers), lambda: timers.now, lambda: looks.append(1)
    )
    lag.start()
    lag.start()
    for late in (0.0, 0.003, 2.0):
        timers.pass_time(late)
    assert (len(timers.timers), len(looks)) == (1, 3)
    by_bound = dict(zip((*lag.times.bounds, float("inf")), lag.times.counts, strict=True))
    assert (by_bound[0.0001], by_bound[0.005], by_bound[2.5]) == (1, 1, 1)
    assert lag.times.sum == pytest.approx(2.003)
    lag.stop()
    assert timers.timers == []
    lag.stop()


class Wire:
    """A channel of an engine, and who hears of it."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def offer(self, _: object) -> Wire:
        return self

    def send(self, message: bytes) -> None:
        self.sent.append(message)

    def channel_received(self, _: object, message: bytes) -> None:
        self.sent.append(message)

    def close(self) -> None:
        pass


async def test_bytes_over_data_channels_are_counted_until_they_are_closed() -> None:
    wire, traffic = Wire(), Traffic()
    holders = Holders(MemoryAccount(1 << 20))
    turns = Turns(asyncio.get_running_loop(), 16)
    channel = DataChannel(1, cast("DataChannelListener", wire), traffic, turns, holders)
    channel.send(b"too early")
    channel.begin(wire, None)  # type: ignore[arg-type]
    channel.send(b"12345")
    channel.received(b"123")
    channel.close(1000, "")
    channel.send(b"too late")
    channel.received(b"too late")
    assert traffic == Traffic(received=3, sent=5)
    assert wire.sent == [b"12345", b"123"]
