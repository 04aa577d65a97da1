"""What streams between hubs may take, and how long."""

from __future__ import annotations

import msgspec

from peerpigeon.core.config.quantities import KIB, MIB


class StreamLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits and durations of streams. Durations are seconds, sizes are bytes."""

    signals: int = 4096
    """How many signals to one hub may be unacknowledged where the window is widest."""
    signal_bytes: int = 4 * MIB
    fewest_signals: int = 256
    """The same where it is narrowest, and where a stream begins. An honest burst goes at once, and
    a far hub on a jittery way is still sent many hundred signals a second."""
    queueing: float = 0.2
    """A round trip that is longer than the shortest by more has waited in a queue. Acknowledgements
    may be late by ``ack_delay``, and a busy process by as much."""
    queued: int = 8192
    """How many signals may wait for the window to one hub (``FairQueue``). One client alone may
    have half of them."""
    queued_bytes: int = 8 * MIB
    """The same in bytes. Half of it takes several of the largest signals of one client."""
    queued_everywhere: int = 128 * MIB
    """Bytes that may wait for the windows to all hubs together: half of what signals may take in
    all where nobody says how much that is, so that a client that floods many hubs does not take
    all of it."""
    control: int = 32768
    """The same for control news, which is never refused: see ``Streams.send``."""
    control_bytes: int = 32 * MIB
    ack_delay: float = 0.05
    """One acknowledgement serves all that comes within this time."""
    ack_every: int = 64
    """So many segments are acknowledged without delay, so that a busy window does not fill."""
    min_rto: float = 1.0
    """The first and the shortest time-out (RFC 6298, section 2)."""
    max_rto: float = 3.0
    """Short enough for several attempts in the lifetime of a signal."""
    answer_time: float = 1.0
    """For so long before its lifetime ends a signal is not sent again: it might be delivered, and
    the acknowledgement come too late."""
    burst: int = 32
    burst_bytes: int = 256 * KIB
    max_burst: int = 256
    """The most that one acknowledgement lets follow."""
    reroute_gap: float = 0.1
    """Of changes of a route within this time only the first sends again at once; what then is
    still unacknowledged goes at its end."""
    idle: float = 60.0
    """A stream without unacknowledged news is closed after this time; the next has a new epoch."""
    waiting_bytes: int = 48 * MIB
    """What all sources together may have here that has come before its turn; beyond it that of the
    longest silent one is thrown away, and sent again. Who can name any source of a segment would
    else fill the memory with a few frames of each."""
    jump: int = 2**20
    """How far ahead of what was expected a number may lie. It takes hours without one
    acknowledgement to send so much; what jumps farther is a lie, and not taken."""
    renewal_gap: float = 1.0
    """A stream about which its destination was lied to begins anew at most once in this time."""
    hubs: int = 8192
    """How many hubs to remember, each way. The memory of a hub that sent us news prevents repeats
    after it was cut off for long, so that it is kept until the hub is forgotten itself, and then
    for ``silence``."""
    silence: float = 3600.0
    """For so long a hub that is forgotten has to have been silent until nothing it has sent can
    come again: the longest lifetime of a signal that ``signal_lifetime`` can be."""


class Share:
    """How much of one kind of news to one hub may be unacknowledged, and how much is."""

    __slots__ = ("count", "most", "most_bytes", "size")

    def __init__(self, most: int, most_bytes: int) -> None:
        self.most = most
        self.most_bytes = most_bytes
        self.count = 0
        self.size = 0

    def has_room(self, size: int) -> bool:
        """Tell whether more may be sent. A single piece always may: its size was judged before."""
        return self.count == 0 or (self.count < self.most and self.size + size <= self.most_bytes)
