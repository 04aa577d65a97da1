"""Follows some signals on their way over hubs, for people who ask where the time goes.

The hub of the sender decides which, by chance, and gives each a context: 16 bytes that name the
trace and 8 that name its root span, as in W3C Trace Context. To have one is to be sampled. It
travels with the signal, and each hub that traces reports its own steps as spans below that root.
They are not below each other, for the tag of a frame covers its context, and no hub on its way may
change it. Clients can neither set a context nor see one.

Contexts come from other hubs, which may lie, and signals from clients, who may send as many as they
like. So spans have budgets, apart for those of other hubs' signals, and few signals are followed at
once. What is beyond is delivered like all others, and not traced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard, TypeVar

from peerpigeon.core.counts import family_of
from peerpigeon.core.interface.spans import NO_WAY, PASSED_ON, Step, Traced
from peerpigeon.core.wire.hub_frames import Segment
from peerpigeon.core.wire.hub_news import Relay, Undelivered

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.wire.hub_frames import Routed

K = TypeVar("K")
V = TypeVar("V")

TRACE_SIZE, SPAN_SIZE = 16, 8
CONTEXT_SIZE = TRACE_SIZE + SPAN_SIZE
"""Bytes of a context."""

SPANS_A_SECOND = 200
"""Spans of signals from this hub's own clients, and as many of those from other hubs', twice that
after a quiet time. To make an object of OpenTelemetry takes 17 microseconds, 400 of them 7 ms."""

SPANS_OF_A_HUB = SPANS_A_SECOND // 4
"""Of those of other hubs' signals, the spans of any one of them: who lies leaves the most to the
others."""

FOLLOWED = 1024
"""Signals from own clients, and as many from other hubs, that are followed at once; the one that
began first is given up for a new one. So many hubs have budgets."""

NAME_LENGTH = 128
"""Characters of a namespace that are shown; another hub may name one of 4096."""


class Budget:
    """How many spans may still be reported: a bucket that fills again with time.

    ``rate``: spans a second; twice as many may come at once after a quiet time.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._left = self._most = 2 * rate
        self._at = 0.0

    def take(self, now: float) -> bool:
        """Take one if there is one."""
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Tracer:
    """What one hub knows of the traces of signals. ``act`` is given each span."""

    def __init__(
        self, own: PeerId, every: int, rng: Random, act: Callable[[Traced], object]
    ) -> None:
        """``every``: of how many signals that leave one is traced, 1 or more."""
        self._own = own
        self._every = every
        self._rng = rng
        self._act = act
        self._own_budget, self._others_budget = Budget(SPANS_A_SECOND), Budget(SPANS_A_SECOND)
        self._budgets: dict[PeerId, Budget] = {}
        # Since when each is where it is: those from own clients, and those from other hubs.
        self._own_followed: dict[bytes, float] = {}
        self._followed: dict[tuple[PeerId, bytes], float] = {}
        self._until_next = self._gap()

    def _gap(self) -> int:
        """Return how many signals it is to the next one that is traced, itself included.

        By chance, so that what clients do in turns does not decide. Drawn once for many signals.
        """
        return self._rng.randrange(1, 2 * self._every)

    # At the hub of the sender

    def begun(self, now: float) -> bytes | None:
        """Return the context of a signal of a client that is for another hub; most have none."""
        self._until_next -= 1
        if self._until_next:
            return None
        self._until_next = self._gap()
        if not self._own_budget.take(now):
            return None
        context = self._new(TRACE_SIZE) + self._new(SPAN_SIZE)
        _put(self._own_followed, context, now)
        return context

    def passed_on(self, hub: PeerId, relay: Relay, now: float) -> None:
        """Report that a signal of a client leaves for the hub of its target."""
        if relay.trace in self._own_followed:
            self._tell(Step.SIGNAL, relay, self._own_followed[relay.trace], PASSED_ON, now, hub)
            self._own_followed[relay.trace] = now

    def failed(self, signal: Relay | Undelivered, reason: str, now: float) -> None:
        """Report that a signal of a client has failed: here, or after it had left."""
        begin = self._own_followed.pop(signal.trace or b"", None)
        if begin is not None:
            has_left = signal.number or isinstance(signal, Undelivered)  # whatever number it claims
            self._tell(Step.RETURN if has_left else Step.SIGNAL, signal, begin, reason, now)

    # At the others

    def arrived(self, hub: PeerId, relay: Relay, now: float) -> None:
        """Follow a signal that has come from another hub, if it is traced."""
        if _is_valid(relay.trace) and self._may_tell(hub, now):
            _put(self._followed, (hub, relay.trace), now)

    def ended(self, hub: PeerId, relay: Relay, outcome: str, now: float) -> None:
        """Report that a signal that came from a hub is delivered or sent back.

        From this one if its target has come here while it waited.
        """
        context = relay.trace or b""
        if hub == self._own:
            step, begin = Step.SIGNAL, self._own_followed.pop(context, None)
        else:
            step, begin = Step.DELIVER, self._followed.pop((hub, context), None)
        if begin is not None:
            self._tell(step, relay, begin, outcome, now, "" if hub == self._own else hub)

    # At each

    def forwarded(self, frame: Routed, hop: PeerId | None, now: float) -> None:
        """Report that a frame is handed to a neighbour, or to none, if there is a signal in it."""
        if (
            isinstance(frame.body, Segment)
            and isinstance(relay := frame.body.news, Relay)
            and relay.trace is not None  # as few are
            and _is_valid(relay.trace)
            and self._may_tell(frame.source, now)
        ):
            outcome = NO_WAY if hop is None else PASSED_ON
            self._tell(Step.FORWARD, relay, now, outcome, now, hop or "")

    def _may_tell(self, source: PeerId, now: float) -> bool:
        """Take one from the budget for the signals of a hub, if there is one."""
        if source == self._own:
            return self._own_budget.take(now)
        budget = self._budgets.get(source)
        if budget is None:
            budget = Budget(SPANS_OF_A_HUB)
            _put(self._budgets, source, budget)
        return budget.take(now) and self._others_budget.take(now)

    def _tell(
        self,
        step: Step,
        signal: Relay | Undelivered,
        begin: float,
        outcome: str,
        now: float,
        hub: str = "",
    ) -> None:
        context = signal.trace or b""
        trace, root = context[:TRACE_SIZE], context[TRACE_SIZE:]
        span, parent = (root, None) if step is Step.SIGNAL else (self._new(SPAN_SIZE), root)
        kind, namespace = family_of(signal.kind), signal.namespace[:NAME_LENGTH]
        about = kind, namespace, signal.sender, signal.target, hub
        self._act(Traced(step, trace, span, parent, begin, now, outcome, *about))

    def _new(self, size: int) -> bytes:
        """Return a name that nobody else has: not all zero."""
        return self._rng.randrange(1, 1 << 8 * size).to_bytes(size, "big")


def _put(table: dict[K, V], key: K, value: V) -> None:
    """Put something into a table, and drop what was put there first if there is too much."""
    table[key] = value
    if len(table) > FOLLOWED:
        del table[next(iter(table))]


def _is_valid(context: bytes | None) -> TypeGuard[bytes]:
    """Tell whether this hub can use a context: it is as long as its own, and names something."""
    return (
        context is not None
        and len(context) == CONTEXT_SIZE
        and any(context[:TRACE_SIZE])
        and any(context[TRACE_SIZE:])
    )
