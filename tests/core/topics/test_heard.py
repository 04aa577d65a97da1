"""Which publications were heard before."""

from __future__ import annotations

from peerpigeon.core.topics.heard import REMEMBERED, Heard
from tests.core.hubs import FIRST, SECOND


def test_a_publication_is_new_once() -> None:
    heard = Heard()
    assert heard.is_new("room", FIRST, 1, 0.0)
    assert not heard.is_new("room", FIRST, 1, 1.0)
    assert heard.is_new("room", FIRST, 2, 1.0)
    assert heard.is_new("room", SECOND, 1, 1.0)
    assert heard.is_new("another room", FIRST, 1, 1.0)


def test_it_is_forgotten_after_a_while() -> None:
    heard = Heard()
    for number in range(10):
        heard.is_new("room", FIRST, number, 0.0)
    for number in range(10, 20):
        heard.is_new("room", FIRST, number, REMEMBERED)
    assert len(heard) == 10
    assert heard.is_new("room", FIRST, 0, REMEMBERED)


def test_no_more_are_remembered_than_so_many() -> None:
    heard = Heard(most=3)
    for number in range(10):
        assert heard.is_new("room", FIRST, number, 0.0)
    assert len(heard) == 3
    assert not heard.is_new("room", FIRST, 7, 0.0)
    assert heard.is_new("room", FIRST, 6, 0.0)
