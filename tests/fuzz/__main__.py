"""``python -m tests.fuzz``: fuzz each target for a while, from the inputs that are kept."""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.reach import needed
from tests.fuzz.targets import TARGETS, keep, kept

LONGEST = 2048
"""Bytes of an input: longer ones find nothing more here, and take longer."""


def write_corpus(name: str, folder: Path) -> None:
    """Put the kept inputs into files, as the fuzzer wants them."""
    folder.mkdir(parents=True)
    for number, data in enumerate(kept(name)):
        (folder / str(number)).write_bytes(data)


def fuzz(name: str, seconds: int, folder: Path) -> bool:
    """Fuzz one target; tell whether nothing was found. What was found is in ``folder``."""
    command = [sys.executable, "-m", "tests.fuzz.run", name]
    limits = [
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST}",
        "-rss_limit_mb=1024",
        "-timeout=20",
    ]
    done = subprocess.run(
        [*command, *limits, f"-artifact_prefix={folder}/", str(folder / "corpus")],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stderr.splitlines()
    if done.returncode:
        print(f"{name}: a fault")
        print(done.stdout[-4000:])
        print("\n".join(line for line in lines if not line.startswith("INFO"))[-4000:])
        for path in folder.glob("*-*"):
            print(f"{path.name}: {path.read_bytes()!r}")
        return False
    runs = next((line for line in reversed(lines) if line.startswith("Done")), "no end")
    counts = [line.partition("cov: ")[2].split()[0] for line in lines if "cov: " in line]
    print(f"{name}: {runs.removeprefix('Done ')}, {counts[-1]} places reached", flush=True)
    return True


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(TARGETS)} (all)")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--keep", action="store_true", help="keep the inputs that reach new code")
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(unknown)}")
    if find_spec("atheris") is None:
        print("not run: atheris, the fuzzer, has no build for this machine", file=sys.stderr)
        return 3
    is_clean = True
    for name in options.targets or TARGETS:
        with TemporaryDirectory(prefix=f"fuzz-{name}-") as made:
            folder = Path(made)
            write_corpus(name, folder / "corpus")
            is_clean &= fuzz(name, options.seconds, folder)
            if options.keep:
                found = (path.read_bytes() for path in (folder / "corpus").iterdir())
                keep(name, needed(TARGETS[name], found))
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
