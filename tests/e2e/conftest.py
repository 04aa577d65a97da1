"""Real counterparts for the tests: clients, a browser and servers, each gone when done."""

import contextlib
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import skip_group
from tests.e2e import servers
from tests.e2e.clients import Browser, BrowserClient, Client, NodeClient
from tests.e2e.environment import LackingError, install_packages
from tests.e2e.servers import Server
from tests.e2e.static import web_server

NewClient = Callable[[], Client]


@pytest.fixture(scope="session")
def npm_packages() -> None:
    """Install the npm packages, once in a checkout."""
    try:
        install_packages()
    except LackingError as problem:
        skip_group("node", str(problem))


@pytest.fixture
def signaling_server() -> Iterator[Server]:
    """Run our server on a free port."""
    with servers.our_server() as server:
        yield server


@pytest.fixture
def reference_server(npm_packages: None) -> Iterator[Server]:
    """Run the npm package's server on a free port."""
    with servers.reference_server() as server:
        yield server


@pytest.fixture(scope="session")
def browser(npm_packages: None) -> Iterator[Browser]:
    """Start Chromium once: its pages are apart from each other anyway."""
    with Browser() as running:
        yield running


@pytest.fixture(scope="session")
def web(npm_packages: None) -> Iterator[str]:
    """Serve the test page and the package's bundle."""
    with web_server() as url:
        yield url


@pytest.fixture
def new_page(browser: Browser, web: str) -> Iterator[NewClient]:
    """Make clients that are pages with the unmodified bundle."""
    with contextlib.ExitStack() as pages:
        yield lambda: BrowserClient(pages.enter_context(browser.open(f"{web}/page.html")))


@pytest.fixture
def new_node_client(npm_packages: None) -> Iterator[NewClient]:
    """Make clients that are Node processes with the unmodified package."""
    with contextlib.ExitStack() as processes:
        yield lambda: processes.enter_context(NodeClient())
