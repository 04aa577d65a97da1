"""By which names a server may be addressed (the header ``Host``)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from peerpigeon.core.config import host_in, is_loopback

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig


_REMEMBERED: Final = 64
"""Headers that are remembered. Most requests have one of few, and a stranger's may have 16 KiB."""


class Hosts:
    """The names that a server answers to; all, unless it is for its own machine or was told.

    Whoever owns a name can serve a page under it and then let the name lead here (DNS rebinding).
    To a browser that page then is this server's own. Its ``Host`` gives it away.
    """

    def __init__(self, config: ServerConfig) -> None:
        self._names = config.answers_to
        self.admits = lru_cache(_REMEMBERED)(self._admits)

    def _admits(self, header: str | None) -> bool:
        """Tell whether a request with this header ``Host`` is answered.

        Browsers always send one; programs, which may send any, need none with HTTP/1.0. Names of
        the loopback pass everywhere: no page of a stranger has one.
        """
        if self._names is None or header is None:
            return True
        host = host_in(header)
        return is_loopback(host) or host.endswith(".localhost") or host in self._names
