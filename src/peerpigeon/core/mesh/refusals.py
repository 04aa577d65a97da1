"""Why a hub is not let in: what the other end is told, and what the log says at both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.interface.close_codes import (
    POLICY_VIOLATION,
    SECOND_LINK,
    TRY_AGAIN_LATER,
)
from peerpigeon.core.wire.hub_frames import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

REFUSING = (POLICY_VIOLATION, TRY_AGAIN_LATER)
"""The codes with which a link is closed whose other end is not let in."""

ITSELF = "this hub itself"
ID_SHARED = "another hub has this id"
OTHER_VERSION = f"protocol version {VERSION} is spoken here"
OTHER_MESH = "another hub mesh namespace"
ONE_IDENTITY = "only one of the two hubs has a hub_identity"
ONE_IS_OPEN = "only one of the two hubs has a hub_secret"
UNLIKE_PROOFS = "the two hubs have different hub_secrets"
NOT_ITS_KEY = "the hub has not the key of its id"
UNLISTED_THERE = "its hub_members do not name this hub"
NO_HELLO = "a link begins with one hello"
NO_PROOF = "no proof in time"
TOO_MANY_LINKS = "too many links"
SILENT = "silent"

_QUIET = frozenset({ITSELF, ID_SHARED, SECOND_LINK, SILENT, ""})
"""No fault, or told elsewhere."""

_SAME_RELEASE = "let all hubs be of one release of this package"

_REMEDIES: Mapping[str, str] = {
    OTHER_VERSION: _SAME_RELEASE,
    OTHER_MESH: "hub_mesh_namespace (HUB_MESH_NAMESPACE) has to be the same at both",
    ONE_IDENTITY: "give both a hub_identity (HUB_IDENTITY), or neither",
    ONE_IS_OPEN: "give both the same hub_secret (HUB_SECRET)",
    UNLIKE_PROOFS: (
        "give both the same hub_secret (HUB_SECRET), or one of them the other's as old_hub_secret"
        " (OLD_HUB_SECRET)"
    ),
    NOT_ITS_KEY: "somebody has taken the id of a hub of the mesh for its own",
    UNLISTED_THERE: "if it belongs to the mesh, add its id to hub_members (HUB_MEMBERS)",
    NO_HELLO: "what connects there is no hub of this package",
    NO_PROOF: "what connects there is no hub of this package, or too slow",
    TOO_MANY_LINKS: (
        "as many are open as may be; if strangers take them, a firewall can keep these out"
    ),
}


def is_refusal(code: int, reason: str) -> bool:
    """Tell whether a link has ended because one of its ends does not let the other in.

    That one may have let it in, as it has no list of its own.
    """
    return code in REFUSING and reason in _REMEDIES


def refused_here(reason: str) -> str | None:
    """Return what the log says at the hub that has refused another one; ``None`` if nothing."""
    if reason in _QUIET:
        return None
    said = "hub_members (HUB_MEMBERS) does not name it" if reason == UNLISTED_THERE else reason
    remedy = _REMEDIES.get(reason, _SAME_RELEASE)
    return f"a hub was not let in: {said}; {remedy}"


def refused_there(reason: str) -> str | None:
    """Return what the log says at the hub that was refused; ``None`` if nothing.

    Of a reason that is not known here nothing is repeated in it.
    """
    if reason in _QUIET:
        return None
    if reason not in _REMEDIES:
        return f"another hub has not let this one in; {_SAME_RELEASE}"
    return f"another hub has not let this one in: {reason}; {_REMEDIES[reason]}"
