"""Whatever foreign clients say, in whichever dialect: all they hear is JSON, and nothing stays."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.visitors import OPENINGS, visitors

WORDS = (
    *("publish", "subscribe", "unsubscribe", "ping", "room", "OFFER", "ANSWER", "LEAVE", "EXPIRE"),
    *("HEARTBEAT", "one", "two", "announce", "scrape", "stopped", "completed", "a" * 20, "b" * 20),
)
FIELDS = (
    *("type", "topic", "topics", "clients", "dst", "src", "payload", "action", "info_hash"),
    *("peer_id", "to_peer_id", "offers", "offer", "offer_id", "answer", "event", "left", "numwant"),
)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 100) | st.sampled_from(WORDS) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
    ),
    max_leaves=6,
)
messages = st.dictionaries(st.sampled_from(FIELDS), values, max_size=6).map(json.dumps)
lines = st.tuples(st.integers(0, len(OPENINGS) - 1), messages | st.just("") | st.text(max_size=9))


@given(st.lists(lines, max_size=20))
def test_whatever_is_said_is_survived(said: list[tuple[int, str]]) -> None:
    visitors(b"\n".join(bytes((number,)) + text.encode(errors="replace") for number, text in said))
