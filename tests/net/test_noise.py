"""Random bytes after a handshake, on both event loops."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.net.raw import LOOPS, RawClient, frame, run, serving

opcodes = st.sampled_from([0, 1, 1, 1, 2, 3, 8, 9, 10, 15])
whole_frames = st.builds(
    frame, opcodes, st.binary(max_size=200), fin=st.booleans(), rsv=st.sampled_from([0, 0, 0, 64])
)
damaged = st.builds(lambda data, at: data[: at % len(data)], whole_frames, st.integers(0, 300))
noise = st.lists(st.one_of(whole_frames, damaged, st.binary(max_size=40)), max_size=8)


@pytest.mark.parametrize("loop", sorted(LOOPS))
@settings(max_examples=60, deadline=None)
@given(pieces=noise)
def test_no_bytes_raise_or_leave_anything_behind(loop: str, pieces: list[bytes]) -> None:
    async def main() -> None:
        async with serving() as served:
            bystander = await RawClient.open(served.port)
            async with await RawClient.open(served.port) as client:
                for piece in pieces:
                    await client.send(piece)
            await served.recorder.until(lambda: len(served.recorder.open) == 1)
            await bystander.echo()
            await bystander.__aexit__(None, None, None)
            await served.until_empty()

    run(main, loop)
