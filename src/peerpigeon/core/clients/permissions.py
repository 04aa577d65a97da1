"""Which namespaces a client may enter, by its token and by what the operator has said."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.interface.events import Permits


class Permissions:
    """What the clients of one hub may do."""

    def __init__(self, config: ServerConfig) -> None:
        self._access = config.parsed_namespace_access
        self._is_open = self._access.is_open

    def objection(self, namespace: str, permits: Permits | None) -> str | None:
        """Return why somebody may not enter a namespace; ``None`` if it may.

        ``permits`` is what its token allows. A guest has none: its hub cannot pass on a token, and
        is not believed that it has seen one.
        """
        if self._is_open:
            return None
        return self._access.objection(namespace, None if permits is None else permits.namespaces)
