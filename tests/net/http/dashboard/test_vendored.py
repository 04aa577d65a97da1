"""The libraries that the dashboard uses: exactly what was published, with their licences."""

import hashlib
import re
from pathlib import Path

import pytest

from peerpigeon.net.http.dashboard.files import VENDORED, read_file
from tests.net.http.dashboard.test_pages import FOLDER

# Of the files in `dist` of `npm pack PACKAGE@VERSION`; `sha256sum -c` in the folder reads it too.
LINES = Path(__file__).with_name("SHA256SUMS").read_text().splitlines()
HASHES = {path: digest for digest, _, path in (line.partition("  ") for line in LINES)}


@pytest.mark.parametrize("path", VENDORED)
def test_it_is_what_was_published(path: str) -> None:
    assert hashlib.sha256(read_file(path).body).hexdigest() == HASHES[path]


@pytest.mark.parametrize("path", [path for path in VENDORED if path.endswith(".js")])
def test_its_folder_says_which_version_it_is(path: str) -> None:
    version = path.partition("/")[0].rpartition("-")[2]
    head = read_file(path).body[:200].decode()
    found = re.search(r"v(\d+\.\d+\.\d+)", head)
    assert found, head
    assert found[1] == version


@pytest.mark.parametrize("folder", sorted({path.partition("/")[0] for path in VENDORED}))
def test_its_licence_is_beside_it_and_lets_us_pass_it_on(folder: str) -> None:
    licence = (FOLDER / "vendor" / folder / "LICENSE").read_text()
    assert "Copyright" in licence
    assert re.search(r"Permission .*is hereby granted|Permission to use, copy", licence)


@pytest.mark.parametrize("path", VENDORED)
def test_it_needs_nothing_that_the_policy_of_the_page_forbids(path: str) -> None:
    text = read_file(path).body.decode()
    assert not re.search(r"innerHTML|\beval\(|new Function|document\.write|\bfetch\(|@import", text)
