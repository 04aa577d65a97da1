"""What a hub of the npm package makes of what its clients, and other hubs, say to it.

It behaves as version 1.1.3 does over WebSockets, with its flaws: it speaks for its clients without
proof, believes whoever speaks to it, and remembers only those remote clients of which a hub that it
has dialled has told it. Left out are its data channels, which hubs of ours do not answer, and that
it drops signals that are equal or have equal hashes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.config import GLOBAL_NAMESPACE
from peerpigeon.core.ids import PeerId
from peerpigeon.sim import reference_messages as messages
from peerpigeon.sim.client import SIGNALS
from peerpigeon.sim.reference_messages import MESH

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from peerpigeon.sim.reference_messages import Message
    from peerpigeon.sim.websocket import Connection


@dataclass(slots=True, eq=False)
class _Peer:
    """Who has connected to it: a client, or a hub once it has said that it is one."""

    peer_id: PeerId
    connection: Connection
    namespace: str | None = None
    """``None`` before it has announced itself."""
    is_hub: bool = False
    announced: dict[str, object] = field(default_factory=dict)


class ReferenceService:
    """What one process knows, and says.

    ``send`` sends a message; ``uplinks`` are the open connections to hubs that it has dialled.
    """

    def __init__(
        self,
        own: PeerId,
        send: Callable[[Connection, Message], None],
        uplinks: Collection[Connection],
    ) -> None:
        self._own = own
        self._send = send
        self._uplinks = uplinks
        self._peers: dict[PeerId, _Peer] = {}
        self._remote: dict[str, dict[PeerId, dict[str, object]]] = {}  # by namespace
        self._has_begun_mesh = False

    def begin_mesh(self) -> None:
        """Tell all hubs that have announced themselves who this one is."""
        self._has_begun_mesh = True
        for hub in self._members(MESH):
            self._tell_of_itself(hub)

    def introduce(self, uplink: Connection, host: str, port: int) -> None:
        """Say to a hub that has been dialled that this is one, and who its clients are."""
        self._send(uplink, messages.announce(host, port))
        self._send(uplink, messages.discovered(self._own, MESH, {}, is_hub=True))
        for client in self._clients():
            news = messages.discovered(client.peer_id, client.namespace or "", client.announced)
            self._send(uplink, news)

    def connect(self, peer_id: PeerId, connection: Connection) -> bool:
        """Take a socket in; return whether the id was free."""
        if peer_id in self._peers:
            return False
        self._peers[peer_id] = _Peer(peer_id, connection)
        return True

    # What those say that have connected to it

    def hear(self, peer_id: PeerId, message: Message) -> None:
        """Take a message of a client or hub that has connected, unless it has said goodbye."""
        peer = self._peers.get(peer_id)
        if peer is None:
            return
        match message.type:
            case "announce":
                self._on_announce(peer, message)
            case "goodbye":
                self._leave(peer)
            case "ping":
                self._send(peer.connection, messages.pong(peer.peer_id))
            case "peer-discovered" if peer.is_hub:
                self._tell_clients(message)
            case kind if kind in SIGNALS:
                self._on_signal(peer, message)
            case kind:
                self._send(peer.connection, messages.unroutable(kind))

    def _on_announce(self, peer: _Peer, message: Message) -> None:
        namespace = peer.namespace = message.namespace
        peer.is_hub, peer.announced = message.is_about_a_hub, message.data
        if peer.is_hub:
            for client in self._clients():
                self._tell_of(client, peer)
        else:
            self._tell_hubs(messages.discovered(peer.peer_id, namespace, peer.announced))
        others = [other for other in self._members(namespace) if other is not peer]
        for other in others:
            self._tell_of(peer, other)
        for other in others:
            self._tell_of(other, peer)
        for remote, announced in self._remote.get(namespace, {}).items():
            if remote not in self._peers:
                news = messages.discovered(remote, namespace, announced, to=peer.peer_id)
                self._send(peer.connection, news)
        if namespace == MESH and self._has_begun_mesh:
            self._tell_of_itself(peer)

    def _tell_of(self, peer: _Peer, to: _Peer) -> None:
        namespace = peer.namespace or ""
        news = messages.discovered(
            peer.peer_id, namespace, peer.announced, is_hub=peer.is_hub, to=to.peer_id
        )
        self._send(to.connection, news)

    def _leave(self, peer: _Peer) -> None:
        """Take a peer out; its socket may stay open."""
        del self._peers[peer.peer_id]
        if peer.namespace is not None:
            gone = messages.disconnected(peer.peer_id, peer.namespace, is_hub=peer.is_hub)
            self._tell_members(gone)

    def _on_signal(self, peer: _Peer, message: Message) -> None:
        relayed = msgspec.structs.replace(
            message, from_peer_id=message.from_peer_id or peer.peer_id
        )
        target = self._peers.get(PeerId(message.target_peer_id))
        if target is not None:
            if target.namespace == message.namespace:
                self._send(target.connection, relayed)
            return
        # To a hub that has dialled it only if it has dialled none; also back where it came from.
        for connection in self._uplinks or [hub.connection for hub in self._hubs()]:
            self._send(connection, relayed)

    def disconnect(self, peer_id: PeerId) -> None:
        """Tell everybody that a socket has closed."""
        # Who has said goodbye before is unknown by now, and its namespace is told wrong.
        peer = self._peers.get(peer_id)
        namespace = (peer and peer.namespace) or GLOBAL_NAMESPACE
        gone = messages.disconnected(peer_id, namespace, is_hub=peer is not None and peer.is_hub)
        for hub in self._hubs():
            if hub is not peer:
                nameless = msgspec.structs.replace(
                    gone, network_name="", target_peer_id=hub.peer_id
                )
                self._send(hub.connection, nameless)
        self._tell_hubs(gone, besides=peer_id)
        if peer is not None:
            self._leave(peer)

    # What those say that it has dialled

    def hear_from_uplink(self, message: Message) -> None:
        """Take a message of a hub that has been dialled."""
        match message.type:
            case "peer-discovered" if not message.is_about_a_hub:
                self._remote.setdefault(message.namespace, {})[message.subject] = message.data
                self._tell_members(message)
            case "peer-disconnected":
                self._remote.get(message.namespace, {}).pop(message.subject, None)
                self._tell_members(message)
            case kind if kind in SIGNALS:
                target = self._peers.get(PeerId(message.target_peer_id))
                if target is not None:
                    self._send(target.connection, message)

    # Whom it tells

    def _clients(self) -> list[_Peer]:
        return [peer for peer in self._peers.values() if peer.namespace and not peer.is_hub]

    def _hubs(self) -> list[_Peer]:
        return [peer for peer in self._peers.values() if peer.is_hub]

    def _members(self, namespace: str) -> list[_Peer]:
        return [peer for peer in self._peers.values() if peer.namespace == namespace]

    def _tell_members(self, message: Message) -> None:
        for member in self._members(message.namespace):
            copy = msgspec.structs.replace(message, target_peer_id=member.peer_id)
            self._send(member.connection, copy)

    def _tell_clients(self, message: Message) -> None:
        for client in self._clients():
            if client.namespace == message.namespace:
                copy = msgspec.structs.replace(message, target_peer_id=client.peer_id)
                self._send(client.connection, copy)

    def _tell_hubs(self, message: Message, besides: PeerId | None = None) -> None:
        for connection in self._uplinks:
            self._send(connection, message)
        for hub in self._hubs():
            if hub.peer_id != besides:
                self._send(hub.connection, message)

    def _tell_of_itself(self, hub: _Peer) -> None:
        itself = messages.discovered(self._own, MESH, {}, is_hub=True, to=hub.peer_id)
        self._send(hub.connection, itself)
