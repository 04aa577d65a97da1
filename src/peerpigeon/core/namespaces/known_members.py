"""Of whom somebody has been told: of each id one registration at a time.

An id may be registered at two hubs for a while. Who is told of members, a client or a hub of the
npm package, sees the first one only; the others are hidden until it is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerKey

R = TypeVar("R")

_THEIR_OWN: tuple[str, ...] = ()  # so that whoever knows members may be something else besides


class KnownMembers(Generic[R]):
    """The registrations, of a type ``R``, that somebody knows or will know."""

    __slots__ = _THEIR_OWN

    known: dict[PeerKey, R]
    """The one of each id that was told."""
    hidden: dict[PeerKey, list[R]] | None
    """Those that are kept back, the next one first; ``None`` while there are none, as nearly
    always."""

    def know_nobody(self) -> None:
        """Begin."""
        self.known, self.hidden = {}, None

    def all_hidden(self) -> list[R]:
        """Return all that are kept back."""
        return [one for some in (self.hidden or {}).values() for one in some]

    def add(self, key: PeerKey, registration: R) -> bool:
        """Take in a registration that is new; return whether it is to be told now."""
        if key in self.known:
            if self.hidden is None:
                self.hidden = {}
            self.hidden.setdefault(key, []).append(registration)
            return False
        self.known[key] = registration
        return True

    def remove(self, key: PeerKey, registration: R) -> tuple[bool, R | None]:
        """Forget a registration; return whether it was told, and which one is told instead."""
        hidden = (self.hidden or {}).get(key, [])
        if self.known[key] is not registration:
            hidden.remove(registration)
            was_told, successor = False, None
        else:
            was_told, successor = True, hidden.pop(0) if hidden else None
            if successor is None:
                del self.known[key]
            else:
                self.known[key] = successor
        if self.hidden and not hidden:
            self.hidden.pop(key, None)
            self.hidden = self.hidden or None
        return was_told, successor
