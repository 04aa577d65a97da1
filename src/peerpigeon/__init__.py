"""A signaling server for WebRTC applications that speaks PeerPigeon.

``PeerPigeonServer`` runs one server or hub in an asyncio program; ``peerpigeon server`` and
``peerpigeon hub`` run one from the command line. Every public name is described in ``docs/api.md``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from peerpigeon.version import __version__

if TYPE_CHECKING:
    from peerpigeon.core.config import ConfigError, IceServer, ServerConfig, ServerOptions
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.notices import (
        BootstrapConnected,
        BootstrapDisconnected,
        Draining,
        ErrorOccurred,
        HubAlone,
        HubDiscovered,
        HubMeshMigrated,
        HubMeshReady,
        HubP2PConnected,
        HubP2PDisconnected,
        HubRegistered,
        HubUnregistered,
        Notice,
        PeerAnnounced,
        PeerConnected,
        PeerDisconnected,
        PeerGoodbye,
        Started,
        Stopped,
        Warned,
    )
    from peerpigeon.core.interface.snapshot import (
        HubRecord,
        HubView,
        LinkRecord,
        MeshSnapshot,
        MissingHub,
        PeerRecord,
        Snapshot,
        TopologySnapshot,
    )
    from peerpigeon.net.config_files import load_config
    from peerpigeon.net.listen import PortsTakenError
    from peerpigeon.net.run import run
    from peerpigeon.net.server import PeerPigeonServer

__all__ = [
    "BootstrapConnected",
    "BootstrapDisconnected",
    "ConfigError",
    "Draining",
    "ErrorOccurred",
    "HubAlone",
    "HubDiscovered",
    "HubMeshMigrated",
    "HubMeshReady",
    "HubP2PConnected",
    "HubP2PDisconnected",
    "HubRecord",
    "HubRegistered",
    "HubUnregistered",
    "HubView",
    "IceServer",
    "LinkRecord",
    "MeshSnapshot",
    "MissingHub",
    "Notice",
    "PeerAnnounced",
    "PeerConnected",
    "PeerDisconnected",
    "PeerGoodbye",
    "PeerId",
    "PeerPigeonServer",
    "PeerRecord",
    "PortsTakenError",
    "ServerConfig",
    "ServerOptions",
    "Snapshot",
    "Started",
    "Stopped",
    "TopologySnapshot",
    "Warned",
    "__version__",
    "load_config",
    "run",
]

_HOMES = {
    "peerpigeon.core.config": ("ConfigError", "IceServer", "ServerConfig", "ServerOptions"),
    "peerpigeon.core.ids": ("PeerId",),
    "peerpigeon.core.interface.snapshot": (
        "HubRecord",
        "HubView",
        "LinkRecord",
        "MeshSnapshot",
        "MissingHub",
        "PeerRecord",
        "Snapshot",
        "TopologySnapshot",
    ),
    "peerpigeon.net.config_files": ("load_config",),
    "peerpigeon.net.listen": ("PortsTakenError",),
    "peerpigeon.net.run": ("run",),
    "peerpigeon.net.server": ("PeerPigeonServer",),
}
"""Where names are that are loaded when they are asked for; notices are all the others."""

_NOTICES = "peerpigeon.core.interface.notices"

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load what is asked for (PEP 562).

        A command has to handle signals before it loads all of this, and its package comes first.
        """
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = next((home for home, names in _HOMES.items() if name in names), _NOTICES)
        globals()[name] = value = getattr(import_module(home), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
