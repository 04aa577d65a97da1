"""Which requests are answered at a port, who asks, and who may open a WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.counts import add
from peerpigeon.net.http.arrivals import Arrivals
from peerpigeon.net.http.forwarded import Forwarded
from peerpigeon.net.http.origins import wrong_origin
from peerpigeon.net.http.response import HandshakeError
from peerpigeon.net.seldom import SeldomWarnings

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from typing import TypeAlias

    from peerpigeon.net.http.audience import Audience
    from peerpigeon.net.http.opening_handshake import UpgradeRequest
    from peerpigeon.net.http.request import Request

    Opener: TypeAlias = Callable[[asyncio.Transport, UpgradeRequest, bytes], object]

_WRONG_HOST = (
    "this server does not answer to the name in the header Host; name it in the option"
    " allowed_hosts (ALLOWED_HOSTS) if it should"
)
_WRONG_HOST_LINE = (
    "a request was refused (421): allowed_hosts (ALLOWED_HOSTS) does not name its host; name it"
    " there if that is this server"
)

_NO_PROXIES = Forwarded()


def _admits_all(*_: object) -> bool:
    return True


class AccessControl:
    """The access control of one port, however the requests come to it.

    ``opener`` returns what takes over a WebSocket, with the bytes that follow its handshake, and
    ``audience`` tells who asks; both may raise ``HandshakeError``. ``admits_host`` tells from the
    header ``Host`` whether a request is answered at all, and ``admits_origin`` from ``Origin`` and
    ``Host`` whether a page may connect; without them all are. ``forwarded`` tells where a request
    comes from that a proxy has passed on. Times are seconds of any clock that does not go back.
    """

    def __init__(
        self,
        opener: Callable[[UpgradeRequest], Opener],
        audience: Callable[[Request], Audience],
        *,
        admits_host: Callable[[str | None], bool] = _admits_all,
        admits_origin: Callable[[str | None, str], bool] = _admits_all,
        forwarded: Forwarded = _NO_PROXIES,
        warnings: SeldomWarnings | None = None,
    ) -> None:
        self._opener = opener
        self.audience = audience
        self._admits_host = admits_host
        self._admits_origin = admits_origin
        self.forwarded = forwarded
        self.arrivals = Arrivals()
        self.warnings = warnings or SeldomWarnings()
        self.refusals: dict[int, int] = {}
        """How many requests were refused here since the start, by status."""

    def admit(self, request: Request, address: str, peer: str, now: float) -> None:
        """Raise ``HandshakeError`` for a host that is not served, and if there are too many.

        ``address`` asks, and ``peer`` is the end of the connection.
        """
        if address != peer or not self.forwarded.trusts(peer):
            self.arrivals.count(address, now)
        host = request.single("host")
        if not self._admits_host(host):
            raise HandshakeError(421, _WRONG_HOST, log=_WRONG_HOST_LINE, host=host or "")

    def opener_for(self, upgrade: UpgradeRequest) -> Opener:
        """Return what takes over a WebSocket. Raises ``HandshakeError`` if it is not let in."""
        if not self._admits_origin(upgrade.origin, upgrade.host):
            raise wrong_origin(upgrade.origin)
        return self._opener(upgrade)

    def note_refusal(self, error: HandshakeError, address: str) -> None:
        """Log and count that a request of an address was refused."""
        if error.log:
            self.warnings.add(error.log, address, **error.details)
        add(self.refusals, int(error.status))
