"""How deep JSON is nested is counted right, whatever stands in its texts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core.wire.nesting import DEEPEST, is_too_deep


@pytest.mark.parametrize("pair", ["[]", "{}"])
@pytest.mark.parametrize("depth", [1, DEEPEST, DEEPEST + 1, 3000])
def test_arrays_and_objects_count_one_inside_the_other(pair: str, depth: int) -> None:
    opening = '{"a":' if pair == "{}" else "["
    data = (opening * depth + "1" + pair[1] * depth).encode()
    assert is_too_deep(data) == (depth > DEEPEST)


def test_arrays_and_objects_count_together() -> None:
    half = DEEPEST // 2
    as_deep = '[{"a":' * half + "1" + "}]" * half
    assert not is_too_deep(as_deep.encode())
    assert is_too_deep(f"[{as_deep}]".encode())


@pytest.mark.parametrize(
    "data",
    [
        [[]] * 1000,
        [{"a": 1}] * 1000,
        "[" * 1000,
        {"a": '"' + "[" * 1000},
        {"a": "\\", "b": "[" * 1000},
        {"a": '\\"', "b": "{" * 1000},
    ],
    ids=["arrays", "objects", "text", "quote", "backslash", "both"],
)
def test_what_stands_side_by_side_or_in_texts_does_not_count(data: object) -> None:
    assert not is_too_deep(json.dumps(data).encode())
    deep = "[" * DEEPEST + json.dumps([data]) + "]" * DEEPEST
    assert is_too_deep(deep.encode())


def depth_of(data: object) -> int:
    match data:
        case dict():
            return 1 + max(map(depth_of, data.values()), default=0)
        case list():
            return 1 + max(map(depth_of, data), default=0)
    return 0


TREES = st.recursive(
    st.text(alphabet='[{}]"\\,: a', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(alphabet='[{"\\', max_size=3), inner, max_size=3)
    ),
)


@given(TREES, st.integers(DEEPEST - 4, DEEPEST + 1))
def test_it_is_as_a_parser_counts(tree: object, around: int) -> None:
    data = "[" * around + json.dumps(tree) + "]" * around
    assert is_too_deep(data.encode()) == (around + depth_of(tree) > DEEPEST)
