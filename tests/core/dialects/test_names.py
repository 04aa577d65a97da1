"""Namespaces of dialects and the ids of their members."""

from __future__ import annotations

from itertools import combinations

import pytest

from peerpigeon.core.dialects.names import Kind, member_id, namespace_of, readable
from peerpigeon.core.ids import parse_peer_id


def test_a_namespace_has_its_kind_and_the_names_as_they_are() -> None:
    assert namespace_of(Kind.TOPIC, "a room") == "\0ya room"
    assert namespace_of(Kind.PEER, "key", "some id") == "\0pkey\0some id"


def test_a_last_name_may_be_anything_and_none_is_taken_for_another() -> None:
    rooms = ["", "\0", "\0\0", "p", "\0p"]
    names = [namespace_of(Kind.TOPIC, room) for room in rooms]
    names += [namespace_of(Kind.PEER, key, room) for key in ("", "p") for room in rooms]
    assert all(one != other for one, other in combinations(names, 2))


@pytest.mark.parametrize("foreign_id", ["", "some id", "\0", "ÿ" * 20, "x" * 10_000])
def test_a_member_has_an_id_as_all_in_the_mesh(foreign_id: str) -> None:
    member = member_id(Kind.PEER, "peerjs", foreign_id)
    assert parse_peer_id(member) == member == member.lower()


def test_ids_are_stable_because_hubs_of_several_versions_have_to_agree() -> None:
    member = member_id(Kind.PEER, "peerjs", "some id")
    assert member == "85e717706bbb05d442d2ea59d5274b596a117354"


def test_dialects_and_realms_have_ids_of_their_own() -> None:
    members = {
        member_id(Kind.PEER, "peerjs", "one"),
        member_id(Kind.PEER, "peerjs", "two"),
        member_id(Kind.PEER, "other", "one"),
        member_id(Kind.SWARM, "peerjs", "one"),
    }
    assert len(members) == 4


def test_people_read_and_write_them_without_a_character_that_shows_nowhere() -> None:
    assert readable(namespace_of(Kind.TOPIC, "a/room")) == "y-webrtc/a/room"
    assert readable(namespace_of(Kind.PEER, "peerjs", "one")) == "peerjs/peerjs/one"
