"""What a hub counts besides its ``Snapshot``, for monitors: frozen, no way back into the hub."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.counts import CARRIERS, KINDS

if TYPE_CHECKING:
    from peerpigeon.core.counts import Counts, Histogram
    from peerpigeon.core.memory import MemoryAccount

LANES = ("signals", "control")
"""What streams between hubs carry: the signals of clients, and what hubs say about namespaces."""


class Distribution(msgspec.Struct, frozen=True):
    """How many values were at most as large as each bound, as in a histogram of Prometheus."""

    buckets: tuple[tuple[float, int], ...]
    """Bounds, and how many values were at most as large. That of all values is not among them."""
    count: int
    """How many values there were."""
    sum: float


def distribution(histogram: Histogram) -> Distribution:
    """Return what a histogram has at this moment."""
    buckets, count = [], 0
    for bound, values in zip(histogram.bounds, histogram.counts, strict=False):
        count += values
        buckets.append((bound, count))
    return Distribution(tuple(buckets), count + histogram.counts[-1], histogram.sum)


class StreamFigures(msgspec.Struct, frozen=True):
    """The streams of one lane to all other hubs."""

    sent: int
    """Pieces of news sent since the start, each counted once."""
    repeated: int
    """Times since the start that one was sent again."""
    unacknowledged: int
    """Pieces that are sent and not acknowledged."""
    queued: int
    """Signals that wait until they may be sent."""
    size: int
    """Bytes that are kept of both."""
    round_trips: Distribution
    """Seconds until a piece was acknowledged, of one in each stream at a time."""


class ClientFigures(msgspec.Struct, frozen=True):
    """Clients and signals that have to wait at this moment."""

    slowed: int
    """Clients that are read more slowly, because they send too much."""
    behind: int
    """Clients that read more slowly than is sent to them."""
    waiting: Mapping[str, int]
    """Signals, by what they wait for: that it is known where their ``target`` is, that an id is
    granted (``grant``), or that it is known who has the id of their ``sender``."""


class TopicFigures(msgspec.Struct, frozen=True):
    """What foreign clients publish, and who hears it."""

    listened: int
    """Topics in which clients of this hub listen."""
    under_way: int
    """Publications of theirs that are not handed out yet to the other hubs."""
    kept: int
    """Topics of which something is kept for hubs that are late to say that they listen."""
    draws: int
    """Draws of swarms that are not answered yet."""
    dropped_draws: int
    """Draws of other hubs of which the messages, or all, were dropped here since the start."""
    publications: Mapping[str, int]
    """Messages ``published`` here since the start, those that clients here have ``heard``, one for
    each of them, and those that did not get to another hub (``unheard``)."""


class Figures(msgspec.Struct, frozen=True):
    """The numbers of one hub at one moment; those without a moment are since its start."""

    signals: Mapping[tuple[str, str], int]
    """By kind, and by what became of them: ``delivered`` to a client of this hub, ``passed_on`` to
    the hub of their target, ``refused`` with an error to their sender, or ``returned`` to the hub
    that they came from."""
    refused: Mapping[tuple[str, str], int]
    """Signals answered with an error, by kind and reason."""
    admitted: int
    """Clients let in, and hubs of the npm package."""
    ended: Mapping[int, int]
    """Those of them that are gone, by close code; 0 for codes without a name."""
    closed: Mapping[str, int]
    """Sockets of clients closed by the hub, by reason."""
    joins: int
    """Times that a client has entered a namespace."""
    taken_by_owner: int
    """Ids that went to a new connection which had shown that it is the same client."""
    taken_from_silent: int
    """Ids that went to who waited for them, because their holders did not answer."""
    clients: ClientFigures
    topics: TopicFigures
    kept: Mapping[str, int]
    """Bytes kept at this moment: for ``connections``, of ``signals`` that wait, and as ``records``
    of who is in a namespace."""
    mesh: MeshFigures | None
    """``None`` for a plain server."""


class MeshFigures(msgspec.Struct, frozen=True):
    """The part of a hub that has to do with other hubs."""

    frames: Mapping[str, int]
    """Frames with a body for some hub: ``sent`` by this hub, ``passed_on`` for others, and those
    for which there was ``no_way``."""
    links_opened: Mapping[str, int]
    """Links over which a hub was let in, by carrier."""
    links_lost: Mapping[str, int]
    """Of these, those that did not end in good order."""
    attempts_failed: Mapping[str, int]
    """Attempts to open a link that led to none, by carrier."""
    streams: Mapping[str, StreamFigures]
    """By lane."""


def signals_of(counts: Counts) -> dict[tuple[str, str], int]:
    """Return how many signals there were, by kind and what became of them."""
    outcomes = {
        "delivered": counts.delivered,
        "passed_on": counts.passed_on,
        "returned": counts.returned,
    }
    signals = {
        (kind, outcome): by_kind[kind].value
        for outcome, by_kind in outcomes.items()
        for kind in KINDS
    }
    signals |= {(kind, "refused"): 0 for kind in KINDS}
    for (kind, _), number in counts.refused.items():
        signals[kind, "refused"] += number
    return signals


def figures(
    counts: Counts,
    memory: MemoryAccount,
    clients: ClientFigures,
    topics: TopicFigures,
    mesh: MeshFigures | None,
) -> Figures:
    """Return the numbers of one hub."""
    return Figures(
        signals=signals_of(counts),
        refused=dict(counts.refused),
        admitted=counts.admitted,
        ended=dict(counts.ended),
        closed=dict(counts.closed),
        joins=counts.joins,
        taken_by_owner=counts.taken_by_owner,
        taken_from_silent=counts.taken_from_silent,
        clients=clients,
        topics=topics,
        kept={
            "connections": memory.buffered,
            "signals": memory.signals.size,
            "records": memory.records.size,
        },
        mesh=mesh,
    )


def mesh_figures(counts: Counts, streams: Mapping[str, StreamFigures]) -> MeshFigures:
    """Return the part that has to do with other hubs."""
    frames = {
        "sent": counts.frames_sent,
        "passed_on": counts.frames_passed_on,
        "no_way": counts.frames_without_way,
    }
    opened, lost, failed = (
        {carrier: numbers[carrier] for carrier in CARRIERS}
        for numbers in (counts.links_opened, counts.links_lost, counts.attempts_failed)
    )
    return MeshFigures(frames, opened, lost, failed, streams)
