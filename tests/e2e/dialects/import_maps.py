"""The import maps of the demo pages that fetch packages of others: which files, with their hashes.

`python -m tests.e2e.dialects.import_maps` writes them anew, from what npm has installed: the
network that the pages fetch them from, and npm, have the same files.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import peerpigeon.net.http.demo
from tests.e2e.dialects.environment import PACKAGES
from tests.e2e.environment import install_packages

NETWORK = "https://cdn.jsdelivr.net/npm/"
DEMO = Path(peerpigeon.net.http.demo.__path__[0])
WRAPPED = "simple-peer/simplepeer.min.js"
"""What is imported as a module, and is none: a file of ours stands for it."""

STARTS = {
    "y_webrtc": {
        "yjs": "yjs/dist/yjs.mjs",
        "y-webrtc": "y-webrtc/src/y-webrtc.js",
        "simple-peer": WRAPPED,
    },
    "webtorrent": {"webtorrent": "webtorrent/dist/webtorrent.min.js"},
}
"""By page, the modules that it imports itself and the files in which they are."""

_IMPORTED = re.compile(r"^(?:import|export)\b[^'\"]*?from\s*['\"]([^'\"]+)['\"]", re.MULTILINE)


def import_map(page: str) -> dict[str, dict[str, str]]:
    """Return what a page's import map has to be."""
    imports = {name: address(file) for name, file in STARTS[page].items()}
    waiting, seen = list(STARTS[page].values()), set[str]()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        if file.endswith(".min.js"):  # has all that it needs
            continue
        for name in _IMPORTED.findall((PACKAGES / file).read_text()):
            if name == WRAPPED:
                imports[name] = "./simple-peer.js"
            elif name.startswith("."):
                waiting.append(str(Path(file).parent / name))
            else:
                found = file_of(name)
                imports[name] = address(found)
                waiting.append(found)
    hashes = {address(file): hash_of(file) for file in sorted(seen)}
    return {"imports": dict(sorted(imports.items())), "integrity": hashes}


def address(file: str) -> str:
    """Return where a file of a package is, in its installed version."""
    package, _, path = file.partition("/")
    version = json.loads((PACKAGES / package / "package.json").read_text())["version"]
    return f"{NETWORK}{package}@{version}/{path}"


def file_of(module: str) -> str:
    """Return the file for a module of a package, as a browser is to have it."""
    package, _, rest = module.partition("/")
    exports = json.loads((PACKAGES / package / "package.json").read_text())["exports"]
    entry: Any = exports[f"./{rest}" if rest else "."]
    while not isinstance(entry, str):
        entry = next(entry[key] for key in ("browser", "module", "import") if key in entry)
    return str(Path(package) / entry)


def hash_of(file: str) -> str:
    """Return the hash of a file, as browsers compare it."""
    digest = hashlib.sha384((PACKAGES / file).read_bytes()).digest()
    return f"sha384-{base64.b64encode(digest).decode()}"


def file_for(url: str) -> Path:
    """Return the installed file that is the one at an address of the network."""
    return PACKAGES / re.sub(r"@[^/]+", "", url.removeprefix(NETWORK), count=1)


if __name__ == "__main__":
    install_packages(PACKAGES.parent)
    for name in STARTS:
        text = json.dumps(import_map(name), indent=1)
        (DEMO / f"{name}.importmap.json").write_text(f"{text}\n")
