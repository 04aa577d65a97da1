"""Chooses the engine that makes data channels.

This is the one module that knows all engines. No WebRTC library is imported before
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
    """Return an engine by its name; ``auto`` is ``builtin``.

    Raises ``EngineError`` if the library is not installed, ``ValueError`` for another name.
    """
    match name:
        case "auto" | "builtin":
            from peerpigeon.rtc.builtin.engine import BuiltinEngine  # noqa: PLC0415

            return BuiltinEngine(ice)
        case "aiortc":
            if find_spec("aiortc") is None:
                raise EngineError("aiortc is not installed: pip install 'peerpigeon[aiortc]'")
            from peerpigeon.rtc.aiortc.engine import AiortcEngine  # noqa: PLC0415

            return AiortcEngine(ice)
        case "libdatachannel":
            if find_spec("libdatachannel") is None:
                raise EngineError(
                    "libdatachannel is not installed: pip install 'peerpigeon[fast]'"
                    " (Python 3.12 or newer)"
                )
            from peerpigeon.rtc.libdatachannel.engine import (  # noqa: PLC0415
                LibdatachannelEngine,
            )

            return LibdatachannelEngine(ice)
        case _:
            raise ValueError(
                f"no engine is called {name!r}; use auto, builtin, aiortc or libdatachannel"
            )
