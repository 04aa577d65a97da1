"""Whether new clients are to be sent to a server: what a load balancer goes by (``/ready``)."""

from __future__ import annotations

from enum import StrEnum


class Serving(StrEnum):
    """How a server stands to new clients."""

    STARTING = "starting"
    """A hub that has just been started, and looks for the others: a client would be alone."""
    READY = "ready"
    DRAINING = "draining"
    """It is to stop, and its clients go elsewhere."""


def serving(*, is_draining: bool, has_settled: bool) -> Serving:
    """Return how a server stands to new clients.

    ``has_settled``: it is in its mesh, or has looked for it long enough; it stays so. A hub that
    has lost all others serves its own clients, and when the network between hubs breaks all have
    lost the others: they must not all be taken from their clients for it. By what it is linked does
    not matter either: WebSockets serve as well as data channels.
    """
    if is_draining:
        return Serving.DRAINING
    return Serving.READY if has_settled else Serving.STARTING
