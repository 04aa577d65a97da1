"""What the log says of clients that are closed, by the reason that they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.interface import close_codes as codes

if TYPE_CHECKING:
    from collections.abc import Mapping

CLOSED: Mapping[str, str] = {
    codes.ADDRESS_IS_FULL: (
        "a client was refused: so many are there as may come from one address"
        " (max_connections_per_address, MAX_CONNECTIONS_PER_ADDRESS); if that is a proxy, name it"
        " in trusted_proxies (TRUSTED_PROXIES)"
    ),
    codes.FULL: (
        "a client was refused: all places are taken; allow more with max_connections"
        " (MAX_CONNECTIONS), or add a hub to the mesh"
    ),
    codes.SILENT_AND_FULL: (
        "a client was closed: it did not answer, and others want its place; allow more with"
        " max_connections (MAX_CONNECTIONS), or add a hub to the mesh"
    ),
    codes.BAD_ID: (
        "a client was refused: its peerId is not 40 hexadecimal digits; clients connect to"
        " ws://HOST:PORT/?peerId=..."
    ),
    codes.OWN_ID: (
        "a client was refused: its peerId is this hub's own; let it draw one of its own"
    ),
    codes.BAD_KEY: (
        "a client was refused: its resumeKey is none that a hub has given; let it send the one"
        " of its last connected, or none"
    ),
    codes.WRONG_BEARER: (
        "a client was refused: its token names another peerId (sub) than it connects with; let"
        " whoever makes the tokens name the right one"
    ),
    codes.BEARER_EXPIRED: (
        "a client was closed: its token has expired; let it come again with a new one"
    ),
    codes.TAKEN: (
        "a client was refused: another one that lives has its peerId; let each draw its own, and"
        " one that comes again show its resumeKey"
    ),
    codes.SILENT: (
        "a client was closed: it has answered no ping for peer_timeout (PEER_TIMEOUT); its network"
        " has gone, or it hangs"
    ),
    codes.SILENT_AT_RETURN: (
        "a client was closed: its peerId has connected again, and this socket does not answer; it"
        " has come back after its network had gone, so there is nothing to do"
    ),
    codes.TOO_MANY_ANNOUNCES: (
        "a client was closed: it goes on with more announces than a real client makes; look at"
        " its program"
    ),
    codes.TOO_MANY_TOPICS: (
        "a client was closed: it goes on with more topics than a real client has; look at its"
        " program"
    ),
    codes.TOO_MUCH_PUBLISHED: (
        "a client was closed: it goes on with more publications to crowds than a real client has;"
        " look at its program"
    ),
    codes.TOO_MUCH_UNUSABLE: (
        "a client was closed: it goes on with messages that cannot be used; look at its program"
    ),
    codes.NOT_WELCOME: (
        "a hub of the npm package that was dialled was not let in; allow them with reference_hubs"
        " (REFERENCE_HUBS), where that is safe"
    ),
    codes.SLOW_READER: (
        "a client was closed: more waits for it than it reads in time; let it read faster, or"
        " allow more with max_outbox_size (MAX_OUTBOX_SIZE)"
    ),
    codes.TOO_BIG: (
        "a connection was closed: a message is larger than may be; allow larger ones with"
        " max_message_size (MAX_MESSAGE_SIZE) if it is an honest client's"
    ),
    codes.MEMORY_IS_SHORT: (
        "a connection was closed: memory was short, and much was kept for it; allow more with"
        " max_memory (MAX_MEMORY)"
    ),
}
"""The lines: what is wrong, and what to do."""

IN_ORDER = frozenset(
    {
        codes.RESUMED,
        codes.SECOND_LINK,
        codes.TOO_LATE,
        codes.SERVER_STOPPING,
        codes.SERVER_DRAINING,
        codes.HUB_STOPPING,
    }
)
"""Reasons that nobody need know of: all is as it should be."""

BROKEN = (
    "a connection was closed: what came is against the WebSocket protocol; look at the program at"
    " its other end, or at a proxy on the way"
)
BEHIND = (
    "a client reads more slowly than it is sent to: who sends to it is slowed down until it has"
    " caught up; it is closed when max_outbox_size (MAX_OUTBOX_SIZE) waits"
)
NOT_DIALLED = (
    "a host of which another hub tells was not dialled: it leads to this machine or to a private"
    " network; if that is right, see dial_private (DIAL_PRIVATE, --dial-private)"
)
HOST_NOT_TRUSTED = (
    "a host of which another hub tells was not linked: its certificate is refused; if a CA of your"
    " own has signed it, name that with hub_ca (HUB_CA)"
)
