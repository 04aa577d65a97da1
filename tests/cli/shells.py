"""Shells that complete command lines, as a person has them do it with the tab key."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DEADLINE = 60.0

_BASH = """
source "$1"
COMP_WORDS=("${@:2}")
COMP_CWORD=$(($# - 2))
_shtab_peerpigeon
printf '%s\\n' "${COMPREPLY[@]}"
"""
_FISH = """
source $argv[1]
complete -C $argv[2] | string replace -r '\\t.*' ''
true # without an offer there is nothing to replace
"""
# zsh completes at a terminal alone. There, what it has made of the line is given to a function.
_ZSH = """
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "fpath=($1 \\$fpath); autoload -U compinit; compinit -u -D"
zpty -w z "peerpigeon() { print -r -- \\"GOT:\\$*\\" }; print rea''dy"
until [[ $out == *ready* ]]; do zpty -r z out; done
zpty -w z "$2"$'\\t'
out=
until [[ $out == *GOT:* ]]; do zpty -r z out; done
print -r -- "${out#*GOT:}"
"""


def lacking(group: str) -> str | None:
    """Say in one line why the tests marked `group` cannot run here, or None if they can."""
    del group
    absent = [name for name in ("zsh", "fish") if shutil.which(name) is None]
    return f"no {' and no '.join(absent)} found (install them)" if absent else None


def by_bash(script: Path, line: str) -> list[str]:
    """Return what bash offers for the last word of a line."""
    words = shlex.split(line) + ([""] if line.endswith(" ") else [])
    return _run("bash", "-c", _BASH, "bash", str(script), *words)


def by_fish(script: Path, line: str) -> list[str]:
    """Return what fish offers for the last word of a line."""
    return _run("fish", "--no-config", "-c", _FISH, str(script), line)


def by_zsh(script: Path, line: str) -> list[str]:
    """Return the words behind the command that zsh makes of a line, if only one is possible."""
    folder = script.parent / "functions"
    folder.mkdir()
    shutil.copy(script, folder / "_peerpigeon")
    [made] = _run("zsh", "-c", _ZSH, "zsh", str(folder), line)
    return made.split()


def _run(*words: str) -> list[str]:
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=DEADLINE)
    assert done.stderr == ""
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]
