"""A hub that is started again with another clock, over real sockets."""

from __future__ import annotations

import time

import pytest

from peerpigeon import ErrorOccurred
from tests.net.client import A, B, C, join
from tests.net.hubs import eventually, hub, uri

HUB_ID = "7" * 40


@pytest.mark.parametrize("ahead", [-600.0, -20 * 365.25 * 86_400.0])
async def test_the_clients_of_a_hub_whose_clock_was_set_back_are_met(
    ahead: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hub() as (first, _), await join(first, A) as a:
        start = uri(first)
        async with (
            hub(start, hub_peer_id=HUB_ID) as (former, _),
            await join(former, B) as b,
        ):
            assert (await b.until("peer-discovered"))["data"]["peerId"] == A
            assert (await a.until("peer-discovered"))["data"]["peerId"] == B
        shown = time.time
        monkeypatch.setattr(time, "time", lambda: shown() + ahead)
        async with hub(start, hub_peer_id=HUB_ID) as (second, told), await join(second, C) as c:
            assert (await c.until("peer-discovered"))["data"]["peerId"] == A
            assert (await a.until("peer-discovered"))["data"]["peerId"] == C
            await a.signal(C, data="there")
            assert (await c.until("offer"))["data"] == "there"
            await c.signal(A, data="and back")
            assert (await a.until("offer"))["data"] == "and back"
            assert told.of(ErrorOccurred) == []


async def test_two_hubs_that_were_given_one_id_say_so_and_one_goes_on_alone() -> None:
    async with hub() as (first, _), await join(first, A) as a:
        start = uri(first)
        async with hub(start, hub_peer_id=HUB_ID) as (true, told), await join(true, B) as b:
            assert (await a.until("peer-discovered"))["data"]["peerId"] == B
            await b.until("peer-discovered")
            async with hub(uri(true), hub_peer_id=HUB_ID) as (_, clone_told):
                said = await clone_told.until(ErrorOccurred)
                assert HUB_ID in said.message
                assert uri(true) in said.message
                assert HUB_ID in (await told.until(ErrorOccurred)).message
            async with hub(start, hub_peer_id=HUB_ID, reconnect_interval=60.0):
                await eventually(lambda: len(first.get_connected_hubs()) == 1)
            c = await join(true, C)
            while (await a.until("peer-discovered"))["data"]["peerId"] != C:
                pass
            await a.signal(C, data="there")
            assert (await c.until("offer"))["data"] == "there"
            await c.close()
