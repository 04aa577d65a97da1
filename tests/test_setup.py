"""``scripts/setup.py`` shows that it is at work, and why it could not go on."""

import importlib.util
import sys
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
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup, "DOT_INTERVAL", 0.001)
    setup._run([sys.executable, "-c", "print('what a step says is left out')"])
    assert set(capsys.readouterr().out) == {"."}


def test_a_step_that_fails_shows_what_it_said(
    setup: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"^failed: "):
        setup._run([sys.executable, "-c", "import sys; sys.exit('no such package')"])
    assert "no such package" in capsys.readouterr().err
