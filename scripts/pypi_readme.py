"""Gives PyPI the README with absolute links: there is no checkout beside it for relative ones.

A hook of the build (pyproject.toml, ``tool.hatch.metadata.hooks.custom``). The links lead to the
version that is built, at the repository that ``[project.urls]`` names.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

# A link or an image, to a file of the checkout: neither an address nor a heading of the page.
_RELATIVE = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?!https?:|#)(?P<file>[^)\s]+)\)")


class ReadmeHook(MetadataHookInterface):
    """Sets the field ``readme``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Read README.md and turn its links."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        turned = with_absolute_links(text, metadata["urls"]["Repository"], metadata["version"])
        metadata["readme"] = {"content-type": "text/markdown", "text": turned}


def with_absolute_links(text: str, repository: str, version: str) -> str:
    """Return the text with its links to files turned into links to the tag of the version."""

    def turn(link: re.Match[str]) -> str:
        kind = "raw" if link["image"] else "blob"  # a blob's page is HTML, not the image
        return f"{link['image']}[{link['text']}]({repository}/{kind}/v{version}/{link['file']})"

    return _RELATIVE.sub(turn, text)
