"""What clients of this hub are to be told about their namespaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.wire.hub_news import Located


@dataclass(frozen=True, slots=True)
class Introduction:
    """Tell each of some clients of ours of each of some members."""

    namespace: str
    peers: tuple[PeerId, ...]
    members: tuple[Located, ...]


@dataclass(frozen=True, slots=True)
class Departure:
    """Tell clients of ours that a member they know is gone."""

    namespace: str
    peers: tuple[PeerId, ...]
    located: Located
    has_said_goodbye: bool


ClientNews: TypeAlias = Introduction | Departure
