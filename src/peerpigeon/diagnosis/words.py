"""What is wrong with a connection, as people say it."""

from __future__ import annotations

import aiohttp

from peerpigeon.net.websocket.outgoing import in_words as of_socket


def in_words(error: Exception) -> str:
    """Return what is wrong, without what Python and its libraries say of addresses."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return of_socket(error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorError):
        return of_socket(error.os_error)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it hangs up without an answer"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    return of_socket(error)
