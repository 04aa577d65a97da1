"""A signaling server for WebRTC applications that speaks PeerPigeon.

``PeerPigeonServer`` runs one server or hub in an asyncio program; ``peerpigeon server`` and
``peerpigeon hub`` run one from the command line.
"""

from peerpigeon.core.config import ConfigError, ServerConfig
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.notices import (
    BootstrapConnected,
    BootstrapDisconnected,
    ErrorOccurred,
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
)
from peerpigeon.net.server import PeerPigeonServer
from peerpigeon.version import __version__

__all__ = [
    "BootstrapConnected",
    "BootstrapDisconnected",
    "ConfigError",
    "ErrorOccurred",
    "HubDiscovered",
    "HubMeshMigrated",
    "HubMeshReady",
    "HubP2PConnected",
    "HubP2PDisconnected",
    "HubRegistered",
    "HubUnregistered",
    "Notice",
    "PeerAnnounced",
    "PeerConnected",
    "PeerDisconnected",
    "PeerGoodbye",
    "PeerId",
    "PeerPigeonServer",
    "ServerConfig",
    "Started",
    "Stopped",
    "__version__",
]
