"""Which codes may stand in a close frame (RFC 6455, section 7.4)."""

from peerpigeon.core.interface.close_codes import is_sendable


def test_codes_that_describe_what_was_not_there_or_mean_nothing_are_never_sent() -> None:
    registered = {1000, 1001, 1002, 1003, *range(1007, 1015)}
    assert {code for code in range(-1, 70_000) if is_sendable(code)} == {
        *registered,
        *range(3000, 5000),
    }
