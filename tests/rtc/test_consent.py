"""An end that answers late is there, and one that does not answer is not."""

import asyncio
import itertools
from typing import TYPE_CHECKING

import pytest
from aioice import stun

from peerpigeon.rtc import consent as module
from peerpigeon.rtc.consent import MOST_UNANSWERED, Consent
from peerpigeon.rtc.gathering import HubConnection
from tests.rtc.test_gathering import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable

KEY, ADDRESS = b"secret", ("192.0.2.1", 1)


class Wire:
    """Stands for the socket: keeps the requests."""

    def __init__(self) -> None:
        self.transactions: dict[bytes, stun.Transaction] = {}
        self.asked: list[stun.Message] = []
        self.on_request: Callable[[int], object] = lambda _: None

    def send_stun(self, message: stun.Message, addr: tuple[str, int]) -> None:
        assert addr == ADDRESS
        self.asked.append(message)
        self.on_request(len(self.asked))

    def answer(self, number: int, key: bytes = KEY, kind: stun.Class = stun.Class.RESPONSE) -> None:
        """Answer a request, the first one being 1, if an answer is still of use."""
        asked = self.asked[number - 1]
        message = stun.Message(stun.Method.BINDING, kind, asked.transaction_id)
        message.add_message_integrity(key)
        transaction = self.transactions.get(asked.transaction_id)
        if transaction is not None:
            transaction.response_received(message, ADDRESS)


def binding() -> stun.Message:
    return stun.Message(stun.Method.BINDING, stun.Class.REQUEST)


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "INTERVAL", 0.0)


async def asked_of(wire: Wire) -> int:
    """Return how many requests there were until all was over."""
    async with asyncio.timeout(10.0):
        await Consent(wire, ADDRESS, KEY).until_over(binding)  # type: ignore[arg-type]
    assert not wire.transactions
    return len(wire.asked)


async def test_who_does_not_answer_is_gone() -> None:
    assert await asked_of(Wire()) == MOST_UNANSWERED


@pytest.mark.parametrize("late", range(MOST_UNANSWERED))
async def test_who_answers_late_is_there(late: int) -> None:
    """By so many requests; what comes after 100 is not answered."""
    wire = Wire()

    def answer(number: int) -> None:
        if late < number <= 100:
            wire.answer(number - late)

    wire.on_request = answer
    assert await asked_of(wire) == 100 - late + MOST_UNANSWERED


async def test_what_was_asked_before_an_answer_is_not_waited_for() -> None:
    wire = Wire()

    def answer(number: int) -> None:
        if number < 100 and number % 3 == 0:
            wire.answer(number)

    wire.on_request = answer
    assert await asked_of(wire) == 99 + MOST_UNANSWERED


@pytest.mark.parametrize(
    ("key", "kind"), [(b"guessed", stun.Class.RESPONSE), (KEY, stun.Class.ERROR)]
)
async def test_only_what_the_other_end_says_is_an_answer(key: bytes, kind: stun.Class) -> None:
    wire = Wire()
    wire.on_request = lambda number: wire.answer(number, key, kind)
    assert await asked_of(wire) == MOST_UNANSWERED


async def test_a_connection_lasts_as_long_as_the_other_end_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "INTERVAL", 0.01)
    one, other = (HubConnection(LOOPBACK, is_controlling=each) for each in (True, False))
    for each in (one, other):
        await each.gather_candidates()
    for each, remote in itertools.permutations((one, other)):
        each.remote_username = remote.local_username
        each.remote_password = remote.local_password
        for candidate in remote.local_candidates:
            await each.add_remote_candidate(candidate)
        await each.add_remote_candidate(None)
    async with asyncio.timeout(20.0):
        await asyncio.gather(one.connect(), other.connect())
        (pair,) = one._nominated.values()
        asked, has_asked = list[stun.Message](), asyncio.Event()
        send = pair.protocol.send_stun

        def note(message: stun.Message, addr: tuple[str, int]) -> None:
            if message.message_class == stun.Class.REQUEST:
                asked.append(message)
            if len(asked) == 5 * MOST_UNANSWERED:
                has_asked.set()
            send(message, addr)

        monkeypatch.setattr(pair.protocol, "send_stun", note)
        await has_asked.wait()
        await one.send(b"\x80hello")
        assert await other.recv() == b"\x80hello"
        await other.close()
        with pytest.raises(ConnectionError):
            await one.recv()
