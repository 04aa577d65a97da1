"""Checks the tokens of clients: JSON Web Tokens (RFC 7519), as RFC 8725 says how."""

from __future__ import annotations

import logging
import time
from math import isfinite
from typing import TYPE_CHECKING, Any

import jwt

from peerpigeon.core.config.dialects import PEERJS
from peerpigeon.core.ids import parse_peer_id
from peerpigeon.core.interface.events import Permits
from peerpigeon.net.http.request import parameters, split_target
from peerpigeon.net.http.response import HandshakeError
from peerpigeon.net.http.token_keys import KeyFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.ids import PeerId
    from peerpigeon.net.http.opening_handshake import UpgradeRequest
    from peerpigeon.net.http.request import Request

logger = logging.getLogger(__name__)

MAX_TOKEN = 4096
"""Characters of a token: some hundred namespaces. It bounds what is kept of it, too."""

LEEWAY = 30.0
"""Seconds by which the clocks of whoever makes tokens and of this machine may differ."""

DOTS = 2
"""In a JSON Web Token with a signature (RFC 7515, section 7.1): three parts in base64url."""

BEARER = "bearer."
"""What stands before a token among the subprotocols that a browser offers."""

_REASONS: tuple[tuple[type[jwt.PyJWTError], str], ...] = (
    (jwt.ExpiredSignatureError, "it has expired"),
    (jwt.ImmatureSignatureError, "it is not valid yet; are the clocks right?"),
    (jwt.InvalidAudienceError, "its aud is not the one that is asked for here (token_audience)"),
    (jwt.InvalidIssuerError, "its iss is not the one that is asked for here (token_issuer)"),
    (jwt.InvalidAlgorithmError, "its alg is not that of its key"),
    (jwt.InvalidSignatureError, "its signature is not that of its key"),
)
_MALFORMED = "it is malformed"


_GET_ANOTHER = "let it get another one from whoever makes the tokens"
_SHOW_ONE = "namespace_access (NAMESPACE_ACCESS) says which namespaces take none"


class TokenError(HandshakeError):
    """A token is refused, or missing. The message says why and repeats nothing of it."""

    def __init__(self, code: str, message: str) -> None:
        # RFC 6750, section 3.1.
        challenge = f'Bearer error="{code}"' if code else "Bearer"
        remedy = _GET_ANOTHER if code else _SHOW_ONE
        log = f"a client was refused (401): {message}; {remedy}"
        super().__init__(401, message, ("WWW-Authenticate", challenge), log=log)


class Tokens:
    """What the tokens of clients allow, by the keys of one file.

    ``clock`` is that of the hub, in seconds. Raises ``ConfigError`` if the keys cannot be read.
    """

    def __init__(
        self,
        config: ServerConfig,
        clock: Callable[[], float],
    ) -> None:
        self._keys = KeyFile(config.token_keys)
        self._audience = config.token_audience or None
        self._issuer = config.token_issuer or None
        self._is_optional = config.admits_without_token
        self._clock = clock

    def reload(self) -> None:
        """Read the keys again if their file has changed. It is for a thread."""
        self._keys.reload()

    def permits(self, request: UpgradeRequest) -> Permits | None:
        """Return what the token of a handshake allows; ``None`` if there is none, and needs not be.

        Raises ``TokenError`` for a token that is not in order, even where none is needed: whoever
        shows one expects that it counts. Clients of PeerJS that have none make up a text in its
        place, with which they get their id back; that is not shown to anybody for anything else.
        """
        shown = request.parameters("token")
        if request.dialect == PEERJS:
            shown = [each for each in shown if each.count(".") == DOTS]
        return self.check([*shown, *_bearers(request)])

    def check(self, shown: list[str]) -> Permits | None:
        """Return what the tokens allow that somebody shows, of which there is to be one at most.

        ``None`` if there is none, and needs not be. Raises ``TokenError`` as ``permits`` does.
        """
        if len(shown) > 1:
            raise TokenError("invalid_request", "there is more than one token; show one")
        if not shown:
            if self._is_optional:
                return None
            raise TokenError("", "a token is needed here: ?token=... or the subprotocol bearer.…")
        return self._check(shown[0])

    def _check(self, token: str) -> Permits:
        claims = self._claims(token)
        expires = claims.get("exp")
        if isinstance(expires, bool) or not isinstance(expires, int | float):
            raise _refusal("its exp is no number")
        if not isfinite(expires):
            raise _refusal("its exp is no time")
        remaining = expires + LEEWAY - time.time()
        return Permits(_peer_id(claims), _namespaces(claims), self._clock() + remaining)

    def _claims(self, token: str) -> dict[str, Any]:
        """Return what a token says, once it is known who says it."""
        if len(token) > MAX_TOKEN:
            raise _refusal(f"it has more than {MAX_TOKEN} characters")
        try:
            header = jwt.get_unverified_header(token)
            kid = header.get("kid")
            key = self._keys.find(kid) if isinstance(kid, str | None) else None
            if key is None:
                raise _refusal("its kid names no key that is known here")
            return jwt.decode(
                token,
                key.key,
                # RFC 8725, section 3.1: the key says how, never the token.
                algorithms=[key.algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY,
                options={"require": self._required()},
            )
        except jwt.MissingRequiredClaimError as error:
            raise _refusal(f"it has no {error.claim}") from None
        except jwt.PyJWTError as error:
            reasons = (text for kind, text in _REASONS if isinstance(error, kind))
            raise _refusal(next(reasons, _MALFORMED)) from None
        except (ValueError, TypeError, ArithmeticError, RecursionError):
            # JSON that is nested too deeply, numbers that are none: only the first can come from a
            # stranger, the others are signed.
            raise _refusal(_MALFORMED) from None

    def _required(self) -> list[str]:
        named = {"exp": True, "aud": self._audience, "iss": self._issuer}
        return [claim for claim, is_required in named.items() if is_required]


def shown_by(request: Request) -> list[str]:
    """Return the tokens that a request for a page shows (RFC 6750, sections 2.1 and 2.3)."""
    _, query = split_target(request.target)
    headers = (value.partition(" ") for value in request.values("authorization"))
    held = [token.strip() for scheme, _, token in headers if scheme.lower() == "bearer"]
    return [*parameters(query, "token"), *held]


def _bearers(request: UpgradeRequest) -> list[str]:
    return [each.removeprefix(BEARER) for each in request.protocols if each.startswith(BEARER)]


def _refusal(reason: str) -> TokenError:
    return TokenError("invalid_token", f"the token is refused: {reason}")


def _peer_id(claims: dict[str, Any]) -> PeerId | None:
    if "sub" not in claims:
        return None
    peer_id = parse_peer_id(claims["sub"])
    if peer_id is None:
        raise _refusal("its sub is no peerId of 40 hexadecimal digits")
    return peer_id


def _namespaces(claims: dict[str, Any]) -> tuple[str, ...]:
    named = claims.get("ns", [])
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        raise _refusal("its ns is no list of namespaces")
    return tuple(named)
