"""Does what a plan says to hubs and clients."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from chaos.ghosts import fill
from chaos.history import Began
from chaos.plan import HUBS
from chaos.sockets import Socket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from random import Random

    from chaos.clients import Visitor
    from chaos.history import History
    from chaos.hubs import Hub, Hubs
    from chaos.plan import Fault

RIVAL_PERIOD = 0.05
"""Seconds between two signals of a rival, and between two of those sent to its id."""

LARGE = (60_000, 900_000)
"""Bytes of a large signal, at least and at most."""

LARGE_PERIOD = 0.05
PRESSED_BEFORE = 0.5
"""Seconds before a hub ends in which its clients are sent many signals; and for as long after."""

PRESSING = 3
"""Clients that send such a signal at once, every ``PRESS_PERIOD`` seconds."""

PRESS_PERIOD = 0.01
BURST = 200
"""Signals that a client leaves behind at a hub that falls asleep."""

FEWEST_UP = 4
"""Hubs that run and are not frozen, whatever the plan says: a mesh has to be left."""


class Faults:
    """Performs faults on one set of hubs and clients."""

    def __init__(
        self, hubs: Hubs, visitors: Sequence[Visitor], history: History, chance: Random
    ) -> None:
        self._hubs = hubs
        self._visitors = visitors
        self._history = history
        self._chance = chance
        self._performers: dict[str, Callable[[Fault], Awaitable[None]]] = {
            "kill": self._restart,
            "stop": self._restart,
            "clock": self._restart,
            "freeze": self._freeze,
            "roam": self._roam,
            "rival": self._rival,
            "absent-rival": self._absent_rival,
            "sleeper": self._sleeper,
            "cut": self._cut,
            "large": self._large,
            "slow": self._slow,
            "ghosts": self._ghosts,
        }

    async def perform(self, fault: Fault) -> None:
        """Let a fault begin, last, and end."""
        self._history.note(Began(at=self._history.now, fault=str(fault)))
        await self._performers[fault.kind](fault)

    def _may_lose(self, hub: Hub) -> bool:
        sound = [each for each in self._hubs.listening if not each.is_frozen]
        return hub in sound and len(sound) > FEWEST_UP

    async def _restart(self, fault: Fault) -> None:
        hub = self._hubs.all[fault.hub]
        if not self._may_lose(hub):
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._press(hub))
            await asyncio.sleep(PRESSED_BEFORE)
            await (self._hubs.stop(hub) if fault.kind == "stop" else self._hubs.kill(hub))
            await asyncio.sleep(fault.seconds)
            await self._hubs.start(hub, keeps_id=fault.keeps_id, clock=fault.clock)

    async def _press(self, hub: Hub) -> None:
        """Let clients of other hubs send many signals to those of one that is about to end."""
        theirs = [each for each in self._visitors if each.socket and each.socket.hub is hub]
        others = [each for each in self._visitors if each not in theirs]
        until = self._history.now + 2 * PRESSED_BEFORE
        while theirs and self._history.now < until:
            target = self._chance.choice(theirs)
            near = [each for each in others if each.namespace == target.namespace]
            for sender in self._chance.sample(near, min(len(near), PRESSING)):
                await sender.signal(target.peer)
            await asyncio.sleep(PRESS_PERIOD)

    async def _freeze(self, fault: Fault) -> None:
        await self._let_sleep(self._hubs.all[fault.hub], fault.seconds)

    async def _let_sleep(self, hub: Hub, seconds: float) -> None:
        if self._may_lose(hub):
            self._hubs.freeze(hub)
            await asyncio.sleep(seconds)
            self._hubs.thaw(hub)

    async def _cut(self, fault: Fault) -> None:
        """Cut two hubs off, which are left with each other, for a while."""
        numbers = sorted({fault.hub, (fault.hub + 1 + fault.to % 2) % HUBS})
        await self._hubs.cut(numbers)
        await asyncio.sleep(fault.seconds)
        await self._hubs.mend(numbers)

    async def _ghosts(self, fault: Fault) -> None:
        await fill(self._hubs.all[fault.hub], self._history)

    async def _roam(self, fault: Fault) -> None:
        """Let three clients leave their hubs for another, in the middle of what they say."""
        to = self._hubs.all[fault.to]
        if not to.is_up or to.is_frozen:
            return
        for step in range(3):
            visitor = self._visitors[(fault.client + 7 * step) % len(self._visitors)]
            await visitor.signal(self._someone_near(visitor).peer)
            await visitor.roam(to, rudely=fault.rudely)

    async def _rival(self, fault: Fault) -> None:
        """Open a second socket under the id of a client, and let it speak and be spoken to."""
        owner = self._visitors[fault.client]
        hub = self._elsewhere(owner, fault.to)
        if hub is None:
            return
        rival = Socket(owner.peer, owner.namespace, hub, self._history)
        if not await rival.open("rival"):
            return
        until = self._history.now + fault.seconds
        while self._history.now < until and rival.is_open:
            other = self._someone_near(owner)
            await other.signal(owner.peer)
            await rival.signal(other.peer)
            await asyncio.sleep(RIVAL_PERIOD)
        await rival.close()

    async def _absent_rival(self, fault: Fault) -> None:
        """The same, while the hub of the client is frozen."""
        owner = self._visitors[fault.client]
        if owner.socket is None or not owner.socket.is_open:
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._let_sleep(owner.socket.hub, fault.seconds))
            await asyncio.sleep(0.3)
            await self._rival(fault)

    async def _sleeper(self, fault: Fault) -> None:
        """Let a hub fall asleep over what a client has said, and the client go on elsewhere."""
        visitor = self._visitors[fault.client]
        to = self._elsewhere(visitor, fault.to)
        if to is None or visitor.socket is None or not self._may_lose(visitor.socket.hub):
            return
        hub = visitor.socket.hub
        others = [
            each for each in self._near(visitor) if each.socket and each.socket.hub is not hub
        ]
        self._hubs.freeze(hub)
        for number in range(BURST):
            await visitor.signal(others[number % len(others)].peer)
        await visitor.roam(to, rudely=fault.rudely)
        until = self._history.now + fault.seconds
        while self._history.now < until:
            await visitor.signal(self._chance.choice(others).peer)
            await asyncio.sleep(RIVAL_PERIOD)
        self._hubs.thaw(hub)
        until = self._history.now + 2.0
        while self._history.now < until:
            await visitor.signal(self._chance.choice(others).peer)
            await asyncio.sleep(RIVAL_PERIOD)

    async def _large(self, fault: Fault) -> None:
        """Let clients of all hubs send large signals, each to one at another hub."""
        async with asyncio.TaskGroup() as group:
            for visitor in self._visitors[:: max(1, len(self._visitors) // HUBS)]:
                group.create_task(self._send_large(visitor, self._history.now + fault.seconds))

    async def _send_large(self, visitor: Visitor, until: float) -> None:
        """Send one after another: more at once than the machine can carry would show nothing."""
        serial = None
        while self._history.now < until:
            if serial is None or serial in self._history.ended:
                size = self._chance.randint(*LARGE)
                serial = await visitor.signal(self._someone_near(visitor).peer, size)
            await asyncio.sleep(LARGE_PERIOD)

    async def _slow(self, fault: Fault) -> None:
        """Let a client read nothing while others send it much."""
        visitor = self._visitors[fault.client]
        socket = visitor.socket
        if socket is None or not socket.is_open:
            return
        socket.pause()
        until = self._history.now + fault.seconds
        while self._history.now < until:
            await self._someone_near(visitor).signal(visitor.peer, 20_000)
            await asyncio.sleep(RIVAL_PERIOD)
        socket.resume()

    def _near(self, visitor: Visitor) -> list[Visitor]:
        return [
            each
            for each in self._visitors
            if each.namespace == visitor.namespace and each is not visitor
        ]

    def _someone_near(self, visitor: Visitor) -> Visitor:
        return self._chance.choice(self._near(visitor))

    def _elsewhere(self, visitor: Visitor, preferred: int) -> Hub | None:
        """Return a hub that runs and is not that of a client, which has a socket."""
        if visitor.socket is None or not visitor.socket.is_open:
            return None
        for step in range(HUBS):
            hub = self._hubs.all[(preferred + step) % HUBS]
            if hub.is_up and not hub.is_frozen and hub is not visitor.socket.hub:
                return hub
        return None
