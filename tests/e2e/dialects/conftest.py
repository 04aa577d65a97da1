"""Pages with the clients of other ecosystems."""

import contextlib
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import skip_group
from tests.e2e.clients import Browser, Page
from tests.e2e.dialects.environment import BUNDLE, HERE, make_bundle
from tests.e2e.environment import LackingError
from tests.e2e.static import HTML, SCRIPT, web_server


@pytest.fixture(scope="session")
def dialect_packages() -> None:
    """Install the npm packages and bundle the clients, once in a checkout."""
    try:
        make_bundle()
    except LackingError as problem:
        skip_group("node", str(problem))


@pytest.fixture(scope="session")
def dialect_web(dialect_packages: None) -> Iterator[str]:
    """Serve the page with the clients."""
    files = {"/page.html": (HERE / "page.html", HTML), "/clients.js": (BUNDLE, SCRIPT)}
    with web_server(files) as url:
        yield url


@pytest.fixture
def new_page(browser: Browser, dialect_web: str) -> Iterator[Callable[[], Page]]:
    """Open pages with the clients, each in a fresh profile."""
    with contextlib.ExitStack() as pages:
        yield lambda: pages.enter_context(browser.open(f"{dialect_web}/page.html"))
