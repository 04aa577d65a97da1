"""What is known of one hub of a local mesh, from its events and from its answers over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

Json = dict[str, Any]

SHORT_ID = 8

KILLED = "killed by SIGKILL"
"""The cause of death of a hub that was ended without a word."""


class State(StrEnum):
    """How far a hub has come."""

    STARTING = "starting"
    """It does not listen yet."""
    JOINING = "joining"
    """It listens, and has fewer data channels to hubs than it should."""
    READY = "ready"
    MIGRATED = "migrated"
    """Its WebSockets to other hubs are closed."""
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class HubStatus:
    """One hub, as seen from outside at one moment."""

    number: int
    """Counted from 1, in the order of their start."""
    port: int = 0
    hub_id: str = ""
    state: State = State.STARTING
    cause: str = ""
    """Why it is dead."""
    p2p: frozenset[str] = frozenset()
    websocket: frozenset[str] = frozenset()
    """The ids of hubs it is linked to, by what the link runs over."""
    clients: int = 0
    signals: int = 0
    """Signals that it has relayed since its start."""
    rate: float = 0.0
    """Signals per second between the last two answers."""
    asked_at: float | None = None
    """When ``signals`` was true."""

    @property
    def is_dead(self) -> bool:
        """Whether its process has ended."""
        return self.state is State.DEAD

    @property
    def short_id(self) -> str:
        """The first digits of its id, which tell it from the others."""
        return self.hub_id[:SHORT_ID]

    def heard(self, event: Json) -> HubStatus:
        """Return what is known after one of its events (``--events``)."""
        match event:
            case {"event": "started", "hub": str(hub), "port": int(port)}:
                return replace(self, state=State.JOINING, hub_id=hub, port=port)
            case {"event": "hubMeshReady"}:
                return replace(self, state=State.READY)
            case {"event": "hubMeshMigrated"}:
                # If one stays open because others need it, the next answer says so.
                return replace(self, state=State.MIGRATED, websocket=frozenset())
            case {"event": "hubP2PConnected", "hubPeerId": str(other)}:
                return replace(self, p2p=self.p2p | {other}, websocket=self.websocket - {other})
            case {"event": "hubP2PDisconnected", "hubPeerId": str(other)}:
                return replace(self, p2p=self.p2p - {other})
            case {
                "event": "peerConnected" | "peerDisconnected",
                "totalConnections": int(clients),
            }:
                return replace(self, clients=clients)
        return self

    def answered(self, health: Json, mesh: Json, now: float) -> HubStatus:
        """Return what is known after its answers under ``/health`` and ``/mesh``."""
        sockets = {
            link["peerId"]
            for hub in mesh["hubs"]
            if hub["peerId"] == self.hub_id
            for link in hub["links"]
            if link["carrier"] == "websocket"
        }
        signals, rate = health["signals"]["relayed"], 0.0
        if self.asked_at is not None and now > self.asked_at:
            rate = max(0, signals - self.signals) / (now - self.asked_at)
        return replace(
            self,
            state=_state_of(health["hubMesh"]),
            # Data channels are known from events, which come at once; what the hub publishes of
            # its links lags behind them a little.
            websocket=frozenset(sockets - self.p2p),
            clients=health["connections"],
            signals=signals,
            rate=rate,
            asked_at=now,
        )

    def died(self, cause: str) -> HubStatus:
        """Return what is known of it after its process has ended."""
        return HubStatus(self.number, self.port, self.hub_id, State.DEAD, cause)


def _state_of(mesh: Json) -> State:
    if not mesh["ready"]:
        return State.JOINING
    return State.MIGRATED if mesh["migrated"] else State.READY
