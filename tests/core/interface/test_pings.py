import pytest

from peerpigeon.core.interface.pings import ping_number, ping_payload


@pytest.mark.parametrize("number", [1, 255, 256, 2**64 - 1])
def test_a_pong_tells_which_ping_it_answers(number: int) -> None:
    assert ping_number(ping_payload(number)) == number
    assert len(ping_payload(number)) == 8


def test_a_pong_without_a_payload_answers_no_ping_of_ours() -> None:
    assert ping_number(b"") == 0
