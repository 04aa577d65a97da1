"""Records of TLS that hold no data cost a server time: a client may send few of them."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from peerpigeon.net.tls.certificate import CertificateFiles
from peerpigeon.net.tls.records import HEAD, MOST_SILENT, RECORDS, Records
from tests.net.raw import PING, PONG, TEXT, RawClient, frame, on_every_loop, serving, upgrade
from tests.net.tls.authority import Authority
from tests.net.tls.keys import Writer, telling_context
from tests.net.tls.test_transport import Handshaker

if TYPE_CHECKING:
    from pathlib import Path


def record(size: int) -> bytes:
    return b"\x17\x03\x03" + size.to_bytes(2, "big") + b"\xff" * size


def test_records_are_counted_however_they_are_cut() -> None:
    rng = Random(1)
    whole = b"".join(record(rng.choice((0, 1, 22, 300, 16_000))) for _ in range(300))
    for _ in range(20):
        records, counted, start = Records(), 0, 0
        while start < len(whole):
            data = whole[start : start + rng.choice((1, 2, 5, 6, 100, 20_000))]
            start += len(data)
            at = 0
            while at < len(data):
                end, count = records.step(data, at, 16_384)
                assert 0 < end - at <= 16_384
                assert count <= RECORDS
                at, counted = end, counted + count
        assert counted == 300
    records.skip(whole + whole[:HEAD])
    assert records.step(whole, 0, 1 << 20)[1] > 0


def test_a_record_without_data_is_forgotten_for_many_with_data() -> None:
    records = Records()
    for _ in range(100):
        assert not records.are_too_silent(1, 0)
        for _ in range(MOST_SILENT):
            assert not records.are_too_silent(1, 1)
    for _ in range(MOST_SILENT):
        assert not records.are_too_silent(1, 0)
    assert records.are_too_silent(1, 0)
    assert records.are_too_silent(1, 1)
    for _ in range(MOST_SILENT):
        records.are_too_silent(1, 1)
    assert not records.are_too_silent(0, 0)


@pytest.mark.parametrize("wants_answer", [False, True])
@on_every_loop
async def test_who_says_nothing_but_that_new_keys_follow_is_dropped(
    wants_answer: bool,
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("127.0.0.1")
    certificate = CertificateFiles(pair.certificate, pair.key)
    log = tmp_path / f"secrets-{wants_answer}"
    async with (
        serving(certificate=certificate) as served,
        await RawClient.connect(served.port) as client,
    ):
        handshaker = Handshaker(telling_context(authority.path, log))
        await client.send(handshaker.go_on())
        end = b""
        while not end:
            end = handshaker.go_on(await client.reader.read(1 << 16))
        writer = Writer(handshaker.tls, log)
        said = end + writer.record(upgrade())
        for number in range(4 * MOST_SILENT):  # as a client may that is very careful
            said += b"".join(writer.record(frame(PONG)) for _ in range(MOST_SILENT))
            said += writer.key_update(wants_answer=wants_answer)
            said += writer.record(frame(TEXT, b"%d" % number))
        await client.send(said)
        await served.recorder.until(lambda: len(served.recorder.received) == 4 * MOST_SILENT)
        assert served.recorder.received == [str(number) for number in range(4 * MOST_SILENT)]
        assert len(served.recorder.open) == 1
        flood = [writer.key_update(wants_answer=wants_answer) for _ in range(1000)]
        flood.append(writer.record(frame(PING)))
        await client.send(b"".join(flood))
        await served.until_empty()
        assert served.recorder.closed == [(1006, "")]
