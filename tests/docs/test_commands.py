"""Each command in the README and in the guides is run, as it stands or as said here."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest
from aiohttp import ClientSession, WSServerHandshakeError

from tests.docs.commands import PAGES, TAG, blocks, commands, is_command
from tests.docs.pages import ROOT
from tests.net.client import Client
from tests.rtc.environment import ALONE
from tests.selection import thorough

if TYPE_CHECKING:
    from collections.abc import Sequence

DEADLINE = 120.0  # seconds; far beyond what anything here takes, on a machine that is busy


@dataclass(frozen=True)
class Serves:
    """It starts a server on a machine of its own, at this port, until it is asked to end."""

    port: int


@dataclass(frozen=True)
class Shows:
    """It says this, on a machine of its own, and goes on until Ctrl-C."""

    text: str


@dataclass(frozen=True)
class Says:
    """It ends, and has said this; ``more`` is added, so that it takes less or changes nothing."""

    text: str
    more: str = ""


@dataclass(frozen=True)
class Asks:
    """It asks a server that runs on the same machine."""

    replaced: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Elsewhere:
    """This test runs it."""

    test: str


How: TypeAlias = Serves | Shows | Says | Asks | Elsewhere

ONE_MACHINE = Elsewhere("tests/docs/test_commands.py::test_the_lines_for_one_machine_make_a_mesh")
HOSTS = Elsewhere("tests/docs/test_hosts.py")
TOKENS = Elsewhere("tests/docs/test_commands.py::test_the_lines_about_tokens_let_a_client_in")
TLS = Elsewhere("tests/docs/test_tls_commands.py")
UNIX = Elsewhere("tests/docs/test_tls_commands.py")
OPERATORS = Elsewhere(
    "tests/docs/test_commands.py::test_the_lines_for_several_operators_make_a_mesh"
)
RELAYS = Elsewhere("tests/docs/test_commands.py::test_the_line_about_turn_hands_out_credentials")
CONFIG = Elsewhere("tests/docs/test_configuration.py::test_the_file_on_the_page_is_in_order")
TRACES = Elsewhere("tests/docs/test_tracing_lines.py")
INSTALL = Elsewhere("tests/docs/test_install_lines.py")
NGINX = Elsewhere("tests/docs/test_nginx_lines.py")
INSTALLED = "--no-deps --no-build-isolation --quiet --dry-run --report - --ignore-installed"
QUICKLY = '"OPTIONS=-n 0 tests/docs/test_readme.py"'

HOW: dict[str, How] = {
    "make run": Shows("4 hubs, one mesh"),
    "peerpigeon server --host 0.0.0.0 --port 4444": Serves(4444),
    "peerpigeon server --host 0.0.0.0 --port 8000": Serves(8000),
    "peerpigeon server --host 0.0.0.0 --port 9000": Serves(9000),
    "make test": Says(" passed", QUICKLY),
    "STRICT=1 make test": Says(" passed", QUICKLY),
    "make test-all": Says(" passed", QUICKLY),
    "make help": Says("make run"),
    (
        "peerpigeon simulate --hubs 20 --max-peers 4 --clients 400 --namespaces 37"
        " --signals 5000 --kill 4"
    ): Says("none lost"),
    "make bench": Says("benchmarks.suite", "--dry-run"),
    "python3 -m venv .venv": INSTALL,
    ". .venv/bin/activate": INSTALL,
    "pip install .": Says('"name": "peerpigeon"', INSTALLED),
    "pip install '.[fast]'": Says('"fast"', INSTALLED),
    "pip install '.[aiortc]'": Says('"aiortc"', INSTALLED),
    "pip install '.[otel]'": Says('"otel"', INSTALLED),
    "python collector.py": TRACES,
    "peerpigeon network --hubs 3 --trace-every 1": TRACES,
    "peerpigeon server": Serves(3000),
    "peerpigeon server --host 0.0.0.0 --port 8080": Serves(8080),
    "PORT=8080 MAX_CONNECTIONS=5000 peerpigeon server": Serves(8080),
    "python -m peerpigeon server": Serves(3000),
    "peerpigeon hub --help": Says("--max-connections"),
    "peerpigeon config --show": Says("max_connections"),
    "PORT=3001 peerpigeon hub": Serves(3001),
    "peerpigeon hub --workers auto": Serves(3000),
    "peerpigeon hub": ONE_MACHINE,
    "peerpigeon hub --port 3001 --bootstrap-hubs ws://localhost:3000": ONE_MACHINE,
    (
        "peerpigeon hub --port 3002 --bootstrap-hubs ws://localhost:3000,ws://localhost:3001"
    ): ONE_MACHINE,
    "peerpigeon hub --advertise wss://hub1.example.org": Serves(3000),
    "peerpigeon hub --advertise wss://hub1.example.org --admin-port 3001": Serves(3000),
    "peerpigeon server --allowed-hosts signal.example.org": Serves(3000),
    (
        "peerpigeon hub --client-ice-servers stun:turn.example.org,turn:turn.example.org"
        " --turn-secret-file turn.secret"
    ): RELAYS,
    "peerpigeon server --trusted-proxies 127.0.0.1,10.0.0.0/8": Serves(3000),
    "peerpigeon config --check --config peerpigeon.toml": CONFIG,
    "peerpigeon config hub --show": Says("default"),
    "peerpigeon drain http://localhost:3001": Elsewhere("tests/cli/test_drain.py"),
    "peerpigeon config --check": Says("can be started"),
    "peerpigeon config --example": Says("max_connections"),
    "peerpigeon completion bash": Says("_shtab_peerpigeon"),
    "peerpigeon server --uds /run/peerpigeon/hub.sock --trusted-proxies unix:": UNIX,
    "peerpigeon token --new-key signing.json --keys keys.json": TOKENS,
    (
        "peerpigeon server --token-keys keys.json"
        " --namespace-access 'lobby=open,old-*=closed,*=token'"
    ): TOKENS,
    (
        "peerpigeon token --key signing.json --ns 'room-*'"
        " --sub 1111111111111111111111111111111111111111 --ttl 15m"
    ): TOKENS,
    "peerpigeon hub --host 0.0.0.0 --tls-cert fullchain.pem --tls-key privkey.pem": TLS,
    "peerpigeon hub --hub-ca ca.pem --bootstrap-hubs wss://hub1.example.org:3000": TLS,
    "peerpigeon network --hubs 8": Shows("8 hubs, one mesh"),
    "peerpigeon network --hubs 8 --port 4000": Shows("8 hubs, one mesh"),
    "peerpigeon status ws://127.0.0.1:3000": Elsewhere("tests/diagnosis/test_status.py"),
    "peerpigeon doctor wss://hub.example.org --wait 90"
    " --ice-servers turn:USER:PASSWORD@turn.example.org": Elsewhere(
        "tests/diagnosis/test_doctor.py"
    ),
    "peerpigeon simulate": Says("none lost"),
    "peerpigeon simulate --hubs 40 --max-peers 4 --kill 12": Says("28 of 40 alive"),
    "peerpigeon play SCENARIO.txt": Elsewhere("tests/scenarios/test_play.py"),
    "curl http://localhost:3000/health": Asks(),
    "curl http://HOST:PORT/health": Asks((("HOST", "localhost"), ("PORT", "3000"))),
    "openssl rand -hex 32": HOSTS,
    "export HUB_SECRET=SECRET": HOSTS,
    "peerpigeon hub --host 0.0.0.0 --udp-ports 40000-40100": HOSTS,
    (
        "peerpigeon hub --host 0.0.0.0 --udp-ports 40000-40100 --bootstrap-hubs ws://FIRST:3000"
    ): HOSTS,
    (
        "peerpigeon hub --host 0.0.0.0 --advertise ws://OWN:3000 --bootstrap-hubs ws://FIRST:3000"
    ): HOSTS,
    "peerpigeon status ws://localhost:3000": HOSTS,
    "peerpigeon doctor ws://FIRST:3000": HOSTS,
    "mkdir -p /etc/ssl/peerpigeon": NGINX,
    (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=signal.example.org"
        " -addext subjectAltName=DNS:signal.example.org"
        " -keyout /etc/ssl/peerpigeon/privkey.pem -out /etc/ssl/peerpigeon/fullchain.pem"
    ): NGINX,
    (
        "sed -e s/hub1:3000/127.0.0.1:3000/ -e s/hub2:3000/127.0.0.1:3001/"
        " -e s/hub3:3000/127.0.0.1:3002/ deploy/nginx/peerpigeon.conf"
        " > /etc/nginx/conf.d/peerpigeon.conf"
    ): NGINX,
    "nginx -t": NGINX,
    (
        "peerpigeon hub --trusted-proxies 127.0.0.1 --allowed-hosts signal.example.org"
        " --admin-port 3010"
    ): NGINX,
    (
        "peerpigeon hub --trusted-proxies 127.0.0.1 --allowed-hosts signal.example.org --port 3001"
    ): NGINX,
    (
        "peerpigeon hub --trusted-proxies 127.0.0.1 --allowed-hosts signal.example.org --port 3002"
    ): NGINX,
    ("peerpigeon doctor wss://signal.example.org --ca /etc/ssl/peerpigeon/fullchain.pem"): NGINX,
    "peerpigeon status http://localhost:3010": NGINX,
    "peerpigeon identity hub.pem": OPERATORS,
    (
        "peerpigeon hub --host 0.0.0.0 --hub-identity hub.pem --hub-members ID1,ID2,ID3"
        " --bootstrap-hubs wss://FIRST"
    ): OPERATORS,
    # It would change the machine that the tests run on; this asks for what it would change.
    "sysctl net.core.rmem_max=4194304": Says("net.core.rmem_max", "--dry-run"),
    ".venv/bin/python -m benchmarks.rolling": Says("--restart", "--help"),
    (
        ".venv/bin/python -m pytest --log-cli-level=INFO tests/mesh/test_recovery.py"
        " tests/mesh/test_blocked.py"
    ): Says("test_blocked.py::", "--collect-only -q"),
    ".venv/bin/python -m tests.deploy.rolling nginx --without ' max_fails=0'": Says(
        "--without", "--help"
    ),
    ".venv/bin/python -m pytest --log-cli-level=INFO tests/deploy/test_rolling.py": Says(
        "test_rolling.py::", "--collect-only -q"
    ),
}


LONG = {
    (
        ".venv/bin/python -m pytest --log-cli-level=INFO tests/mesh/test_recovery.py"
        " tests/mesh/test_blocked.py"
    ),
    ".venv/bin/python -m pytest --log-cli-level=INFO tests/deploy/test_rolling.py",
    "STRICT=1 make test",
    "make test-all",
    "peerpigeon network --hubs 8",
    "peerpigeon network --hubs 8 --port 4000",
    "peerpigeon simulate --hubs 20 --max-peers 4 --clients 400 --namespaces 37 --signals 5000"
    " --kill 4",
    "peerpigeon simulate --hubs 40 --max-peers 4 --kill 12",
}


def of_kind(kind: type[How]) -> list[object]:
    found = [command for command, how in HOW.items() if isinstance(how, kind)]
    return [thorough(command) if command in LONG else command for command in found]


def environment(**more: str) -> dict[str, str]:
    """Return that of a user who has activated `.venv`, with no test around, nor a `make test`."""
    around = ("PYTEST", "MAKE", "MFLAGS", "OPTIONS")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(around)}
    folder = str(Path(sys.executable).parent)
    return kept | {"PATH": f"{folder}:{os.environ['PATH']}"} | more


def split(command: str) -> tuple[list[str], dict[str, str]]:
    """Return the words of a command, and the variables that it sets."""
    words = shlex.split(command)
    count = next(number for number, word in enumerate(words) if "=" not in word)
    return words[count:], dict(word.split("=", 1) for word in words[:count])


def alone(words: Sequence[str], **variables: str) -> subprocess.Popen[str]:
    """Start a command on a machine of its own, as far as the network goes."""
    return subprocess.Popen(
        [*ALONE, "sh", *words],
        cwd=ROOT,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Read what a command says until that text comes; it has ended if it does not."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f"{text!r} was not said, but:\n{said}")


def end(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """Have a command and all that it started end; return its status and what it still said."""
    try:
        os.killpg(process.pid, number)
        said, _ = process.communicate(timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return process.returncode, said


# The table


def test_each_command_of_the_pages_has_its_test_here_and_none_has_gone() -> None:
    assert commands() == HOW.keys()


def test_commands_stand_in_blocks_that_have_nothing_else() -> None:
    found = [(tag, line) for page in PAGES for tag, lines in blocks(page) for line in lines]
    assert [line for tag, line in found if tag == TAG and not is_command(line)] == []
    assert [line for tag, line in found if tag != TAG and is_command(line)] == []


@pytest.mark.parametrize("command", of_kind(Elsewhere))
def test_the_test_that_is_named_for_a_command_exists(command: str) -> None:
    how = HOW[command]
    assert isinstance(how, Elsewhere)
    path, _, name = how.test.partition("::")
    assert f"def {name}(" in (ROOT / path).read_text() if name else (ROOT / path).is_file()


# The commands


@pytest.mark.slow
@pytest.mark.namespace
@pytest.mark.parametrize("command", of_kind(Serves))
def test_a_server_starts_where_the_page_says_and_ends_when_asked(command: str) -> None:
    how = HOW[command]
    assert isinstance(how, Serves)
    words, variables = split(command)
    process = alone(words, **variables)
    said = read_until(process, "Ctrl-C")
    assert f":{how.port}/health" in said
    assert end(process, signal.SIGTERM)[0] == 0


@pytest.mark.slow
@pytest.mark.namespace
@pytest.mark.xdist_group("hubs")
@pytest.mark.parametrize("command", of_kind(Shows))
def test_a_network_shows_itself_and_ends_on_ctrl_c(command: str) -> None:
    how = HOW[command]
    assert isinstance(how, Shows)
    process = alone(split(command)[0])
    read_until(process, how.text)
    assert "ended" in end(process, signal.SIGINT)[1]


@pytest.mark.slow
@pytest.mark.parametrize("command", of_kind(Says))
def test_a_command_ends_and_has_said(command: str) -> None:
    how = HOW[command]
    assert isinstance(how, Says)
    words, variables = split(command)
    done = subprocess.run(
        [*words, *shlex.split(how.more)],
        cwd=ROOT,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert how.text in done.stdout


@pytest.mark.slow
@pytest.mark.namespace
@pytest.mark.parametrize("command", of_kind(Asks))
def test_a_server_is_asked_how_it_is(command: str) -> None:
    how = HOW[command]
    assert isinstance(how, Asks)
    for name, value in how.replaced:
        command = command.replace(name, value)
    script = f"peerpigeon server & until {command}; do sleep 0.1; done; kill $!; wait"
    process = alone(["sh", "-c", script])
    said = read_until(process, '"isHub"')
    assert '"isHub": false' in said
    process.communicate(timeout=DEADLINE)


@pytest.mark.slow
@pytest.mark.namespace
@pytest.mark.xdist_group("hubs")
def test_the_lines_for_one_machine_make_a_mesh() -> None:
    [lines] = [lines for _, lines in blocks("README.md") if lines[:1] == ["peerpigeon hub"]]
    assert set(lines) == {command for command, how in HOW.items() if how is ONE_MACHINE}
    asked = " && ".join(
        f"curl -s http://localhost:{port}/health | grep -q '\"knownHubs\": 3'"
        for port in (3000, 3001, 3002)
    )
    started = "".join(f"{line} & " for line in lines)
    script = f"{started} until {asked}; do sleep 0.1; done; echo all know all; wait"
    process = alone(["sh", "-c", script])
    read_until(process, "all know all")
    end(process, signal.SIGTERM)


@pytest.mark.slow
def test_the_lines_about_tokens_let_a_client_in(tmp_path: Path) -> None:
    key, server, token = (split(line)[0] for line, how in HOW.items() if how is TOKENS)

    def started(words: list[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            words,
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    assert "keys.json" in started(key).communicate(timeout=DEADLINE)[0]
    shown, _ = started(token).communicate(timeout=DEADLINE)
    process = started([*server, "--port", "0"])
    try:
        port = re.search(r":([0-9]+)/health", read_until(process, "Ctrl-C"))
        assert port is not None
        asyncio.run(_enter(int(port[1]), "1" * 40, shown.strip()))
    finally:
        process.terminate()
        process.communicate(timeout=DEADLINE)


@pytest.mark.slow
def test_the_line_about_turn_hands_out_credentials(tmp_path: Path) -> None:
    [line] = (split(line)[0] for line, how in HOW.items() if how is RELAYS)
    secret = tmp_path / "turn.secret"
    secret.write_text("b" * 64)
    secret.chmod(0o600)
    process = subprocess.Popen(
        [*line, "--port", "0"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        port = re.search(r":([0-9]+)/health", read_until(process, "Ctrl-C"))
        assert port is not None
        asked = f"http://localhost:{port[1]}/ice-servers?networkName=my-namespace"
        with urllib.request.urlopen(asked, timeout=DEADLINE) as answer:
            stun, turn = json.load(answer)["iceServers"]
        assert (stun["urls"], turn["urls"]) == (
            ["stun:turn.example.org"],
            ["turn:turn.example.org"],
        )
        assert turn["username"]
    finally:
        process.terminate()
        process.communicate(timeout=DEADLINE)


async def _enter(port: int, peer_id: str, token: str) -> None:
    answers = []
    async with await Client.at(port, f"{peer_id}&token={token}") as client:
        for namespace in ("room-1", "lobby", "old-1", "other"):
            await client.announce(namespace)
            said = await client.before_pong()
            answers.append([each["error"] for each in said if each["type"] == "error"])
    assert answers == [
        [],
        [],
        ["networkName 'old-1' is closed here"],
        ["networkName 'other' is not in the token"],
    ]
    with pytest.raises(WSServerHandshakeError):
        await Client.at(port, f"{peer_id}&token={token}x")


@pytest.mark.slow
@pytest.mark.xdist_group("hubs")
def test_the_lines_for_several_operators_make_a_mesh(tmp_path: Path) -> None:
    identity, hub = (line for line, how in HOW.items() if how is OPERATORS)
    places = [tmp_path / name for name in ("one", "two", "three")]
    ids = []
    for place in places:
        place.mkdir()
        made = subprocess.run(
            split(identity)[0], cwd=place, env=environment(), capture_output=True, check=True
        )
        ids.append(made.stdout.decode().strip())
    line = hub.replace("ID1,ID2,ID3", ",".join(ids)).replace("0.0.0.0", "127.0.0.1 --port 0")
    processes, first = [], "ws://127.0.0.1:9"
    try:
        for place in places:
            process = subprocess.Popen(
                split(line.replace("wss://FIRST", first))[0],
                cwd=place,
                env=environment(WEBRTC_ENGINE="none"),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            processes.append(process)
            port = re.search(r":([0-9]+)/health", read_until(process, "Ctrl-C"))
            assert port is not None
            first = f"ws://127.0.0.1:{port[1]}"
        asyncio.run(_until_known(f"http{first[2:]}/hubs", set(ids)))
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.communicate(timeout=DEADLINE)


async def _until_known(page: str, ids: set[str]) -> None:
    async with asyncio.timeout(DEADLINE), ClientSession() as session:
        known: set[str] = set()
        while known != ids:
            async with session.get(page) as answer:
                known = {record["peerId"] for record in (await answer.json())["hubs"]}
            await asyncio.sleep(0.05)
