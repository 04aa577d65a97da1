"""Traces of signals on their way over hubs, and what strangers can do to them."""

from random import Random

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.events import LinkReceived
from peerpigeon.core.interface.spans import Step, Traced
from peerpigeon.core.tracing import (
    CONTEXT_SIZE,
    FOLLOWED,
    NAME_LENGTH,
    SPANS_A_SECOND,
    SPANS_OF_A_HUB,
    TRACE_SIZE,
    Budget,
    Tracer,
)
from peerpigeon.core.wire.hub_codec import batch, decode, encode
from peerpigeon.core.wire.hub_frames import Ack, Body, Frame, Routed, Sealed, Segment
from peerpigeon.core.wire.hub_news import Find, Relay, Undelivered
from peerpigeon.core.wire.reasons import Reason
from tests.core.harness import A, B
from tests.core.hubs import EPOCH, FIRST, LATER, SECOND, THIRD, Hubs, linked, news_under_way

LIAR, HONEST = SECOND, THIRD
CONTEXT = bytes(range(1, CONTEXT_SIZE + 1))
DELIVER, FORWARD, RETURN, SIGNAL = Step.DELIVER, Step.FORWARD, Step.RETURN, Step.SIGNAL


def seen(hubs: Hubs) -> list[tuple[int, Step, str, str]]:
    return [(number, span.step, span.outcome, span.hub) for number, span in hubs.spans]


def is_one_tree(hubs: Hubs) -> bool:
    """Whether all spans are of one trace, with one root that all others are below."""
    spans = [span for _, span in hubs.spans]
    (root,) = (span for span in spans if span.parent is None)
    names = {span.span for span in spans}
    return len(names) == len(spans) and {(s.trace, s.parent or root.span) for s in spans} == {
        (root.trace, root.span)
    }


# The way of a signal


def test_a_signal_over_three_hubs_is_one_trace() -> None:
    hubs = linked(FIRST, SECOND, THIRD, trace_every=1)
    a, b = hubs.join(0, A), hubs.join(2, B)
    hubs.take(b)
    hubs.signal(a, B)
    hubs.run()
    assert hubs.take_types(b) == ["offer"]
    assert seen(hubs) == [
        (0, SIGNAL, "passed-on", THIRD),
        (0, FORWARD, "passed-on", SECOND),
        (1, FORWARD, "passed-on", THIRD),
        (2, DELIVER, "delivered", FIRST),
    ]
    assert is_one_tree(hubs)
    assert not any(span.is_error for _, span in hubs.spans)
    assert {(s.kind, s.namespace, s.sender, s.target) for _, s in hubs.spans} == {
        ("offer", "net1", A, B)
    }


def test_a_signal_that_comes_back_is_one_trace() -> None:
    hubs = linked(FIRST, SECOND, THIRD, trace_every=1)
    a, b = hubs.join(0, A), hubs.join(2, B)
    hubs.take(a)
    hubs.lose(b)
    hubs.signal(a, B)  # before its hub hears of it
    began = hubs.now
    hubs.run()
    assert "error" in hubs.take_types(a)
    assert seen(hubs) == [
        (0, SIGNAL, "passed-on", THIRD),
        (0, FORWARD, "passed-on", SECOND),
        (1, FORWARD, "passed-on", THIRD),
        (2, DELIVER, "not-found", FIRST),
        (0, RETURN, "not-found", ""),
    ]
    assert is_one_tree(hubs)
    assert [span.is_error for _, span in hubs.spans] == [False, False, False, True, True]
    assert {(span.begin, span.end) for _, span in hubs.spans} == {(began, began)}


def test_a_signal_that_expires_on_its_way_is_one_trace() -> None:
    hubs = linked(FIRST, SECOND, THIRD, trace_every=1, signal_lifetime=1.5)
    a, _ = hubs.join(0, A), hubs.join(2, B)
    hubs.take(a)
    began = hubs.now
    hubs.signal(a, B)
    first_link, frame = hubs.frames.receive_next()
    hubs.feed(1, LinkReceived(hubs.others[first_link][1], frame))
    hubs.others.clear()  # the links swallow everything from now on
    hubs.pass_time(1.6)
    assert hubs.take(a)[0]["data"]["reason"] == "expired"
    sent_again = [one for one in seen(hubs) if one == (0, FORWARD, "passed-on", SECOND)]
    assert len(sent_again) > 1
    assert seen(hubs)[-1] == (0, RETURN, "expired", "")
    assert (1, FORWARD, "passed-on", THIRD) in seen(hubs)
    assert is_one_tree(hubs)
    last = hubs.spans[-1][1]
    assert last.begin == began
    assert last.end == pytest.approx(began + 1.5)


def test_a_signal_for_nobody_is_a_trace_of_one_span() -> None:
    hubs = linked(FIRST, SECOND, trace_every=1)
    a = hubs.join(0, A)
    hubs.signal(a, B)
    hubs.run()
    assert seen(hubs) == [(0, SIGNAL, "not-found", "")]
    assert hubs.spans[0][1].is_error


def test_a_signal_whose_target_comes_to_the_same_hub_while_it_waits_is_delivered_there() -> None:
    hubs = linked(FIRST, SECOND, THIRD, trace_every=1)
    a = hubs.join(0, A)
    hubs.signal(a, B)
    waited, hubs.now = hubs.now, hubs.now + 0.5
    b = hubs.join(0, B)
    assert "offer" in hubs.take_types(b)
    assert seen(hubs) == [(0, SIGNAL, "delivered", "")]
    assert (hubs.spans[0][1].begin, hubs.spans[0][1].end) == (waited, waited + 0.5)


def test_signals_between_clients_of_one_hub_are_not_traced() -> None:
    hubs = linked(FIRST, SECOND, trace_every=1)
    a, b = hubs.join(0, A), hubs.join(0, B)
    hubs.signal(a, B)
    hubs.run()
    assert "offer" in hubs.take_types(b)
    assert hubs.spans == []


def test_no_signal_is_traced_where_the_option_is_not_set() -> None:
    hubs = linked(FIRST, SECOND)
    a, b = hubs.join(0, A), hubs.join(1, B)
    hubs.take(b)
    hubs.signal(a, B)
    (relay,) = news_under_way(hubs)
    hubs.run()
    assert isinstance(relay, Relay)
    assert (relay.trace, hubs.take_types(b), hubs.spans) == (None, ["offer"], [])


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_hub_that_does_not_trace_passes_a_context_on(number: int) -> None:
    hubs = Hubs(FIRST, SECOND, THIRD, trace_every=1)
    config = ServerConfig(is_hub=True)
    hubs.hubs[number] = Hub(hubs.ids[number], config, Random(number), epoch=EPOCH)
    hubs.link(0, 1)
    hubs.link(1, 2)
    hubs.run()
    hubs.pass_time(3.0)
    a, b = hubs.join(0, A), hubs.join(2, B)
    hubs.take(b)
    hubs.signal(a, B)
    hubs.run()
    assert hubs.take_types(b) == ["offer"]
    told = {each for each, _ in hubs.spans}
    assert told == ({0, 1, 2} - {number} if number else set())


# Which signals


@pytest.mark.parametrize("every", [1, 7, 100])
def test_about_one_signal_of_so_many_is_traced(every: int) -> None:
    tracer = Tracer(FIRST, every, Random(1), lambda _: None)
    contexts = [tracer.begun(float(number)) for number in range(20_000)]
    traced = [context for context in contexts if context is not None]
    assert len(traced) == pytest.approx(20_000 / every, rel=0.1)
    assert len(set(traced)) == len(traced)
    assert {len(context) for context in traced} == {CONTEXT_SIZE}


def test_which_signals_are_traced_has_no_rhythm() -> None:
    tracer = Tracer(FIRST, 10, Random(1), lambda _: None)
    traced = {n % 10 for n in range(1000) if tracer.begun(float(n)) is not None}
    assert traced == set(range(10))


# What other hubs make up


def offer(context: bytes | None, *, sender: str = A, namespace: str = "net1") -> Relay:
    return Relay(namespace, PeerId(sender), PeerId(B), 0, "offer", b"1", LATER, 1, context)


def with_context(frame: Frame, context: bytes) -> Frame:
    assert isinstance(frame, Routed)
    assert isinstance(frame.body, Segment)
    news = msgspec.structs.replace(frame.body.news, trace=context)
    return msgspec.structs.replace(frame, body=msgspec.structs.replace(frame.body, news=news))


def routed(source: PeerId, body: Body) -> Routed:
    return Routed(source, 1, FIRST, 1, 9, body)


def tracer_and_spans() -> tuple[Tracer, list[Traced]]:
    spans: list[Traced] = []
    return Tracer(FIRST, 1, Random(1), spans.append), spans


@pytest.mark.parametrize(
    "context",
    [
        b"",
        CONTEXT[:-1],
        CONTEXT + b"1",
        bytes(64),
        bytes(TRACE_SIZE) + CONTEXT[TRACE_SIZE:],
        CONTEXT[:TRACE_SIZE] + bytes(CONTEXT_SIZE - TRACE_SIZE),
    ],
)
def test_a_context_that_names_nothing_is_no_reason_not_to_deliver(context: bytes) -> None:
    hubs = linked(FIRST, SECOND, trace_every=1)
    a, b = hubs.join(1, A), hubs.join(0, B)
    hubs.take(b)
    hubs.signal(a, B)
    end, frame = hubs.frames.receive_next()
    hubs.spans.clear()
    hubs.feed(0, LinkReceived(hubs.others[end][1], with_context(frame, context)))
    assert hubs.take_types(b) == ["offer"]
    assert hubs.spans == []


def test_a_context_beyond_all_bounds_is_not_read() -> None:
    (frame,) = decode(batch([encode(routed(SECOND, Segment(1, 0, 0, offer(bytes(65)))))]))
    assert isinstance(frame, Sealed)


def test_news_without_a_context_are_read_as_ever() -> None:
    (frame,) = decode(batch([encode(routed(SECOND, Segment(1, 0, 0, offer(None))))]))
    assert frame == routed(SECOND, Segment(1, 0, 0, offer(None)))


@pytest.mark.parametrize("body", [Ack(1, 1), Segment(1, 0, 0, Find("net1", PeerId(A)))])
def test_only_signals_are_followed(body: Body) -> None:
    tracer, spans = tracer_and_spans()
    tracer.forwarded(routed(SECOND, body), THIRD, 0.0)
    assert spans == []


def test_a_frame_with_no_way_is_an_error() -> None:
    tracer, spans = tracer_and_spans()
    tracer.forwarded(routed(SECOND, Segment(1, 0, 0, offer(CONTEXT))), None, 0.0)
    assert [(span.outcome, span.is_error, span.hub) for span in spans] == [("no-way", True, "")]


def test_a_made_up_refusal_tells_nothing() -> None:
    tracer, spans = tracer_and_spans()
    lost = Undelivered("net1", PeerId(A), PeerId(B), "offer", Reason.NOT_FOUND, 1, 1, CONTEXT)
    tracer.failed(lost, lost.reason, 0.0)
    tracer.failed(msgspec.structs.replace(lost, trace=None), lost.reason, 0.0)
    assert spans == []


def test_a_refusal_with_a_made_up_number_makes_no_second_root() -> None:
    tracer, spans = tracer_and_spans()
    relay = offer(tracer.begun(0.0))
    tracer.passed_on(SECOND, relay, 0.0)
    lost = Undelivered("net1", PeerId(A), PeerId(B), "offer", Reason.NOT_FOUND, 1, 0, relay.trace)
    tracer.failed(lost, lost.reason, 1.0)
    assert [span.step for span in spans] == [SIGNAL, RETURN]


def test_a_signal_that_fails_twice_is_told_of_once() -> None:
    tracer, spans = tracer_and_spans()
    relay = offer(tracer.begun(0.0))
    tracer.passed_on(SECOND, relay, 0.0)
    tracer.failed(relay, "expired", 1.0)
    tracer.failed(relay, "not-found", 2.0)
    assert [(s.step, s.outcome) for s in spans] == [(SIGNAL, "passed-on"), (RETURN, "expired")]


def test_the_kind_and_the_namespace_that_are_shown_are_bounded() -> None:
    tracer, spans = tracer_and_spans()
    relay = msgspec.structs.replace(offer(CONTEXT, namespace="n" * 4096), kind="made up")
    tracer.arrived(SECOND, relay, 0.0)
    tracer.ended(SECOND, relay, "delivered", 0.0)
    assert [(span.kind, span.namespace) for span in spans] == [("other", "n" * NAME_LENGTH)]


@example(CONTEXT, SECOND)
@given(
    st.binary(max_size=64) | st.binary(min_size=24, max_size=24),
    st.sampled_from([FIRST, SECOND, THIRD]),
)
def test_whatever_a_context_is_what_is_told_of_it_is_a_span(context: bytes, source: PeerId) -> None:
    tracer, spans = tracer_and_spans()
    relay = offer(context)
    tracer.arrived(source, relay, 0.0)
    tracer.forwarded(routed(source, Segment(1, 0, 0, relay)), None, 0.0)
    tracer.passed_on(source, relay, 0.0)
    tracer.ended(source, relay, "delivered", 0.0)
    tracer.failed(relay, "expired", 0.0)
    for span in spans:
        assert (len(span.trace), len(span.span), len(span.parent or b"")) == (16, 8, 8)
        assert all(any(name) for name in (span.trace, span.span, span.parent or b""))


# Budgets


def made_up(number: int) -> bytes:
    return b"t" * TRACE_SIZE + (number + 1).to_bytes(CONTEXT_SIZE - TRACE_SIZE, "big")


def arrive(tracer: Tracer, hub: PeerId, count: int, now: float) -> None:
    for number in range(count):
        relay = offer(made_up(number))
        tracer.arrived(hub, relay, now)
        tracer.ended(hub, relay, "delivered", now)


def test_a_budget_fills_again_with_time_and_not_beyond() -> None:
    budget = Budget(10)
    assert sum(budget.take(0.0) for _ in range(100)) == 20
    assert sum(budget.take(1.0) for _ in range(100)) == 10
    assert sum(budget.take(1000.0) for _ in range(100)) == 20


def test_a_flood_of_signals_of_clients_begins_few_traces() -> None:
    tracer, _ = tracer_and_spans()
    contexts = [tracer.begun(0.0) for _ in range(10_000)]
    assert len([each for each in contexts if each]) == 2 * SPANS_A_SECOND


def test_a_hub_that_lies_leaves_the_others_most_of_the_spans() -> None:
    tracer, spans = tracer_and_spans()
    arrive(tracer, LIAR, 10_000, 0.0)
    for number in range(10_000):
        segment = Segment(1, number, 0, offer(made_up(number)))
        tracer.forwarded(routed(LIAR, segment), THIRD, 0.0)
    assert len(spans) == 2 * SPANS_OF_A_HUB
    spans.clear()
    arrive(tracer, HONEST, 50, 0.0)
    assert len(spans) == 50


def test_many_hubs_that_lie_leave_own_clients_their_spans() -> None:
    tracer, spans = tracer_and_spans()
    for number in range(2 * FOLLOWED):
        arrive(tracer, PeerId(f"{number:040x}"), 2, 0.0)
    assert len(spans) == 2 * SPANS_A_SECOND
    assert tracer.begun(0.0) is not None
    segment = Segment(1, 0, 0, offer(CONTEXT))
    tracer.forwarded(routed(FIRST, segment), THIRD, 0.0)
    assert len(spans) == 2 * SPANS_A_SECOND + 1


def test_of_those_that_are_followed_the_first_are_given_up() -> None:
    tracer, spans = tracer_and_spans()
    relays = [offer(tracer.begun(float(number))) for number in range(FOLLOWED + 1)]
    for relay in relays:
        tracer.passed_on(SECOND, relay, 2000.0)
    assert [span.begin for span in spans] == [float(n) for n in range(1, FOLLOWED + 1)]


def test_a_signal_from_elsewhere_that_is_not_followed_any_more_is_not_told_of() -> None:
    tracer, spans = tracer_and_spans()
    tracer.ended(SECOND, offer(CONTEXT), "delivered", 0.0)
    assert spans == []
