"""Each input that the fuzzer's corpus keeps does no harm."""

import pytest

from tests.fuzz.targets import CORPUS, TARGETS, kept

KEPT = [(name, data) for name in TARGETS for data in kept(name)]


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_kept_is_harmless(name: str) -> None:
    inputs = kept(name)
    assert inputs, "make fuzz OPTIONS=--keep fills the corpus"
    for data in inputs:
        TARGETS[name](data)


def test_there_is_a_target_for_each_corpus() -> None:
    assert {path.stem for path in CORPUS.iterdir()} == set(TARGETS)
