"""How many sockets and files the system lets this process have open."""

from __future__ import annotations

import contextlib
import logging

logger = logging.getLogger(__name__)

SPARE_DESCRIPTORS = 128
"""For what is no client: listeners, links to other hubs and their ports, files of libraries."""


def raise_descriptor_limit(connections: int) -> None:
    """Allow as many as the system lets us; log a warning if that is too few for ``connections``."""
    try:
        import resource  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return
    needed = connections + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Where there is no hard limit, the system may still refuse a soft one as large as that.
    for wanted in (hard, needed):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            break
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        logger.warning(
            "only %d descriptors may be open, too few for max_connections %d: beyond about %d"
            " clients nobody can connect; allow %d (ulimit -n, LimitNOFILE= of systemd, nofile of a"
            " container), or set max_connections (MAX_CONNECTIONS) lower",
            soft,
            connections,
            max(0, soft - SPARE_DESCRIPTORS),
            needed,
        )
