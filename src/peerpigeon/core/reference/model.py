"""A link to a hub of the npm package, and the clients that the hub speaks for."""

from __future__ import annotations

from enum import Enum

import msgspec

from peerpigeon.core.ids import PeerKey
from peerpigeon.core.reference.told_members import ToldMembers
from peerpigeon.core.sessions.registry import Guest, ReferenceHub
from peerpigeon.core.wire.reference_messages import Discovered


class Service(Enum):
    """Whether this hub serves the clients of a reference hub."""

    CLAIMED = "its id is published; another hub of ours may object yet"
    SERVED = "its clients are guests here"
    ELSEWHERE = "another hub of ours serves it"


class ReferenceLink(msgspec.Struct, eq=False):
    """The link to one reference hub."""

    hub: ReferenceHub
    known: ToldMembers
    """Of whom the hub has been told."""
    is_dialled: bool
    service: Service = Service.ELSEWHERE
    has_introduced: bool = False
    """Whether one that we have dialled has told of all it had when we came."""
    has_elders: bool = False
    """Whether hubs of ours were among that."""
    clients: dict[PeerKey, Discovered] = msgspec.field(default_factory=dict)
    """All that it has told of: guests, and who would be one."""
    size: int = 0
    """Bytes that these take."""
    guests: dict[PeerKey, Guest] = msgspec.field(default_factory=dict)
    """The clients that are served here."""
    is_lacking: bool = False
    """Whether some are not, so that it will be tried again."""

    def missing(self) -> list[Discovered]:
        """Return the clients that are not served here."""
        return [client for key, client in self.clients.items() if key not in self.guests]
