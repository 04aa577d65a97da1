"""``scripts/setup.py`` shows that it is at work, and why it could not go on."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.docs.pages import ROOT


@pytest.fixture
def setup() -> ModuleType:
    spec = importlib.util.spec_from_file_location("setup_script", ROOT / "scripts" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_step_that_takes_long_shows_that_it_goes_on(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen, said = tmp_path / "seen", []

    def say(text: str, **_: object) -> None:
        said.append(text)
        seen.touch()

    monkeypatch.setattr(setup, "print", say, raising=False)
    monkeypatch.setattr(setup, "DOT_INTERVAL", 0.001)
    until_seen = f"import os\nwhile not os.path.exists({str(seen)!r}): print('left out')"
    setup._run([sys.executable, "-c", until_seen])
    assert set(said) == {"."}


def test_a_step_that_fails_shows_what_it_said(
    setup: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"^failed: "):
        setup._run([sys.executable, "-c", "import sys; sys.exit('no such package')"])
    assert "no such package" in capsys.readouterr().err
