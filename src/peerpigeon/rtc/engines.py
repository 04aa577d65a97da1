"""Chooses the engine that makes data channels.

This is the one module that knows both engines. No WebRTC library is imported before
``make_engine`` asks for it: loading one takes up to a second and tens of megabytes, which a server
without hub links should not pay for.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from peerpigeon.rtc.interface import EngineError

if TYPE_CHECKING:
    from peerpigeon.rtc.ice import IceOptions
    from peerpigeon.rtc.interface import Engine


def make_engine(name: str, ice: IceOptions) -> Engine:
    """Return the engine ``aiortc`` or ``libdatachannel``; with ``auto`` the best one.

    That is libdatachannel, the faster one, if it is installed and can do what ``ice`` asks.

    Raises ``EngineError`` if the library is not installed, ``ValueError`` for another name.
    """
    if name not in {"auto", "aiortc", "libdatachannel"}:
        raise ValueError(f"no engine is called {name!r}; use auto, aiortc or libdatachannel")
    is_fast_there = find_spec("libdatachannel") is not None
    if name == "libdatachannel" and not is_fast_there:
        raise EngineError(
            "libdatachannel is not installed: pip install 'peerpigeon[fast]' (Python 3.12 or newer)"
        )
    needs_tcp = any(server.is_tcp for server in ice.turn_servers)
    if name == "libdatachannel" or (name == "auto" and is_fast_there and not needs_tcp):
        from peerpigeon.rtc.libdatachannel.engine import LibdatachannelEngine  # noqa: PLC0415

        return LibdatachannelEngine(ice)
    if find_spec("aiortc") is None:
        raise EngineError("aiortc is not installed: pip install aiortc")
    from peerpigeon.rtc.aiortc.engine import AiortcEngine  # noqa: PLC0415

    return AiortcEngine(ice)
