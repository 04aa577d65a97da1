"""Every parser of client text, by table and by fuzz."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from peerpigeon.core.ids import PeerId
from peerpigeon.core.wire import client_messages
from peerpigeon.core.wire.client_messages import (
    PLAIN,
    Announce,
    Cleanup,
    Goodbye,
    MessageError,
    Ping,
    Signal,
    decode,
    introduced,
    introduction,
)
from peerpigeon.core.wire.hub_news import Member
from tests.core.harness import A, B

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_an_announce_names_a_namespace_and_what_the_peer_says_of_itself() -> None:
    text = json.dumps(
        {
            "type": "announce",
            "data": {"peerId": B, "isHub": False, "nick": "Ö", "n": [1, {}]},
            "maxPeers": 3,
            "networkName": "net1",
        }
    )
    message = decode(text)
    assert isinstance(message, Announce)
    assert (message.namespace, message.is_hub) == ("net1", False)
    assert json.loads(message.data) == {"nick": "Ö", "n": [1, {}]}


@pytest.mark.parametrize("data", [{}, {"data": None}, {"data": {}}])
@pytest.mark.parametrize("name", [{}, {"networkName": None}, {"networkName": ""}])
def test_who_names_no_namespace_is_in_the_global_one(
    data: dict[str, Any], name: dict[str, Any]
) -> None:
    assert decode(json.dumps({"type": "announce"} | data | name)) == Announce(
        "global", b"{}", False
    )


@pytest.mark.parametrize(
    "kind",
    [
        "offer",
        "answer",
        "ice-candidate",
        "connection-rejected",
        "renegotiation-offer",
        "renegotiation-answer",
        "ice-restart-offer",
        "ice-restart-answer",
    ],
)
def test_all_signals_that_real_clients_send_are_signals(kind: str) -> None:
    text = json.dumps({"type": kind, "data": {"sdp": "v=0"}, "targetPeerId": B})
    message = decode(text)
    assert isinstance(message, Signal)
    assert (message.kind, message.target, message.namespace) == (kind, B, "global")
    assert bytes(message.data) == b'{"sdp": "v=0"}'


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("goodbye", Goodbye()), ("ping", Ping()), ("cleanup", Cleanup()), ("cleanup-all", Cleanup())],
)
def test_the_short_messages(kind: str, expected: client_messages.Message) -> None:
    assert decode(json.dumps({"type": kind, "data": {"peerId": A}, "networkName": "n"})) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        ('{"type":"ping"}x', "not valid JSON"),
        ('{"type":"offer","data":NaN,"targetPeerId":"' + B + '"}', "not valid JSON"),
        ('{"type":"offer","data":"\x01","targetPeerId":"' + B + '"}', "not valid JSON"),
        ('{"type":"offer","data":"\\ud800","targetPeerId":"' + B + '"}', "not valid JSON"),
        ("null", "not understood"),
        ("[]", "not understood"),
        ('"announce"', "not understood"),
        ("5", "not understood"),
        ("{}", "not understood"),
        ('{"type":null}', "not understood"),
        ('{"type":["ping"]}', "not understood"),
        ('{"type":"announce","networkName":5}', "not understood"),
        ('{"type":"announce","data":[]}', "not a JSON object"),
        ('{"type":"announce","data":"x"}', "not a JSON object"),
        ('{"type":"offer","data":1}', "no targetPeerId"),
        ('{"type":"offer","data":1,"targetPeerId":null}', "no targetPeerId"),
        ('{"type":"offer","data":1,"targetPeerId":"short"}', "not 40 hexadecimal digits"),
        ('{"type":"offer","targetPeerId":"' + B + '"}', "no data"),
        ('{"type":"peer-discovered","data":{}}', "'peer-discovered' is not known"),
        ('{"type":"connected"}', "'connected' is not known"),
        ('{"type":"' + "x" * 5000 + '"}', "'" + "x" * 40 + "' is not known"),
        ('{"type":"offer","data":' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ('{"type":"announce","data":' + '{"a":' * 99_999 + "1" + "}" * 99_999 + "}", "too deeply"),
        (
            '{"type":"announce","data":' + '{"a":' * 129 + "1" + "}" * 129 + "}",
            "more than 128 arrays",
        ),
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_message_is_refused_with_a_reason(text: str, complaint: str) -> None:
    with pytest.raises(MessageError, match=complaint):
        decode(text)


@given(st.text())
@example('{"type":"ping","type":"offer"}')
@example('{"type":"offer","data":' + "9" * 5000 + ',"targetPeerId":"' + B + '"}')
def test_no_text_does_more_than_be_refused(text: str) -> None:
    try:
        decode(text)
    except MessageError as error:
        assert len(str(error)) < 300  # noqa: PT017 - that it may not be refused is the point


@given(
    st.dictionaries(
        st.sampled_from(["type", "data", "targetPeerId", "networkName", "fromPeerId", "maxPeers"]),
        json_values
        | st.sampled_from(["offer", "announce", "ping", "goodbye", "cleanup", "net1", A, B]),
    )
)
def test_no_object_does_more_than_be_refused(message: dict[str, Any]) -> None:
    text = json.dumps(message)
    try:
        decoded = decode(text)
    except MessageError:
        return
    if isinstance(decoded, Signal):
        payload = client_messages.encode_signal(decoded, A, B, 1)
        assert json.loads(payload)["data"] == message["data"]


@given(json_values, st.text(), st.integers(0, 2**53))
def test_a_signal_arrives_as_it_was_sent(data: Any, namespace: str, timestamp: int) -> None:
    sent = {"type": "offer", "data": data, "targetPeerId": B, "networkName": namespace}
    signal = decode(json.dumps(sent))
    assert isinstance(signal, Signal)
    assert json.loads(client_messages.encode_signal(signal, A, B, timestamp)) == {
        "type": "offer",
        "data": data,
        "fromPeerId": A,
        "targetPeerId": B,
        "networkName": namespace or "global",
        "timestamp": timestamp,
    }


@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_an_introduction_is_what_was_announced_under_the_true_id(data: dict[str, Any]) -> None:
    announce = decode(json.dumps({"type": "announce", "data": data, "networkName": "net1"}))
    assert isinstance(announce, Announce)
    member = Member(A, 1, introduction(A, announce))
    assert (member.introduction == PLAIN) == (not data)
    made = json.loads(introduced(member))
    assert made == data | {"peerId": A, "isHub": False}


MADE: dict[str, bytes] = {
    "connected": client_messages.encode_connected(A, "", 7),
    "peer-discovered": client_messages.encode_discovered(b'{"peerId":"x"}', "net1", A, 7),
    "peer-disconnected": client_messages.encode_departure(B, "net1", (PeerId(A),), 7)[0],
    "goodbye": client_messages.encode_goodbye(B, "net1", 7),
    "pong": client_messages.encode_pong(A, "net1", 7),
    "error": client_messages.encode_error("why", "net1", 7),
}

SYSTEM: dict[str, object] = {"fromPeerId": "system", "timestamp": 7}
TO_A: dict[str, object] = SYSTEM | {"targetPeerId": A, "networkName": "net1"}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("connected", SYSTEM | {"data": {"peerId": A}}),
        ("peer-discovered", TO_A | {"data": {"peerId": "x"}}),
        ("peer-disconnected", TO_A | {"data": {"peerId": B, "isHub": False}}),
        (
            "goodbye",
            {
                "data": {"peerId": B, "timestamp": 7},
                "fromPeerId": B,
                "networkName": "net1",
                "timestamp": 7,
            },
        ),
        ("pong", TO_A | {"data": {"timestamp": 7}}),
        ("error", {"error": "why", "networkName": "net1", "timestamp": 7}),
    ],
)
def test_what_a_hub_says_has_the_fields_of_the_reference(
    kind: str, fields: dict[str, object]
) -> None:
    assert json.loads(MADE[kind]) == fields | {"type": kind}


@given(st.text(min_size=1), st.dictionaries(st.text(), json_values), st.integers(0, 2**53))
def test_what_a_crowd_is_told_is_for_each_the_same_but_for_its_id(
    namespace: str, data: dict[str, Any], timestamp: int
) -> None:
    known = msgspec.json.encode(data | {"peerId": B})
    crowd = [PeerId(f"{number:040x}") for number in range(3)]
    arrivals = client_messages.encode_arrival(known, namespace, crowd, timestamp)
    departures = client_messages.encode_departure(PeerId(B), namespace, crowd, timestamp)
    for told, each in zip(crowd, arrivals, strict=True):
        expected = {
            "type": "peer-discovered",
            "data": data | {"peerId": B},
            "networkName": namespace,
            "fromPeerId": "system",
            "targetPeerId": told,
            "timestamp": timestamp,
        }
        assert list(json.loads(each).items()) == list(expected.items())
        assert each == client_messages.encode_members([known, known], namespace, told, timestamp)[1]
    assert [json.loads(each)["targetPeerId"] for each in departures] == crowd


def test_everything_but_the_greeting_names_the_namespace() -> None:
    """Real clients drop what names another one, and take a missing name for ``global``."""
    for kind, payload in MADE.items():
        assert (b'"networkName":"net1"' in payload) == (kind != "connected")


def test_a_relayed_signal_keeps_the_order_of_fields_of_the_reference() -> None:
    signal = Signal("offer", B, "net1", msgspec.Raw(b'{"sdp":"v"}'))
    assert client_messages.encode_signal(signal, PeerId(A), B, 7) == (
        b'{"type":"offer","data":{"sdp":"v"},"fromPeerId":"' + A.encode() + b'","targetPeerId":"'
        b"" + B.encode() + b'","networkName":"net1","timestamp":7}'
    )
