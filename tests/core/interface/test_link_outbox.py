"""What is urgent leaves a link first, what is large in pieces, and what is too much not at all."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.link_outbox import LinkOutbox, is_urgent
from peerpigeon.core.interface.link_pieces import MAX_MESSAGE, PIECE, Joiner
from peerpigeon.core.wire.hub_codec import decode
from peerpigeon.core.wire.hub_frames import (
    CONTROL,
    Ack,
    Bye,
    Decline,
    Frame,
    Heartbeat,
    Hello,
    Proof,
    Routed,
    Sealed,
    Segment,
    Summary,
)
from peerpigeon.core.wire.hub_news import Granted, More, News, Relay

A, B, C, D = (PeerId(digit * 40) for digit in "abcd")
LIMIT = 1 << 20


def test_hello_and_proof_go_before_all_else_in_messages_of_their_own() -> None:
    """The other end takes large messages only once it has read them."""
    outbox = LinkOutbox(LIMIT)
    hello, proof = Hello(A, 1, "n", 2, 5), Proof(bytes(32))
    assert put(outbox, signal(100), Heartbeat(1), hello, proof) == [True] * 4
    size = outbox.size
    messages = rest(outbox)
    assert [list(decode(each)) for each in messages] == [
        [hello],
        [proof],
        [Heartbeat(1), signal(100)],
    ]
    assert size == sum(map(len, messages)) - len(messages)
    assert outbox.size == 0


def sealed(number: int, size: int = 0) -> Sealed:
    body = b"\x92" + bytes((number,)) + b"\xc6" + size.to_bytes(4, "big") + bytes(size)
    return Sealed(A, 1, B, 1, 5, msgspec.Raw(body))


def test_what_this_hub_cannot_read_goes_alone_and_takes_turns_with_the_rest() -> None:
    outbox = LinkOutbox(LIMIT)
    said = (sealed(98), signal(100), sealed(99), Heartbeat(1), sealed(100), Bye("so long"))
    assert put(outbox, *said) == [True] * 6
    found = [[type(frame) for frame in decode(each)] for each in rest(outbox)]
    assert found == [[Sealed], [Heartbeat, Routed], [Sealed], [Sealed], [Bye]]
    assert outbox.size == 0


def test_large_things_that_this_hub_cannot_read_go_in_pieces() -> None:
    outbox = LinkOutbox(LIMIT)
    assert put(outbox, sealed(98, 3 * PIECE), sealed(99, 3 * PIECE)) == [True] * 2
    assert [type(frame) for frame in frames_of(rest(outbox))] == [Sealed, Sealed]


def routed(body: Segment | Ack | Decline) -> Routed:
    return Routed(A, 1, B, 1, 5, body)


def news(piece: News, sequence: int, lane: int) -> Routed:
    return routed(Segment(1, sequence, 0, piece, lane))


def signal(size: int, sequence: int = 0, floor: int = 0) -> Routed:
    relay = Relay("n", A, B, 0, "offer", b"1" * size)
    return routed(Segment(1, sequence, floor, relay))


def control(sequence: int = 0) -> Routed:
    return news(More("n", A, 1), sequence, CONTROL)


def large_control(sequence: int) -> Routed:
    return news(Granted("n", tuple(range(20_000))), sequence, CONTROL)


def put(outbox: LinkOutbox, *frames: Frame, ahead: float = 0.0) -> list[bool]:
    return [outbox.add(frame, ahead) for frame in frames]


def rest(outbox: LinkOutbox) -> list[bytes]:
    messages = []
    while (message := outbox.next()) is not None:
        messages.append(message)
    return messages


def frames_of(messages: list[bytes]) -> list[Frame]:
    joiner = Joiner(MAX_MESSAGE)
    wholes = [whole for message in messages if (whole := joiner.take(message)) is not None]
    return [frame for whole in wholes for frame in decode(whole)]


def test_all_that_is_small_is_urgent_but_signals_and_the_last_word() -> None:
    hello = Hello(A, 1, "mesh", 1, 0)
    step = routed(Decline(1, "no place"))
    for frame in (hello, Heartbeat(1), control(), routed(Ack(1, 1)), step):
        assert is_urgent(frame, PIECE)
        assert not is_urgent(frame, PIECE + 1)
    assert not is_urgent(signal(1), 100)
    assert not is_urgent(Bye("not wanted"), 20)


def test_what_is_urgent_leaves_first_in_the_same_message() -> None:
    outbox = LinkOutbox(LIMIT)
    put(outbox, signal(10), Bye("done"), control(), Heartbeat(1))
    (message,) = rest(outbox)
    assert decode(message) == [control(), Heartbeat(1), signal(10), Bye("done")]
    assert outbox.size == 0


def test_a_message_takes_frames_until_it_has_a_piece_of_them() -> None:
    outbox = LinkOutbox(LIMIT)
    put(outbox, *(signal(7000, number) for number in range(7)))
    assert [len(decode(message)) for message in rest(outbox)] == [3, 3, 1]


def place_of(wanted: Frame, messages: list[bytes]) -> int:
    """Return in which message a frame is."""
    return next(place for place, each in enumerate(messages) if wanted in frames_of([each]))


def test_a_crowd_of_urgent_news_leaves_every_other_message_to_signals() -> None:
    outbox = LinkOutbox(LIMIT)
    put(outbox, *(control(number) for number in range(4000)))
    put(outbox, signal(100), *(signal(9000, number) for number in range(1, 5)))
    messages = rest(outbox)
    assert place_of(signal(100), messages) == 1
    assert [place_of(signal(9000, number), messages) for number in range(1, 5)] == [1, 1, 3, 3]
    assert len(messages) > 10
    assert outbox.size == 0


def test_signals_go_between_the_pieces_of_what_hubs_say_of_a_crowd() -> None:
    outbox = LinkOutbox(LIMIT)
    put(outbox, *(large_control(number) for number in range(10)), signal(100))
    messages = rest(outbox)
    assert place_of(signal(100), messages) == 1
    assert frames_of(messages)[1:] == [large_control(number) for number in range(10)]


def test_control_news_keeps_its_order_whatever_its_size() -> None:
    """The other end takes it in its order, so what goes before only waits there."""
    outbox = LinkOutbox(LIMIT)
    sent = [control(0), large_control(1), control(2), large_control(3), control(4)]
    put(outbox, *sent, routed(Ack(1, 1, CONTROL)), Heartbeat(1))
    first, *others = frames_of(rest(outbox))
    assert [first, *others[2:]] == sent
    assert others[:2] == [routed(Ack(1, 1, CONTROL)), Heartbeat(1)]


def test_what_is_urgent_waits_for_one_piece_of_what_is_large() -> None:
    outbox = LinkOutbox(LIMIT)
    large = signal(100_000)
    put(outbox, large)
    first = outbox.next()
    assert first is not None
    put(outbox, Heartbeat(1))
    second = outbox.next()
    assert second is not None
    assert frames_of([second]) == [Heartbeat(1)]
    others = rest(outbox)
    assert frames_of([first, *others]) == [large]
    assert max(map(len, [first, *others])) == PIECE
    assert outbox.size == 0


def test_signals_keep_their_order_whatever_their_size() -> None:
    outbox = LinkOutbox(LIMIT)
    signals = [signal(size, number) for number, size in enumerate((10, 40_000, 20, 50_000, 30))]
    put(outbox, *signals)
    assert frames_of(rest(outbox)) == signals


def test_a_large_signal_that_waits_is_not_taken_again_until_it_has_left() -> None:
    outbox = LinkOutbox(LIMIT)
    assert put(outbox, signal(100_000, 7), signal(100_000, 7, floor=3)) == [True, True]
    size = outbox.size
    outbox.next()
    put(outbox, signal(100_000, 7))
    assert outbox.size < size
    put(outbox, signal(100_000, 8))
    rest(outbox)
    put(outbox, signal(100_000, 7))
    assert outbox.size > 100_000


def test_small_signals_are_taken_as_often_as_they_come() -> None:
    outbox = LinkOutbox(LIMIT)
    put(outbox, signal(10, 7), signal(10, 7))
    assert frames_of(rest(outbox)) == [signal(10, 7)] * 2


def test_large_adverts_are_no_signals_but_bulk_all_the_same() -> None:
    outbox = LinkOutbox(LIMIT)
    table = Summary(tuple((A, number, number, number) for number in range(1, 1000)))
    put(outbox, table, table, Heartbeat(1))
    assert frames_of(rest(outbox)) == [Heartbeat(1), table, table]


def test_what_finds_the_outbox_full_is_dropped_as_a_whole() -> None:
    outbox = LinkOutbox(1000)
    assert put(outbox, signal(400), signal(400), signal(1)) == [True, False, True]
    assert put(outbox, signal(400), ahead=600.0) == [False]
    assert len(frames_of(rest(outbox))) == 2


def test_what_is_urgent_finds_room_though_signals_take_all() -> None:
    outbox = LinkOutbox(1000)
    put(outbox, signal(5000))
    beats = put(outbox, *(Heartbeat(number) for number in range(1000)), ahead=1e6)
    assert 100 < sum(beats) < 1000


def test_an_empty_outbox_takes_any_frame() -> None:
    assert put(LinkOutbox(100), signal(50_000)) == [True]
    assert put(LinkOutbox(100), signal(50_000), ahead=1.0) == [False]


def test_what_waits_for_all_links_may_not_fill_the_memory() -> None:
    has_room = iter([True, False, False])
    outbox = LinkOutbox(1 << 24, lambda _: next(has_room))
    assert put(outbox, signal(400), signal(400), signal(400)) == [True, True, False], "asked once"
    assert put(outbox, Heartbeat(1)) == [True]
    rest(outbox)
    assert put(outbox, signal(400), signal(400)) == [True, False], "an empty one takes any"


# Several streams over one link


def of(source: PeerId, size: int, sequence: int = 0) -> Routed:
    """Return a signal from another hub."""
    relay = Relay("n", A, B, 0, "offer", b"1" * size)
    return Routed(source, 1, B, 1, 5, Segment(1, sequence, 0, relay))


def sources(messages: list[bytes]) -> str:
    """Return the first digit of the source of each frame."""
    return "".join(frame.source[0] for frame in frames_of(messages) if isinstance(frame, Routed))


def test_streams_have_turns_of_a_piece() -> None:
    outbox = LinkOutbox(LIMIT)
    for _ in range(30):
        put(outbox, of(A, 5000))
    put(outbox, of(C, 100), of(C, 100), of(D, 100))
    assert sources(rest(outbox)) == "aaaa" + "ccd" + "a" * 26


def test_what_is_small_goes_between_the_pieces_of_what_another_stream_has() -> None:
    outbox = LinkOutbox(LIMIT)
    put(outbox, of(A, 100_000), of(A, 10), of(C, 100))
    first = outbox.next()
    second = outbox.next()
    assert first is not None
    assert second is not None
    assert frames_of([second]) == [of(C, 100)]
    assert frames_of([first, *rest(outbox)]) == [of(A, 100_000), of(A, 10)]


def test_of_several_that_are_large_one_at_a_time_is_in_pieces() -> None:
    outbox = LinkOutbox(LIMIT)
    put(outbox, of(A, 40_000), of(C, 40_000), of(D, 10), of(C, 20))
    messages = rest(outbox)
    assert frames_of(messages) == [of(D, 10), of(A, 40_000), of(C, 40_000), of(C, 20)]
    assert outbox.size == 0


def test_what_is_large_goes_in_the_order_in_which_it_came() -> None:
    outbox = LinkOutbox(LIMIT)
    large = [of(A, 40_000, 1), of(A, 20_000, 2), of(C, 30_000, 3), of(A, 50_000, 4)]
    put(outbox, *large, of(D, 10))
    assert frames_of(rest(outbox)) == [of(D, 10), *large]


def test_a_stream_that_has_taken_all_that_it_may_leaves_room_for_the_others() -> None:
    outbox = LinkOutbox(100_000)
    counts = [sum(put(outbox, *[of(hub, 849)] * 1000)) for hub in (A, C, D)]
    assert counts == [95, 48, 24]
    assert outbox.size < 2 * 100_000


def test_control_news_of_one_hub_leaves_room_for_that_of_others() -> None:
    outbox = LinkOutbox(10_000)
    flood = put(outbox, *(control(number) for number in range(1000)))
    assert 50 < sum(flood) < 200
    other = Routed(C, 1, B, 1, 5, Ack(1, 1))
    assert put(outbox, other) == [True]
    first = outbox.next()
    assert first is not None


FRAMES = st.lists(st.tuples(st.sampled_from("sce"), st.integers(0, 60_000)), max_size=30)


@given(st.lists(st.tuples(st.sampled_from([A, C, D]), st.integers(0, 60_000)), max_size=30))
def test_of_all_that_was_taken_each_stream_keeps_its_order(sent: list[tuple[PeerId, int]]) -> None:
    outbox, messages = LinkOutbox(1 << 24), []
    frames = [of(source, size, number) for number, (source, size) in enumerate(sent)]
    for number, frame in enumerate(frames):
        put(outbox, frame)
        if number % 3 == 0:
            messages.append(outbox.next())
    got = frames_of([one for one in [*messages, *rest(outbox)] if one is not None])
    for source in (A, C, D):
        assert [one for one in got if isinstance(one, Routed) and one.source == source] == [
            one for one in frames if one.source == source
        ]
    assert len(got) == len(frames)


@given(FRAMES)
def test_all_that_was_taken_arrives_each_kind_in_its_order(wanted: list[tuple[str, int]]) -> None:
    outbox, sent, messages = LinkOutbox(1 << 24), [], []
    for number, (kind, size) in enumerate(wanted):
        frame: Frame = signal(size, number) if kind == "s" else control(number)
        if kind == "e":
            messages.append(outbox.next())
            continue
        put(outbox, frame)
        sent.append(frame)
    got = frames_of([one for one in [*messages, *rest(outbox)] if one is not None])
    for kept in (True, False):
        assert [one for one in got if is_urgent(one, 0) is kept] == [
            one for one in sent if is_urgent(one, 0) is kept
        ]
