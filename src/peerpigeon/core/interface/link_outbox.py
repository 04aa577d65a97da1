"""Which frames a shell drops instead of sending them: those that find a link's outbox full."""

from __future__ import annotations


def has_room(size: int, waiting: float, limit: int) -> bool:
    """Tell whether a frame of ``size`` bytes may join the ``waiting`` bytes of a link's outbox.

    ``limit`` is the option ``max_link_outbox_size``. A frame that may not is dropped as a whole,
    and the hub is not told: the streams send again what matters, adverts are compared, and a link
    that carries nothing more is ended by its heartbeats. An empty outbox takes any frame, as one
    larger than the limit would never be sent otherwise.
    """
    return not waiting or waiting + size <= limit
