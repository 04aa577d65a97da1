"""The check for forgeries finds what no client has sent so, and nothing else."""

from __future__ import annotations

import pytest

from peerpigeon.core.ids import PeerId
from peerpigeon.sim.checks.forgeries import forgeries, unreadable
from peerpigeon.sim.history import HeardSignal, Surprise
from tests.sim.checks.test_ledger import A, B, Pair

C = PeerId("c" * 40)


def heard(pair: Pair, serial: str, source: PeerId = A, namespace: str = "net") -> None:
    signal = HeardSignal(serial, "offer", source, namespace, 1.0, pair.other.stays[0])
    pair.other.signals.append(signal)


def test_what_was_sent_so_is_no_forgery() -> None:
    pair = Pair()
    pair.hear(pair.send(0.0), 1.0)
    assert list(forgeries((pair.one, pair.other), ())) == []


@pytest.mark.parametrize(
    ("serial", "source", "namespace", "complaint"),
    [
        ("0.0", A, "net", "nobody has sent"),
        ("1.0", C, "net", "has sent"),
        ("1.0", A, "elsewhere", "another namespace"),
    ],
)
def test_what_was_not_sent_so_is_one(
    serial: str, source: PeerId, namespace: str, complaint: str
) -> None:
    pair = Pair()
    pair.send(0.0)
    heard(pair, serial, source, namespace)
    (found,) = forgeries((pair.one, pair.other), ())
    assert complaint in found
    kept = forgeries((pair.one, pair.other), (), {namespace})
    assert bool(list(kept)) == (namespace == "elsewhere")
    for liar in (source, B):
        assert list(forgeries((pair.one, pair.other), {liar})) == []


def test_what_was_for_somebody_else_is_one() -> None:
    pair = Pair()
    serial = pair.send(0.0)
    signal = HeardSignal(serial, "offer", A, "net", 1.0, pair.one.stays[0])
    pair.one.signals.append(signal)
    (found,) = forgeries((pair.one, pair.other), ())
    assert "which was for bbbbbbbb" in found


def test_what_cannot_be_read_is_told_and_other_surprises_are_not() -> None:
    pair = Pair()
    pair.one.surprises = [
        Surprise("a message it cannot read: no", 1.0),
        Surprise("a message of another namespace", 2.0),
        Surprise("a peer it knew", 3.0),
    ]
    assert len(list(unreadable([pair.one]))) == 2
