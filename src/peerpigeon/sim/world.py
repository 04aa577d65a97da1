"""A world of hubs and clients on one virtual clock; same seed, same history."""

from __future__ import annotations

import hashlib
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, assert_never

import msgspec

from peerpigeon.core.actions import Action, ClosePeer, PingPeer, SendToPeer, Tell
from peerpigeon.core.config import GLOBAL_NAMESPACE, ServerConfig
from peerpigeon.core.events import Event, PeerLost, PeerOpened, PeerPonged, PeerSent, Tick
from peerpigeon.core.hub import Hub
from peerpigeon.core.ids import PeerId, SessionId, generate_peer_id
from peerpigeon.core.notices import name_of
from peerpigeon.sim.agenda import Agenda
from peerpigeon.sim.client import Client
from peerpigeon.sim.network import (
    Accepted,
    Close,
    Connection,
    Frame,
    Network,
    Party,
    Ping,
    Pong,
    Request,
    Text,
)
from peerpigeon.sim.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.sim.agenda import Plan

LULL = 5.0
"""Seconds without an alarm after which a world counts as quiet; check-ups are further apart."""

_TICK = 16
_NOTICE = 17
_MAX_TICKS_AT_ONCE = 100


def chance(seed: int, name: str) -> Random:
    """Return the chance of one party: it depends on the seed and its name, not on the others."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return Random(int.from_bytes(digest, "big"))  # noqa: S311 - must be repeatable, not secret


class SimHub:
    """The shell of one hub: feeds it what arrives, performs what it asks for."""

    def __init__(
        self, number: int, hub: Hub, config: ServerConfig, rng: Random, agenda: Agenda, trace: Trace
    ) -> None:
        self.number = number
        self.hub = hub
        self.config = config
        self.rng = rng
        self.notices: Counter[str] = Counter()
        """How often it told each thing, by the documented name."""
        self._agenda = agenda
        self._trace = trace
        self._connections: dict[SessionId, Connection] = {}
        self._sessions: dict[int, SessionId] = {}  # by the connection's number
        self._last_session = 0
        self._tick_at: float | None = None
        self._ticks_at_once = 0

    def receive(self, connection: Connection, frame: Frame) -> None:
        """Turn one frame into the event it means for the hub."""
        session = self._sessions.get(connection.number, SessionId(0))
        match frame:
            case Text(content=content):
                self.feed(PeerSent(session, content.decode()))
            case Pong() | Ping():
                self.feed(PeerPonged(session))
            case Request(content=content):
                self._accept(connection, content.decode())
            case Close(code=code, reason=reason):
                self._forget(session)
                self.feed(PeerLost(session, code, reason))
            case _:
                raise AssertionError(f"a hub was sent {frame}")

    def feed(self, event: Event) -> None:
        """Hand one event to the hub and perform the actions it answers with."""
        for action in self.hub.handle(event, self._agenda.now):
            self._perform(action)
        self._arm()

    def _accept(self, connection: Connection, peer_id: str) -> None:
        self._last_session += 1
        session = SessionId(self._last_session)
        self._connections[session] = connection
        self._sessions[connection.number] = session
        connection.send(self, Accepted())
        number = connection.ends[0].number
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        self.feed(PeerOpened(session, peer_id, address))

    def _perform(self, action: Action) -> None:
        match action:
            case SendToPeer(session=session, payload=payload):
                connection = self._connections.get(session)
                if connection is not None:
                    connection.send(self, Text(payload))
            case PingPeer(session=session):
                connection = self._connections.get(session)
                if connection is not None:
                    connection.send(self, Ping())
            case ClosePeer(session=session, code=code, reason=reason):
                connection = self._forget(session)
                if connection is not None:
                    connection.close(self, code, reason)
            case Tell(notice=notice):
                self.notices[name_of(notice)] += 1
                content = msgspec.json.encode(notice)
                self._trace.note(self._agenda.now, self.number, 0, _NOTICE, content)
            case _:
                assert_never(action)

    def _forget(self, session: SessionId) -> Connection | None:
        connection = self._connections.pop(session, None)
        if connection is not None:
            del self._sessions[connection.number]
        return connection

    def _arm(self) -> None:
        deadline = self.hub.deadline()
        if deadline is not None and (self._tick_at is None or deadline < self._tick_at):
            self._tick_at = max(deadline, self._agenda.now)
            self._agenda.alarm(self._tick_at, self._on_alarm)

    def _on_alarm(self) -> None:
        now = self._agenda.now
        if now != self._tick_at:
            return  # An earlier alarm was set after this one, and has taken its place.
        self._tick_at = None
        deadline = self.hub.deadline()
        if deadline is None or deadline > now:
            self._arm()
            return
        self._trace.note(now, self.number, 0, _TICK, b"")
        self.feed(Tick())
        self._ticks_at_once = self._ticks_at_once + 1 if self._tick_at == now else 0
        if self._ticks_at_once > _MAX_TICKS_AT_ONCE:
            raise RuntimeError(f"the hub wants tick after tick at {now}, time stands still")


class World:
    """Hubs, clients, and the network between them.

    Every party has a chance of its own, derived from the seed and its name: one more
    party changes nothing in what the others draw.
    """

    def __init__(self, seed: int, network: Network | None = None) -> None:
        self.seed = seed
        self.network = network or Network()
        self.trace = Trace()
        self.hubs: list[SimHub] = []
        self.clients: list[Client] = []
        self._agenda = Agenda()

    @property
    def now(self) -> float:
        """Seconds since the beginning of the world."""
        return self._agenda.now

    @property
    def events(self) -> int:
        """How many things have happened."""
        return self._agenda.done

    def chance(self, name: str) -> Random:
        """Return a chance for ``name``, the same in every world with this seed."""
        return chance(self.seed, name)

    def add_hub(self, config: ServerConfig | None = None, kind: type[Hub] = Hub) -> SimHub:
        """Add a hub, by default with the default options; ``kind`` may be a broken one."""
        config = config or ServerConfig()
        name = f"hub {len(self.hubs)}"
        own = config.hub_peer_id or generate_peer_id(self.chance(f"{name} id"))
        rng = self.chance(name)
        made = kind(own, config, rng)
        hub = SimHub(self._next_number(), made, config, rng, self._agenda, self.trace)
        self.hubs.append(hub)
        return hub

    def add_client(
        self,
        hub: SimHub,
        namespace: str = GLOBAL_NAMESPACE,
        peer_id: PeerId | None = None,
        *,
        reconnects: bool = True,
    ) -> Client:
        """Add a client that connects to ``hub`` now, and enters ``namespace`` when it is open."""
        rng = self.chance(f"client {len(self.clients)}")
        own = generate_peer_id(rng) if peer_id is None else peer_id
        client = Client(self._next_number(), own, rng, self._agenda, reconnects=reconnects)
        client.namespace = namespace
        self.clients.append(client)
        client.connect(self.way_to(hub))
        return client

    def way_to(self, hub: SimHub) -> Callable[[Party], Connection]:
        """Return what opens a party's connection to ``hub``, for ``Client.connect``."""
        return lambda party: Connection(self.network, self._agenda, self.trace, (party, hub))

    def _next_number(self) -> int:
        return len(self.hubs) + len(self.clients) + 1

    # Time

    def at(self, time: float, plan: Plan) -> None:
        """Have ``plan`` carried out at ``time``."""
        self._agenda.at(time, plan)

    def run_until(self, time: float) -> None:
        """Let everything happen up to and including ``time``."""
        self._agenda.run_until(time)

    def run(self, duration: float) -> None:
        """Let ``duration`` seconds pass."""
        self._agenda.run_until(self.now + duration)

    def run_until_quiet(self, limit: float, lull: float = LULL) -> bool:
        """Run until nothing is under way and no hub wants to be woken within ``lull`` seconds.

        Returns whether that came to be before ``limit``, a time.
        """
        return self.run_until_met(lambda: self._agenda.is_quiet(lull), limit)

    def run_until_met(self, condition: Callable[[], bool], limit: float) -> bool:
        """Run until ``condition``, asked after each event, holds; ``False`` if not by ``limit``."""
        agenda = self._agenda
        while not condition():
            time = agenda.next_time()
            if time is None or time > limit:
                agenda.run_until(limit)
                return condition()
            agenda.step()
        return True
