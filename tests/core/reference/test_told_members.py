"""What one hub of the npm package knows on behalf of its clients."""

from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.reference.told_members import MemberGone, ToldMembers
from peerpigeon.core.wire.hub_news import Located, Member
from tests.core.harness import A, B

H, J = PeerId("1" * 40), PeerId("2" * 40)
P, Q = SessionId(-1), SessionId(-2)


def at(hub: PeerId, session: int = 1, peer: PeerId = A) -> Located:
    return Located(hub, Member(peer, session, b"{}"))


def test_a_member_is_told_once_and_its_end_when_nobody_knows_it_any_more() -> None:
    told = ToldMembers(remembers=True)
    assert told.introduce("n", at(H), P, 1.0) == at(H)
    assert told.introduce("n", at(H), Q, 2.0) is None
    assert told.end("n", at(H), P) is None
    assert told.end("n", at(H), Q) == MemberGone("n", A, None)
    assert told.end("n", at(H), Q) is None


def test_one_that_forgets_is_told_again_but_not_at_the_same_time() -> None:
    told = ToldMembers(remembers=False)
    assert told.introduce("n", at(H), P, 1.0) == at(H)
    assert told.introduce("n", at(H), Q, 1.0) is None
    assert told.introduce("n", at(H), SessionId(-3), 1.5) == at(H)


def test_of_one_id_one_registration_is_told_at_a_time() -> None:
    """Its clients may hear in turn that a member has gone from one hub and come to another."""
    told = ToldMembers(remembers=True)
    for client in (P, Q):
        told.introduce("n", at(H), client, 1.0)
    assert told.end("n", at(H), P) is None
    assert told.introduce("n", at(J), P, 2.0) is None
    assert told.end("n", at(H), Q) == MemberGone("n", A, at(J))
    assert told.introduce("n", at(J), Q, 2.0) is None
    assert told.end("n", at(J), P) is None
    assert told.end("n", at(J), Q) == MemberGone("n", A, None)


def test_a_registration_that_was_never_told_ends_in_silence() -> None:
    told = ToldMembers(remembers=True)
    told.introduce("n", at(H), P, 1.0)
    told.introduce("n", at(J), Q, 1.0)
    assert told.end("n", at(J), Q) is None
    assert told.end("n", at(H), P) == MemberGone("n", A, None)


def test_who_leaves_takes_along_what_only_it_knew() -> None:
    told = ToldMembers(remembers=True)
    told.introduce("n", at(H), P, 1.0)
    told.introduce("n", at(H), Q, 1.0)
    told.introduce("n", at(H, 2, B), P, 1.0)
    told.introduce("m", at(H, 3, B), P, 1.0)
    assert told.leave("n", P) == [MemberGone("n", B, None)]
    assert told.leave("n", P) == []
    assert told.leave("n", Q) == [MemberGone("n", A, None)]


def test_namespaces_are_apart() -> None:
    told = ToldMembers(remembers=True)
    told.introduce("n", at(H), P, 1.0)
    assert told.introduce("m", at(H), Q, 1.0) == at(H)
    assert told.end("m", at(H), P) is None
