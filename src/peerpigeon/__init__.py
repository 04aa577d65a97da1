"""A signaling server for WebRTC applications that speaks PeerPigeon.

``PeerPigeonServer`` runs one server or hub in an asyncio program; ``peerpigeon server`` and
``peerpigeon hub`` run one from the command line. Every public name is described in ``docs/api.md``.
"""

from peerpigeon.core.config import ConfigError, IceServer, ServerConfig, ServerOptions
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
from peerpigeon.core.interface.snapshot import (
    HubRecord,
    HubView,
    LinkRecord,
    MeshSnapshot,
    PeerRecord,
    Snapshot,
    TopologySnapshot,
)
from peerpigeon.net.listen import PortsTakenError
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
    "HubRecord",
    "HubRegistered",
    "HubUnregistered",
    "HubView",
    "IceServer",
    "LinkRecord",
    "MeshSnapshot",
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
    "__version__",
]
