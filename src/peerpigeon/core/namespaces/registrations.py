"""A member as our clients know it: its registration; and a client of ours, which knows others."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, cast

from peerpigeon.core.ids import key_of
from peerpigeon.core.namespaces.known_members import KnownMembers

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId, PeerKey
    from peerpigeon.core.wire.hub_news import Located

NOTHING = cast("dict[Any, Any]", MappingProxyType({}))
"""In place of a table while nothing is in it: there are thousands of small namespaces."""


class Registration:
    """A member that some of our clients know: one id, at one hub, in one session there."""

    __slots__ = ("key", "known_by", "located", "size")

    is_ours: ClassVar = False
    """Whether it is a client of this hub."""

    def __init__(self, located: Located) -> None:
        self.located = located
        """Where it is, and what it says of itself by now."""
        self.key = key_of(located.member.peer)
        self.known_by: dict[PeerKey, LocalMember] = NOTHING
        """Our clients that know it, or will when another registration of its id ends. Of a client
        of ours only those that it does not know itself: two of ours that know each other, as nearly
        all in one namespace do, are found by what each of them knows."""
        self.size = 0
        """About how many bytes it takes, once it is kept; 0 for a client of ours, of whom there are
        no more than may connect."""

    def note_knower(self, client: LocalMember) -> None:
        """Note that a client of ours knows it, or will."""
        self.known_by = self.known_by or {}
        self.known_by[client.key] = client

    @property
    def client(self) -> LocalMember | None:
        """The client itself, if it is ours."""
        return None


class LocalMember(Registration, KnownMembers[Registration]):
    """One of our clients, and whom it knows. The others know it as this registration."""

    __slots__ = ("has_asked", "hidden", "is_granted", "known", "owner", "was_large")

    is_ours = True

    def __init__(self, located: Located, owner: bytes) -> None:
        super().__init__(located)
        self.know_nobody()
        self.owner = owner
        self.was_large = False
        """Whether it has ever known as many as the discovery limit."""
        self.has_asked = False
        """Whether it has asked for more since it last knew enough."""
        self.is_granted = False
        """Whether the mesh has granted it its id."""

    @property
    def client(self) -> LocalMember:
        """Itself."""
        return self

    @property
    def peer(self) -> PeerId:
        """Its id."""
        return self.located.member.peer

    def note_size(self, limit: int) -> None:
        """Note how many it knows, now that there are more."""
        if len(self.known) >= limit:
            self.was_large = True
        if len(self.known) >= limit * 3 // 4:
            self.has_asked = False

    def has_enough(self, limit: int) -> bool:
        """Tell whether it is in a large namespace and knows enough members there."""
        return self.was_large and len(self.known) >= limit // 2
