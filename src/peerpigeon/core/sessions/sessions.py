"""Who has a session at this hub, whether it is alive, and who wants its id or its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.sessions.addresses import Addresses
from peerpigeon.core.sessions.liveness import Liveness
from peerpigeon.core.sessions.places import Places
from peerpigeon.core.sessions.registry import Guest, Registry
from peerpigeon.core.sessions.takeover import Takeovers

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.sessions.registry import Client, Party, ReferenceHub, Visitor
    from peerpigeon.core.sessions.takeover import Contender


class Sessions:
    """Puts together what one hub knows of its sockets and guests."""

    def __init__(self, own: PeerId, config: ServerConfig) -> None:
        self.own = own
        """This hub's own id, which no client can have."""
        self.registry = Registry(config.max_connections)
        self.addresses = Addresses(config.connections_per_address)
        self.liveness = Liveness(self.registry, config.cleanup_interval, config.peer_timeout)
        self.takeovers = Takeovers(self.registry, config.takeover_timeout)
        self.places = Places(self.registry, self.takeovers, config.takeover_timeout)

    def open(self, party: Client | ReferenceHub | Visitor, now: float) -> None:
        """Take in somebody with a socket."""
        self.registry.add(party)
        self.addresses.add(party.address)
        self.liveness.watch(party, now)

    def set_aside(self, client: Client) -> None:
        """Take out a client that has to wait for its id."""
        self.registry.remove(client)
        self.addresses.remove(client.address)
        self.liveness.set_aside(client.session)
        self.places.forget(client.session)

    def close(self, party: Party) -> list[Contender]:
        """Forget somebody; return who has waited for the id."""
        self.registry.remove(party)
        if not isinstance(party, Guest):
            self.addresses.remove(party.address)
        self.places.forget(party.session)
        return self.takeovers.end(party.session)

    def deadline(self) -> float | None:
        """Return when a holder of an id or a place or a silent client has to be looked at."""
        liveness, takeovers = self.liveness.deadline(), self.takeovers.deadline()
        return earliest(liveness, takeovers, self.places.deadline())
