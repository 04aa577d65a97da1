"""What one hub has done since its start, in numbers that only grow, and how long things took.

A component adds to a number where it decides; nobody decides by one. People see them as ``Figures``
(``interface/figures.py``), and monitors at ``/metrics``.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import TypeVar

    K = TypeVar("K", bound=Hashable)

KINDS: Final = (
    "offer",
    "answer",
    "ice-candidate",
    "connection-rejected",
    "renegotiation",
    "ice-restart",
    "other",
)
"""As which a signal is counted. A client may send any kind that begins like the last but one and
the one before."""

CARRIERS: Final = ("p2p", "websocket", "local")

SECONDS: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""The bounds of the buckets of a histogram, from what a hub itself takes for a signal to what a
signal may take at most."""


class Histogram:
    """How many values were at most as large as each of some bounds, and the sum of all."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """How many values were above the bound before and not above the one at this place; the last
        one has those above all bounds."""
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class Number:
    """A number that only grows. To add to it takes 20 ns less than to a value of a dict."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


def by_kind() -> dict[str, Number]:
    """Return a number for each of ``KINDS``."""
    return {kind: Number() for kind in KINDS}


class Counts:
    """The numbers of one hub."""

    def __init__(self) -> None:
        self.delivered = by_kind()
        """Signals handed to a client of ours, by kind."""
        self.passed_on = by_kind()
        """Signals of our clients sent to the hub of their target."""
        self.returned = by_kind()
        """Signals from other hubs sent back, because they could not be delivered here."""
        self.refused: dict[tuple[str, str], int] = {}
        """Signals of our clients answered with an error, by kind and reason."""
        self.admitted = 0
        """Clients let in."""
        self.published = 0
        """Messages that visitors of ours have published to topics."""
        self.heard = 0
        """Messages of topics that were handed to visitors of ours, one for each of them."""
        self.unheard = 0
        """Publications that did not get to a hub."""
        self.joins = 0
        """Times that a client has entered a namespace."""
        self.taken_by_owner = 0
        """Ids that went to a new connection which had shown that it is the same client."""
        self.taken_from_silent = 0
        """Ids that went to who waited for them, because their holders did not answer."""
        self.closed: dict[str, int] = {}
        """Sockets closed by the hub, by the reason that their close frames have."""
        self.ended: dict[int, int] = {}
        """Clients gone, by close code; those that are no code of the registry count as 0."""
        self.frames_sent = 0
        """Frames of this hub to others, set on their way."""
        self.frames_passed_on = 0
        """Frames that have come from a neighbour and went on to another."""
        self.frames_without_way = 0
        """Frames that could not be sent or passed on."""
        self.links_opened = dict.fromkeys(CARRIERS, 0)
        """Links over which a hub was let in."""
        self.links_lost = dict.fromkeys(CARRIERS, 0)
        """Of these, those that ended other than in good order."""
        self.attempts_failed = dict.fromkeys(CARRIERS, 0)
        """Attempts to open a link that led to none."""

    @property
    def relayed(self) -> int:
        """Signals handed to a client of ours or sent to another hub."""
        numbers = (*self.delivered.values(), *self.passed_on.values())
        return sum(number.value for number in numbers)

    @property
    def all_refused(self) -> int:
        """Signals of our clients answered with an error."""
        return sum(self.refused.values())


def family_of(kind: str) -> str:
    """Return the one of ``KINDS`` as which a kind of signal is counted."""
    for family in KINDS[:-1]:
        if kind == family or kind.startswith(f"{family}-"):
            return family
    return KINDS[-1]


def add(counts: dict[K, int], key: K) -> None:
    """Count one more of what ``key`` stands for. There have to be few such keys."""
    counts[key] = counts.get(key, 0) + 1
