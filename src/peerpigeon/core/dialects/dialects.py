"""The dialects of one hub, each made when somebody speaks it for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.config.dialects import PEERJS, TRACKER, Y_WEBRTC

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.dialects.dialect import Dialect


class Dialects(dict[str, "Dialect"]):
    """The dialects that have been spoken, by name; ``count`` counts who listens in a namespace.

    A hub without such clients, as most are, has not loaded what reads them.
    """

    def __init__(self, count: Callable[[str], int]) -> None:
        super().__init__()
        self._count = count

    def __missing__(self, name: str) -> Dialect:
        """Make one. Raises ``KeyError`` for what is none."""
        if name == Y_WEBRTC:
            from peerpigeon.core.dialects.topics import Topics  # noqa: PLC0415

            made: Dialect = Topics(self._count)
        elif name == PEERJS:
            from peerpigeon.core.dialects.peerjs import PeerJs  # noqa: PLC0415

            made = PeerJs()
        elif name == TRACKER:
            from peerpigeon.core.dialects.tracker import Tracker  # noqa: PLC0415

            made = Tracker()
        else:
            raise KeyError(name)
        self[name] = made
        return made
