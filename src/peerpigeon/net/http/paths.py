"""Below which path WebSockets are opened, where a server has not all of its port."""

from __future__ import annotations

from peerpigeon.net.http.response import HandshakeError

_ELSEWHERE = HandshakeError(404, "there is nothing here; this server has a path_prefix")


def check_path(path: str, prefix: str) -> None:
    """Raise ``HandshakeError`` if a path is not below ``prefix``; all are below an empty one."""
    if path != prefix and not path.startswith(f"{prefix}/"):
        raise _ELSEWHERE
