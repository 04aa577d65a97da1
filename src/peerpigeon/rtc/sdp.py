"""Session descriptions of one data channel: read strictly, and written anew.

Nothing that another hub wrote reaches a WebRTC library as text: it is read here into the few
values that matter, each checked, and a library is given these, or a text made of them.
"""

from __future__ import annotations

import ipaddress
import re

import msgspec
from msgspec.structs import replace

from peerpigeon.core.config import KIB
from peerpigeon.core.config.networks import Network, network_of
from peerpigeon.rtc.interface import MAX_MESSAGE

MAX_SDP = 16 * KIB
"""The longest description read, in characters; those that hubs write have about 1,000."""
MAX_CANDIDATES = 64
"""The most addresses of one hub that are read, in its description and after it."""
MAX_CANDIDATE = 512
"""The longest candidate read, in characters."""

DEFAULT_SCTP_PORT = 5000
DEFAULT_MAX_MESSAGE = 64 * KIB  # RFC 8841, section 6.1

_LAST_PORT = 65535
_LAST_PRIORITY = 2**32 - 1
# Attributes that may be there once, and what they must look like (RFC 8839, 8122, 8841, 5888).
_ONCE = {
    "ice-ufrag": re.compile(r"[A-Za-z0-9+/]{4,256}"),
    "ice-pwd": re.compile(r"[A-Za-z0-9+/]{22,256}"),
    "setup": re.compile(r"actpass|active|passive"),
    "mid": re.compile(r"[A-Za-z0-9_.-]{1,32}"),
    "sctp-port": re.compile(r"[0-9]{1,5}"),
    "max-message-size": re.compile(r"[0-9]{1,19}"),
    "sha-256": re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){31}"),
}
_MEDIA = re.compile(r"application [1-9][0-9]{0,4} (UDP|TCP)/DTLS/SCTP webrtc-datachannel")
_CANDIDATE = re.compile(
    r"(?:a=)?candidate:(?P<foundation>[A-Za-z0-9+/]{1,32}) (?P<component>[0-9]{1,3})"
    r" (?P<transport>[A-Za-z]{1,8}) (?P<priority>[0-9]{1,10}) (?P<address>[^ ]{1,255})"
    r" (?P<port>[0-9]{1,5}) typ (?P<kind>[a-z]{1,10})"
    r"(?: raddr (?P<base>[^ ]{1,255}) rport (?P<base_port>[0-9]{1,5}))?(?: .*)?"
)
_KINDS = {"host", "srflx", "relay"}


class SdpError(ValueError):
    """A text of another hub cannot be used; says why, and quotes nothing of it."""


class Candidate(msgspec.Struct, frozen=True):
    """An address where a hub may be reached by UDP."""

    foundation: str
    priority: int
    address: str
    """An IP address in its shortest form."""
    port: int
    kind: str
    """``host``, ``srflx`` (seen by a STUN server) or ``relay`` (at a TURN server)."""
    base: tuple[str, int] | None = None
    """What the network or the relay made this address of."""

    def __str__(self) -> str:
        """Write it as WebRTC signals it (RFC 8839, section 5.1)."""
        text = (
            f"candidate:{self.foundation} 1 udp {self.priority} {self.address} {self.port}"
            f" typ {self.kind}"
        )
        return text if self.base is None else f"{text} raddr {self.base[0]} rport {self.base[1]}"


class Description(msgspec.Struct, frozen=True):
    """What two hubs have to know of each other to open a data channel."""

    ufrag: str
    password: str
    fingerprint: str
    """The SHA-256 of the certificate, as hexadecimal pairs with colons between."""
    setup: str
    """Who begins the DTLS handshake: ``actpass`` in an offer, else ``active`` or ``passive``."""
    mid: str = "0"
    """The name of the one section, which an answer repeats."""
    sctp_port: int = DEFAULT_SCTP_PORT
    max_message: int = MAX_MESSAGE
    """The largest message taken, in bytes; 0 if there is no limit."""
    candidates: tuple[Candidate, ...] = ()
    is_complete: bool = False
    """Whether no more candidates will follow."""

    def advertising(self, address: str | None) -> Description:
        """Return it with a public address in place of the machine's own, if there is one."""
        return replace(self, candidates=tuple(advertise(each, address) for each in self.candidates))

    def __str__(self) -> str:
        """Write it as an offer or answer (RFC 8829, section 5)."""
        lines = [
            *("v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0"),
            f"a=group:BUNDLE {self.mid}",
            *("m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0"),
            f"a=mid:{self.mid}",
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.password}",
            "a=ice-options:trickle",
            f"a=fingerprint:sha-256 {self.fingerprint}",
            f"a=setup:{self.setup}",
            f"a=sctp-port:{self.sctp_port}",
            f"a=max-message-size:{self.max_message}",
            *(f"a={candidate}" for candidate in self.candidates),
            *(("a=end-of-candidates",) if self.is_complete else ()),
        ]
        return "".join(f"{line}\r\n" for line in lines)


def parse_offer(text: str) -> Description:
    """Read another hub's offer. Raises ``SdpError``."""
    description = parse_description(text)
    if description.setup != "actpass":
        raise SdpError("the offer does not leave the DTLS role open")
    return description


def parse_answer(text: str) -> Description:
    """Read another hub's answer. Raises ``SdpError``."""
    description = parse_description(text)
    if description.setup == "actpass":
        raise SdpError("the answer chooses no DTLS role")
    return description


def parse_description(text: str) -> Description:
    """Read an offer or answer. Raises ``SdpError``."""
    media = 0
    # What is said before the one section holds for it too, unless it says otherwise.
    session: dict[str, str] = {}
    section: dict[str, str] = {}
    candidates: list[Candidate | None] = []
    for kind, value in _lines(text):
        if kind == "m":
            media += 1
            if media > 1 or not _MEDIA.fullmatch(value):
                raise SdpError("the description is not of one data channel")
        elif kind == "a" and value.startswith("candidate:"):
            if len(candidates) >= MAX_CANDIDATES:
                raise SdpError("the description has too many candidates")
            candidates.append(parse_candidate(value))
        elif kind == "a":
            _note(section if media else session, value)
    if not media:
        raise SdpError("the description is of no data channel")
    usable = tuple(candidate for candidate in candidates if candidate is not None)
    return _describe(session | section, usable)


def parse_candidate(text: str) -> Candidate | None:
    """Read one candidate; ``None`` if it is well-formed but of no use here.

    That is one for TCP, one at an address that leads to no one machine or is link-local, one with a
    name in place of an address (browsers hide theirs behind names
    of mDNS), and the empty one that stands for the end. Raises ``SdpError``.
    """
    if not text:
        return None
    match = _CANDIDATE.fullmatch(text) if len(text) <= MAX_CANDIDATE else None
    if match is None:
        raise SdpError("a candidate is malformed")
    priority, port = int(match["priority"]), int(match["port"])
    is_udp = match["component"] == "1" and match["transport"].lower() == "udp"
    if not is_udp or match["kind"] not in _KINDS or match["address"].endswith(".local"):
        return None
    if not (0 < priority <= _LAST_PRIORITY and 0 < port <= _LAST_PORT):
        raise SdpError("a candidate has numbers out of range")
    base = None
    if match["base"] is not None and int(match["base_port"]) <= _LAST_PORT:
        base = (_address(match["base"]), int(match["base_port"]))
    address = _address(match["address"])
    if network_of(address) is Network.NOWHERE:
        return None
    return Candidate(match["foundation"], priority, address, port, match["kind"], base)


def advertise(candidate: Candidate, address: str | None) -> Candidate:
    """Put a public address in place of a machine's own, if there is one of the same family."""
    if address is None or candidate.kind != "host":
        return candidate
    public = ipaddress.ip_address(address)
    if public.version != ipaddress.ip_address(candidate.address).version:
        return candidate
    return replace(candidate, address=str(public))


def _lines(text: str) -> list[tuple[str, str]]:
    if len(text) > MAX_SDP:
        raise SdpError("the description is too long")
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if lines[0] != "v=0" or not all(re.fullmatch(r"[a-z]=[ -~]*", line) for line in lines):
        raise SdpError("the description is malformed")
    return [(line[0], line[2:]) for line in lines]


def _note(attributes: dict[str, str], line: str) -> None:
    name, _, value = line.partition(":")
    if name == "fingerprint":
        algorithm, _, digest = value.partition(" ")
        name, value = algorithm.lower(), digest.upper()
        if name != "sha-256":
            return
    if name == "end-of-candidates":
        attributes[name] = value
    if name not in _ONCE:
        return
    if name in attributes or not _ONCE[name].fullmatch(value):
        raise SdpError(f"the description has a wrong {name}")
    attributes[name] = value


def _describe(found: dict[str, str], candidates: tuple[Candidate, ...]) -> Description:
    for name in ("ice-ufrag", "ice-pwd", "sha-256", "setup"):
        if name not in found:
            raise SdpError(f"the description lacks {name}")
    sctp_port = int(found.get("sctp-port", DEFAULT_SCTP_PORT))
    max_message = int(found.get("max-message-size", DEFAULT_MAX_MESSAGE))
    if not 0 < sctp_port <= _LAST_PORT:
        raise SdpError("the description has a wrong sctp-port")
    if 0 < max_message < MAX_MESSAGE:
        raise SdpError("the other hub takes smaller messages only")
    return Description(
        found["ice-ufrag"],
        found["ice-pwd"],
        found["sha-256"],
        found["setup"],
        found.get("mid", "0"),
        sctp_port,
        max_message,
        candidates,
        is_complete="end-of-candidates" in found,
    )


def _address(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise SdpError("a candidate has no IP address") from None
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        raise SdpError("a candidate has an address that holds on its own machine only")
    return str(address)
