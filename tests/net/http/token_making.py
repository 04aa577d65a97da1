"""Keys and tokens for tests: those of the library, and any that it would never make."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]

SECRET = b"0123456789abcdef0123456789abcdef"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """A key that signs, and what the server has of it."""

    def __init__(self, algorithm: str, kid: str | None = None) -> None:
        self.algorithm, self.kid = algorithm, kid
        more: Json = {} if kid is None else {"kid": kid}
        if algorithm == "HS256":
            self.private: Any = SECRET
            self.public: Json = {"kty": "oct", "k": b64(SECRET), **more}
            return
        if algorithm == "EdDSA":
            private: Any = ed25519.Ed25519PrivateKey.generate()
            shown = jwt.algorithms.OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
        else:
            private = ec.generate_private_key(ec.SECP256R1())
            shown = jwt.algorithms.ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
        self.private = private
        self.public = {**shown, **more}

    def sign(self, header: Json | None = None, **claims: Any) -> str:
        """Return a token that is valid for a minute; a claim that is ``None`` is left out."""
        all_claims = {"exp": time.time() + 60, "ns": ["*"], **claims}
        kept = {name: value for name, value in all_claims.items() if value is not None}
        headers = {**({} if self.kid is None else {"kid": self.kid}), **(header or {})}
        return jwt.encode(kept, self.private, self.algorithm, headers=headers)


def made(header: Json, claims: object, signature: bytes = b"") -> str:
    """Return a token of any parts."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(map(b64, parts))


def write_keys(path: Path, *keys: Key) -> str:
    path.write_text(json.dumps({"keys": [key.public for key in keys]}))
    return str(path)
