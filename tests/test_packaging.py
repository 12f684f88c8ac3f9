"""What ships, and which half imports what."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {"app": "kerastui", "engine": "kerastui.engine", "screens": "kerastui.screens", "assets": "kerastui.assets"}


def test_every_package_is_listed() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = set()
    for folder, name in FOLDERS.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            parts = init.parent.relative_to(ROOT / folder).parts
            found.add(".".join((name, *parts)))
    assert listed == found


def test_no_module_is_too_long() -> None:
    lengths = {
        path.relative_to(ROOT): len(path.read_text().splitlines())
        for folder in (*FOLDERS, "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {path: length for path, length in lengths.items() if length > 600} == {}


def modules_after(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after running some code."""
    program = f"{code}\nimport sys\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import kerastui.cli", {"textual", "tensorflow", "keras", "pandas", "numpy", "msgspec"}),
        ("import kerastui.shell", {"tensorflow", "keras", "pandas", "numpy", "plotext"}),
        ("import kerastui.engine.studio", {"tensorflow", "keras", "pandas", "textual"}),
        ("import kerastui.engine", {"tensorflow", "keras", "textual"}),
    ],
)
def test_heavy_imports_wait(code: str, absent: set[str]) -> None:
    assert modules_after(code) & absent == set()


def test_the_engine_half_never_loads_textual() -> None:
    loaded = modules_after("import kerastui.engine.building, kerastui.engine.process.server")
    assert {"tensorflow", "keras"} <= loaded
    assert "textual" not in loaded
    assert not [name for name in loaded if name.startswith("kerastui.screens")]


EVERY_SCREEN = """
import asyncio, pathlib, sys, tempfile
sys.path.insert(0, sys.argv[1])
from apps import fake, make_app, settled
from kerastui.engine.project import settings

async def use() -> None:
    app = make_app(pathlib.Path(tempfile.mkdtemp()))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        for keys in (["1"], ["2", "a", *"dense", "enter"], ["ctrl+z", "3"], ["f5"], ["f1"], ["escape"]):
            await pilot.press(*keys)
            await settled(pilot)
        for number in (1, 2, 3):
            fake(app).epoch(number)
            await settled(pilot)
        await pilot.press("ctrl+p", "escape")
        app.studio.do("csv", settings.set_source(app.studio.project, "bundled:penguins", {}))
        await settled(pilot)
        assert app.studio.data.kind == "ready"

asyncio.run(use())
print(*[name for name in ("tensorflow", "keras", "textual", "pandas", "plotext") if name in sys.modules])
"""


def test_the_app_never_loads_tensorflow_or_keras_whatever_is_used() -> None:
    command = [sys.executable, "-c", EVERY_SCREEN, str(ROOT / "tests" / "support")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["textual", "pandas", "plotext"]
