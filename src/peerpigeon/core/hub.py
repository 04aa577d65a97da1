"""The hub: hands each event to the component it concerns, and carries on with all that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.backlog import Backlog, Heard, Leaving
from peerpigeon.core.changes import Arrived, DrainsChanged
from peerpigeon.core.clients.service import ClientService
from peerpigeon.core.deadlines import earliest
from peerpigeon.core.delivery import Delivery
from peerpigeon.core.effects import Effects
from peerpigeon.core.failed_news import FailedNews
from peerpigeon.core.identity import id_of
from peerpigeon.core.incoming_news import IncomingNews
from peerpigeon.core.interface.actions import Action, Tell
from peerpigeon.core.interface.events import (
    BootstrapLeft,
    ClockSet,
    DialRequested,
    DrainRequested,
    Event,
    LinkEvent,
    LinkReceived,
    OperatorEvent,
    PeerBehind,
    PeerLost,
    PeerOpened,
    PeerPonged,
    PeerSent,
    PingSent,
    ReferenceOpened,
    Stopping,
    Tick,
    VisitorOpened,
)
from peerpigeon.core.interface.notices import HubRegistered
from peerpigeon.core.local_changes import LocalChanges
from peerpigeon.core.memory import MemoryAccount
from peerpigeon.core.mesh.mesh import Mesh
from peerpigeon.core.mesh.own_advert import first_incarnation
from peerpigeon.core.namespaces.namespaces import Namespaces
from peerpigeon.core.namespaces.placement import Placement
from peerpigeon.core.rebalance import Rebalance
from peerpigeon.core.status import Status
from peerpigeon.core.tracing import Tracer
from peerpigeon.core.view_changes import ViewChanges
from peerpigeon.core.worker_loads import WorkerLoads

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.identity import Identity
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.wire.hub_frames import Advert
    from peerpigeon.core.wire.hub_news import News

MOST_PIECES = 10_000_000
"""Far more than one event leads to in the largest mesh."""


class Hub:
    """One server or hub, without sockets, clock or tasks.

    ``handle`` takes what happened and the time, and returns what is to be done, in order. The
    time is seconds on a clock that never goes back; ``epoch`` is what to add to it to get seconds
    since 1970, for the timestamps on the wire and for a first guess at the number of this life.
    """

    def __init__(
        self,
        own: PeerId,
        config: ServerConfig,
        rng: Random,
        epoch: float = 0.0,
        now: float = 0.0,
        *,
        identity: Identity | None = None,
    ) -> None:
        """``identity``: the keys of which ``own`` is the id, in a mesh with identities.

        Raises ``ValueError`` if it is missing or does not fit.
        """
        if config.is_hub and bool(config.hub_identity) != (identity is not None):
            raise ValueError("a hub has the option hub_identity and its keys, or neither")
        if identity is not None and id_of(identity.key) != own:
            raise ValueError(f"the keys are those of {id_of(identity.key)}, not of {own}")
        self._own = own
        incarnation = first_incarnation(epoch + now)
        self.memory = MemoryAccount(config.memory_limit)
        """What is kept for others, by the hub and by its shell."""
        effects = self._effects = Effects(epoch, self.memory)
        if config.trace_every:
            effects.tracer = Tracer(own, config.trace_every, rng, effects.act)
        limit, placement = config.discovery_limit, Placement((own,))
        namespaces = Namespaces(own, incarnation, limit, rng, placement, effects)
        if config.is_hub:
            effects.act(Tell(HubRegistered(own, 1)))
            if config.auto_connect and (config.bootstrap_hubs or config.bootstrap_dns):
                namespaces.begin(now)
        clients = ClientService(own, config, namespaces, rng, effects)
        self._namespaces, self._clients = namespaces, clients
        self._messages, self._signaling = clients.messages, clients.signaling
        self._news = IncomingNews(clients, namespaces)
        self._failed = FailedNews(clients, namespaces)
        mesh = delivery = view = None
        self._rebalance: Rebalance | None = None
        self._loads: WorkerLoads | None = None
        if config.is_hub:
            mesh = Mesh(own, config, rng, incarnation, now, effects, identity=identity)
            flow_of = clients.registry.flow_of
            delivery = Delivery(mesh, config.signal_lifetime, effects, flow_of)
            view = ViewChanges(mesh, delivery, clients, namespaces)
            if config.workers > 1:
                self._loads = WorkerLoads(config, clients, mesh, namespaces, effects)
                view.on_load = self._loads.hear
            if config.rebalance:
                self._rebalance = Rebalance(clients, mesh, now)
            self._awake_until = now + mesh.patience
        self._mesh, self._delivery, self._view = mesh, delivery, view
        self._changes = LocalChanges(
            clients, namespaces, self._failed, effects, mesh=mesh, view=view
        )
        self._backlog = Backlog(own, effects)
        self.status = Status(
            own,
            config,
            now,
            effects,
            clients=clients,
            namespaces=namespaces,
            news=self._news,
            mesh=mesh,
            delivery=delivery,
            loads=self._loads,
        )
        """How this hub is, for whoever asks."""
        # When all but the mesh want a tick, until one of them may have changed its mind: to ask
        # everybody takes longer than to pass on a signal, or to hear a heartbeat. Most of what
        # clients say changes nobody's mind, and most of what hubs say concerns the mesh alone.
        self._others_want: tuple[float | None] | None = None
        self._mesh_is_asked = False  # whether the mesh wants what it wanted when it was asked last
        clients.deliver(namespaces.show({own: incarnation}, now), now)
        clients.topics.placed(now)

    @property
    def id(self) -> PeerId:
        """This hub's own id."""
        return self._own

    @property
    def epoch(self) -> float:
        """What is added to this hub's time to get seconds since 1970."""
        return self._effects.epoch

    @property
    def advert(self) -> Advert | None:
        """What this hub publishes of itself and its links; ``None`` for a plain server."""
        return None if self._mesh is None else self._mesh.advert

    def handle(self, event: Event, now: float) -> list[Action]:
        """Take one event, and return the actions it calls for."""
        self.take(event, now)
        return self.act()

    def act(self) -> list[Action]:
        """Return the actions that the events taken since the last call call for, in order."""
        return self._effects.take_actions()

    def take(self, event: Event, now: float) -> None:
        """Take one event of several that come together; ``act`` comes after the last.

        Never raises for what a client or another hub sent, and never waits.
        """
        if isinstance(event, PeerSent):  # as most are, and most of these leave nothing to settle
            known, self._others_want = self._others_want, None
            is_done = self._messages.on_text(event.session, event.text, now)
            self._others_want = known if is_done else None
            if self._effects.news or self._effects.changes:
                self._settle(now)
            return
        self._mesh_is_asked = False
        if not isinstance(event, LinkReceived | Tick):
            self._others_want = None
        match event:
            case (
                PeerPonged()
                | PingSent()
                | PeerOpened()
                | PeerBehind()
                | PeerLost()
                | VisitorOpened()
            ):
                self._clients.on_event(event, now)
            case Tick():
                self._tick(now)
            case ClockSet(epoch):
                self._effects.set_clock(epoch)
            case ReferenceOpened():
                self._on_reference_opened(event, now)
            case DrainRequested(over):
                self._drain(over, now)
            case _ if self._mesh is not None and self._delivery is not None:
                self._on_mesh_event(event, self._mesh, self._delivery, now)
        self._settle(now)

    def _on_mesh_event(
        self, event: LinkEvent | OperatorEvent, mesh: Mesh, delivery: Delivery, now: float
    ) -> None:
        self._look_at_clock(mesh, delivery, now)
        match event:
            case DialRequested(uri):
                mesh.dial(uri, now)
            case BootstrapLeft():
                mesh.leave_bootstrap(now)
            case Stopping():
                delivery.drain(now)
                mesh.leave(now)
            case _:
                mesh.handle(event, now)

    def _drain(self, over: float, now: float) -> None:
        self._clients.drain.begin(over, now)
        if self._mesh is not None:
            self._mesh.drain(now)
            self._effects.report(DrainsChanged())

    def _on_reference_opened(self, event: ReferenceOpened, now: float) -> None:
        if self._mesh is not None:
            uri = self._mesh.reference_hub_opened(event.session, event.opening, now)
            if uri is not None:
                addresses = self._mesh.advert.addresses
                self._clients.guests.dialled(event.session, uri, addresses, now)

    def _settle(self, now: float) -> None:
        """Carry on until no component has anything to say to another one."""
        for _ in range(MOST_PIECES):
            piece = self._backlog.next()
            if piece is None:
                return
            self._others_want, self._mesh_is_asked = None, False
            if isinstance(piece, Arrived):  # as most are
                self._on_arrived(piece, now)
            elif isinstance(piece, Leaving):
                self._tell(piece.hub, piece.news, now)
            elif isinstance(piece, Heard):
                self._news.take(piece.source, piece.news, now)
            else:
                self._changes.take(piece, now)
        raise AssertionError(f"one event has led to {MOST_PIECES} pieces: a circle")

    # News from hub to hub

    def _tell(self, hub: PeerId, news: News, now: float) -> None:
        """Tell another hub; a server without a mesh knows of none."""
        if self._delivery and (failure := self._delivery.send(hub, news, now)):
            self._failed.take(failure, now)

    def _on_arrived(self, arrived: Arrived, now: float) -> None:
        ready = [] if self._delivery is None else self._delivery.receive(arrived, now)
        if ready:  # most often it is one, which need not go through the backlog
            self._backlog.hear(arrived.source, ready[1:])
            self._news.take(arrived.source, ready[0], now)

    # Time

    def _tick(self, now: float) -> None:
        if self._mesh is not None and self._delivery is not None and self._is_nobody_else_due(now):
            self._look_at_clock(self._mesh, self._delivery, now)
            self._mesh.tick(now)
            self._signaling.outcomes.forget(now)
            self._settle(now)
            if self._others_want is not None:  # what the mesh has done concerns nobody else
                if self._loads is not None:
                    self._loads.tick(now)
                return
        else:
            self._others_want = None
            self._tick_all(now)
            self._settle(now)
        if self._view is not None:
            self._view.tick(now)
        if self._rebalance is not None:
            self._rebalance.tick(now)
        if self._loads is not None:
            self._loads.tick(now)
        self._clients.deliver(self._namespaces.expire(now), now)

    def _is_nobody_else_due(self, now: float) -> bool:
        """Tell whether it is known that only the mesh is due, as at most ticks of a hub."""
        if self._others_want is None:
            return False
        [when] = self._others_want
        return when is None or now < when

    def _tick_all(self, now: float) -> None:
        self._clients.tick(now)
        if self._mesh is not None and self._delivery is not None:
            self._look_at_clock(self._mesh, self._delivery, now)
            self._mesh.tick(now)
            for failure in self._delivery.expire(now):
                self._failed.take(failure, now)
            self._signaling.forget(now)
            self._clients.draws.expire(now)
        self._clients.topics.expire(now)  # a server without a mesh holds back greetings, too

    def _look_at_clock(self, mesh: Mesh, delivery: Delivery, now: float) -> None:
        """See whether this process was asleep for so long that the others have given it up.

        Hearts beat more often, so there is always something to wake a hub that is not.
        """
        if now >= self._awake_until:
            self._others_want = None
            mesh.woke_up(now)
            delivery.woke_up(now)
            self._namespaces.woke_up(now)
            self._clients.topics.placed(now)
        self._awake_until = now + mesh.patience

    @property
    def is_deadline_known(self) -> bool:
        """Whether ``deadline`` would return what it returned last, for certain."""
        return self._mesh_is_asked and self._others_want is not None

    def deadline(self) -> float | None:
        """Return when the hub wants a ``Tick`` if nothing else happens before."""
        self._mesh_is_asked = True
        if self._others_want is None:
            self._others_want = (self._deadline_of_others(),)
        first = earliest(*self._others_want, self._backlog.deadline())
        if self._loads is not None:  # what workers tell each other hangs on what links there are
            first = earliest(first, self._loads.deadline())
        return first if self._mesh is None else earliest(self._mesh.deadline(), first)

    def _deadline_of_others(self) -> float | None:
        """Return when all but the mesh want one."""
        clients, namespaces = self._clients.deadline(), self._namespaces.deadline()
        shedding = None if self._rebalance is None else self._rebalance.deadline()
        first = earliest(clients, namespaces, shedding)
        if self._delivery is None or self._view is None:
            return first
        return earliest(self._delivery.deadline(), self._view.deadline(), first)
