"""What no file may do: the core is pure, libraries are kept to their modules, files stay short.

Each test is one rule, and fails with all that breaks it, file by file. Which packages of ours may
import which stands in `.importlinter`, and `make lint` checks it.
"""

import ast
import subprocess
import sys
from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("boundary")  # so that each file is read once

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
PACKAGE = SOURCE / "peerpigeon"
LONGEST_FILE = 400

# I/O, clocks, threads and chance. `random` is allowed for the name Random alone.
IMPURE = {
    *("asyncio", "concurrent", "datetime", "http", "io", "logging", "multiprocessing", "os"),
    *("pathlib", "queue", "secrets", "select", "selectors", "shutil", "signal", "socket"),
    *("socketserver", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib"),
    *("uuid",),
}
PURE = (sys.stdlib_module_names - IMPURE) | {"peerpigeon", "msgspec"}
BUILT_IN_IO = {"open", "print", "input", "eval", "exec", "__import__"}
# The functions that catch any exception: what they call is a library's or a user's, or may not
# cost the others of its kind. Each of them reports it.
CATCHES_ALL = {
    "net/asgi/http.py: _response",
    "net/driver.py: feed_all",
    "net/driver.py: perform",
    "net/http/library.py: _answer_to",
    "net/http/library.py: _write",
    "net/subscriptions.py: publish",
    "net/websocket/group.py: deliver",
    "rtc/channel_tasks.py: _open",
    "rtc/libdatachannel/channel.py: _refusing",
    "rtc/libdatachannel/channel.py: send",
}
WITH_A_CLOCK = {"asyncio", "socket", "ssl", "threading", "aiohttp", "uvloop"}
# What the simulator and processes are to have in common.
SAME_EVERYWHERE = {"steps", "course", "outcome", "cast"}
# Where each library is known.
LIBRARIES = {
    "aiohttp": {
        "diagnosis/examination.py",
        "diagnosis/mesh_status.py",
        "diagnosis/through_proxy.py",
        "diagnosis/words.py",
        "local_mesh/supervisor.py",
        "net/http/library.py",
        "scenario/real.py",
        "scenario/visitor.py",
    },
    "aioice": {
        "rtc/builtin/transport.py",
        "rtc/consent.py",
        "rtc/gathering.py",
        "rtc/ice_check.py",
    },
    "ifaddr": {"net/own_addresses.py"},
    "aiortc": {"rtc/aiortc/channel.py", "rtc/aiortc/transports.py"},
    "cryptography": {
        "net/http/token_signing.py",
        "net/identity.py",
        "net/tls/certificate.py",
        "rtc/certificate.py",
    },
    "jwt": {"net/http/token_keys.py", "net/http/token_signing.py", "net/http/tokens.py"},
    "libdatachannel": {"rtc/libdatachannel/channel.py"},
    "OpenSSL": {"rtc/builtin/dtls.py"},
    "opentelemetry": {"net/otlp.py"},
    "prometheus_client": {"net/metrics/exposition.py"},
    "shtab": {"cli/completion.py"},
}


@cache
def modules(folder: str = "") -> tuple[Path, ...]:
    return tuple(sorted((PACKAGE / folder).rglob("*.py")))


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text())))


@cache
def imports(path: Path) -> frozenset[str]:
    """All that is imported, absolute and dotted: `import a` is a, `from a import b` is a.b."""
    found = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def tops(path: Path) -> set[str]:
    return {each.partition(".")[0] for each in imports(path)}


def inside(path: Path, package: str) -> set[str]:
    """Return what a file imports of a package."""
    return {each for each in imports(path) if f"{each}.".startswith(f"{package}.")}


def catches_all(path: Path) -> set[str]:
    """Return the functions that catch any exception and do not raise it again."""
    handlers = {node for node in nodes(path) if isinstance(node, ast.ExceptHandler)}
    remaining = set(filter(is_for_all, handlers))
    found = set()
    for node in reversed(nodes(path)):  # what is inside of another function comes later
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            here = remaining.intersection(ast.walk(node))
            found |= {node.name for _ in here}
            remaining -= here
    return found | {"outside of functions" for _ in remaining}


def is_for_all(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    names = {node.id for node in ast.walk(caught) if isinstance(node, ast.Name)} if caught else ()
    raises_again = any(isinstance(node, ast.Raise) and node.exc is None for node in handler.body)
    is_wide = caught is None or "Exception" in names or "BaseException" in names
    return is_wide and not raises_again


def refuse(folder: str, offences: Callable[[Path], Collection[str]]) -> None:
    """Fail if a file of a folder has any offence, and say all that all have."""
    found = {name(path): offences(path) for path in modules(folder)}
    assert found, f"no file in {folder}"
    lines = [f"{path}: {', '.join(sorted(what))}" for path, what in found.items() if what]
    assert not lines, "\n".join(["", *lines])


def test_imports_are_absolute() -> None:
    def relative(path: Path) -> set[str]:
        found = (node for node in nodes(path) if isinstance(node, ast.ImportFrom) and node.level)
        return {f"line {node.lineno}" for node in found}

    refuse("", relative)


def test_core_is_pure() -> None:
    def impure(path: Path) -> set[str]:
        others = imports(path) - inside(path, "urllib.parse")  # of texts alone
        found = {each.partition(".")[0] for each in others} - PURE
        return found | (inside(path, "random") - {"random.Random"})

    refuse("core", impure)


def test_core_does_no_io() -> None:
    def calls(path: Path) -> set[str]:
        called = (node.func for node in nodes(path) if isinstance(node, ast.Call))
        return {each.id for each in called if isinstance(each, ast.Name)} & BUILT_IN_IO

    refuse("core", calls)


def test_core_hides_no_faults() -> None:
    refuse("core", catches_all)


def test_who_catches_any_exception_is_known() -> None:
    found = {f"{name(path)}: {function}" for path in modules() for function in catches_all(path)}
    assert sorted(found - CATCHES_ALL) == []
    assert sorted(CATCHES_ALL - found) == [], "no longer so"


def test_the_simulator_has_no_clock_and_no_sockets() -> None:
    refuse("sim", lambda path: tops(path) & WITH_A_CLOCK)


def test_what_is_to_come_out_the_same_in_a_scenario_has_no_clock() -> None:
    def clock(path: Path) -> set[str]:
        is_same = path.stem in SAME_EVERYWHERE or inside(path, "peerpigeon.sim")
        return tops(path) & WITH_A_CLOCK if is_same else set()

    refuse("scenario", clock)


def test_each_library_is_kept_to_its_modules() -> None:
    refuse(
        "",
        lambda path: {
            library
            for library, its_modules in LIBRARIES.items()
            if (library in tops(path)) != (name(path) in its_modules)
        },
    )


def test_files_stay_short() -> None:
    def lines_too_many(path: Path) -> set[str]:
        lines = len(path.read_text().splitlines())
        return {f"{lines} lines"} if lines > LONGEST_FILE else set()

    refuse("", lines_too_many)


def test_tests_in_virtual_time_never_wait() -> None:
    files = [path for folder in ("core", "sim") for path in (ROOT / "tests" / folder).rglob("*.py")]
    assert [path.name for path in files if "sleep" in path.read_text()] == []


def loaded(imported: str) -> set[str]:
    program = f"import sys, {imported}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_no_webrtc_library_is_loaded_before_an_engine_is_made() -> None:
    modules = loaded("peerpigeon.net.server, peerpigeon.cli.commands, peerpigeon.rtc.engines")
    assert not modules & {"aiortc", "aioice", "av", "libdatachannel", "OpenSSL"}


def test_a_server_does_not_load_what_only_other_commands_need() -> None:
    modules = loaded("peerpigeon.cli.commands, peerpigeon.cli.serve")
    others = {f"peerpigeon.{package}" for package in ("sim", "scenario", "local_mesh", "diagnosis")}
    assert not modules & {"aiohttp", "jwt", "cryptography", *others}
