"""The keys with which tokens are checked: a JWK set in a file (RFC 7517)."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt

from peerpigeon.core.config import ConfigError
from peerpigeon.net.watched_files import FileMark, mark_of

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

ALGORITHMS: Mapping[tuple[object, object], str] = {
    ("OKP", "Ed25519"): "EdDSA",
    ("EC", "P-256"): "ES256",
    ("oct", ""): "HS256",
}
"""The one algorithm (RFC 7518, section 3.1; RFC 8037) of each kind and curve of a key."""

LEAST_SECRET = 32
"""Bytes of a key for HS256 (RFC 7518, section 3.2): who has a token may try out shorter ones."""

MAX_FILE = 256 * 1024
"""Bytes of a file with keys: a thousand of them. A wrong path may lead to anything."""


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key, and the one algorithm for which it is."""

    algorithm: str
    key: jwt.PyJWK = field(repr=False)


Keys = dict[str | None, TokenKey]
"""Keys by their ``kid``, ``None`` for the one that has none."""


class KeyFile:
    """The keys of one file, as they were when it was last in order.

    Raises ``ConfigError`` if the file cannot be read at first.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._mark: FileMark = mark_of(path)
        self._fault = ""  # why the last attempt to read it failed
        self.keys: Keys = {}
        try:
            self.keys = self._read()
        except OSError as error:
            raise ConfigError(f"token_keys is {path!r}; {error.strerror or error}") from None

    def find(self, kid: str | None) -> TokenKey | None:
        """Return the key for a token; one that names none goes with a single key alone."""
        if kid is None:
            return next(iter(self.keys.values())) if len(self.keys) == 1 else None
        return self.keys.get(kid)

    def reload(self) -> None:
        """Read the file again if it has changed; if that fails, go on with the keys as they were.

        Blocks while the file is read, so that it is for a thread.
        """
        mark = mark_of(self._path)
        if mark == self._mark and mark is not None:
            return
        try:
            self.keys = self._read()
        except (OSError, ConfigError) as error:
            # It may be readable next time, unchanged.
            self._mark = None if isinstance(error, OSError) else mark
            if str(error) != self._fault:
                self._fault = str(error)
                logger.warning("the keys of tokens stay as they were: %s", error)
        else:
            self._fault, self._mark = "", mark
            logger.info("%d keys of tokens were read from %s", len(self.keys), self._path)

    def _read(self) -> Keys:
        with self._path.open("rb") as file:
            text = file.read(MAX_FILE + 1)
        try:
            return parse_keys(text)
        except ConfigError as error:
            raise ConfigError(f"token_keys is {str(self._path)!r}; {error}") from None


def parse_keys(text: bytes) -> Keys:
    """Return the keys in a JWK set. Raises ``ConfigError``, which repeats nothing of a key."""
    if len(text) > MAX_FILE:
        raise ConfigError(f"it has more than {MAX_FILE} bytes")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigError("it is no JSON") from None
    rows = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError('it is no JWK set; write {"keys": [...]}')
    if not rows:
        raise ConfigError("it has no key")
    keys: Keys = {}
    for number, row in enumerate(rows, 1):
        kid = row.get("kid")
        if not isinstance(kid, str | None) or (kid is None and len(rows) > 1) or kid in keys:
            raise ConfigError(
                f"key {number} needs a kid, a text of its own: there are several keys"
            )
        try:
            keys[kid] = _key(row)
        except ConfigError as error:
            raise ConfigError(f"key {number} {error}") from None
    return keys


def algorithm_of(row: Mapping[str, Any]) -> str | None:
    """Return the algorithm for which a JWK is by its kind; ``None`` for none that is known here."""
    kind = row.get("kty"), row.get("crv", "")
    return next((name for known, name in ALGORITHMS.items() if known == kind), None)


def _key(row: dict[str, Any]) -> TokenKey:
    algorithm = algorithm_of(row)
    if algorithm is None:
        raise ConfigError("is for no algorithm that is known here: EdDSA (Ed25519), ES256, HS256")
    # RFC 9864 has another name for EdDSA with this curve.
    if row.get("alg", algorithm) not in (
        algorithm,
        "Ed25519" if algorithm == "EdDSA" else algorithm,
    ):
        raise ConfigError(f"has an alg that is not {algorithm}, the one for such a key")
    if row.get("use", "sig") != "sig":
        raise ConfigError("is not for signatures: its use is not sig")
    if "d" in row:
        raise ConfigError(
            "is a private key, with which whoever reads it makes tokens; give the server the"
            " public one alone"
        )
    try:
        key = jwt.PyJWK(row, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError):
        raise ConfigError("is malformed") from None
    if algorithm == "HS256" and len(key.key) < LEAST_SECRET:
        raise ConfigError(f"is too short for HS256: use {LEAST_SECRET} bytes or more")
    return TokenKey(algorithm, key)
