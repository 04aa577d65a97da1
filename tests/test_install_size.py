"""What `pip install peerpigeon` brings, and how much of the disk it takes."""

import ast
import marshal
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
MB = 1_000_000
MOST = 60 * MB
# All of them: what is added here has to be worth its size and its faults.
EXPECTED = {
    *("aiohappyeyeballs", "aiohttp", "aiosignal", "attrs", "frozenlist", "multidict"),
    *("propcache", "yarl", "idna", "typing-extensions"),  # with aiohttp
    *("aioice", "dnspython", "ifaddr"),
    *("cryptography", "cffi", "pycparser", "pyopenssl"),
    *("google-crc32c", "msgspec", "prometheus-client", "pyjwt", "shtab", "uvloop"),
}


def needed(name: str, extras: frozenset[str] = frozenset()) -> Iterator[tuple[str, frozenset[str]]]:
    """What a distribution requires here, with the extras that are asked of it."""
    for text in distribution(name).requires or []:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            yield requirement.name.lower().replace("_", "-"), frozenset(requirement.extras)


@cache
def closure() -> frozenset[str]:
    """All that the package requires here, directly or not, without extras."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = list(needed("peerpigeon"))
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += needed(*each)
    return frozenset(name for name, _ in found)


def size(package: Distribution) -> int:
    """Bytes of all its files, byte code included, as pip has written them."""
    paths = (Path(str(package.locate_file(file))) for file in package.files or [])
    return sum(path.stat().st_size for path in paths if path.is_file())


def size_compiled(path: Path) -> int:
    """Bytes of the byte code that pip writes for a file (PEP 552: a header of 16)."""
    return 16 + len(marshal.dumps(compile(path.read_bytes(), str(path), "exec", dont_inherit=True)))


@cache
def left_out() -> tuple[Path, ...]:
    """The files and folders of the package that are not in its wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return tuple(
        ROOT / each for each in project["tool"]["hatch"]["build"]["targets"]["wheel"]["exclude"]
    )


def is_shipped(path: Path) -> bool:
    """Whether a file of the package is in its wheel."""
    return not any(path.is_relative_to(each) for each in left_out())


def named_in(path: Path) -> Iterator[str]:
    """Yield what a module imports, or names in a text by which it is imported."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{each.name}" for each in names)
            case ast.Import(names=names):
                yield from (each.name for each in names)
            case ast.Constant(value=str(text)) if text.startswith("peerpigeon."):
                yield text


def reached_from(modules: dict[str, Path], start: set[str]) -> set[str]:
    """Return what modules load, directly or not, the packages around each among it."""
    found, waiting = set(), list(start)
    while waiting:
        name = waiting.pop()
        if name in modules and name not in found:
            found.add(name)
            waiting += [name.rpartition(".")[0], *named_in(modules[name])]
    return found


def own_size() -> int:
    """Bytes of the package itself, as pip writes it."""
    paths = [path for path in (ROOT / "src").rglob("*") if path.is_file() and is_shipped(path)]
    files = sum(path.stat().st_size for path in paths if path.suffix != ".pyc")
    return files + sum(size_compiled(path) for path in paths if path.suffix == ".py")


def test_what_is_installed_is_what_is_expected() -> None:
    assert closure() - EXPECTED == set()


def test_no_codecs_come_with_data_channels() -> None:
    assert not closure() & {"aiortc", "av", "pylibsrtp", "libdatachannel-py"}


def test_an_installation_is_small() -> None:
    sizes = {name: size(distribution(name)) for name in closure()}
    assert min(sizes.values()) > 0
    assert own_size() + sum(sizes.values()) < MOST, sizes


@pytest.mark.slow
def test_the_wheel_has_what_programs_and_commands_load_and_no_more() -> None:
    source = ROOT / "src"
    modules = {
        ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (source / "peerpigeon").rglob("*.py")
    }
    entrances = {name for name in modules if name.startswith("peerpigeon.cli.")}
    reached = reached_from(modules, {"peerpigeon.__main__", "peerpigeon.asgi", *entrances})
    shipped = {name for name, path in modules.items() if is_shipped(path)}
    assert shipped - reached == set(), "of no use where it is installed: exclude it in pyproject"
    assert reached - shipped == set(), "lacking where it is installed"
