"""What the rest of the program knows of data channels, and how it gets an engine to make them.

No WebRTC library is imported before ``make_engine`` asks for it: loading one takes up to a second
and tens of megabytes, which a server without hub links should not pay for.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol
from urllib.parse import unquote

KIB = 1024

MAX_MESSAGE = 64 * KIB
"""The largest message in bytes. All WebRTC libraries take this much (RFC 8841, section 6)."""
LOW_WATER = 256 * KIB
"""Bytes: ``drained`` is told when no more than this is left to be sent."""
NO_SOCKET = "no socket could be opened; are all ports of port_range taken?"
LABEL = "peerpigeon-hub"
STREAM = 0
"""The number of the one SCTP stream. Both ends know it, so nothing is negotiated within SCTP."""
GATHERING_TIMEOUT = 2.0
"""Seconds that STUN and TURN servers have to answer; then a description goes out without them."""


class ChannelListener(Protocol):
    """Who hears of one channel; always called from the event loop, never from within a call to it.

    It must not raise.
    """

    def described(self, sdp: str) -> None:
        """Tell that our offer or answer is ready to be sent to the other hub; once."""

    def found_candidate(self, candidate: str) -> None:
        """Tell of one more address of ours, which was found after ``described``."""

    def opened(self) -> None:
        """Tell that messages can be sent, and may come, from now on."""

    def received(self, message: bytes) -> None:
        """Tell of one whole message."""

    def drained(self) -> None:
        """Tell that ``buffered`` has come down to ``LOW_WATER`` after having been above it."""

    def ended(self, reason: str) -> None:
        """Tell, once, that the channel is no more, or never will be; not after ``close``.

        ``reason`` is for people, and quotes nothing that came from the other hub.
        """


class Channel(Protocol):
    """One data channel to another hub: ordered, reliable, for binary messages.

    Its opening has no time limit of its own: whoever began it decides when to ``close`` it.
    """

    @property
    def buffered(self) -> int:
        """How many bytes are not yet handed to the network; 0 once the channel has ended."""

    def take_answer(self, sdp: str) -> None:
        """Take the other hub's answer to our offer, unchecked. Further ones are ignored."""

    def take_candidate(self, candidate: str) -> None:
        """Take one more address of the other hub, unchecked; ignored once the channel is open."""

    def send(self, message: bytes) -> None:
        """Send a message of at most ``MAX_MESSAGE`` bytes. Never waits, never raises.

        Nothing happens unless the channel is open.
        """

    def close(self) -> None:
        """Send what is buffered as far as the library can, then end. Never raises."""


class Engine(Protocol):
    """Makes channels with one WebRTC library. To be used on the one running event loop."""

    name: str
    """``aiortc`` or ``libdatachannel``."""

    def offer(self, listener: ChannelListener) -> Channel:
        """Begin a channel. It comes with ``described``, to be followed by ``take_answer``."""

    def answer(self, sdp: str, listener: ChannelListener) -> Channel:
        """Begin the other end of a channel, given the other hub's offer, unchecked."""

    async def close(self) -> None:
        """End all channels, without ``ended``; wait until no task or thread of ours remains."""


class EngineError(RuntimeError):
    """The engine asked for cannot be had; the message says what to install."""


@dataclass(frozen=True)
class IceServer:
    """A STUN or TURN server: where other hubs can be reached is learnt from it.

    ``url`` is ``stun:host``, ``turn:host`` or ``turns:host``, with ``:port`` if that is not 3478
    (``turns``: 5349). A ``turn`` server is asked by UDP, or by TCP if ``?transport=tcp`` follows.
    Raises ``ValueError`` for another text, and for a TURN server without username and credential.
    """

    url: str
    username: str = ""
    credential: str = ""

    def __post_init__(self) -> None:
        """Refuse what no engine could use."""
        match = _SERVER.fullmatch(self.url)
        if match is None or not 0 < self.port <= _LAST_PORT:
            raise ValueError(f"{self.url!r} is no STUN or TURN server; write it as turn:host:3478")
        if match["transport"] and match["scheme"] == "stun":
            raise ValueError(f"{self.url!r} names a transport, which STUN servers have none of")
        if match["transport"] == "udp" and match["scheme"] == "turns":
            raise ValueError(f"{self.url!r} cannot be: turns is TLS, which goes over TCP")
        if self.is_relay != bool(self.username and self.credential):
            raise ValueError(f"{self.url!r}: a TURN server takes a username and a credential")

    @classmethod
    def parse(cls, text: str) -> IceServer:
        """Read ``stun:host``, or ``turn:username:credential@host``, each with what may follow.

        In username and credential, ``:``, ``@``, ``/`` and ``%`` are written as in web addresses,
        ``%3A`` and so on. Raises ``ValueError`` as the class does.
        """
        scheme, _, rest = text.strip().partition(":")
        secrets, _, place = rest.rpartition("@")
        username, _, credential = secrets.partition(":")
        return cls(f"{scheme}:{place}", unquote(username), unquote(credential))

    @property
    def is_relay(self) -> bool:
        """Whether it is a TURN server."""
        return self._part("scheme") != "stun"

    @property
    def is_tls(self) -> bool:
        """Whether it is asked over TLS."""
        return self._part("scheme") == "turns"

    @property
    def is_tcp(self) -> bool:
        """Whether it is asked over TCP."""
        return self.is_tls or self._part("transport") == "tcp"

    @property
    def host(self) -> str:
        """Its name or address, an IPv6 address without brackets."""
        return self._part("host").strip("[]")

    @property
    def port(self) -> int:
        """Its port."""
        return int(self._part("port") or (5349 if self.is_tls else 3478))

    def _part(self, name: str) -> str:
        match = _SERVER.fullmatch(self.url)
        return "" if match is None else match[name] or ""


_SERVER = re.compile(
    r"(?P<scheme>stun|turns?):(?P<host>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?:\?transport=(?P<transport>udp|tcp))?"
)
_LAST_PORT = 65535


@dataclass(frozen=True)
class IceOptions:
    """How channels find a way through the network.

    Without servers nothing outside is asked, and nothing is waited for. Raises ``ValueError`` for
    what cannot work.
    """

    stun_servers: tuple[IceServer, ...] = ()
    turn_servers: tuple[IceServer, ...] = ()
    port_range: tuple[int, int] | None = None
    """The UDP ports that may be taken, both included; one for each address and channel."""
    advertised_address: str | None = None
    """The public IP address that leads to this machine with ports unchanged (1:1 NAT)."""
    loopback_only: bool = False
    """Whether only hubs on the same machine are to be reached."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if any(server.is_relay for server in self.stun_servers):
            raise ValueError("stun_servers has a TURN server")
        if not all(server.is_relay for server in self.turn_servers):
            raise ValueError("turn_servers has a STUN server")
        if self.port_range is not None:
            first, last = self.port_range
            if not 0 < first <= last <= _LAST_PORT:
                raise ValueError(f"port_range is {first} to {last}; ports are 1 to {_LAST_PORT}")
        if self.advertised_address is not None:
            ipaddress.ip_address(self.advertised_address)


def make_engine(name: str, ice: IceOptions) -> Engine:
    """Return an engine: ``aiortc``, ``libdatachannel``, or with ``auto`` the faster one there is.

    Raises ``EngineError`` if the library is not installed, ``ValueError`` for another name.
    """
    if name not in {"auto", "aiortc", "libdatachannel"}:
        raise ValueError(f"no engine is called {name!r}; there are auto, aiortc, libdatachannel")
    is_fast_there = find_spec("libdatachannel") is not None
    if name == "libdatachannel" and not is_fast_there:
        raise EngineError(
            "libdatachannel is not installed: pip install 'peerpigeon[fast]' (Python 3.12 or newer)"
        )
    needs_tcp = any(server.is_tcp for server in ice.turn_servers)
    if name == "libdatachannel" or (name == "auto" and is_fast_there and not needs_tcp):
        from peerpigeon.rtc.libdatachannel_engine import LibdatachannelEngine  # noqa: PLC0415

        return LibdatachannelEngine(ice)
    if find_spec("aiortc") is None:
        raise EngineError("aiortc is not installed: pip install aiortc")
    from peerpigeon.rtc.aiortc_engine import AiortcEngine  # noqa: PLC0415

    return AiortcEngine(ice)
