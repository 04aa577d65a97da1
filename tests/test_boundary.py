"""Who may import whom: the core is pure, the shells stand round it, its parts are strangers."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
PACKAGE = SOURCE / "peerpigeon"
LONGEST_FILE = 400

# What any part of the core may speak in.
VOCABULARY = {
    *("ids", "config", "options", "messages", "dialect", "frames", "events", "actions", "notices"),
    *("changes", "closecodes"),
    *("outcome", "memory", "snapshot", "timetable"),
}
# Who puts which parts together. All others are parts, and do not know each other.
ASSEMBLY = {
    "hub": {"clients", "keepers", "mesh", "outbox", "presence", "rendezvous", "stream"},
    "clients": {
        *("hosting", "outbox", "presence", "references", "registry", "relays", "tidings"),
    },
    "tidings": {"outbox", "references", "registry"},
    "references": {"hosting", "registry", "told"},
    "hosting": {"registry", "told"},
    "registry": {"offers"},
    "relays": {"offers", "outbox", "presence", "registry", "waiting"},
    "presence": {"lives", "places", "waiting"},
    "rendezvous": {"introductions", "records"},
    "introductions": {"keepers", "records"},
    "stream": {"segments"},
    "mesh": {
        *("courier", "credentials", "dialler", "doorman", "gossip", "links"),
        *("membership", "migration", "negotiation", "pursuit", "weaver"),
    },
    "weaver": {"links", "membership", "pursuit", "topology"},
    "gossip": {"links", "membership"},
    "courier": {"links", "membership", "routing"},
    "dialler": {"bootstrap", "links", "membership", "pursuit"},
    "doorman": {"credentials", "departures", "links"},
    "negotiation": {"courier", "membership", "pursuit"},
}
# I/O, clocks, threads and chance. `random` is allowed for the name Random alone.
IMPURE = {
    *("asyncio", "concurrent", "datetime", "http", "io", "logging", "multiprocessing", "os"),
    *("pathlib", "queue", "secrets", "select", "selectors", "shutil", "signal", "socket"),
    *("socketserver", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib"),
    *("uuid",),
}
BUILT_IN_IO = {"open", "print", "input", "eval", "exec", "__import__"}
CONFIG = (".config", ".config.ServerConfig", ".config.variables")
AIOHTTP_MODULES = {"network/network.py", "scenario/real.py", "scenario/visitor.py"}
WEBRTC_MODULES = {
    "aiortc": {"rtc/aiortc_engine.py"},
    "aioice": {"rtc/gathering.py"},
    "libdatachannel": {"rtc/libdatachannel_engine.py"},
}


def modules(folder: str = "") -> list[Path]:
    return sorted((PACKAGE / folder).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imports(path: Path) -> set[str]:
    """All modules and names imported, absolute and dotted: `from a import b` gives a and a.b."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


def inside(imported: set[str], package: str) -> set[str]:
    return {each for each in imported if each == package or each.startswith(package + ".")}


def tops(path: Path) -> set[str]:
    return {each.partition(".")[0] for each in imports(path)}


@pytest.mark.parametrize("path", modules("core"), ids=name)
def test_core_is_pure(path: Path) -> None:
    imported = imports(path)
    allowed = (sys.stdlib_module_names - IMPURE) | {"peerpigeon", "msgspec"}
    assert tops(path) <= allowed
    assert inside(imported, "random") <= {"random", "random.Random"}
    assert "import random" not in path.read_text()
    ours = inside(imported, "peerpigeon") - {"peerpigeon"}
    assert ours == inside(imported, "peerpigeon.core")


@pytest.mark.parametrize("path", modules("core"), ids=name)
def test_core_neither_does_io_nor_hides_faults(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            assert not re.search(r"\b(everything|Exception|BaseException)\b", caught), node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in BUILT_IN_IO, node.lineno


@pytest.mark.parametrize("path", modules("core"), ids=name)
def test_parts_of_the_core_know_only_whom_they_put_together(path: Path) -> None:
    core = inside(imports(path), "peerpigeon.core") - {"peerpigeon.core"}
    known = {each.split(".")[2] for each in core} - VOCABULARY
    assert known == ASSEMBLY.get(path.stem, set())


@pytest.mark.parametrize("path", modules("sim"), ids=name)
def test_the_simulator_stands_on_the_core_alone(path: Path) -> None:
    imported = imports(path)
    assert not tops(path) & {"asyncio", "socket", "ssl", "threading", "aiohttp", "uvloop"}
    ours = inside(imported, "peerpigeon") - {"peerpigeon"}
    assert ours == inside(imported, "peerpigeon.core") | inside(imported, "peerpigeon.sim")


@pytest.mark.parametrize("path", modules("net"), ids=name)
def test_the_network_does_not_know_the_simulator(path: Path) -> None:
    assert not inside(imports(path), "peerpigeon.sim")


@pytest.mark.parametrize("path", modules("network"), ids=name)
def test_the_command_network_knows_hubs_from_outside_only(path: Path) -> None:
    ours = {each.split(".")[1] for each in inside(imports(path), "peerpigeon") if "." in each}
    assert ours <= {"addresses", "core", "ending", "network"}
    core = inside(imports(path), "peerpigeon.core")
    assert core <= {f"peerpigeon.core{each}" for each in ("", *CONFIG)}


@pytest.mark.parametrize("path", modules("scenario"), ids=name)
def test_scenarios_know_the_simulator_and_processes_but_no_sockets_of_ours(path: Path) -> None:
    ours = {each.split(".")[1] for each in inside(imports(path), "peerpigeon") if "." in each}
    assert ours <= {"core", "network", "scenario", "sim"}
    if "sim" in ours or path.stem in {"steps", "course", "outcome", "cast"}:
        assert not tops(path) & {"asyncio", "aiohttp"}, "what is to come out the same has no clock"


def test_each_web_library_is_kept_to_its_module() -> None:
    using = [name(path) for path in modules() if "websockets" in tops(path)]
    assert using == ["net/websocket/masking.py"]
    assert {name(path) for path in modules() if "aiohttp" in tops(path)} <= AIOHTTP_MODULES
    for library, its_modules in WEBRTC_MODULES.items():
        assert {name(path) for path in modules() if library in tops(path)} == its_modules


def loaded(imported: str) -> set[str]:
    program = f"import sys, {imported}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_no_webrtc_library_is_loaded_before_an_engine_is_made() -> None:
    modules = loaded("peerpigeon, peerpigeon.cli, peerpigeon.rtc.channel")
    assert not modules & {"aiortc", "aioice", "av", "libdatachannel"}


def test_a_server_does_not_load_what_only_other_commands_need() -> None:
    modules = loaded("peerpigeon.cli")
    assert not modules & {"aiohttp", "peerpigeon.sim", "peerpigeon.scenario", "peerpigeon.network"}


@pytest.mark.parametrize("path", modules(), ids=name)
def test_files_stay_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("folder", ["core", "sim"])
def test_tests_in_virtual_time_never_wait(folder: str) -> None:
    for path in (ROOT / "tests" / folder).rglob("*.py"):
        assert "sleep" not in path.read_text(), path
