"""What one worker says to the others of its command, so that they keep the limits of one hub."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from peerpigeon.core.sessions.worker_places import WorkerPlaces

if TYPE_CHECKING:
    from peerpigeon.core.clients.service import ClientService
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.mesh.mesh import Mesh
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.wire.hub_frames import Load

PAUSE = 0.02
"""Seconds from one word to the next, at least: fifty a second while clients come and go."""

ON_THE_WAY = 1.0
"""Seconds for which a client that was passed on is still counted here, if the other worker does not
say that it has it: it may have hung up on its way."""


class WorkerLoads:
    """Sees to it that all workers together have no more clients than one hub may."""

    def __init__(
        self,
        config: ServerConfig,
        clients: ClientService,
        mesh: Mesh,
        namespaces: Namespaces,
        effects: Effects,
    ) -> None:
        self._places = WorkerPlaces(config.worker, config.max_connections)
        self._room = config.worker_room
        self._clients = clients
        self._registry = clients.registry
        self._addresses = clients.addresses
        self._addresses.elsewhere = self._places.of_address
        self._homes = clients.homes
        self._mesh = mesh
        self._namespaces = namespaces
        self._others = config.workers - 1
        self._starts_from_others = bool(config.bootstrap_hubs or config.bootstrap_dns)
        self._counts = effects.counts
        self._tell_at = 0.0
        self._met: list[PeerId] = []
        self._leaving: dict[int, deque[float]] = {}
        self._arrived: dict[int, int] = {}
        clients.homes.on_leaving = self._on_leaving

    def hear(self, hub: PeerId, load: Load, now: float) -> None:
        """Take what another worker says."""
        self._meet()
        if hub in self._places:  # pragma: no branch: it comes over the link that makes it one
            self._places.hear(hub, load)
            self._have_arrived(load.worker, load.taken)
            self._apply(now)

    def _on_leaving(self, worker: int, now: float) -> None:
        self._leaving.setdefault(worker, deque()).append(now)
        self._registry.leaving += 1

    def _have_arrived(self, worker: int, taken: int) -> None:
        leaving = self._leaving.get(worker, ())
        for _ in range(min(len(leaving), taken - self._arrived.get(worker, 0))):
            self._leaving[worker].popleft()
        self._arrived[worker] = taken

    def _expire(self, now: float) -> None:
        for times in self._leaving.values():
            while times and now >= times[0] + ON_THE_WAY:
                times.popleft()
        self._registry.leaving = sum(map(len, self._leaving.values()))

    def _meet(self) -> None:
        self._met = self._mesh.workers()
        self._places.meet(self._met)

    @property
    def _used(self) -> int:
        return len(self._registry) + self._registry.aside + self._registry.leaving

    @property
    def _is_full(self) -> bool:
        return len(self._registry) >= self._room

    @property
    def _is_new(self) -> bool:
        return not (self._counts.admitted or self._places.was_anybody_here)

    @property
    def _is_placed(self) -> bool:
        """Whether all others are there, have been heard, and this one counts on them."""
        if min(len(self._mesh.workers()), len(self._places)) < self._others:
            return False
        return len(self._namespaces.placement) > self._others and self._places.are_heard()

    @property
    def are_placed(self) -> bool:
        """Whether all workers are there, and each has told all others that it counts on them.

        None takes clients before: to one that is yet to see another one, that one's clients would
        have to wait for their ids.
        """
        return self._is_placed and self._places.are_placed()

    @property
    def _nobody_was_here(self) -> bool:
        """Whether no hub of the mesh has ever had a client: all of it has just started.

        To be asked when all workers are there and heard. Before, one of them may be known through a
        third only, and would look like a hub from elsewhere.
        """
        is_whole = len(self._mesh) == self._others + 1 and not self._starts_from_others
        return is_whole and self._is_new and not self._places.was_anybody_here

    def _apply(self, now: float) -> None:
        self._expire(now)
        self._registry.limit = self._places.cap(self._used)
        self._homes.full = self._places.full()
        self._clients.disconnects.waiting_room.fill(now)

    def tick(self, now: float) -> None:
        """Do what is due."""
        due = self.deadline()
        if due is None or now < due:
            return
        self._meet()
        self._apply(now)
        if self._is_placed and self._nobody_was_here:
            # Before any of them hears that this one counts on them, and so before clients come.
            self._namespaces.nobody_was_here()
        if now >= self._tell_at and self._is_owed():
            self._tell_at = now + PAUSE
            words = self._places.tell(
                self._used,
                self._addresses.lots,
                is_full=self._is_full,
                is_new=self._is_new,
                is_placed=self._is_placed,
                taken=self._homes.taken,
            )
            for hub, load in words:
                self._mesh.tell_worker(hub, load)

    def _is_owed(self) -> bool:
        return self._places.owes(
            self._used,
            self._addresses.lots,
            is_full=self._is_full,
            is_placed=self._is_placed,
        )

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do."""
        has_changed = self._met != self._mesh.workers()
        times = [self._tell_at] if has_changed or self._is_owed() else []
        times += [leaving[0] + ON_THE_WAY for leaving in self._leaving.values() if leaving]
        return min(times, default=None)
