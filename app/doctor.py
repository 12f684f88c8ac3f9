"""`kerastui doctor`: what this program runs on, and what is missing with the way to get it."""

from __future__ import annotations

import json
import os
import platform
import shutil
from importlib import metadata
from typing import Any

import click

from kerastui import __version__
from kerastui.engine.home import home, keep_keras_at_home

PACKAGES = ("tensorflow", "keras", "textual", "numpy", "pandas", "h5py", "msgspec", "plotext", "click")


def run(as_json: bool) -> int:
    """Print the report; exit code 1 if something that is needed is missing.

    Args:
        as_json: Print it as JSON.
    """
    report: dict[str, Any] = {
        "kerastui": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "home": str(home()),
        "home writable": _writable(),
        "terminal": f"{os.environ.get('TERM', 'none')} {'×'.join(map(str, shutil.get_terminal_size()))}",
        "colours": os.environ.get("COLORTERM", "not said"),
    }
    missing = [
        f"{name} is not installed: pip install kerastui" for name, found in report["packages"].items() if not found
    ]
    devices, trouble = _devices() if not missing else ([], "")
    report["devices"] = devices
    if trouble:
        missing.append(f"TensorFlow does not load: {trouble}")
    if not report["home writable"]:
        missing.append(f"{home()} cannot be written: set KERASTUI_HOME to a folder that can")
    if not any("GPU" in device for device in devices) and shutil.which("nvidia-smi"):
        missing.append("a GPU is there but TensorFlow sees none: pip install 'kerastui[gpu]'")
    report["missing"] = missing
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        _print(report)
    return 1 if missing else 0


def _print(report: dict[str, Any]) -> None:
    for name, value in report.items():
        if isinstance(value, dict):
            for package, version in value.items():
                click.echo(f"  {package:<14}{version or '✗ not installed'}")
        elif name == "missing":
            for line in value:
                click.echo(f"✗ {line}")
            if not value:
                click.echo("✓ nothing is missing · `kerastui selftest` trains every template one epoch")
        else:
            click.echo(f"{name:<16}{', '.join(value) if isinstance(value, list) else value}")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _writable() -> bool:
    folder = home()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _devices() -> tuple[list[str], str]:
    """Return the devices TensorFlow sees, asked in a process of its own: a broken driver can take it down."""
    import subprocess
    import sys

    code = "import tensorflow as tf; print(*[d.name for d in tf.config.list_physical_devices()], sep='\\n')"
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ}
    keep_keras_at_home(environment)
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    if found.returncode:
        lines = found.stderr.strip().splitlines()
        return [], lines[-1] if lines else f"exit code {found.returncode}"
    return found.stdout.split(), ""
