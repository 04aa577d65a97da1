"""DTLS of one channel by OpenSSL, without sockets: datagrams in, datagrams out.

Between two hubs it is DTLS 1.2 or newer (RFC 6347, RFC 9147; RFC 8827, section 6.5), with ciphers
that authenticate what they encrypt. Each end knows the other by the digest of its certificate.
"""

from __future__ import annotations

from OpenSSL import SSL

from peerpigeon.rtc.certificate import fingerprint, make_certificate

MTU = 1200
"""The largest datagram in bytes. It passes wherever IPv6 does, through a TURN server too."""
LARGEST = 2**14 + 256
"""The largest record that is read, in bytes (RFC 6347, section 4.1)."""

_CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"
# aiortc and some browsers end a handshake in which no cipher for media was agreed on.
_MEDIA_CIPHERS = b"SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80"
_DTLS_1_2 = 0xFEFD
_HEADER = 13  # bytes of a record's beginning, up to DTLS 1.2 and in the handshake
_UNIFIED, _HAS_ID, _LONG, _HAS_LENGTH = 0x20, 0x10, 0x08, 0x04  # RFC 9147, section 4


class Identity:
    """A certificate and what goes with it; all channels of an engine may share it."""

    def __init__(self) -> None:
        certificate, key = make_certificate()
        self.fingerprint = fingerprint(certificate)
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_min_proto_version(_DTLS_1_2)
        context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_QUERY_MTU | SSL.OP_NO_RENEGOTIATION)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        # Whose certificate it is, is seen by its digest once the handshake is done.
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        context.set_cipher_list(_CIPHERS)
        context.set_tlsext_use_srtp(_MEDIA_CIPHERS)
        context.use_certificate(certificate)
        context.use_privatekey(key)
        self.context = context


class Dtls:
    """One end of a DTLS connection. After each call ``take`` returns what is to be sent."""

    def __init__(self, identity: Identity, *, is_client: bool, their_fingerprint: str) -> None:
        self._theirs = their_fingerprint
        self._ssl = SSL.Connection(identity.context)
        self._ssl.set_ciphertext_mtu(MTU)
        if is_client:
            self._ssl.set_connect_state()
        else:
            self._ssl.set_accept_state()
        self._may_retransmit = True
        self.is_connected = False
        """Whether the other end has shown the certificate that it described."""
        self.has_ended = False
        """Whether the handshake failed, or the other end has closed the connection."""

    def begin(self) -> None:
        """Start the handshake, if that is for this end to do."""
        self._shake_hands()

    def receive(self, datagram: bytes) -> list[bytes]:
        """Take a datagram; return what was in it for the layer above. Never raises."""
        if self.has_ended:
            return []
        self._ssl.bio_write(datagram)
        if not self.is_connected:
            self._shake_hands()
            if not self.is_connected:
                return []
        packets: list[bytes] = []
        try:
            # What is in a record is smaller than the record.
            packets.append(self._ssl.recv(LARGEST))
            if not _is_one_record(datagram):
                while True:
                    packets.append(self._ssl.recv(LARGEST))
        except SSL.WantReadError:
            pass
        except SSL.Error:  # that it was closed is one of these, too
            self.has_ended = True
        return packets

    def seal(self, packet: bytes) -> bytes:
        """Return the datagram that carries a packet of the layer above, once it is connected."""
        self._ssl.send(packet)
        return self._ssl.bio_read(LARGEST)

    def take(self) -> list[bytes]:
        """Return the datagrams of the handshake, or of the end, that are to be sent."""
        flight = b""
        try:
            while True:
                flight += self._ssl.bio_read(LARGEST)
        except SSL.WantReadError:
            return datagrams(flight)

    def wait(self) -> float | None:
        """Return in how many seconds ``expire`` has to be called; ``None`` for never."""
        if not self._may_retransmit or self.has_ended:
            return None
        wait: float | None = self._ssl.DTLSv1_get_timeout()
        # In DTLS 1.3 the last flight may have to be sent again after the handshake.
        self._may_retransmit = wait is not None or not self.is_connected
        return wait

    def expire(self) -> None:
        """Send the last flight of the handshake again, if its time has come."""
        try:
            self._ssl.DTLSv1_handle_timeout()
        except SSL.Error:  # it was sent too often
            self.has_ended = True

    def close(self) -> None:
        """Tell the other end that nothing more will come."""
        if self.is_connected and not self.has_ended:
            self.has_ended = True
            try:
                self._ssl.shutdown()
            except SSL.Error:
                return

    def _shake_hands(self) -> None:
        try:
            self._ssl.do_handshake()
        except SSL.WantReadError:
            return
        except SSL.Error:
            self.has_ended = True
            return
        certificate = self._ssl.get_peer_certificate(as_cryptography=True)
        if certificate is None or fingerprint(certificate) != self._theirs:
            self.has_ended = True
        else:
            self.is_connected = True


def datagrams(flight: bytes) -> list[bytes]:
    """Put the records of a flight into as few datagrams as ``MTU`` allows."""
    found: list[bytes] = []
    start = end = 0
    while end < len(flight):
        size = _record_size(flight, end)
        if end > start and end + size - start > MTU:
            found.append(flight[start:end])
            start = end
        end += size
    if end > start:
        found.append(flight[start:])
    return found


def _is_one_record(datagram: bytes) -> bool:
    return _record_size(datagram, 0) >= len(datagram)


def _record_size(data: bytes, at: int) -> int:
    """Return how long the record is that begins there: all the rest if it does not say."""
    first = data[at]
    if first & 0xE0 != _UNIFIED:
        length = at + _HEADER - 2
    elif first & _HAS_LENGTH and not first & _HAS_ID:
        length = at + (3 if first & _LONG else 2)
    else:
        return len(data) - at
    return length + 2 - at + int.from_bytes(data[length : length + 2], "big")
