"""Frames as bytes; what a socket makes of them is in `test_protocol`."""

from __future__ import annotations

import subprocess
import sys
from importlib import invalidate_caches
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.net.websocket import masking
from peerpigeon.net.websocket.frames import (
    BINARY,
    CLIENT,
    PING,
    SERVER,
    TEXT,
    FrameError,
    frame_header,
    lone_message,
    read_frame,
)
from tests.net import raw

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIMIT = 200_000
SIZES = st.one_of(st.integers(0, 300), st.sampled_from([65534, 65535, 65536, LIMIT]))


def test_masks_are_undone_in_c_here() -> None:
    assert masking._in_c() is not None


def test_masks_are_undone_in_python_where_there_is_no_c(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "aiohttp").mkdir()
    (tmp_path / "aiohttp" / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "aiohttp", raising=False)
    assert masking._in_c() is None
    (tmp_path / "aiohttp" / "_websocket").mkdir()
    (tmp_path / "aiohttp" / "_websocket" / "mask.py").touch()
    invalidate_caches()
    assert masking._in_c() is None, "there, and with another name in it"


@pytest.mark.parametrize("apply", [masking._in_c() or masking._in_python, masking._in_python])
@given(st.binary(max_size=64), st.binary(min_size=4, max_size=4))
def test_c_and_python_mask_alike(
    apply: Callable[[bytes, bytearray], None], payload: bytes, key: bytes
) -> None:
    masked = bytearray(payload)
    apply(key, masked)
    assert masked == bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))


@pytest.mark.slow
@pytest.mark.parametrize("first", ["aiohttp", "peerpigeon.net.websocket.masking"])
def test_aiohttp_has_its_c_whoever_is_loaded_first(first: str) -> None:
    program = f"""
import {first}, aiohttp._websocket.helpers as helpers, peerpigeon.net.websocket.masking as masking
assert helpers.websocket_mask.__name__ == "_websocket_mask_cython", helpers.websocket_mask
assert masking._apply.__name__ == "_websocket_mask_cython", masking._apply
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@given(st.lists(SIZES, max_size=5), st.data())
def test_of_what_has_come_all_whole_frames_are_read_and_no_others(
    sizes: list[int], data: st.DataObject
) -> None:
    payloads = [(bytes(range(256)) * (size // 256 + 1))[:size] for size in sizes]
    sent = [raw.frame(raw.TEXT, each) for each in payloads]
    come = b"".join(sent)
    come = come[: data.draw(st.integers(0, len(come)))]
    start = 0
    for payload, whole in zip(payloads, sent, strict=True):
        end = start + len(whole)
        if end > len(come):
            _, rest, least = read_frame(come, start, CLIENT, LIMIT)
            assert len(come) < least <= end
            assert rest == b""
            break
        assert read_frame(come, start, CLIENT, LIMIT) == (TEXT, payload, end)
        start = end


@given(st.binary(max_size=64), st.binary(min_size=4, max_size=4))
def test_a_mask_is_applied_to_each_four_bytes_anew(payload: bytes, mask: bytes) -> None:
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    data = bytes((BINARY, 0x80 | len(payload))) + mask + masked
    assert read_frame(b"before" + data, 6, CLIENT, LIMIT) == (BINARY, payload, 6 + len(data))


@given(
    first=st.sampled_from([TEXT, BINARY, PING]),
    size=st.one_of(st.integers(120, 300), st.sampled_from([65534, 65535, 65536])),
    limit=st.sampled_from([100, 200, LIMIT]),
    cut=st.integers(-2, 2),
    sender=st.sampled_from([CLIENT, SERVER]),
)
def test_a_lone_message_is_what_would_be_read_as_a_frame(
    first: int, size: int, limit: int, cut: int, sender: int
) -> None:
    payload = (bytes(range(256)) * (size // 256 + 1))[:size]
    if sender == CLIENT:
        whole = raw.frame(first & 0x0F, payload)
    else:
        whole = frame_header(first, SERVER, size) + payload
    data = (whole + b"\0\0")[: len(whole) + cut]
    is_lone = cut == 0 and first == TEXT and 126 <= size <= min(limit, 65535)
    assert lone_message(data, TEXT, sender, limit) == (payload if is_lone else None)
    if is_lone:
        assert read_frame(data, 0, sender, limit) == (TEXT, payload, len(data))


def is_refused(begin: bytes) -> bool:
    try:
        read_frame(begin, 0, CLIENT, LIMIT)
    except FrameError as error:
        return error.code == 1002
    return False


def test_a_frame_is_refused_by_its_first_bytes_if_they_tell() -> None:
    refused = {first for first in range(256) if is_refused(bytes((first, 0x80)))}
    fragments, whole, control = {0x00, 0x01, 0x02}, {0x80, 0x81, 0x82}, {0x88, 0x89, 0x8A}
    assert refused == set(range(256)) - fragments - whole - control


@pytest.mark.parametrize(
    ("begin", "code"),
    [
        (bytes((TEXT, 5)), 1002),
        (bytes((PING, 0x80 | 126)), 1002),
        (bytes((TEXT, 0x80 | 126)) + b"\0\x7d", 1002),
        (bytes((TEXT, 0x80 | 127)) + (65535).to_bytes(8, "big"), 1002),
        (bytes((TEXT, 0x80 | 127)) + (1 << 63).to_bytes(8, "big"), 1002),
        (bytes((TEXT, 0x80 | 127)) + (LIMIT + 1).to_bytes(8, "big"), 1009),
    ],
)
def test_a_frame_is_refused_before_its_payload_comes(begin: bytes, code: int) -> None:
    with pytest.raises(FrameError) as caught:
        read_frame(begin, 0, CLIENT, LIMIT)
    assert caught.value.code == code
