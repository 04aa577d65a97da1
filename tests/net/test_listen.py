import contextlib

from peerpigeon.net.listen import listen


def test_servers_that_start_at_the_same_instant_get_different_ports() -> None:
    """S11. The first has bound its port when the second looks, and does not accept yet."""
    with contextlib.ExitStack() as stack:

        def port_of_one_more(port: int) -> int:
            listeners = listen("127.0.0.1", port, retries=10)
            for listener in listeners:
                stack.enter_context(listener)
            taken: int = listeners[0].getsockname()[1]
            return taken

        first = port_of_one_more(0)
        second = port_of_one_more(first)
        assert first < second <= first + 10
