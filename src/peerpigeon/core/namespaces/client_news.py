"""What clients of this hub are to be told about their namespaces."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from peerpigeon.core.ids import PeerId
from peerpigeon.core.wire.hub_news import Located


class Introduction(msgspec.Struct, frozen=True):
    """Tell each of some clients of ours of each of some members."""

    namespace: str
    peers: tuple[PeerId, ...]
    members: tuple[Located, ...]


class Departure(msgspec.Struct, frozen=True):
    """Tell clients of ours that a member they know is gone."""

    namespace: str
    peers: tuple[PeerId, ...]
    located: Located
    has_said_goodbye: bool


ClientNews: TypeAlias = Introduction | Departure
