"""Subscriptions to a server's events: who is told of what, and for how long."""

from __future__ import annotations

import gc
import logging
import weakref

import pytest

from peerpigeon import Notice, PeerConnected, PeerDisconnected, PeerId, PeerPigeonServer
from peerpigeon.net.subscriptions import Subscriptions
from tests.net.client import A

CAME = PeerConnected(PeerId(A), 1)
LEFT = PeerDisconnected(PeerId(A), 1000, "", 0)


def test_a_callback_is_told_of_its_kind_of_event_alone() -> None:
    subscriptions, by_class, by_name = Subscriptions(), list[Notice](), list[Notice]()
    subscriptions.add(PeerConnected, by_class.append)
    subscriptions.add("peerConnected", by_name.append)
    for notice in (CAME, LEFT, CAME):
        subscriptions.publish(notice)
    assert by_class == by_name == [CAME, CAME]


def test_a_subscription_ends_when_asked_to_and_no_other_with_it() -> None:
    subscriptions, heard = Subscriptions(), list[Notice]()
    subscriptions.add(PeerConnected, heard.append)
    unsubscribe = subscriptions.add(PeerConnected, heard.append)
    subscriptions.publish(CAME)
    unsubscribe()
    subscriptions.publish(CAME)
    assert heard == [CAME] * 3


def test_to_end_a_subscription_twice_is_harmless() -> None:
    subscriptions, heard = Subscriptions(), list[Notice]()
    unsubscribe = subscriptions.add(PeerConnected, heard.append)
    unsubscribe()
    unsubscribe()
    subscriptions.publish(CAME)
    assert heard == []


def test_a_callback_may_end_its_own_subscription() -> None:
    subscriptions, heard = Subscriptions(), list[Notice]()

    def once(notice: Notice) -> None:
        heard.append(notice)
        unsubscribe()

    unsubscribe = subscriptions.add(PeerConnected, once)
    subscriptions.add(PeerConnected, heard.append)
    subscriptions.publish(CAME)
    subscriptions.publish(CAME)
    assert heard == [CAME] * 3


def test_a_subscriber_that_fails_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    subscriptions, heard = Subscriptions(), list[Notice]()
    subscriptions.add(PeerConnected, lambda _: 1 / 0)
    subscriptions.add(PeerConnected, heard.append)
    with caplog.at_level(logging.ERROR):
        subscriptions.publish(CAME)
    assert heard == [CAME]
    assert "a subscriber to PeerConnected failed" in caplog.text


def test_an_unknown_event_is_refused_with_the_known_names() -> None:
    with pytest.raises(ValueError, match="no event is called 'peerConected'; known are started"):
        PeerPigeonServer().on("peerConected", print)
    with pytest.raises(ValueError, match="no event is called <class 'int'>"):
        Subscriptions().add(int, print)


async def test_nobody_holds_a_reader_that_left() -> None:
    subscriptions = Subscriptions()
    reader = weakref.ref(subscriptions.stream())
    gc.collect()  # for an interpreter that does not count references
    assert reader() is None
    subscriptions.publish(CAME)
