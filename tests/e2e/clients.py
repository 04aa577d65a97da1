"""The package's real clients, in Chromium and in Node, behind one face."""

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self, TypedDict, cast

from tests.e2e.environment import HERE, chromium, node
from tests.e2e.process import Worker

# What a client received from another over a data channel.
Message = TypedDict("Message", {"from": str, "content": str, "direct": bool})


class Client(ABC):
    """One real client (pigeon.mjs)."""

    peer: str = ""

    @abstractmethod
    def call(self, method: str, *args: object) -> object:
        """Call a method of the Pigeon over there, and wait for its promise."""

    def start(self, url: str, namespace: str, **options: object) -> None:
        """Connect to a server and announce; `options` are those of the package's mesh."""
        self.peer = cast("str", self.call("start", url, namespace, options))

    def discovered(self) -> set[str]:
        """Return the peers a hub has told of."""
        return set(cast("list[str]", self.call("discovered")))

    def peers(self) -> set[str]:
        """Return the peers to which a data channel is open."""
        return set(cast("list[str]", self.call("peers")))

    def states(self) -> object:
        """Return how far the connection to each peer is."""
        return self.call("states")

    def messages(self) -> list[Message]:
        """Return what other clients sent here."""
        return cast("list[Message]", self.call("messages"))

    def frames(self) -> list[dict[str, object]]:
        """Return all that the hub sent, also what the client then ignored."""
        return cast("list[dict[str, object]]", self.call("frames"))

    def send_direct(self, target: str, text: str) -> None:
        """Send a message to one peer."""
        assert self.call("sendDirect", target, text) is not None

    def broadcast(self, text: str) -> None:
        """Send a message to all peers of the namespace."""
        assert self.call("broadcast", text) is not None

    def stop(self) -> None:
        """Say goodbye and close every connection."""
        self.call("stop")


class NodeClient(Client):
    """The Node client, in a process of its own."""

    def __init__(self) -> None:
        self._worker = Worker(node(), str(HERE / "client.mjs"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self._worker.__exit__(*reason)

    def call(self, method: str, *args: object) -> object:
        return self._worker.ask("call", method, args)


class Browser:
    """Headless Chromium; its pages share nothing but the process."""

    def __init__(self) -> None:
        self._worker = Worker(node(), str(HERE / "browser.mjs"), chromium())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self._worker.__exit__(*reason)

    def open(self, url: str, **options: object) -> "Page":
        """Open a page in a fresh profile; the options are those of Playwright's contexts."""
        return Page(self._worker, cast("int", self._worker.ask("open", url, options)))


class Page:
    """A page of a browser."""

    def __init__(self, worker: Worker, number: int) -> None:
        self._worker = worker
        self._number = number

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def evaluate(self, expression: str) -> object:
        """Evaluate JavaScript in the page, wait for its promise, return its value as JSON."""
        return self._worker.ask("evaluate", self._number, expression)

    def screenshot(self, path: Path) -> None:
        """Write a PNG of what a person would see."""
        self._worker.ask("screenshot", self._number, str(path))

    def full_screenshot(self, path: Path) -> None:
        """Write a PNG of the whole page, however long it is."""
        self._worker.ask("fullScreenshot", self._number, str(path))

    def click(self, selector: str) -> None:
        """Click at an element, which a person has to be able to."""
        self._worker.ask("click", self._number, selector)

    def press(self, key: str) -> None:
        """Press a key, such as ``Tab``."""
        self._worker.ask("press", self._number, key)

    def type(self, text: str) -> None:
        """Type a text where the focus is."""
        self._worker.ask("type", self._number, text)

    def requests(self) -> list[str]:
        """Return the addresses of all that the page has asked for."""
        return cast("list[str]", self._worker.ask("requests", self._number))

    def console_errors(self) -> list[str]:
        """Return what the page complained of so far."""
        return cast("list[str]", self._worker.ask("errors", self._number))

    def close(self) -> None:
        """Close the page and forget its profile."""
        self._worker.ask("close", self._number)


class BrowserClient(Client):
    """The browser bundle, in a page of its own."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.evaluate("window.pigeonReady")

    def call(self, method: str, *args: object) -> object:
        listed = ", ".join(json.dumps(argument) for argument in args)
        return self.page.evaluate(f"window.pigeon.{method}({listed})")
