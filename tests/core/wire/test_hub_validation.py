"""What another hub says is valid when it has passed the door, or does not pass it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from peerpigeon.core.ids import PeerId
from peerpigeon.core.wire.client_messages import PLAIN, plain_introduction
from peerpigeon.core.wire.hub_codec import FrameError, decode, encode
from peerpigeon.core.wire.hub_frames import (
    Ack,
    Advert,
    Adverts,
    Bye,
    Candidate,
    Carrier,
    Decline,
    Frame,
    Heartbeat,
    Hello,
    LinkEnd,
    Offer,
    Proof,
    Purpose,
    Routed,
    Sealed,
    Segment,
    Summary,
)
from peerpigeon.core.wire.hub_news import (
    Challenge,
    Claim,
    Dealt,
    Draw,
    Find,
    Found,
    Gone,
    Join,
    Leave,
    Located,
    Meet,
    Member,
    More,
    News,
    Owned,
    Refusal,
    Relay,
    Resync,
    Undelivered,
    Unknown,
    Verdict,
)
from peerpigeon.core.wire.hub_validation import opened
from peerpigeon.core.wire.nesting import DEEPEST, DEEPEST_INSIDE
from peerpigeon.core.wire.ranges import LAST_INCARNATION
from peerpigeon.core.wire.reasons import Reason
from tests.core.frame_values import message
from tests.core.harness import A, B
from tests.core.hubs import FIRST, SECOND

if TYPE_CHECKING:
    from peerpigeon.core.wire.hub_frames import Body

LETTERS = PeerId("z" * 40)
SHORT = PeerId("1" * 39)
ACCENTED = PeerId("é" * 40)


def routed(body: Body) -> Routed:
    return Routed(FIRST, 1000, SECOND, 0, 9, body)


def advert(**changes: Any) -> Advert:
    sound = Advert(FIRST, 1000, 1, 5, ("ws://192.0.2.1:3000",), ())
    return msgspec.structs.replace(sound, **changes)


def heard(news: News) -> News:
    """Return news as it is after its way from another hub."""
    (frame,) = decode(message(routed(Segment(7, 3, 2, news))))
    assert isinstance(frame, Routed | Sealed)
    segment = opened(frame.body)
    assert isinstance(segment, Segment)
    assert (segment.epoch, segment.sequence, segment.floor) == (7, 3, 2)
    return segment.news


# Frames of a link


@pytest.mark.parametrize("hub", [LETTERS, SHORT, ACCENTED, PeerId("")])
@pytest.mark.parametrize(
    "frame",
    [
        Hello(FIRST, 1000, "mesh", 1, 5),
        Routed(FIRST, 1000, SECOND, 0, 9, Ack(1, 2)),
        Summary(((FIRST, 1000, 7, 1),)),
    ],
)
def test_an_id_has_forty_hexadecimal_digits(frame: Frame, hub: PeerId) -> None:
    wrong = encode(frame).replace(encode_text(FIRST), encode_text(hub))
    with pytest.raises(FrameError, match="not a message of frames"):
        decode(b"\x91" + wrong)


def encode_text(text: str) -> bytes:
    return msgspec.msgpack.encode(text)


@pytest.mark.parametrize(
    "frame",
    [
        Hello(FIRST, -1, "mesh", 1, 5),
        Hello(FIRST, 1000, "m" * 4097, 1, 5),
        Hello(FIRST, 1000, "mesh", -1, 5),
        Hello(FIRST, 1000, "mesh", 1, -1),
        Hello(FIRST, 1000, "mesh", 1, 5, b"x" * 17),
        Heartbeat(-1),
        Summary(((FIRST, 0, 7, 1),)),
        Summary(((FIRST, LAST_INCARNATION + 1, 7, 1),)),
        Summary(((FIRST, 1, -1, 1),)),
        Summary(((FIRST, 1, 7, 2**63),)),
        Bye("x" * 124),
        Bye("é" * 62),
        Proof(b"x" * 31),
        Proof(b"x" * 33),
        Routed(FIRST, 0, SECOND, 0, 9, Ack(1, 2)),
        Routed(FIRST, 1000, SECOND, -1, 9, Ack(1, 2)),
        Routed(FIRST, 1000, SECOND, 0, 0, Ack(1, 2)),
        Routed(FIRST, 1000, SECOND, 0, 65536, Ack(1, 2)),
    ],
)
def test_a_value_that_no_sound_hub_sends_makes_the_message_none(frame: Frame) -> None:
    with pytest.raises(FrameError, match="not a message of frames"):
        decode(message(frame))


def test_an_id_may_be_in_capitals_and_stays_so() -> None:
    hello = Hello(PeerId("AB" * 20), 1000, "mesh", 1, 5)
    assert decode(message(hello)) == [hello]


def test_a_frame_of_a_kind_that_only_newer_hubs_know_is_left_out() -> None:
    frames = [[99, "something"], [2, 5]]
    assert decode(msgspec.msgpack.encode(frames)) == [Heartbeat(5)]


# Adverts


@pytest.mark.parametrize(
    "changes",
    [
        {"hub": LETTERS},
        {"hub": SHORT},
        {"incarnation": 0},
        {"incarnation": 2**63},
        {"sequence": -1},
        {"mark": -1},
        {"addresses": ("ws://" + "x" * 4096,)},
        {"links": (LinkEnd(SECOND, Carrier.P2P, Purpose.MESH),) * 4097},
        {"links": (LinkEnd(LETTERS, Carrier.P2P, Purpose.MESH),)},
        {"bar": (-2, SECOND)},
        {"bar": (601, SECOND)},
        {"bar": (5, LETTERS)},
    ],
)
def test_an_advert_that_no_sound_hub_makes_is_left_out_and_the_others_are_taken(
    changes: dict[str, Any],
) -> None:
    sound = advert(hub=SECOND)
    said = Adverts((advert(**changes), sound), is_urgent=True)
    assert decode(message(said)) == [Adverts((sound,), is_urgent=True)]


def test_a_carrier_and_a_purpose_that_only_newer_hubs_know_are_passed_on_as_they_came() -> None:
    fields = [
        3,
        [[FIRST, 1000, 1, 5, [], [[SECOND, 4, 4]], None, False, 7, b"", b"", None]],
        False,
        True,
    ]
    (frame,) = decode(msgspec.msgpack.encode([fields]))
    assert isinstance(frame, Adverts)
    (end,) = frame.adverts[0].links
    assert (int(end.carrier), int(end.purpose)) == (4, 4)
    assert (str(end.carrier.name), str(end.purpose.name)) == ("UNKNOWN", "UNKNOWN")
    assert msgspec.msgpack.decode(encode(frame)) == fields


@pytest.mark.parametrize("number", [-1, 256])
def test_a_carrier_is_a_small_number(number: int) -> None:
    fields = [3, [[FIRST, 1000, 1, 5, [], [[SECOND, number, 0]], None, False]], False]
    assert decode(msgspec.msgpack.encode([fields])) == [Adverts(())]


# Bodies


@pytest.mark.parametrize(
    "body",
    [
        Ack(-1, 2),
        Ack(1, 2**63),
        Offer(-1, "sdp"),
        Offer(1, "x" * 65537),
        Candidate(1, "x" * 65537, is_from_offerer=True),
        Decline(1, "x" * 124),
        Segment(-1, 3, 2, Resync()),
        Segment(7, 2**63, 2, Resync()),
        Segment(7, 3, -1, Resync()),
    ],
)
def test_a_body_that_no_sound_hub_sends_stays_sealed_and_comes_to_nothing(body: Body) -> None:
    (frame,) = decode(message(routed(body)))
    assert isinstance(frame, Sealed)
    assert opened(frame.body) is None
    assert encode(frame) == encode(routed(body)), "others may see sense in it"


def test_a_body_of_a_kind_that_only_newer_hubs_know_comes_to_nothing() -> None:
    (frame,) = decode(msgspec.msgpack.encode([[6, FIRST, 1000, SECOND, 0, 9, [77, 1]]]))
    assert isinstance(frame, Sealed)
    assert opened(frame.body) is None


# News

SOUND = Member(A, 1, plain_introduction(A))
SILENT = Member(A, 1, PLAIN)
MEMBERS = [
    Member(LETTERS, 1, b"{}"),
    Member(A, -1, b"{}"),
    Member(A, 1, b" "),
    Member(A, 1, b"[]"),
    Member(A, 1, b'{"a":1'),
    Member(A, 1, b'{"a":1}}'),
    Member(A, 1, b'{"a":"\xff"}'),
    Member(A, 1, b"{}"),
    Member(A, 1, b'{"peerId":1}'),
    Member(A, 1, plain_introduction(B)),
    Member(A, 1, plain_introduction(A)[:-1] + b',"peerId":"' + B.encode() + b'"}'),
    Member(A, 1, plain_introduction(A)[:-1] + b',"nick":"\xff"}'),
]


@pytest.mark.parametrize("member", [SOUND, SILENT])
def test_a_member_says_of_itself_what_it_likes_or_nothing(member: Member) -> None:
    news = Join("n", (member,), is_primary=True)
    assert heard(news) == news


@pytest.mark.parametrize("member", MEMBERS)
def test_news_of_a_member_that_no_sound_hub_has_is_unusable(member: Member) -> None:
    located = Located(FIRST, member)
    assert heard(Join("n", (SOUND, member), is_primary=True)) == Unknown()
    assert heard(Meet("n", ((A, 1),), (located,))) == Unknown()
    assert heard(Found("n", member.peer, located)) == Unknown()


@pytest.mark.parametrize(
    "news",
    [
        Relay("n", LETTERS, A, 0, "offer", b"1"),
        Relay("n", A, LETTERS, 0, "offer", b"1"),
        Relay("n" * 4097, A, B, 0, "offer", b"1"),
        Relay("n", A, B, -1, "offer", b"1"),
        Relay("n", A, B, 0, "offer", b""),
        Relay("n", A, B, 0, "offer", b"{"),
        Relay("n", A, B, 0, "offer", b'1,"fromPeerId":2'),
        Relay("n", A, B, 0, "offer", b'"\xff"'),
        Undelivered("n", A, LETTERS, "offer", Reason.EXPIRED),
        Join("n", (), is_primary=True, has_enough=(-1,)),
        Join("n", (), is_primary=True, present=(-1,)),
        Join("n", (), is_primary=True, departed=((LETTERS, 1),)),
        Leave("n", LETTERS, 1, has_said_goodbye=True),
        Meet("n", ((LETTERS, 1),), ()),
        Meet("n", ((A, 1),), (Located(LETTERS, SOUND),)),
        Meet("n", ((A, 1),), (Located(FIRST, SOUND),), ((1,),)),
        Meet("n", ((A, 1),), (Located(FIRST, SOUND),), ((-1,),)),
        Meet("n", ((A, 1),), (), ((0,),)),
        Meet("n", ((A, 1),), (Located(FIRST, SOUND),), ((0,), (0,))),
        Meet("n", ((A, 1), (B, 2)), (Located(FIRST, SOUND),), ((0,),)),
        Gone("n", ((LETTERS, A, 1),)),
        Gone("n", ((FIRST, LETTERS, 1),)),
        More("n", LETTERS, 1),
        More("n", A, -1),
        Find("n", LETTERS),
        Found("n", LETTERS, None),
        Found("n", A, Located(LETTERS, SOUND)),
        Found("n", B, Located(FIRST, SOUND)),
        Challenge("n", LETTERS, 1),
        Verdict("n", LETTERS, 1, stays=True),
        Refusal("n", LETTERS, 1),
        Claim("n", LETTERS, b""),
        Owned("n", LETTERS, b""),
        Claim("n", A, b"x" * 17),
        Draw("n", A, 1, (b"1",) * 101),
        Dealt("n", ((1, b"1"),) * 101),
    ],
)
def test_news_that_no_sound_hub_sends_is_unusable(news: News) -> None:
    assert heard(news) == Unknown()


@pytest.mark.parametrize(
    "news",
    [
        Relay("n", A, B, 0, "offer", '{"sdp":"ä"}'.encode()),
        Join(
            "n",
            (SOUND,),
            is_primary=True,
            again=True,
            has_enough=(1,),
            present=(1,),
            departed=((B, 2),),
        ),
        Meet("n", ((A, 1), (B, 2)), (Located(FIRST, SOUND),), ((0,), ())),
        Meet("n", ((A, 1),), ()),
        Gone("n", ((FIRST, A, 1),)),
        Found("n", PeerId(A.upper()), Located(FIRST, SOUND)),
        Found("n", A, None),
        Resync(),
    ],
)
def test_news_that_a_sound_hub_sends_is_taken_as_it_is(news: News) -> None:
    assert heard(news) == news


def test_what_is_nested_as_deep_as_hubs_let_pass_is_taken_and_what_nobody_can_read_is_not() -> None:
    deep = plain_introduction(B)[:-1] + b',"a":' + b"[" * DEEPEST + b"]" * DEEPEST + b"}"
    news = Join("n", (SOUND, Member(B, 2, deep)), is_primary=True)
    assert heard(news) == news
    for depth in (DEEPEST_INSIDE + 1, 5000):
        nonsense = b"[" * depth + b"]" * depth
        assert heard(Relay("n", A, B, 0, "offer", nonsense)) == Unknown()
        named = plain_introduction(B)[:-1] + b',"a":' + nonsense + b"}"
        assert heard(Join("n", (Member(B, 2, named),), is_primary=True)) == Unknown()
    assert heard(Relay("n", A, B, 0, "offer", b"[" * 5000)) == Unknown()


def test_news_of_a_kind_that_only_newer_hubs_know_keeps_its_number() -> None:
    (frame,) = decode(
        msgspec.msgpack.encode([[6, FIRST, 1000, SECOND, 0, 9, [1, 7, 3, 2, [55, "x"]]]])
    )
    assert isinstance(frame, Sealed)
    assert opened(frame.body) == Segment(7, 3, 2, Unknown())


def test_a_reason_that_only_newer_hubs_know_is_kept_and_has_a_text() -> None:
    lost = heard(Undelivered("n", A, B, "offer", Reason("too heavy")))
    assert isinstance(lost, Undelivered)
    assert lost.reason == "too heavy"
    assert lost.reason.text == "the hub of that peer gives a reason that this hub does not know"


def test_a_reason_is_short() -> None:
    with pytest.raises(ValueError, match="not a valid Reason"):
        Reason("x" * 41)


def test_each_reason_that_this_hub_gives_has_a_text_of_its_own() -> None:
    texts = {reason.text for reason in (*Reason, Reason("other"))}
    assert len(texts) == len(Reason) + 1
