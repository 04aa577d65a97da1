"""Names are looked up beside the event loop, and never for longer than agreed."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

from peerpigeon.core.interface.events import NameResolved, ResolvingFailed
from peerpigeon.net.links import name_lookup
from peerpigeon.net.links.name_lookup import NameLookup

if TYPE_CHECKING:
    import pytest

    from peerpigeon.core.interface.events import NameEvent

DEADLINE = 30.0


class Heard:
    """What a hub would be fed with."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[NameEvent] = asyncio.Queue()
        self.lookup = NameLookup(self.events.put_nowait)

    async def next(self) -> NameEvent:
        async with asyncio.timeout(DEADLINE):
            return await self.events.get()


async def test_a_name_leads_to_all_its_addresses() -> None:
    heard = Heard()
    heard.lookup.resolve("localhost")
    event = await heard.next()
    assert isinstance(event, NameResolved)
    assert event.name == "localhost"
    assert "127.0.0.1" in event.addresses or "::1" in event.addresses
    assert len(set(event.addresses)) == len(event.addresses)


async def test_that_there_is_no_such_name_is_told_with_the_reason() -> None:
    heard = Heard()
    heard.lookup.resolve("no-such-name.invalid")
    event = await heard.next()
    assert isinstance(event, ResolvingFailed)
    assert event.reason


class Hanging:
    """A resolver that answers when it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.asked: list[str] = []

    def __call__(self, name: str, *_: object, **__: object) -> list[object]:
        self.asked.append(name)
        self.let.wait(DEADLINE)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0))]


async def test_a_resolver_that_hangs_is_given_up_and_not_asked_by_more_and_more_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hanging, heard = Hanging(), Heard()
    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    monkeypatch.setattr(name_lookup, "RESOLVE_TIMEOUT", 0.01)
    failed = ResolvingFailed("hubs.example", "the name service does not answer")
    for _ in range(3):
        heard.lookup.resolve("hubs.example")
        assert await heard.next() == failed
    assert hanging.asked == ["hubs.example"]
    hanging.let.set()
    monkeypatch.setattr(name_lookup, "RESOLVE_TIMEOUT", DEADLINE)
    async with asyncio.timeout(DEADLINE):
        event: NameEvent = failed
        while event == failed:  # until the first look has come to its end
            heard.lookup.resolve("hubs.example")
            event = await heard.next()
    assert event == NameResolved("hubs.example", ("192.0.2.1",))
    assert heard.events.empty()


async def test_a_hub_that_stops_hears_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging, heard = Hanging(), Heard()
    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    heard.lookup.resolve("hubs.example")
    heard.lookup.close()
    hanging.let.set()
    heard.lookup.resolve("another.example")
    assert await heard.next() == NameResolved("another.example", ("192.0.2.1",))
    assert heard.events.empty()
