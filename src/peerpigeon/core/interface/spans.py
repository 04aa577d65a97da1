"""What a hub tells of the way of a signal that is traced."""

from __future__ import annotations

from enum import StrEnum

import msgspec

DELIVERED, PASSED_ON, NO_WAY = "delivered", "passed-on", "no-way"
"""What becomes of a signal, or of a frame with one in it, besides what a ``Reason`` says."""


class Step(StrEnum):
    """What one hub does with a traced signal: the name of its span."""

    SIGNAL = "signal"
    """At the hub of its sender, from when it is known that its target is not there, until it is
    passed on to the hub of its target, or fails: the root of the trace."""
    FORWARD = "forward"
    """It is handed to a neighbour on its way, by the sender's hub or by one between; once more each
    time it is sent again. Takes no time."""
    DELIVER = "deliver"
    """At the hub of its target, from when it comes until it is delivered or sent back."""
    RETURN = "return"
    """From when it has left the hub of its sender until that hub knows that it has failed."""


class Traced(msgspec.Struct, frozen=True, gc=False):
    """Publish a span: one step of one signal. Never waits; what is too much may be left out."""

    step: Step
    trace: bytes
    """Names the trace: 16 bytes, not all zero (W3C Trace Context, section 3.2.2.3)."""
    span: bytes
    """Names the span within it: 8 bytes, not all zero (the same, section 3.2.2.4)."""
    parent: bytes | None
    """The span that this one belongs to: the root, which itself has none."""
    begin: float
    """In seconds of the hub's clock, like ``end``."""
    end: float
    outcome: str
    """``DELIVERED``, ``PASSED_ON``, ``NO_WAY``, or the word of a ``Reason``."""
    kind: str
    """One of ``counts.KINDS``."""
    namespace: str
    sender: str
    target: str
    hub: str = ""
    """The other hub, if one is concerned: to which it goes, or from which it comes."""

    @property
    def is_error(self) -> bool:
        """Whether the signal, or this sending of it, has failed."""
        return self.outcome not in {DELIVERED, PASSED_ON}
