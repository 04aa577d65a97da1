#!/bin/sh
# Finds a Python and has it make or renew .venv: sh scripts/setup.sh run|dev|fuzz|docs
#
# A name on the PATH may be a stand-in that starts nothing (a version manager's, say), or a Python
# that cannot make virtual environments. So each candidate is run, and the first that can is taken.
set -eu
cd "$(dirname "$0")/.."

can='
import sys
sys.version_info >= (3, 11) or sys.exit(1)
import ensurepip, ssl, venv
print(sys.executable)
'

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        "$PYTHON" -c "$can" 2>/dev/null
        return
    fi
    for candidate in python3 python3.13 python3.12 python3.11 python \
        "$HOME"/.pyenv/versions/*/bin/python; do
        "$candidate" -c "$can" 2>/dev/null && return
    done
    return 1
}

if ! python=$(find_python); then
    if [ -n "${PYTHON:-}" ]; then
        echo "PYTHON=$PYTHON is no Python 3.11 or newer that can make virtual environments." >&2
    else
        echo "Python 3.11 or newer with venv is needed, and none was found." >&2
        echo "Install it (on Debian and Ubuntu: apt install python3 python3-venv)," >&2
        echo "or name one: make PYTHON=/path/to/python3" >&2
    fi
    exit 1
fi
exec "$python" scripts/setup.py "$@"
