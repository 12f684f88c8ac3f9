"""Print which library opens what which library wrote: `python -m tests.matrix [--keep FOLDER] [FORMAT or KIND …]`.

Each library has a process of its own; all write, then each reads what all of them wrote. The exit code is 1 if
a cell that has to be equal is not.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.matrix.expected import LIBRARIES, Cell, judged
from tests.matrix.formats import FORMATS
from tests.matrix.models import KINDS
from tests.matrix.table import table
from tests.matrix.worker import WRITTEN, Said, written

ROOT = Path(__file__).parents[2]


def main(arguments: Sequence[str]) -> int:
    """Write, read, and print the table, its reasons and what fails.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="an empty folder, where the files stay")
    parser.add_argument("only", nargs="*", metavar="FORMAT or KIND", choices=[[], *FORMATS, *KINDS], help="only these")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        place = options.keep or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        _run(place, options.only)
        cells = list(_cells(place))
    print("\n".join(table(cells)))
    return int(any(cell.fails for cell in cells))


def _run(folder: Path, only: Sequence[str]) -> None:
    """Run a process for each library; all write, and when the last has written, all read."""
    # A thread more costs more than it brings where tensors are this small.
    threads = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
    environment = {**os.environ, **threads, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with contextlib.ExitStack() as stack:
        workers = {}
        for library in LIBRARIES:
            command = [sys.executable, "-m", "tests.matrix.worker", library, str(folder), *only]
            log = stack.enter_context((folder / f"{library}.log").open("w"))
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log}
            workers[library] = stack.enter_context(
                subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes)  # type: ignore[call-overload]
            )
        for library, worker in workers.items():
            if worker.stdout.readline() != f"{WRITTEN}\n":
                raise RuntimeError(_said(library, folder))
        for worker in workers.values():
            worker.stdin.write("read\n")
            worker.stdin.close()
        for library, worker in workers.items():
            if worker.wait():
                raise RuntimeError(_said(library, folder))


def _said(library: str, folder: Path) -> str:
    return f"The process of {library} ended early:\n{(folder / f'{library}.log').read_text()[-4000:]}"


def _cells(folder: Path) -> Iterator[Cell]:
    results: dict[str, Said] = {
        reader: json.loads((folder / f"read_{reader}.json").read_text()) for reader in LIBRARIES
    }
    for cell, result in written(folder).items():
        form, writer, kind = cell.split("|")
        for reader in LIBRARIES:
            yield judged(form, writer, reader, kind, result.get("error"), results[reader].get(cell, {}))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
