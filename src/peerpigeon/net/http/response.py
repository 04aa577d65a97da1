"""What is answered over HTTP: a whole response, or a refusal."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# RFC 9110, section 5.6.7. The time module has them in the language of the program around.
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


class HandshakeError(Exception):
    """A request is refused. The message is ours and repeats nothing of the request.

    ``log`` is what the log says, if that is not the message, with ``details`` of the request;
    nothing if it is empty.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *headers: tuple[str, str],
        log: str | None = None,
        **details: str,
    ) -> None:
        super().__init__(message)
        self.log = f"a request was refused ({status}): {message}" if log is None else log
        self.details = details
        self.status = HTTPStatus(status)
        self.message = message
        self.headers = headers

    def response(self) -> bytes:
        """Return the refusal as a whole HTTP response."""
        return response(self.status, self.headers, f"{self.message}\n".encode())


def http_date(at: float) -> str:
    """Return a time, in seconds of the Unix epoch, as HTTP writes it (RFC 9110, section 5.6.7)."""
    year, month, day, hour, minute, second, weekday, *_ = time.gmtime(at)
    return (
        f"{_WEEKDAYS[weekday]}, {day:02} {_MONTHS[month - 1]} {year:04}"
        f" {hour:02}:{minute:02}:{second:02} GMT"
    )


def response(
    status: HTTPStatus,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    kind: str = "text/plain",
    *,
    is_head: bool = False,
) -> bytes:
    """Return a whole HTTP response, the last on its connection.

    With ``is_head`` it has no body, as for the method HEAD.
    """
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"Date: {http_date(time.time())}",
        *(f"{name}: {value}" for name, value in headers),
        "Connection: close",
    ]
    if status is not HTTPStatus.NOT_MODIFIED:
        lines.append(f"Content-Length: {len(body)}")
    if body:
        lines.append(f"Content-Type: {kind}; charset=utf-8")
    head = "\r\n".join([*lines, "\r\n"]).encode()
    return head if is_head else head + body
