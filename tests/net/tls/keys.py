"""Records of TLS 1.3 that no library would send, with the keys of a client that has one (RFC 8446).

A client of Python's own does the handshake, and writes its secrets into a file; what comes after it
can then be made by hand.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

if TYPE_CHECKING:
    from pathlib import Path

DATA, HANDSHAKE = 23, 22
KEY_SIZE, NONCE_SIZE, TAG_SIZE = 32, 12, 16
CIPHER = "TLS_AES_256_GCM_SHA384"
VERSION = b"\x03\x03"


def telling_context(authority: str, log: Path) -> ssl.SSLContext:
    """Return what a client goes by that writes its secrets into a file."""
    context = ssl.create_default_context(cafile=authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.keylog_filename = str(log)
    return context


class Writer:
    """What a client says, from its first record after the handshake on."""

    def __init__(self, tls: ssl.SSLObject, log: Path) -> None:
        """``log`` has the secrets of this one connection alone."""
        cipher = tls.cipher()
        assert cipher is not None
        assert cipher[0] == CIPHER, cipher
        [line] = [
            line for line in log.read_text().splitlines() if line.startswith("CLIENT_TRAFFIC")
        ]
        self._secret = bytes.fromhex(line.split()[2])
        self._begin_keys()

    def record(self, data: bytes, kind: int = DATA) -> bytes:
        """Return the next record (section 5.2)."""
        inner = data + bytes([kind])
        head = bytes([DATA]) + VERSION + (len(inner) + TAG_SIZE).to_bytes(2, "big")
        nonce = int.from_bytes(self._nonce, "big") ^ self._sequence
        self._sequence += 1
        return head + self._key.encrypt(nonce.to_bytes(NONCE_SIZE, "big"), inner, head)

    def key_update(self, *, wants_answer: bool) -> bytes:
        """Return a record that says that new keys follow (sections 4.6.3 and 7.2)."""
        said = self.record(bytes([24, 0, 0, 1, wants_answer]), HANDSHAKE)
        self._secret = self._expand(b"traffic upd", len(self._secret))
        self._begin_keys()
        return said

    def _begin_keys(self) -> None:
        self._key = AESGCM(self._expand(b"key", KEY_SIZE))
        self._nonce = self._expand(b"iv", NONCE_SIZE)
        self._sequence = 0

    def _expand(self, label: bytes, size: int) -> bytes:
        whole = b"tls13 " + label
        about = size.to_bytes(2, "big") + bytes([len(whole)]) + whole + b"\0"
        return HKDFExpand(SHA384(), size, about).derive(self._secret)
