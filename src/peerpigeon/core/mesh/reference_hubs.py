"""Hubs of the npm package, which greet in text: where they are, and whether they are welcome.

To the mesh they are no hubs: they have no advert, and no frame goes to them. But they are found
behind addresses that it dials, and one that has dialled us is not dialled as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.interface.close_codes import (
    ABNORMAL_CLOSURE,
    NOT_WELCOME,
    POLICY_VIOLATION,
    TOO_LATE,
)
from peerpigeon.core.mesh.attempts import DialAttempt

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.mesh.attempts import Attempts
    from peerpigeon.core.mesh.bootstrap import Bootstrap


class ReferenceHubs:
    """Which reference hubs may answer a dial, and which addresses they have."""

    def __init__(
        self, config: ServerConfig, attempts: Attempts, bootstrap: Bootstrap, effects: Effects
    ) -> None:
        self._config = config
        self._attempts = attempts
        self._bootstrap = bootstrap
        self._effects = effects
        self._addresses: dict[SessionId, str] = {}  # dialled, with an open socket
        self._linked: dict[PeerId, None] = {}  # whichever end has dialled

    def __len__(self) -> int:
        """Return how many hubs are linked, whichever end has dialled."""
        return len(self._linked)

    def is_linked_at(self, uri: str) -> bool:
        """Tell whether an address that was dialled has led to an open socket."""
        return uri in self._addresses.values()

    def is_linked(self, hub: PeerId | None) -> bool:
        """Tell whether a hub is linked, whichever end has dialled."""
        return hub in self._linked

    def opened(self, session: SessionId, opening: int, now: float) -> str | None:
        """Take a dial that has led to such a hub.

        Returns the address that was dialled; ``None`` if the hub is not welcome and the socket is
        being closed.
        """
        dial, config = self._attempts.get(opening), self._config
        if not isinstance(dial, DialAttempt):
            self._close(session, TOO_LATE)
            return None
        # Who has named it as a bootstrap hub trusts it.
        is_welcome = self._bootstrap.is_configured(dial.uri) and config.reference_hubs != "no"
        if not (is_welcome or config.welcomes_reference_hubs):
            self._close(session, NOT_WELCOME)
            self._attempts.fail(dial, now)
            self._bootstrap.disconnected(dial.uri, ABNORMAL_CLOSURE, "a hub of the npm package")
            return None
        self._attempts.end(dial)
        self._addresses[session] = dial.uri
        self._bootstrap.connected(dial.uri)
        return dial.uri

    def _close(self, session: SessionId, reason: str) -> None:
        self._effects.close(session, POLICY_VIOLATION, reason)

    def named(self, session: SessionId, hub: PeerId) -> None:
        """Note who is at the other end of a socket that we have dialled."""
        self._bootstrap.found(self._addresses[session], hub)

    def linked(self, hub: PeerId) -> None:
        """Note that a hub is linked."""
        self._linked[hub] = None

    def lost(
        self, session: SessionId, hub: PeerId | None, code: int, reason: str, now: float
    ) -> None:
        """Note the end of a socket; ``hub`` is ``None`` if it had not said who it is."""
        if hub is not None:
            del self._linked[hub]
        if (uri := self._addresses.pop(session, None)) is not None:
            self._bootstrap.reference_hub_lost(now)
            self._bootstrap.disconnected(uri, code, reason)
