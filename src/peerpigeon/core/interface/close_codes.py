"""The close codes of WebSockets: RFC 6455, section 7.4.1, and the IANA registry it founded.

The names are the registry's, in one spelling. Links over other carriers end with the same codes.
"""

from __future__ import annotations

NORMAL_CLOSURE = 1000
GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
UNSUPPORTED_DATA = 1003
NO_STATUS = 1005
"""The close frame names no code. Never sent."""
ABNORMAL_CLOSURE = 1006
"""The connection has ended without a close frame. Never sent."""
INVALID_PAYLOAD = 1007
POLICY_VIOLATION = 1008
MESSAGE_TOO_BIG = 1009
INTERNAL_ERROR = 1011
SERVICE_RESTART = 1012
"""The server ends, or wants to serve others: who is closed may connect again, here or elsewhere."""
TRY_AGAIN_LATER = 1013

NAMED = frozenset((*range(1000, 1004), *range(1005, 1015)))
"""The codes that the registry has a name for, but for those of libraries and programs."""

_NEVER_SENT = frozenset((NO_STATUS, ABNORMAL_CLOSURE))
_LEFT_TO_OTHERS = range(3000, 5000)

ADDRESS_IS_FULL = "too many connections from your address"
"""The reason that clients get with ``TRY_AGAIN_LATER`` beyond ``max_connections_per_address``."""

SERVER_STOPPING = "server is stopping"
"""The reason that clients get with ``GOING_AWAY`` when a server stops."""

SERVER_DRAINING = "server is draining, connect again"
"""The reason that clients get with ``SERVICE_RESTART`` when a server lets them go."""

OTHERS_HAVE_FEWER = "other hubs have fewer clients, connect again"
"""The reason that clients get with ``SERVICE_RESTART`` when a hub has far more than its share."""

HUB_STOPPING = "hub is stopping"
"""The reason that other hubs get with ``GOING_AWAY`` if they have not left by then."""

FULL = "Maximum connections reached"
"""Reference: the reason for which a full server closes."""

BAD_ID = "Invalid peerId format"
OWN_ID = "peerId is this hub's own"
BAD_KEY = "Invalid resumeKey format"
WRONG_BEARER = "token is for another peerId"
BEARER_EXPIRED = "token has expired"
TAKEN = "Peer already connected"
"""Reference: the reason for which a second socket with an id is closed."""

PASSED_ON = "passed on to another worker"
"""Told to people of a client whose connection another process of the command serves from now on."""

RESUMED = "resumed by another connection"
"""Why the socket is closed of a client that has come again and has proved that it is the same."""

SILENT = "no answer to pings"
SILENT_AT_RETURN = "peerId connected again, no answer here"
SILENT_AND_FULL = "server is full, no answer here"
TOO_MANY_ANNOUNCES = "too many announces"
TOO_MANY_TOPICS = "too many topics in a short time"
TOO_MUCH_PUBLISHED = "too much published"
TOO_MUCH_UNUSABLE = "too many messages that cannot be used"

TOO_BIG = "message too big"
SLOW_READER = "reading too slowly"
MEMORY_IS_SHORT = "out of memory"

SECOND_LINK = "second link"
TOO_LATE = "too late"
NOT_WELCOME = "hubs of this kind are not let in"


def is_sendable(code: int) -> bool:
    """Tell whether a code may stand in a close frame.

    Those of the registry may that are no mere description of what was not there, and those left to
    libraries and programs (section 7.4.2).
    """
    return code in _LEFT_TO_OTHERS or (code in NAMED and code not in _NEVER_SENT)
