"""All that a hub can ask of its shell, in the order in which it must happen."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from peerpigeon.core.ids import SessionId
from peerpigeon.core.notices import Notice


class SendToPeer(msgspec.Struct, frozen=True, gc=False):
    """Send one text message to a client. Never waits; a session that is gone is no fault."""

    session: SessionId
    payload: bytes
    """The message, JSON in UTF-8."""


class PingPeer(msgspec.Struct, frozen=True, gc=False):
    """Send a WebSocket ping; the answer comes back as ``PeerPonged``."""

    session: SessionId


class ClosePeer(msgspec.Struct, frozen=True, gc=False):
    """Send what is still to be sent, then close the client's socket.

    The hub has forgotten the session already; the shell owes it no ``PeerLost``.
    """

    session: SessionId
    code: int
    reason: str
    """At most 123 bytes in UTF-8 (RFC 6455, section 5.5)."""


class Tell(msgspec.Struct, frozen=True):
    """Tell people (subscribers, the log, metrics) what happened."""

    notice: Notice


Action: TypeAlias = SendToPeer | PingPeer | ClosePeer | Tell
