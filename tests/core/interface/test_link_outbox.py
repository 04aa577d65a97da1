import pytest

from peerpigeon.core.interface.link_outbox import has_room


@pytest.mark.parametrize(
    ("size", "waiting", "is_taken"),
    [(40, 60, True), (41, 60, False), (1, 100, False), (0, 100, True)],
)
def test_frames_wait_for_a_link_up_to_its_limit(size: int, waiting: int, is_taken: bool) -> None:
    assert has_room(size, waiting, limit=100) is is_taken


def test_an_empty_outbox_takes_even_a_frame_above_the_limit() -> None:
    assert has_room(101, waiting=0, limit=100)
    assert not has_room(101, waiting=1, limit=100)
