"""What is answered over HTTP: dates, and refusals as whole responses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import formatdate, parsedate_to_datetime

from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.net.http.response import HandshakeError, http_date


@given(st.integers(0, 253402300799))
def test_a_date_is_written_as_in_mail(at: int) -> None:
    assert http_date(at) == formatdate(at, usegmt=True)


def test_a_refusal_is_a_whole_response_that_ends_the_connection() -> None:
    response = HandshakeError(426, "speak version 13", ("Upgrade", "websocket")).response()
    first, date, rest = response.split(b"\r\n", 2)
    assert first == b"HTTP/1.1 426 Upgrade Required"
    assert abs(parsedate_to_datetime(date.decode()[6:]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert rest == (
        b"Upgrade: websocket\r\n"
        b"Connection: close\r\nContent-Length: 17\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"\r\nspeak version 13\n"
    )
