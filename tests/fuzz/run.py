"""One target under the fuzzer: ``python -m tests.fuzz.run NAME`` and libFuzzer's own arguments."""

import sys

import atheris

with atheris.instrument_imports(include=["peerpigeon"]):
    from tests.fuzz.targets import TARGETS

if __name__ == "__main__":
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()
