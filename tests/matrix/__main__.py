"""Print which library opens what which library wrote: `python -m tests.matrix [--keep FOLDER] [FORMAT or KIND …]`.

Each library writes in a process of its own, then each reads what all of them wrote. The exit code is 1 if a cell that
is to be equal is not.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.matrix.expected import LIBRARIES, MARKS, Cell, judged
from tests.matrix.formats import FORMATS
from tests.matrix.models import KINDS
from tests.matrix.worker import Said, written

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
        _run("write", place, options.only)
        _run("read", place, options.only)
        cells = list(_cells(place))
    print("\n".join(table(cells)))
    return int(any(cell.fails for cell in cells))


def _run(action: str, folder: Path, only: Sequence[str]) -> None:
    """Run a process for each library, as many at a time as there are cores."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_NUM_INTRAOP_THREADS": "1"}

    def process(library: str) -> None:
        command = [sys.executable, "-m", "tests.matrix.worker", action, library, str(folder), *only]
        ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise RuntimeError(f"`{' '.join(command)}` ended with {ended.returncode}:\n{ended.stderr[-4000:]}")

    with ThreadPoolExecutor(min(len(LIBRARIES), os.cpu_count() or 1)) as pool:
        list(pool.map(process, LIBRARIES))


def _cells(folder: Path) -> Iterator[Cell]:
    results: dict[str, Said] = {
        reader: json.loads((folder / f"read_{reader}.json").read_text()) for reader in LIBRARIES
    }
    for cell, result in written(folder).items():
        form, writer, kind = cell.split("|")
        for reader in LIBRARIES:
            yield judged(form, writer, reader, kind, result.get("error"), results[reader].get(cell, {}))


def table(cells: Sequence[Cell]) -> list[str]:
    """Arrange cells as a line for each format and writer, a column for each reader and kind.

    Args:
        cells: All of them, judged.

    Returns:
        Lines: the table, what its marks mean, the reasons for what cannot be, and what fails.
    """
    kinds = [kind for kind in KINDS if any(cell.kind == kind for cell in cells)]
    titles = " ".join(f"{kind[:5]:5}" for kind in kinds)
    lines = [f"{'':37}" + "".join(f"  {reader + ' reads':{len(titles)}}" for reader in LIBRARIES)]
    lines += [f"{'format':22} {'written by':14}" + f"  {titles}" * len(LIBRARIES)]
    marks = {(cell.form, cell.writer, cell.reader, cell.kind): cell.mark for cell in cells}
    rows = dict.fromkeys((cell.form, cell.writer) for cell in cells)
    for form, writer in sorted(rows, key=lambda row: list(FORMATS).index(row[0])):
        blocks = [" ".join(f"{marks[form, writer, reader, kind]:5}" for kind in kinds) for reader in LIBRARIES]
        lines.append(f"{form:22} {writer:14}" + "".join(f"  {block}" for block in blocks))
    for mark, meaning in MARKS.items():
        shown = [cell for cell in cells if cell.mark == mark]
        lines += ["", f"{mark} {meaning}"] if shown else []
        lines += [
            f"    {reason}" for reason in dict.fromkeys(cell.reason for cell in shown if not cell.fails) if reason
        ]
    failing = [cell for cell in cells if cell.fails]
    lines += ["", f"{len(failing)} cells are not as they must be:" if failing else "All cells are as they must be."]
    return lines + [f"    {cell.form}, {cell.writer} to {cell.reader}, {cell.kind}: {cell.reason}" for cell in failing]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
