"""What hubs of the npm package say, told apart from what others say."""

import pytest

from peerpigeon.core import is_greeting


@pytest.mark.parametrize(
    ("message", "is_of_the_package"),
    [
        (b'{"type":"connected","data":{"peerId":"x"},"fromPeerId":"system"}', True),
        (b'{"type":"welcome"}', False),
        (b"hello", False),
        (b"[" * 100_000, False),
        (b"\xff", False),
        (b'{"type":"\xff"}', False),
    ],
    ids=[
        "as recorded",
        "another type",
        "no JSON",
        "nested too deeply",
        "no text",
        "no text in a string",
    ],
)
def test_a_hub_of_the_package_is_known_by_its_greeting(
    message: bytes, is_of_the_package: bool
) -> None:
    assert is_greeting(message) == is_of_the_package
