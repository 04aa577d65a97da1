"""The dialect of PeerJS: recorded conversations, and what real clients never say."""

import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core.dialects.dialect import (
    Close,
    Counted,
    Denied,
    Dialect,
    DialectNews,
    Enter,
    Exit,
    Fault,
    Granted,
    Say,
    Send,
    Taken,
    Undelivered,
    Want,
)
from peerpigeon.core.dialects.names import Kind, member_id, namespace_of
from peerpigeon.core.dialects.peerjs import (
    MAX_HELD,
    MAX_HELD_SIZE,
    MAX_NAME_SIZE,
    MAX_PARAMETERS,
    PeerJs,
)
from peerpigeon.core.ids import SessionId
from peerpigeon.core.owners import owner_of_token

ANN, BEN = SessionId(1), SessionId(2)
OPEN = Say(b'{"type":"OPEN"}')
OFFER = (
    '{"type":"OFFER","payload":{"sdp":{"sdp":"v=0\\r\\n","type":"offer"},"type":"data",'
    '"connectionId":"dc_1","label":"dc_1","reliable":false,"serialization":"binary"},"dst":"ben"}'
)


def place(peer_id: str, key: str = "peerjs") -> Granted:
    """Return the news that an id is granted; its fields are where that id is."""
    return Granted(namespace_of(Kind.PEER, key, peer_id), member_id(Kind.PEER, key, peer_id))


def target(peer_id: str = "ann", key: str = "peerjs") -> str:
    return f"/peerjs?key={key}&id={peer_id}&token=t1&version=1.5.5"


def opened(dialect: PeerJs, visitor: SessionId = ANN, peer_id: str = "ann") -> None:
    """Bring a client to where it has its id."""
    dialect.opened(visitor, target(peer_id), 0.0)
    assert list(dialect.told(visitor, place(peer_id), 0.0)) == [OPEN]


def said(wants: Iterable[Want]) -> list[object]:
    """Return what a client is told, and the reason if its socket is closed."""
    return [
        json.loads(each.payload) if isinstance(each, Say) else getattr(each, "reason", each)
        for each in wants
    ]


def refusal(text: str) -> list[object]:
    return [{"type": "ERROR", "payload": {"msg": text}}, text]


# The id


def test_a_socket_claims_the_id_of_its_request_for_its_token() -> None:
    dialect: Dialect = PeerJs()
    ann = place("ann")
    wanted = list(dialect.opened(ANN, target(), 0.0))
    assert wanted == [Enter(ann.namespace, ann.member, owner_of_token("t1"))]
    assert dialect.deadline() is None
    assert list(dialect.tick(1.0)) == []


def test_it_is_open_once_the_mesh_has_granted_the_id() -> None:
    dialect = PeerJs()
    dialect.opened(ANN, target(), 0.0)
    assert list(dialect.told(ANN, place("ann"), 0.0)) == [OPEN]
    assert list(dialect.told(ANN, place("ann"), 9.0)) == []


def test_an_id_that_another_token_has_is_taken() -> None:
    dialect = PeerJs()
    dialect.opened(ANN, target(), 0.0)
    ann = place("ann")
    told = said(dialect.told(ANN, Taken(ann.namespace, ann.member), 0.0))
    assert told == [{"type": "ID-TAKEN", "payload": {"msg": "ID is taken"}}, "the id is taken"]
    assert len(dialect) == 0


def test_who_loses_an_id_after_it_was_open_hears_of_no_taken_id() -> None:
    """A real client would keep its id, and tell its application nothing."""
    dialect = PeerJs()
    opened(dialect)
    ann = place("ann")
    lost = list(dialect.told(ANN, Taken(ann.namespace, ann.member), 0.0))
    assert lost == [Close("another socket has this id and its token")]
    assert list(dialect.said(ANN, OFFER, 0.0)) == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?key=peerjs&id=ann",
        "?key=peerjs&token=t",
        "?id=ann&token=t",
        "?key=peerjs&id=&token=t",
        "?key=peerjs&id=ann&token=t&id=",
        "?" + "&".join(["key=peerjs", "id=ann", "token=t"] + ["x=1"] * MAX_PARAMETERS),
    ],
)
def test_a_request_that_lacks_something_is_refused(query: str) -> None:
    dialect = PeerJs()
    wanted = dialect.opened(ANN, "/peerjs" + query, 0.0)
    assert said(wanted) == refusal("No id, token, or key supplied to websocket server")
    assert list(dialect.said(ANN, OFFER, 0.0)) == []
    assert list(dialect.told(ANN, place("ann"), 0.0)) == []


@pytest.mark.parametrize("key", ["a%00b", "k" * (MAX_NAME_SIZE + 1), "%C3%BC" * 129])
def test_a_key_that_cannot_be_one_is_refused(key: str) -> None:
    assert said(PeerJs().opened(ANN, target(key=key), 0.0)) == refusal("Invalid key provided")


def test_an_id_may_be_as_long_as_the_limit_and_no_longer() -> None:
    (enter,) = PeerJs().opened(ANN, target("i" * MAX_NAME_SIZE), 0.0)
    assert isinstance(enter, Enter)
    told = said(PeerJs().opened(ANN, target("%C3%BC" * 129), 0.0))
    assert told == refusal(f"The id is longer than {MAX_NAME_SIZE} bytes")


@pytest.mark.parametrize(
    ("in_url", "peer_id"),
    [("a%26b", "a&b"), ("%C3%BC%2520%C3%9F", "ü%20ß"), ("__proto__", "__proto__"), ("a%00", "a\0")],
)
def test_an_id_is_any_text_as_the_query_has_it(in_url: str, peer_id: str) -> None:
    (enter,) = PeerJs().opened(ANN, target(in_url), 0.0)
    assert isinstance(enter, Enter)
    assert (enter.namespace, enter.member) == (place(peer_id).namespace, place(peer_id).member)


def test_ids_under_two_keys_are_not_the_same() -> None:
    assert place("ann", "one").namespace != place("ann", "other").namespace
    assert place("ann", "one").member != place("ann", "other").member


# Messages


def test_a_message_is_passed_on_with_its_payload_as_it_came() -> None:
    dialect = PeerJs()
    opened(dialect)
    payload = OFFER[len('{"type":"OFFER","payload":') : -len(',"dst":"ben"}')]
    ann, ben = place("ann"), place("ben")
    assert list(dialect.said(ANN, OFFER, 0.0)) == [
        Send(
            ben.namespace,
            ann.member,
            ben.member,
            f'{{"type":"OFFER","src":"ann","dst":"ben","payload":{payload}}}'.encode(),
            waits=True,
        )
    ]


@pytest.mark.parametrize(
    ("kind", "waits"),
    [("OFFER", True), ("ANSWER", True), ("CANDIDATE", True), ("LEAVE", False), ("EXPIRE", False)],
)
def test_what_is_relayed_waits_for_its_target_or_not(kind: str, *, waits: bool) -> None:
    dialect = PeerJs()
    opened(dialect)
    sent = list(dialect.said(ANN, json.dumps({"type": kind, "dst": "ben"}), 0.0))
    ann, ben = place("ann"), place("ben")
    text = f'{{"type":"{kind}","src":"ann","dst":"ben"}}'.encode()
    assert sent == [Send(ben.namespace, ann.member, ben.member, text, waits)]


def test_nobody_speaks_in_the_name_of_another() -> None:
    dialect = PeerJs()
    opened(dialect)
    forged = '{"type":"OFFER","src":"cat","dst":"ben","payload":1,"more":2}'
    (sent,) = dialect.said(ANN, forged, 0.0)
    assert isinstance(sent, Send)
    assert sent.payload == b'{"type":"OFFER","src":"ann","dst":"ben","payload":1}'


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"OPEN"}',
        '{"type":"ID-TAKEN","dst":"ben"}',
        '{"type":"OFFER"}',
        '{"type":"OFFER","dst":""}',
        '{"type":"OFFER","dst":null}',
        '{"type":"OFFER","dst":5}',
        '{"type":"OFFER","dst":["ben"]}',
        '{"type":"EXPIRE"}',
        '{"type":5,"dst":"ben"}',
        '{"dst":"ben"}',
        '{"type":"OFFER","dst":"ben","payload":}',
        '{"type":"OFFER","dst":"\\ud800"}',
        "{}",
        "[]",
        "null",
        '"OFFER"',
        "not json",
        "",
        pytest.param('{"type":"OFFER","dst":"ben","payload":' + "[" * 100_000, id="deep"),
    ],
)
def test_what_is_no_message_is_a_fault_that_the_client_hears_nothing_of(text: str) -> None:
    dialect = PeerJs()
    opened(dialect)
    assert list(dialect.said(ANN, text, 0.0)) == [Fault("a message that makes no sense")]
    assert len(list(dialect.said(ANN, OFFER, 0.0))) == 1


def test_a_heartbeat_is_not_answered() -> None:
    dialect = PeerJs()
    opened(dialect)
    assert list(dialect.said(ANN, '{"type":"HEARTBEAT"}', 0.0)) == []


def test_who_may_not_have_its_id_is_told_why() -> None:
    dialect = PeerJs()
    dialect.opened(ANN, target(), 0.0)
    ann = place("ann")
    denied = Denied(ann.namespace, ann.member, "it is closed")
    assert said(dialect.told(ANN, denied, 0.0)) == refusal("it is closed")
    assert len(dialect) == 0


def test_what_cannot_be_delivered_expires() -> None:
    dialect = PeerJs()
    opened(dialect)
    dialect.said(ANN, OFFER, 0.0)
    ann, ben = place("ann"), place("ben")
    news = Undelivered(ben.namespace, ann.member, ben.member)
    told = list(dialect.told(ANN, news, 5.0))
    assert told == [Say(b'{"type":"EXPIRE","src":"ben","dst":"ann"}')]


@pytest.mark.parametrize("peer_id", ["i" * (MAX_NAME_SIZE + 1), "ü" * 129])
def test_nobody_can_have_an_id_over_the_limit(peer_id: str) -> None:
    dialect = PeerJs()
    opened(dialect)
    told = said(dialect.said(ANN, json.dumps({"type": "OFFER", "dst": peer_id}), 0.0))
    assert told == [{"type": "EXPIRE", "src": peer_id, "dst": "ann"}]


def test_what_no_hub_would_pass_on_expires() -> None:
    dialect = PeerJs()
    opened(dialect)
    deep = '{"type":"OFFER","dst":"ben","payload":' + "[" * 128 + "]" * 128 + "}"
    told = said(dialect.said(ANN, deep, 0.0))
    assert told == [{"type": "EXPIRE", "src": "ben", "dst": "ann"}]


def test_who_leaves_gives_up_its_id_and_is_heard_no_more() -> None:
    dialect = PeerJs()
    opened(dialect)
    ann = place("ann")
    assert list(dialect.said(ANN, '{"type":"LEAVE"}', 0.0)) == [Exit(ann.namespace, ann.member)]
    assert list(dialect.said(ANN, OFFER, 0.0)) == []
    dialect.closed(ANN)
    dialect.closed(ANN)


def test_counts_are_nothing_to_a_peer() -> None:
    dialect = PeerJs()
    opened(dialect)
    news: DialectNews = Counted(place("ann").namespace, None, 1, 0)
    assert list(dialect.told(ANN, news, 0.0)) == []


# Before the id is granted


def test_what_is_said_too_early_is_passed_on_in_order_once_the_id_is_granted() -> None:
    dialect = PeerJs()
    dialect.opened(ANN, target(), 0.0)
    texts = [OFFER.replace("dc_1", f"dc_{number}") for number in range(3)]
    for text in texts:
        assert list(dialect.said(ANN, text, 0.0)) == []
    first, *sent = dialect.told(ANN, place("ann"), 1.0)
    assert first == OPEN
    other = PeerJs()
    opened(other)
    assert sent == [want for text in texts for want in other.said(ANN, text, 0.0)]


def test_who_leaves_before_the_id_is_granted_says_no_more() -> None:
    dialect = PeerJs()
    dialect.opened(ANN, target(), 0.0)
    for text in (OFFER, '{"type":"LEAVE"}', OFFER):
        dialect.said(ANN, text, 0.0)
    kinds = [type(want) for want in dialect.told(ANN, place("ann"), 1.0)]
    assert kinds == [Say, Send, Exit]


def test_too_much_before_the_id_is_granted_ends_the_socket() -> None:
    for texts in (["{}"] * (MAX_HELD + 1), ["x" * MAX_HELD_SIZE, "x"]):
        dialect = PeerJs()
        dialect.opened(ANN, target(), 0.0)
        *before, last = (list(dialect.said(ANN, text, 0.0)) for text in texts)
        assert not any(before)
        assert said(last) == refusal("Too much was sent before OPEN")
        assert list(dialect.told(ANN, place("ann"), 1.0)) == []


# Anything

jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
kinds = st.sampled_from(["OFFER", "ANSWER", "CANDIDATE", "LEAVE", "EXPIRE", "HEARTBEAT"])
messages = st.fixed_dictionaries(
    {}, optional={"type": kinds | jsons, "dst": jsons, "payload": jsons, "src": jsons}
)
talk = st.lists(messages.map(json.dumps) | jsons.map(json.dumps) | st.text(max_size=20), max_size=8)


@pytest.mark.hypothesis
@given(talk, talk, st.text(max_size=30))
def test_whatever_is_said_ends_nothing(early: list[str], late: list[str], query: str) -> None:
    dialect = PeerJs()
    dialect.opened(BEN, f"/peerjs?{query}", 0.0)
    dialect.opened(ANN, target(), 0.0)
    ann = place("ann")
    wants: list[Want] = []
    for text in early:
        wants += dialect.said(ANN, text, 0.0)
    wants += dialect.told(ANN, ann, 0.0)
    for text in late:
        wants += dialect.said(ANN, text, 0.0)
    for want in wants:
        match want:
            case Send(namespace, sender, _, payload):
                passed = json.loads(payload)
                assert sender == ann.member
                assert passed["src"] == "ann"
                assert namespace == namespace_of(Kind.PEER, "peerjs", passed["dst"])
            case Say() | Exit() | Fault():
                pass
            case _:
                raise AssertionError(want)
