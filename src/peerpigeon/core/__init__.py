"""The hub as a pure state machine: events and a time in, actions out.

Nothing here reads a clock, opens a socket, starts a task, writes a log line or draws a global
random number; ``tests/test_boundary.py`` keeps it so. A shell needs what is named here, the types
in ``interface``, ids, options, and ``wire.hub_codec`` for what crosses links. ``docs/sans-io.md``
shows how to write one.
"""

from peerpigeon.core.config import ConfigError, ServerConfig
from peerpigeon.core.hub import Hub
from peerpigeon.core.status import Status
from peerpigeon.core.wire.hub_codec import frame_count
from peerpigeon.core.wire.hub_frames import Carrier
from peerpigeon.core.wire.reference_messages import is_greeting

__all__ = ["Carrier", "ConfigError", "Hub", "ServerConfig", "Status", "frame_count", "is_greeting"]
