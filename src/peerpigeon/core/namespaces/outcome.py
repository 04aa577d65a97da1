"""What follows from news of a namespace: what our clients are told, and what other hubs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.wire.hub_frames import Located, News


@dataclass(frozen=True, slots=True)
class Introduce:
    """Tell each of some clients of ours of each of some members."""

    namespace: str
    peers: tuple[PeerId, ...]
    members: tuple[Located, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Tell clients of ours that a member they know is gone."""

    namespace: str
    peers: tuple[PeerId, ...]
    located: Located
    has_said_goodbye: bool


Tell: TypeAlias = Introduce | Part


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows: first what our clients are told, then the news for hubs, in order."""

    tells: list[Tell] = field(default_factory=list)
    news: list[tuple[PeerId, News]] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Append what follows from something else."""
        self.tells.extend(other.tells)
        self.news.extend(other.news)
