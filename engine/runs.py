"""Run folders: what a training leaves behind in the project, readable after a kill.

`runs/0001/` holds `kerastui.toml` (the project as it was trained), `run.json` (how it went), `history.csv` (a row an
epoch), `preprocessing.json` (what was learned from the training part of the data) and `model.keras`.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from kerastui.engine.files import write_atomically
from kerastui.engine.project.files import FILE_NAME

FOLDER = "runs"
MODEL = "model.keras"


class RunRecord(msgspec.Struct, frozen=True):
    """Hold what is known of a run.

    Args:
        run: Its number.
        status: `"running"`, `"completed"`, `"stopped"`, `"early"` or `"failed"`; a killed run stays
            `"running"`.
        started: Start, seconds since the epoch.
        epochs: Epochs done.
        planned: Epochs to do.
        metrics: Loss and metrics of the last epoch; `None` for one that is not a number, which JSON cannot hold.
        seed: Seed, or `None`.
        versions: Versions of what it ran on, by name.
        note: Why it failed, or `""`.
    """

    run: int
    status: str
    started: float
    epochs: int = 0
    planned: int = 0
    metrics: dict[str, float | None] = {}
    seed: int | None = None
    versions: dict[str, str] = {}
    note: str = ""


class RunFolder:
    """Write a run as it happens.

    Args:
        path: The run's folder.
        run: Its number.
    """

    def __init__(self, path: Path, run: int) -> None:
        self.path, self.run = path, run
        self._columns: list[str] = []

    @classmethod
    def create(cls, project_folder: Path, project_text: str) -> RunFolder:
        """Make the folder of the next run, with a snapshot of the project.

        Raises:
            OSError: The project's folder cannot be written.
        """
        base = project_folder / FOLDER
        base.mkdir(parents=True, exist_ok=True)
        number = max((run_number(path) for path in base.iterdir()), default=0) + 1
        path = base / f"{number:04d}"
        path.mkdir()
        folder = cls(path, number)
        try:
            write_atomically(path / FILE_NAME, project_text.encode())
        except OSError:
            folder.discard()
            raise
        return folder

    def discard(self) -> None:
        """Take the folder away, as far as that is possible: a run that did not begin leaves nothing behind."""
        shutil.rmtree(self.path, ignore_errors=True)

    def write(self, name: str, value: Any) -> None:
        """Write a JSON file into the run, atomically.

        Raises:
            OSError: The folder cannot be written.
        """
        write_atomically(self.path / name, msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")

    def copy(self, source: Path, name: str) -> None:
        """Keep a copy of a file; it is left out where there is no such file.

        Raises:
            OSError: It cannot be written.
        """
        if source.is_file():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, self.path / name)

    def add_epoch(self, epoch: int, logs: Mapping[str, float], elapsed: float) -> None:
        """Append an epoch to `history.csv`.

        Args:
            epoch: Its number, from 1.
            logs: Loss and metrics; a name that was absent in the first epoch is left out.
            elapsed: Seconds since the start.

        Raises:
            OSError: The file cannot be written.
        """
        with (self.path / "history.csv").open("a", newline="") as file:
            writer = csv.writer(file)
            if not self._columns:
                self._columns = list(logs)
                writer.writerow(["epoch", "elapsed", *self._columns])
            writer.writerow([epoch, f"{elapsed:.3f}", *(repr(logs.get(name, float("nan"))) for name in self._columns)])
            file.flush()
            os.fsync(file.fileno())


def run_number(path: Path) -> int:
    """Return the number of a run's folder, 0 if it is none."""
    return int(path.name) if path.name.isdigit() and path.is_dir() else 0


def latest(project_folder: Path) -> Path | None:
    """Return the folder of the newest run, or `None`."""
    base = project_folder / FOLDER
    found = [path for path in base.iterdir() if run_number(path)] if base.is_dir() else []
    return max(found, key=run_number, default=None)


def kept_model(folder: Path) -> Path | None:
    """Return the model in a run's folder, or that of a project's newest run that kept one; `None` if there is none."""
    base = folder / FOLDER
    runs = [path for path in base.iterdir() if run_number(path)] if base.is_dir() else []
    models = (path / MODEL for path in (folder, *sorted(runs, key=run_number, reverse=True)))
    return next((path for path in models if path.is_file()), None)


def read_record(folder: Path) -> RunRecord | None:
    """Return the record of a run, or `None` if it cannot be read."""
    try:
        return msgspec.json.decode((folder / "run.json").read_bytes(), type=RunRecord)
    except (OSError, msgspec.DecodeError):
        return None


def read_history(folder: Path) -> Sequence[tuple[int, float, dict[str, float]]]:
    """Return the finished epochs of a run: number, seconds since the start, logs. Damaged lines are left out."""
    try:
        with (folder / "history.csv").open(newline="", errors="replace") as file:
            rows = list(csv.DictReader(file))
    except (OSError, csv.Error):
        return []
    epochs = []
    for row in rows:
        try:
            values = {key: float(value) for key, value in row.items()}
            epochs.append((int(values.pop("epoch")), values.pop("elapsed"), values))
        except (KeyError, TypeError, ValueError):
            continue
    return epochs
