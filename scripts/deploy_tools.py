"""Makes or renews .venv-deploy, with what checks the files in deploy/: `make deploy-tools`.

It takes a Python of its own, because Helm's library is there for 3.12 and newer alone.
"""

import hashlib
import shutil
import sys

import environments
import pythons

FOLDER = environments.ROOT / ".venv-deploy"
MARK = FOLDER / "installed"
VERSIONS = ("3.12", "3.13")


def main() -> None:
    """Do nothing, quickly, if it was made from today's pyproject.toml."""
    wanted = hashlib.sha256((environments.ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if MARK.exists() and MARK.read_text() == wanted:
        return
    python = next(filter(None, map(pythons.find, VERSIONS)), None)
    if python is None:
        sys.exit(f"Helm's library needs Python {' or '.join(VERSIONS)}, and none was found.")
    print(f"setting up {FOLDER.name} (300 MB)", flush=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    environments.install(environments.make(python, FOLDER), "--group", "deploy")
    MARK.write_text(wanted)


if __name__ == "__main__":
    main()
