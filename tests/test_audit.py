"""The audit of dependencies tells what it has looked up from what it has not."""

import importlib
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    yield importlib.import_module("audit")
    del sys.modules["audit"]


PINS = """\
# a remark
AioHTTP==3.14.3
av==18.1.0; python_version == '3.11'
av==19.0.2; python_version == '3.12'
"""


def test_each_version_of_a_package_is_looked_up(audit: ModuleType) -> None:
    assert audit.pins(PINS) == {("aiohttp", "3.14.3"), ("av", "18.1.0"), ("av", "19.0.2")}


def test_what_a_database_does_not_know_counts_as_not_audited(audit: ModuleType) -> None:
    fault = {"id": "PYSEC-1", "fix_versions": ["2.0"], "aliases": []}
    report = {
        "dependencies": [
            {"name": "one", "version": "1.0", "vulns": [fault]},
            {"name": "two", "skip_reason": "Dependency not found on PyPI"},
            {"name": "Three", "version": "3.0", "vulns": []},
        ]
    }
    faults, audited = audit.read_report(json.dumps(report))
    assert faults == ["one 1.0: PYSEC-1, mended in 2.0"]
    assert audited == {("one", "1.0"), ("three", "3.0")}


def test_the_list_for_where_no_database_answers_names_affected_versions(audit: ModuleType) -> None:
    advisory = {"id": "X-1", "package": "aiohttp", "affected": "<3.14.4", "fault": "memory"}
    assert audit.listed(audit.pins(PINS), [advisory]) == ["aiohttp 3.14.3: X-1, memory"]
    assert audit.listed({("aiohttp", "3.14.4"), ("av", "1")}, [advisory]) == []


def test_no_pinned_version_is_on_our_own_list(audit: ModuleType) -> None:
    known = tomllib.loads((ROOT / "scripts/advisories.toml").read_text())["advisory"]
    assert audit.listed(audit.pins((ROOT / "constraints.txt").read_text()), known) == []
    older = {(advisory["package"], "0.0.1") for advisory in known}
    assert len(audit.listed(older, known)) == len(known)
