"""The certificate of a server and its key: two files, read again when they have changed."""

from __future__ import annotations

import ipaddress
import logging
import re
import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from peerpigeon.core.config import ConfigError
from peerpigeon.net.watched_files import FileMark, mark_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

logger = logging.getLogger(__name__)

_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.S)

MAX_FILE = 256 * 1024
"""Bytes of a file with certificates or a key. A wrong path may lead to anything."""


class CertificateFiles:
    """The certificate and the key in two files, as they were when they last went together.

    Raises ``ConfigError`` if they do not at first.
    """

    def __init__(self, certificate: str, key: str) -> None:
        self._certificate = certificate
        self._key = key
        self._fault = ""  # why the last attempt to read them failed
        self._mark: FileMark = mark_of(certificate, key)
        self.names: tuple[str, ...] = ()
        """The names and addresses for which the certificate is, without those with a star."""
        self.context = self._read()
        """What a new connection's handshake goes by."""
        self._warn_of_mode()

    def reload(self) -> None:
        """Read the files again if one has changed; if that fails, go on with what they were.

        Open connections keep what they have begun with. Blocks while the files are read, so that
        it is for a thread.
        """
        mark = mark_of(self._certificate, self._key)
        if mark == self._mark:
            return
        try:
            self.context = self._read()
        except ConfigError as error:
            if str(error) != self._fault:
                self._fault = str(error)
                logger.warning("TLS goes on with the certificate as it was: %s", error)
        else:
            self._fault = ""
            self._mark = mark
            self._warn_of_mode()

    def _read(self) -> ssl.SSLContext:
        certificate = _certificate_in(self._certificate)
        key = _key_in(self._key)
        if certificate.public_key() != key.public_key():
            raise ConfigError(
                f"tls_key is {self._key!r}; it is not the key of the certificate in"
                f" {self._certificate!r} (tls_cert)"
            )
        context = _context()
        try:
            context.load_cert_chain(self._certificate, self._key, password="")
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or str(error)
            raise ConfigError(
                f"tls_cert is {self._certificate!r}; with the key in {self._key!r} (tls_key) it"
                f" cannot be used: {reason.replace('_', ' ').lower()}"
            ) from None
        self.names = _names_of(certificate)
        self._tell(certificate)
        return context

    def _tell(self, certificate: x509.Certificate) -> None:
        named = ", ".join(self.names) or "no name"
        until = certificate.not_valid_after_utc
        if until < datetime.now(UTC):
            logger.warning(
                "the certificate in %s (tls_cert) for %s has expired, at %s: clients refuse it",
                self._certificate,
                named,
                until,
            )
        else:
            logger.info("TLS with the certificate for %s, which is good until %s", named, until)

    def _warn_of_mode(self) -> None:
        # The group is let pass: keys may be for one that all servers of a machine are in.
        if Path(self._key).stat().st_mode & stat.S_IROTH:
            logger.warning(
                "every user of this machine can read %s (tls_key), the server's private key; take"
                " that away: chmod o-rwx",
                self._key,
            )


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996: what is older is not to be used
    context.options |= ssl.OP_NO_RENEGOTIATION  # it costs a server more than who asks for it
    context.set_alpn_protocols(["http/1.1"])
    return context


def _certificate_in(path: str) -> x509.Certificate:
    """Return the server's own certificate, the first in the file."""
    data = _bytes_in("tls_cert", path)
    try:
        return x509.load_pem_x509_certificates(data)[0]
    except ValueError:
        raise ConfigError(
            f"tls_cert is {path!r}; there is no certificate in PEM form in it"
        ) from None


def _key_in(path: str) -> PrivateKeyTypes:
    # There may be certificates in the same file.
    found = _KEY.search(_bytes_in("tls_key", path))
    try:
        return load_pem_private_key(found[0] if found else b"", password=None)
    except TypeError:
        fault = (
            "the key in it is encrypted; give one that is not, in a file that others cannot read"
        )
    except (ValueError, UnsupportedAlgorithm):
        fault = "there is no private key in PEM form in it"
    raise ConfigError(f"tls_key is {path!r}; {fault}")


def _bytes_in(option: str, path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise ConfigError(f"{option} is {path!r}; {error.strerror or error}") from None
    if len(data) > MAX_FILE:
        raise ConfigError(f"{option} is {path!r}; it has more than {MAX_FILE} bytes")
    return data


def _names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    names = [name for name in found.get_values_for_type(x509.DNSName) if "*" not in name]
    addresses = found.get_values_for_type(x509.IPAddress)
    return (*names, *(str(each) for each in addresses if isinstance(each, _ADDRESSES)))


_ADDRESSES = (ipaddress.IPv4Address, ipaddress.IPv6Address)
