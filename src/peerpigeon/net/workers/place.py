"""The place of one worker among those of its command, and where it is reached by the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.config import NO_END, least_memory
from peerpigeon.net.descriptors import RESERVE, descriptor_limit
from peerpigeon.net.machine_memory import default_limit

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig


class Place(msgspec.Struct, frozen=True):
    """One of ``count`` workers, counted from 0."""

    index: int
    count: int
    directory: str
    """In which no other user may look: whoever reaches the sockets there is a worker."""
    drain: Callable[[float | None], object]
    """Has all workers let their clients go, within so many seconds or ``drain_time``; then stop."""

    def share(self, config: ServerConfig) -> ServerConfig:
        """Return the options of a command as this worker has them."""
        memory = (config.max_memory or default_limit()) // self.count
        return replace(
            config,
            worker=self.index,
            workers=self.count,
            worker_directory=self.directory,
            max_memory=max(memory, least_memory(config)),
            worker_room=_room(descriptor_limit()),
        )


FOR_OTHERS = 4 * RESERVE
"""Descriptors that a worker keeps for all else than clients: connections that have sent no request,
and those whose clients others serve."""


def _room(descriptors: int | None) -> int:
    """Return how many clients a worker can hold that may have so many descriptors open."""
    return NO_END if descriptors is None else max(descriptors - FOR_OTHERS, descriptors // 2)


def links_path(directory: str, index: int) -> str:
    """Return where a worker takes links of others, and requests for its pages."""
    return f"{directory}/{index}.links"


def clients_path(directory: str, index: int) -> str:
    """Return where a worker takes clients that others pass on."""
    return f"{directory}/{index}.clients"
