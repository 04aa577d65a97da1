"""What a client may do here, by its token and by what the operator has said."""

from __future__ import annotations

import pytest

from peerpigeon.core.config import ConfigError, ServerConfig
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.events import Permits
from tests.core.harness import A, B, C, Desk

KEYS = ServerConfig(token_keys="keys.json")
LATE = 1e9


def ruled(*rules: str, keys: str = "keys.json") -> Desk:
    return Desk(ServerConfig(token_keys=keys, namespace_access=rules))


def permits(*namespaces: str, peer_id: str | None = None, until: float = LATE) -> Permits:
    return Permits(None if peer_id is None else PeerId(peer_id), namespaces, until)


def answer(desk: Desk, namespace: str, allowed: Permits | None) -> str | None:
    """Return the error that a client gets for an announce, if it gets one."""
    session = desk.open(A, permits=allowed)
    desk.take(session)
    desk.announce(session, namespace)
    errors = [each["error"] for each in desk.take(session) if each["type"] == "error"]
    assert errors or desk.hub.status.snapshot(0.0).announced_peers == 1
    assert not errors or desk.hub.status.snapshot(0.0).announced_peers == 0
    return errors[0] if errors else None


# Namespaces


@pytest.mark.parametrize("namespace", ["net1", "room-1", "global"])
def test_without_keys_every_namespace_is_open(namespace: str) -> None:
    assert answer(Desk(), namespace, None) is None


@pytest.mark.parametrize(
    ("namespace", "named", "is_in"),
    [
        ("net1", ["net1"], True),
        ("net1", ["other", "net1"], True),
        ("net1", ["net2"], False),
        ("net1", ["Net1"], False),
        ("net1", ["net"], False),
        ("net1", [], False),
        ("net1", [""], False),
        ("room-1", ["room-*"], True),
        ("room-", ["room-*"], True),
        ("room", ["room-*"], False),
        ("anything", ["*"], True),
        ("a-b", ["*-b"], False),  # stands for nothing but at the end
        ("*-b", ["*-b"], True),
        ("room-1", ["room-?"], False),
    ],
)
def test_a_namespace_that_takes_a_token_is_for_those_whose_token_names_it(
    namespace: str, named: list[str], is_in: bool
) -> None:
    error = answer(Desk(KEYS), namespace, permits(*named))
    assert error == (None if is_in else f"networkName {namespace!r} is not in the token")


def test_who_has_no_token_is_told_so() -> None:
    assert (
        answer(Desk(KEYS), "net1", None) == "networkName 'net1' takes a token, and there was none"
    )


@pytest.mark.parametrize(
    ("namespace", "without", "with_token"),
    [
        ("lobby", None, None),
        ("old-1", "closed", "closed"),
        ("old-lobby", None, None),  # the first rule that fits
        ("net1", "token", None),
    ],
)
def test_the_first_rule_that_fits_a_namespace_counts(
    namespace: str, without: str | None, with_token: str | None
) -> None:
    for allowed, expected in ((None, without), (permits("*"), with_token)):
        error = answer(
            ruled("lobby=open", "old-lobby=open", "old-*=closed", "lobby=closed"),
            namespace,
            allowed,
        )
        assert (error is None) is (expected is None)
        assert expected is None or expected in str(error)


def test_what_no_rule_names_is_open_where_no_token_can_be_checked() -> None:
    assert answer(ruled("old=closed", keys=""), "net1", None) is None
    assert answer(ruled("old=closed", keys=""), "old", None) == "networkName 'old' is closed here"


def test_a_namespace_may_have_the_sign_of_a_rule_in_its_name() -> None:
    assert answer(ruled("a=b=open"), "a=b", None) is None


def test_who_may_not_go_on_to_another_namespace_stays_where_it_was() -> None:
    desk = Desk(KEYS)
    a = desk.open(A, permits=permits("net1"))
    b = desk.open(B, permits=permits("net1", "net2"))
    for session in (a, b):
        desk.announce(session, "net1")
    desk.clear()
    desk.announce(a, "net2")
    desk.signal(b, A, namespace="net1")
    assert desk.take_types(a) == ["error", "offer"]
    assert desk.take_types(b) == []


def test_a_token_opens_no_reserved_namespace() -> None:
    error = answer(Desk(KEYS), "pigeonhub-mesh", permits("*"))
    assert error is not None
    assert "reserved" in error


@pytest.mark.parametrize(
    ("rules", "keys", "complaint"),
    [
        (["lobby"], "k", "write a namespace and open, token or closed, as lobby=open"),
        (["lobby=maybe"], "k", "has 'lobby=maybe'; write a namespace and open"),
        (["=open"], "k", "has '=open'; write a namespace"),
        (["a*b=open"], "k", "a \\* stands at the end of a namespace"),
        (["**=open"], "k", "a \\* stands at the end of a namespace"),
        (["a=token"], "", "has 'a=token'; name the keys of tokens, too .token_keys"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(rules: list[str], keys: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=f"namespace_access .*{complaint}"):
        ServerConfig(token_keys=keys, namespace_access=tuple(rules))


@pytest.mark.parametrize("name", ["token_audience", "token_issuer"])
def test_what_tokens_have_to_say_needs_keys_to_check_them(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is 'x'; name the keys"):
        ServerConfig.from_environment({name.upper(): "x"})


@pytest.mark.parametrize(
    ("options", "has_business"),
    [
        ({}, True),
        ({"TOKEN_KEYS": "k"}, False),
        ({"TOKEN_KEYS": "k", "NAMESPACE_ACCESS": "lobby=open"}, True),
        ({"TOKEN_KEYS": "k", "NAMESPACE_ACCESS": "lobby=closed"}, False),
        ({"TOKEN_KEYS": "k", "NAMESPACE_ACCESS": "*=token,lobby=open"}, False),
        ({"NAMESPACE_ACCESS": "*=closed"}, False),
        ({"TOKEN_KEYS": "k", "IS_HUB": "yes"}, False),
        ({"TOKEN_KEYS": "k", "IS_HUB": "yes", "REFERENCE_HUBS": "yes"}, True),
    ],
)
def test_who_has_no_token_comes_in_where_something_is_open(
    options: dict[str, str], has_business: bool
) -> None:
    assert ServerConfig.from_environment(options).admits_without_token is has_business


def test_guests_enter_open_namespaces_only() -> None:
    """Their hub cannot pass on a token; that it has seen one is no proof."""
    desk = Desk(
        ServerConfig(
            is_hub=True,
            reference_hubs="yes",
            token_keys="k",
            namespace_access=("lobby=open", "old=closed"),
        )
    )
    hub = desk.open("e" * 40)
    desk.announce(hub, "pigeonhub-mesh", isHub=True)
    for peer_id, namespace in ((A, "lobby"), (B, "old"), (C, "net1")):
        found = {
            "type": "peer-discovered",
            "data": {"peerId": peer_id, "isHub": False},
            "networkName": namespace,
            "fromPeerId": "system",
        }
        desk.say(hub, found)
    assert [warn.peer for warn in desk.warned] == [B, C]
    assert desk.warned[0].text.startswith("a client of a hub of the npm package was refused")
    assert [
        record.namespace for record in desk.hub.status.peers() if record.peer_id in (A, B, C)
    ] == ["lobby"]


# Ids


def test_a_token_that_names_an_id_is_for_that_one() -> None:
    desk = Desk(KEYS)
    assert desk.open(B, permits=permits("*", peer_id=A)) in desk.closed
    assert desk.closed == {1: (1008, "token is for another peerId")}
    assert desk.open(A.upper(), permits=permits("*", peer_id=A)) not in desk.closed
    assert desk.open(B, permits=permits("*")) not in desk.closed


def test_whether_an_id_is_in_use_does_not_show_to_a_token_for_another() -> None:
    desk = Desk(KEYS)
    desk.open(B, permits=permits("*"))
    desk.open(B, permits=permits("*", peer_id=A))
    assert desk.closed == {2: (1008, "token is for another peerId")}
    assert desk.pinged == []


# Time


def test_a_client_is_closed_when_its_token_expires() -> None:
    desk = Desk(KEYS)
    a, b = desk.open(A, permits=permits("*", until=40.0)), desk.open(B, permits=permits("*"))
    for session in (a, b):
        desk.announce(session, "net1")
    desk.tick(30.0)
    desk.pong(a, 31.0)
    desk.clear()
    desk.tick(39.9)
    assert desk.closed == {}
    assert desk.hub.deadline() == 40.0
    desk.tick(40.0)
    assert desk.closed == {a: (1008, "token has expired")}
    assert desk.take_types(b) == ["peer-disconnected"]


def test_a_token_that_expires_before_the_first_ping_is_noticed_in_time() -> None:
    desk = Desk(KEYS)
    a = desk.open(A, permits=permits("*", until=2.5))
    assert desk.hub.deadline() == 2.5
    desk.tick(2.5)
    assert desk.closed == {a: (1008, "token has expired")}


def test_who_waits_for_its_id_keeps_what_its_token_allows() -> None:
    desk = Desk(KEYS)
    desk.announce(desk.open(A, permits=permits("*")), "net1")
    again = desk.open(A, 10.0, permits=permits("net2", until=50.0))
    desk.announce(again, "net2", 10.0)
    desk.announce(again, "net1", 10.0)
    desk.tick(12.0)
    assert desk.take_types(again) == ["connected", "error"]
    assert [record.namespace for record in desk.hub.status.peers()] == ["net2"]
    desk.pong(again, 45.0)
    desk.tick(50.0)
    assert desk.closed[again] == (1008, "token has expired")


def test_tokens_that_last_long_leave_nothing_behind() -> None:
    """Each entry of the timetable comes up within an interval, whenever the token ends."""
    desk = Desk(KEYS)
    for number in range(100):
        desk.lose(desk.open(A, permits=permits("*")), float(number))
    desk.tick(200.0)
    assert desk.hub.deadline() is None
