"""Makes keys and tokens: what ``tokens.py`` checks, from the other side."""

from __future__ import annotations

import base64
import json
import secrets
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from peerpigeon.core.config import ConfigError
from peerpigeon.net.http.token_keys import LEAST_SECRET, algorithm_of

if TYPE_CHECKING:
    from collections.abc import Mapping

Jwk = dict[str, Any]


def new_key(algorithm: str) -> tuple[Jwk, Jwk]:
    """Return a new key for one of the algorithms: what signs, and what checks (RFC 7517).

    For HS256 both are the same secret.
    """
    named = {"kid": secrets.token_hex(4), "use": "sig", "alg": algorithm}
    if algorithm == "HS256":
        secret = base64.urlsafe_b64encode(secrets.token_bytes(LEAST_SECRET)).rstrip(b"=")
        shared = {"kty": "oct", "k": secret.decode(), **named}
        return shared, shared
    if algorithm == "EdDSA":
        signing = ed25519.Ed25519PrivateKey.generate()
        private = OKPAlgorithm.to_jwk(signing, as_dict=True)
        public = OKPAlgorithm.to_jwk(signing.public_key(), as_dict=True)
    else:
        key = ec.generate_private_key(ec.SECP256R1())
        private = ECAlgorithm.to_jwk(key, as_dict=True)
        public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**private, **named}, {**public, **named}


def sign(key: bytes, claims: Mapping[str, Any]) -> str:
    """Return a token that says ``claims``, by a private key in JSON as ``new_key`` makes it.

    Raises ``ConfigError`` for what is no such key, and repeats nothing of it.
    """
    try:
        row = json.loads(key)
    except (ValueError, RecursionError):
        raise ConfigError("the key is no JSON; write a private key (RFC 7517)") from None
    algorithm = algorithm_of(row) if isinstance(row, dict) else None
    if algorithm is None or ("d" not in row and algorithm != "HS256"):
        raise ConfigError("the key is no private key for EdDSA (Ed25519), ES256 or HS256")
    headers = {"kid": row["kid"]} if isinstance(row.get("kid"), str) else None
    try:
        return jwt.encode(dict(claims), jwt.PyJWK(row, algorithm).key, algorithm, headers=headers)
    except (jwt.PyJWTError, ValueError, TypeError):
        raise ConfigError("the key is malformed") from None
